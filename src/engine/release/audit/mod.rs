//! Verifying a lane: every record from the first, or from one that is trusted, to the newest, from
//! the objects of a clone alone. The first link that does not hold is named, and nothing after it.
//!
//! Whether a move was right is asked of the same function that let it in, with the evidence that the
//! record carries and at the time that it names. What cannot be read does not hold.

mod as_of;
mod moves;
mod once;
mod record;

use std::num::NonZero;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use crate::domain::deployment::ObjectId;
use crate::domain::finding::Findings;
use crate::domain::id::LaneName;
use crate::engine::ports::{
    LaneError, LaneRecord, LaneStore, RecordCommits, SourceHistory, TreeError,
};

use super::ReleaseError;
use once::Once;

/// The fewest records that a thread of its own is started for.
const FEWEST: usize = 32;

/// What is read to verify a lane.
#[derive(Clone, Copy)]
pub struct Archive<'a> {
    /// The lanes.
    pub lanes: &'a (dyn LaneStore + Sync),
    /// The commits that their records are.
    pub commits: &'a (dyn RecordCommits + Sync),
    /// The development history that they were taken from.
    pub history: &'a (dyn SourceHistory + Sync),
}

/// What holds a lane together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The record can be read, and says what it does.
    Record,
    /// It follows the record that it names.
    Parent,
    /// It has the number that is next.
    Sequence,
    /// What comes in comes from where the policy takes it, and what comes back was there.
    Order,
    /// The files are those that the record names.
    Manifest,
    /// The commit says what the record says.
    Commit,
    /// The record is signed where it must be, and what is signed was not changed.
    Signature,
    /// Whoever signed was allowed to.
    Signer,
    /// What was signed is about this snapshot and this record.
    Subject,
    /// The evidence is all there, and nothing else is.
    Evidence,
    /// The gate was passed.
    Result,
    /// What showed that was not too old.
    Age,
    /// As many people approved as the policy asks for.
    Approval,
    /// Nothing came in that was held, and no hold was lost.
    Hold,
    /// Nothing came in while the lane was frozen.
    Freeze,
    /// What came in had been live long enough in the lane before.
    Soak,
}

impl Link {
    /// The permanent name.
    pub fn ident(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Parent => "parent",
            Self::Sequence => "sequence",
            Self::Order => "order",
            Self::Manifest => "manifest",
            Self::Commit => "commit",
            Self::Signature => "signature",
            Self::Signer => "signer",
            Self::Subject => "subject",
            Self::Evidence => "evidence",
            Self::Result => "result",
            Self::Age => "age",
            Self::Approval => "approval",
            Self::Hold => "hold",
            Self::Freeze => "freeze",
            Self::Soak => "soak",
        }
    }
}

/// The first link that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The link.
    pub link: Link,
    /// The place in the lane, from 1, where its chain could be read.
    pub sequence: Option<u64>,
    /// The commit.
    pub record: ObjectId,
    /// What is wrong.
    pub message: String,
}

/// A lane that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// How many records were verified.
    pub records: u64,
    /// How many of them are signed by somebody whom the policy in force trusts to sign records.
    pub signed: u64,
    /// The newest record.
    pub newest: LaneRecord,
}

/// Why a record does not hold.
pub(super) struct Flaw(Link, String);

impl Flaw {
    fn new(link: Link, message: impl Into<String>) -> Self {
        Self(link, message.into())
    }
}

macro_rules! unreadable {
    ($($error:ty),*) => {$(
        impl From<$error> for Flaw {
            fn from(error: $error) -> Self {
                Self(Link::Record, error.to_string())
            }
        }
    )*};
}
unreadable!(LaneError, TreeError, Findings, ReleaseError);

/// Which records of a lane are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The newest.
    pub tip: ObjectId,
    /// One that is trusted, with everything before it; absent: none is.
    pub since: Option<ObjectId>,
    /// One that was the newest when the lane was seen before: it must still be there.
    pub seen: Option<ObjectId>,
}

/// Verifies a lane.
pub fn audit(archive: &Archive<'_>, lane: &LaneName, range: &Range) -> Result<Sound, Broken> {
    let chain = chain(archive, range)?;
    let audit = Audit {
        archive,
        lane,
        chain: &chain,
        trusted: usize::from(range.since.is_some()),
        once: Once::default(),
        broken: AtomicUsize::new(chain.len()),
    };
    let signed = audit.all()?;
    let newest = chain
        .last()
        .expect("a chain has at least the record that it ends with");
    let records = chain.len() - audit.trusted;
    Ok(Sound {
        records: records as u64,
        signed,
        newest: audit
            .record(newest)
            .map_err(|flaw| broken(None, newest, flaw))?,
    })
}

