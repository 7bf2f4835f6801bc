//! Which versions of prompts the traces show, against what their lanes said when the calls were made: a
//! service that still answers with an older one keeps it somewhere.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use crate::domain::digest::Digest;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::Filter;
use crate::domain::trace::query::{Level, Measured};
use crate::domain::trace::selection::Selection;
use crate::engine::ports::traces::{MeasureRequest, TraceStore, TraceStoreError};
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::ReleaseError;
use crate::engine::release::history::History;
use crate::engine::workspace::Workspace;

/// The attribute that tells the processes of a service apart.
const INSTANCE: &str = "service.instance.id";

/// The fewest digits by which a version or a record is known.
const FEWEST_DIGITS: usize = 7;

/// How many different callers are told apart; beyond, the processes of a service are one.
const MOST_CALLERS: usize = 20_000;

/// What a version that was used is to the lane at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is the one that was live.
    Live,
    /// It was live before.
    Older,
    /// It became live later: clocks differ.
    Newer,
    /// The lane never had it.
    Unknown,
    /// The call does not say which version it used.
    Unsaid,
}

/// Whoever made calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The service.
    pub service: Option<String>,
    /// The process of it.
    pub instance: Option<String>,
}

/// Calls of one caller with one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What the version is to the lane.
    pub standing: Standing,
    /// The version in the words of the calls: its fingerprint, its version, or the record.
    pub version: Option<String>,
    /// The last record that the version was live by, where the lane knows it.
    pub record: Option<LaneRecord>,
    /// The record that brought another version in its place.
    pub replaced_by: Option<LaneRecord>,
    /// Who.
    pub caller: Caller,
    /// How many.
    pub calls: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// Whether the same caller has used what was live since the last of them.
    pub recovered: bool,
}

impl Shown {
    /// Whether something must be done: a version that is not live is in use.
    pub fn is_wrong(&self) -> bool {
        matches!(self.standing, Standing::Older | Standing::Unknown) && !self.recovered
    }
}

/// What the traces show of each prompt of a lane.
pub type Versions = BTreeMap<String, Vec<Shown>>;

