//! What is read once for a whole lane, however many of its records ask for it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::engine::ports::{EntryKind, FileTree, LaneError, LaneStore, TreeEntry, TreeError};
use crate::engine::release::snapshot::digest_of_file;

/// How many digests are known at once.
const DIGESTS: usize = 100_000;

/// What the records of one lane have in common.
#[derive(Default)]
pub(super) struct Once {
    digests: Mutex<HashMap<ObjectId, Digest>>,
    lines: Mutex<HashMap<LaneName, Line>>,
}

/// The records of a lane that were walked past, from its newest on.
struct Line {
    passed: HashSet<ObjectId>,
    next: Option<ObjectId>,
}

impl Once {
    /// The digest of a file, which is read where no other file had the same blob.
    pub(super) fn digest(
        &self,
        tree: &dyn FileTree,
        entry: &TreeEntry,
    ) -> Result<Digest, TreeError> {
        let Some(blob) = entry.id.as_ref().filter(|_| entry.kind == EntryKind::File) else {
            return digest_of_file(tree, &entry.path);
        };
        if let Some(digest) = lock(&self.digests).get(blob) {
            return Ok(*digest);
        }
        let digest = digest_of_file(tree, &entry.path)?;
        let mut digests = lock(&self.digests);
        if digests.len() >= DIGESTS {
            digests.clear();
        }
        digests.insert(blob.clone(), digest);
        Ok(digest)
    }

    /// Whether a record is one of `lane`; `None`: there is no such lane here. Records are walked past
    /// once, the newest first, and no further than to the one that is asked about.
    pub(super) fn has_record(
        &self,
        lanes: &dyn LaneStore,
        lane: &LaneName,
        record: &ObjectId,
    ) -> Result<Option<bool>, LaneError> {
        let mut walked = lock(&self.lines);
        if !walked.contains_key(lane) {
            let Some(newest) = lanes.tip(lane)? else {
                return Ok(None);
            };
            let begun = Line {
                passed: HashSet::new(),
                next: Some(newest.id),
            };
            walked.insert(lane.clone(), begun);
        }
        let past = walked.get_mut(lane).expect("it was put there");
        while !past.passed.contains(record) {
            let Some(next) = past.next.clone() else {
                return Ok(Some(false));
            };
            past.next = lanes.record(lane, &next)?.deployment.previous;
            past.passed.insert(next);
        }
        Ok(Some(true))
    }
}

fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves at worst something that is read again.
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