/// A lane under audit. A record is held against the one before it and against nothing after it, so that
/// parts of the lane are verified side by side.
struct Audit<'a> {
    archive: &'a Archive<'a>,
    lane: &'a LaneName,
    chain: &'a [ObjectId],
    /// How many records at the beginning of the chain are trusted.
    trusted: usize,
    once: Once,
    /// The first record that is known not to hold, by its place in the chain; else its length.
    broken: AtomicUsize,
}

impl Audit<'_> {
    /// Verifies all records that are not trusted, and returns how many are signed by somebody whom the
    /// policy in force trusts to sign them.
    fn all(&self) -> Result<u64, Broken> {
        let count = self.chain.len() - self.trusted;
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let part = count.div_ceil(threads).max(FEWEST);
        let starts = (self.trusted..self.chain.len()).step_by(part);
        thread::scope(|scope| {
            let verify = |start: usize| {
                let end = self.chain.len().min(start + part);
                scope.spawn(move || self.part(start, end))
            };
            let parts: Vec<_> = starts.map(verify).collect();
            let ends = parts.into_iter().map(ScopedJoinHandle::join);
            // The first part that does not hold has the first record that does not.
            ends.map(|end| end.unwrap_or_else(|panic| panic::resume_unwind(panic)))
                .sum()
        })
    }

    /// Verifies the records from one place in the chain to another, which is not one of them.
    fn part(&self, start: usize, end: usize) -> Result<u64, Broken> {
        let mut previous = None;
        if let Some(before) = start.checked_sub(1) {
            let id = &self.chain[before];
            let record = self.record(id);
            previous = Some(record.map_err(|flaw| broken(None, id, flaw))?);
        }
        let mut signed = 0;
        for (index, id) in (start..end).zip(&self.chain[start..end]) {
            if self.broken.load(Ordering::Relaxed) < index {
                break;
            }
            let sequence = previous.as_ref().map_or(1, next_sequence);
            let verified = record::Case::open(self, previous, id).and_then(|case| {
                signed += u64::from(case.verify()?);
                Ok(case.into_record())
            });
            previous = Some(verified.map_err(|flaw| {
                self.broken.fetch_min(index, Ordering::Relaxed);
                broken(Some(sequence), id, flaw)
            })?);
        }
        Ok(signed)
    }

    /// A record that is verified elsewhere, or trusted.
    fn record(&self, id: &ObjectId) -> Result<LaneRecord, Flaw> {
        Ok(self.archive.lanes.record(self.lane, id)?)
    }
}

fn broken(sequence: Option<u64>, record: &ObjectId, Flaw(link, message): Flaw) -> Broken {
    Broken {
        link,
        sequence,
        record: record.clone(),
        message,
    }
}

fn next_sequence(record: &LaneRecord) -> u64 {
    record.deployment.sequence.saturating_add(1)
}

/// The records of a range, the oldest first: from the first of all, or from the trusted one.
fn chain(archive: &Archive<'_>, range: &Range) -> Result<Vec<ObjectId>, Broken> {
    let since = range.since.as_ref();
    let mut chain = vec![range.tip.clone()];
    loop {
        let id = chain.last().expect("the chain starts with the tip").clone();
        if Some(&id) == since {
            break;
        }
        let broken = |link: Link, message: String| Broken {
            link,
            sequence: None,
            record: id.clone(),
            message,
        };
        let commit = archive.commits.commit(&id);
        let mut commit = commit.map_err(|error| broken(Link::Parent, error.to_string()))?;
        match (commit.parents.len(), since) {
            (1, _) => chain.extend(commit.parents.pop()),
            (0, None) => break,
            (0, Some(since)) => {
                let message = format!(
                    "the record {} that is trusted is not on this lane",
                    since.short()
                );
                return Err(broken(Link::Parent, message));
            }
            (count, _) => {
                let message = format!("a record follows one other, and this one follows {count}");
                return Err(broken(Link::Parent, message));
            }
        }
    }
    if let Some(seen) = range.seen.as_ref().filter(|seen| !chain.contains(seen)) {
        return Err(Broken {
            link: Link::Parent,
            sequence: None,
            record: range.tip.clone(),
            message: format!(
                "the record {} was seen here before, and the lane does not lead to it any more",
                seen.short()
            ),
        });
    }
    chain.reverse();
    Ok(chain)
}