/// The traces or the lane could not be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are those of what is in them")]
pub enum VersionsError {
    #[error(transparent)]
    Store(#[from] TraceStoreError),
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

/// The words by which a call names a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    prompt: String,
    fingerprint: Option<String>,
    version: Option<String>,
    deployment: Option<String>,
}

/// Calls alike: by one caller, with one version, while the same records were live.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    named: Named,
    caller: Caller,
    /// The record that was live; `None`: the lane had none yet.
    at: Option<usize>,
    /// The record that was live a grace before: what it brought may be used still.
    before: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    calls: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What the calls that are meant show of the versions of one lane. For as long as `grace` after a record,
/// what was live before it is right, too.
pub fn versions(
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    lane: &LaneName,
    selection: &Selection,
    grace: SignedDuration,
) -> Result<Versions, VersionsError> {
    let mut history = LaneHistory::of(lanes, lane)?;
    let seen = seen(store, lane, selection, &history, grace)?;
    let mut found: BTreeMap<(String, Option<String>, Standing, Caller), Shown> = BTreeMap::new();
    for (alike, seen) in seen {
        let judged = history.judge(&alike)?;
        let version = alike.named.spelled();
        let prompt = alike.named.prompt.clone();
        let key = (
            prompt,
            version.clone(),
            judged.standing,
            alike.caller.clone(),
        );
        let shown = found.entry(key).or_insert_with(|| Shown {
            standing: judged.standing,
            version,
            record: judged.record.map(|index| history.records[index].clone()),
            replaced_by: judged
                .replaced_by
                .map(|index| history.records[index].clone()),
            caller: alike.caller,
            calls: 0,
            first: seen.first,
            last: seen.last,
            recovered: false,
        });
        shown.calls += seen.calls;
        shown.first = shown.first.min(seen.first);
        shown.last = shown.last.max(seen.last);
    }
    let mut versions = Versions::new();
    for ((prompt, ..), shown) in found {
        versions.entry(prompt).or_default().push(shown);
    }
    for shown in versions.values_mut() {
        mark_recovered(shown);
    }
    Ok(versions)
}

fn mark_recovered(shown: &mut [Shown]) {
    let mut live: BTreeMap<Caller, Timestamp> = BTreeMap::new();
    for one in shown.iter().filter(|one| one.standing == Standing::Live) {
        let last = live.entry(one.caller.clone()).or_insert(one.last);
        *last = (*last).max(one.last);
    }
    for one in shown {
        let since = live.get(&one.caller);
        one.recovered = since.is_some_and(|since| *since > one.last);
    }
}

/// Counts the calls, those alike together.
fn seen(
    store: &dyn TraceStore,
    lane: &LaneName,
    selection: &Selection,
    history: &LaneHistory<'_>,
    grace: SignedDuration,
) -> Result<BTreeMap<Alike, Seen>, TraceStoreError> {
    let of_lane = Filter::is(Column::Lane, lane.as_str());
    let request = MeasureRequest {
        level: Level::Span,
        range: selection.range,
        filter: selection
            .filter
            .clone()
            .and(of_lane)
            .and(Filter::Present(Column::Prompt)),
        keys: vec![
            Column::Prompt,
            Column::Fingerprint,
            Column::Version,
            Column::Deployment,
            Column::Service,
            Column::Attribute(INSTANCE.to_owned()),
        ],
        values: Vec::new(),
    };
    let mut seen: BTreeMap<Alike, Seen> = BTreeMap::new();
    store.measure(&request, &mut |measured| {
        let at = measured.started_at;
        let before = at.checked_sub(grace).unwrap_or(at);
        let mut alike = Alike::of(measured, history.live_at(at), history.live_at(before));
        if seen.len() >= MOST_CALLERS && !seen.contains_key(&alike) {
            alike.caller.instance = None;
        }
        if seen.len() >= 2 * MOST_CALLERS && !seen.contains_key(&alike) {
            alike = alike.one_of_many();
        }
        let counted = seen.entry(alike).or_insert(Seen {
            calls: 0,
            first: at,
            last: at,
        });
        counted.calls += 1;
        counted.first = counted.first.min(at);
        counted.last = counted.last.max(at);
        ControlFlow::Continue(())
    })?;
    Ok(seen)
}

impl Alike {
    fn of(measured: Measured, at: Option<usize>, before: Option<usize>) -> Self {
        let mut keys = measured.keys.into_iter();
        let mut next = || keys.next().flatten();
        let named = Named {
            prompt: next().unwrap_or_default(),
            fingerprint: next(),
            version: next(),
            deployment: next(),
        };
        let caller = Caller {
            service: next(),
            instance: next(),
        };
        Self {
            named,
            caller,
            at,
            before,
        }
    }
}

impl Alike {
    /// What stands for calls that are not told apart any more.
    fn one_of_many(self) -> Self {
        Self {
            named: Named {
                prompt: "(others)".to_owned(),
                fingerprint: None,
                version: None,
                deployment: None,
            },
            caller: Caller {
                service: None,
                instance: None,
            },
            ..self
        }
    }
}

impl Named {
    /// The most exact of the words.
    fn spelled(&self) -> Option<String> {
        let words = [&self.fingerprint, &self.version, &self.deployment];
        words.into_iter().flatten().next().cloned()
    }
}

/// What came of calls that are alike.
struct Judged {
    standing: Standing,
    record: Option<usize>,
    replaced_by: Option<usize>,
}

/// The records of a lane, the oldest first, with the versions of the prompts that are asked about.
struct LaneHistory<'l> {
    lanes: &'l dyn LaneStore,
    records: Vec<LaneRecord>,
    /// By prompt: from which record on which version was live.
    timelines: BTreeMap<String, Vec<(usize, Option<Digest>)>>,
}

impl<'l> LaneHistory<'l> {
    fn of(lanes: &'l dyn LaneStore, lane: &LaneName) -> Result<Self, ReleaseError> {
        let newest = lanes.tip(lane)?;
        let records: Result<Vec<LaneRecord>, _> = newest
            .iter()
            .flat_map(|newest| History::from(lanes, newest))
            .collect();
        let mut records = records?;
        records.reverse();
        Ok(Self {
            lanes,
            records,
            timelines: BTreeMap::new(),
        })
    }

    fn live_at(&self, time: Timestamp) -> Option<usize> {
        let count = self
            .records
            .partition_point(|record| record.deployment.recorded_at <= time);
        count.checked_sub(1)
    }

