//! Since when content has been live in a lane: the very same bytes, without a break.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneStore;

use super::ReleaseError;
use super::history::History;
use super::snapshot::Manifest;

/// Since when each part of what comes in has been live in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soaked {
    /// The lane.
    pub lane: LaneName,
    /// The files.
    pub parts: Vec<LiveSince>,
}

/// Since when one file has been live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSince {
    /// The file.
    pub path: String,
    /// Since when; absent: it is not live there as it comes in.
    pub since: Option<Since>,
}

/// The record from which on a file has been live.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// When it was recorded.
    pub at: Timestamp,
    /// The record's sequence number.
    pub sequence: u64,
}

/// What must be live, by path: the digest of the file, or nothing where it must not be there.
pub(super) type Wanted = BTreeMap<String, Option<Digest>>;

/// Since when what is `wanted` has been live in `lane`. Records are read back to the first that is
/// no younger than `enough`: what was live then has been so for long enough.
pub(super) fn soaked(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    wanted: &Wanted,
    enough: Timestamp,
) -> Result<Soaked, ReleaseError> {
    let mut found: BTreeMap<&String, Since> = BTreeMap::new();
    let mut pending: Vec<(&String, &Option<Digest>)> = wanted.iter().collect();
    let mut seen = None;
    let newest = lanes.tip(lane)?;
    let history = newest
        .iter()
        .flat_map(|newest| History::from(lanes, newest));
    for record in history {
        let record = record?;
        let snapshot = record.deployment.snapshot.sha256;
        if seen != Some(snapshot) {
            let tree = lanes.tree(&record)?;
            let manifest = Manifest::of_record(tree.as_ref(), snapshot)?;
            pending.retain(|(path, digest)| manifest.digest_of(path) == **digest);
            seen = Some(snapshot);
        }
        if pending.is_empty() {
            break;
        }
        let since = Since {
            sequence: record.deployment.sequence,
            at: record.deployment.recorded_at,
        };
        for (path, _) in &pending {
            found.insert(path, since.clone());
        }
        if since.at <= enough {
            break;
        }
    }
    let part = |path: &String| LiveSince {
        path: path.clone(),
        since: found.get(path).cloned(),
    };
    Ok(Soaked {
        lane: lane.clone(),
        parts: wanted.keys().map(part).collect(),
    })
}
