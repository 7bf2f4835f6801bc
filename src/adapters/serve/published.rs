//! What is served: the last known good of every lane, and how long ago git confirmed it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::engine::ports::{LaneError, LaneStore};
use crate::engine::release::ReleaseError;
use crate::engine::release::runtime::LiveLane;

/// What is served.
pub struct Published {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

struct State {
    lanes: BTreeMap<LaneName, Arc<LiveLane>>,
    confirmed: Instant,
    trouble: Option<String>,
}

/// What is served of one lane, and how sure that is.
pub(super) struct Answer {
    pub(super) live: Arc<LiveLane>,
    pub(super) age: Duration,
}

/// Why a look at git does not count.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The repository could not be opened.
    #[error("{0}")]
    Git(String),
    /// A lane could not be read.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// A record's prompts could not be read.
    #[error("record {record} of lane `{lane}` cannot be served: {error}")]
    Record {
        /// The lane.
        lane: LaneName,
        /// The record.
        record: ObjectId,
        /// What is wrong with it.
        error: ReleaseError,
    },
    /// A lane is not there, or not any more.
    #[error("there is no lane `{0}` here")]
    Missing(LaneName),
    /// A lane is where it was before: its history was rewritten.
    #[error("lane `{lane}` went back from #{from} to #{to}, and a lane only goes forwards")]
    WentBack {
        /// The lane.
        lane: LaneName,
        /// The number that is served.
        from: u64,
        /// The number that it has now.
        to: u64,
    },
}

impl Published {
    /// What is live in these lanes; in every lane, where none is named.
    pub fn new(lanes: &dyn LaneStore, wanted: &[LaneName]) -> Result<Self, LookError> {
        let mut state = State {
            lanes: BTreeMap::new(),
            confirmed: Instant::now(),
            trouble: None,
        };
        for (lane, found) in look(lanes, wanted, &BTreeMap::new())? {
            state.lanes.insert(lane, found?);
        }
        Ok(Self {
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
        })
    }

    /// The lanes that are served.
    pub fn lanes(&self) -> Vec<LaneName> {
        self.lock().lanes.keys().cloned().collect()
    }

    /// Looks at git. What cannot be read stays as it was; what went wrong is told once, when it is
    /// new.
    pub fn look(&self, lanes: &dyn LaneStore, wanted: &[LaneName]) -> Option<String> {
        let known = self.lock().lanes.clone();
        let found = look(lanes, wanted, &known);
        self.take(found)
    }

    /// Takes down that git could not be asked; what went wrong is returned when it is new.
    pub fn failed(&self, error: impl Into<LookError>) -> Option<String> {
        self.take(Err(error.into()))
    }

    fn take(&self, found: Result<Found, LookError>) -> Option<String> {
        let mut state = self.lock();
        let mut trouble = None;
        let mut changed = false;
        match found {
            Err(error) => trouble = Some(error.to_string()),
            Ok(found) => {
                for (lane, found) in found {
                    match found {
                        Err(error) => trouble = Some(error.to_string()),
                        Ok(live) => {
                            let before = state.lanes.insert(lane, Arc::clone(&live));
                            changed |= before.is_none_or(|it| it.record.id != live.record.id);
                        }
                    }
                }
            }
        }
        if trouble.is_none() {
            state.confirmed = Instant::now();
        }
        let news = trouble.clone().filter(|_| state.trouble != trouble);
        state.trouble = trouble;
        drop(state);
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
        news
    }

    /// What is served of a lane.
    pub(super) fn lane(&self, lane: &LaneName) -> Option<Answer> {
        let state = self.lock();
        let live = Arc::clone(state.lanes.get(lane)?);
        Some(Answer {
            live,
            age: state.confirmed.elapsed(),
        })
    }

    /// How long ago git confirmed what is served, and whether the last look failed.
    pub(super) fn health(&self) -> (Duration, bool) {
        let state = self.lock();
        (state.confirmed.elapsed(), state.trouble.is_some())
    }

    /// Tells when a lane has changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves what was served before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was found, lane by lane.
type Found = BTreeMap<LaneName, Result<Arc<LiveLane>, LookError>>;

/// Reads what has changed since `known`.
fn look(
    lanes: &dyn LaneStore,
    wanted: &[LaneName],
    known: &BTreeMap<LaneName, Arc<LiveLane>>,
) -> Result<Found, LookError> {
    let mut tips = lanes.tips()?;
    if !wanted.is_empty() {
        tips.retain(|lane, _| wanted.contains(lane));
    }
    let mut found = Found::new();
    for lane in wanted.iter().chain(known.keys()) {
        if !tips.contains_key(lane) {
            found.insert(lane.clone(), Err(LookError::Missing(lane.clone())));
        }
    }
    for (lane, tip) in tips {
        let live = match known.get(&lane) {
            Some(live) if live.record.id == tip => Ok(Arc::clone(live)),
            before => load(lanes, &lane, &tip, before.map(AsRef::as_ref)),
        };
        found.insert(lane, live);
    }
    Ok(found)
}

fn load(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    tip: &ObjectId,
    before: Option<&LiveLane>,
) -> Result<Arc<LiveLane>, LookError> {
    let record = lanes.record(lane, tip)?;
    let to = record.deployment.sequence;
    if let Some(from) = before.map(|live| live.record.deployment.sequence)
        && to <= from
    {
        let lane = lane.clone();
        return Err(LookError::WentBack { lane, from, to });
    }
    let live = LiveLane::of(lanes, record).map_err(|error| LookError::Record {
        lane: lane.clone(),
        record: tip.clone(),
        error,
    })?;
    Ok(Arc::new(live))
}