    /// From which record on which version of a prompt was live.
    fn timeline(&mut self, prompt: &str) -> Result<&[(usize, Option<Digest>)], ReleaseError> {
        if !self.timelines.contains_key(prompt) {
            let made = self.make_timeline(prompt)?;
            self.timelines.insert(prompt.to_owned(), made);
        }
        Ok(self.timelines.get(prompt).map_or(&[], Vec::as_slice))
    }

    fn make_timeline(&self, prompt: &str) -> Result<Vec<(usize, Option<Digest>)>, ReleaseError> {
        let Ok(id) = PromptId::new(prompt) else {
            return Ok(Vec::new());
        };
        let mut timeline: Vec<(usize, Option<Digest>)> = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            if index > 0 && !record.deployment.changes.names(&id) {
                continue;
            }
            let tree = self.lanes.tree(record)?;
            let closure = Workspace::new(tree.as_ref()).closure(&id).ok();
            let version = closure.map(|closure| closure.fingerprint());
            if timeline.last().is_none_or(|(_, last)| *last != version) {
                timeline.push((index, version));
            }
        }
        Ok(timeline)
    }

    fn judge(&mut self, alike: &Alike) -> Result<Judged, ReleaseError> {
        let by_record = self.record_named(&alike.named);
        let timeline = self.timeline(&alike.named.prompt)?;
        let Some(used) = alike.named.used(timeline, by_record) else {
            return Ok(Judged {
                standing: Standing::Unsaid,
                record: None,
                replaced_by: None,
            });
        };
        let live_from = |at: Option<usize>| {
            let at = at?;
            timeline.iter().rposition(|(index, _)| *index <= at)
        };
        let (now, before) = (live_from(alike.at), live_from(alike.before));
        let fits = |place: &usize| timeline[*place].1.is_some_and(|it| used.is(&it));
        let is_right = now.is_some_and(|now| (before.unwrap_or(0)..=now).any(|it| fits(&it)));
        if is_right {
            return Ok(Judged {
                standing: Standing::Live,
                record: None,
                replaced_by: None,
            });
        }
        let earlier = now.and_then(|now| (0..now).rev().find(fits));
        let later = (now.map_or(0, |now| now + 1)..timeline.len()).find(fits);
        let standing = match (earlier, later) {
            (Some(_), _) => Standing::Older,
            (None, Some(_)) => Standing::Newer,
            (None, None) => Standing::Unknown,
        };
        let place = earlier.or(later);
        let next = place.and_then(|place| timeline.get(place + 1));
        Ok(Judged {
            standing,
            record: place.map(|place| timeline[place].0),
            replaced_by: next.map(|(index, _)| *index),
        })
    }

    /// The record that a call names.
    fn record_named(&self, named: &Named) -> Option<usize> {
        let digits = digits(named.deployment.as_deref()?)?;
        let mut ids = self.records.iter();
        ids.rposition(|record| record.id.as_str().starts_with(&digits))
    }
}

/// A version as a call names it.
enum Used {
    /// Digits of the fingerprint.
    Digits(String),
    /// The version that a record had.
    Of(Digest),
    /// A word that is no version of ours.
    Word,
}

impl Used {
    fn is(&self, version: &Digest) -> bool {
        match self {
            Self::Digits(digits) => version.to_string().starts_with(digits.as_str()),
            Self::Of(digest) => digest == version,
            Self::Word => false,
        }
    }
}

impl Named {
    /// The version that was used; `None`: nobody says. A word that somebody else's versions have counts
    /// only where nothing better is said.
    fn used(&self, timeline: &[(usize, Option<Digest>)], by_record: Option<usize>) -> Option<Used> {
        let words = [&self.fingerprint, &self.version];
        let mut exact = words.into_iter().flatten().filter_map(|word| digits(word));
        if let Some(digits) = exact.next() {
            return Some(Used::Digits(digits));
        }
        if let Some(record) = by_record {
            let place = timeline.iter().rposition(|(index, _)| *index <= record);
            let version = place.and_then(|place| timeline[place].1);
            return Some(version.map_or(Used::Word, Used::Of));
        }
        let said = self.fingerprint.as_ref().or(self.version.as_ref());
        said.map(|_| Used::Word)
    }
}

/// Digits of a digest or an id, as many as tell it from others.
fn digits(word: &str) -> Option<String> {
    let word = word.trim().strip_prefix("sha256:").unwrap_or(word.trim());
    let is_digits =
        word.len() >= FEWEST_DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digits.then(|| word.to_ascii_lowercase())
}
