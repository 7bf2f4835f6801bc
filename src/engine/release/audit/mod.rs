//! Verifying a lane: every record from the first, or from one that is trusted, to the newest, from
//! the objects of a clone alone. The first link that does not hold is named, and nothing after it.
//!
//! Whether a move was right is asked of the same function that let it in, with the evidence that the
//! record carries and at the time that it names. What cannot be read does not hold.

mod as_of;
mod moves;
mod record;

use crate::domain::deployment::ObjectId;
use crate::domain::finding::Findings;
use crate::domain::id::LaneName;
use crate::engine::ports::{
    LaneError, LaneRecord, LaneStore, RecordCommits, SourceHistory, TreeError,
};

use super::ReleaseError;

/// What is read to verify a lane.
#[derive(Clone, Copy)]
pub struct Archive<'a> {
    /// The lanes.
    pub lanes: &'a dyn LaneStore,
    /// The commits that their records are.
    pub commits: &'a dyn RecordCommits,
    /// The development history that they were taken from.
    pub history: &'a dyn SourceHistory,
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
    let since = range.since.as_ref();
    let chain = chain(archive, range)?;
    let broken = |sequence: Option<u64>, record: &ObjectId, Flaw(link, message): Flaw| Broken {
        link,
        sequence,
        record: record.clone(),
        message,
    };
    let mut previous: Option<LaneRecord> = None;
    let (mut records, mut signed) = (0, 0);
    for id in &chain {
        let sequence = previous.as_ref().map(|it| it.deployment.sequence + 1);
        let sequence = sequence.or(since.is_none().then_some(1));
        if Some(id) == since {
            let trusted = archive.lanes.record(lane, id);
            previous = Some(trusted.map_err(|error| broken(None, id, error.into()))?);
            continue;
        }
        let case = record::Case::open(archive, lane, previous, id);
        let case = case.map_err(|flaw| broken(sequence, id, flaw))?;
        let outcome = case.verify();
        signed += u64::from(outcome.map_err(|flaw| broken(sequence, id, flaw))?);
        records += 1;
        previous = Some(case.into_record());
    }
    Ok(Sound {
        records,
        signed,
        newest: previous.expect("a chain has at least the record that it ends with"),
    })
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
