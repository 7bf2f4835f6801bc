//! Attempts to improve prompts, as git objects. The record of an attempt is a chain of commits at
//! `refs/pointsman/improve/<prompt>/<number>`, each of which holds the whole record as it was then; the
//! candidate is a commit on a branch of its own, and the record follows it, so that who has the record
//! has the candidate. Nothing here touches the worktree, the index or what is checked out, but
//! [`GitImprovements::merge`], which says so.

use std::collections::BTreeMap;

use gix::bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::domain::deployment::ObjectId;
use crate::domain::improve::{Attempt, AttemptId, Candidate, RECORDS};
use crate::engine::ports::{FileTree as _, LaneError, LaneStore as _};

use super::lanes::{GitLanes, git_error, read_error};
use super::objects::{Addition, write_addition};
use super::repository::{Repository, own_id};
use super::revision::RevisionTree;
use super::transfer::{LOCK_HINT, RefMove};

/// The file of the record in its commits.
const RECORD: &str = "improve.json";

/// The largest record that is read.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// The attempts of a repository.
pub struct GitImprovements<'r> {
    lanes: GitLanes<'r>,
    repository: &'r Repository,
}

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its newest commit.
    pub commit: ObjectId,
    /// What it says.
    pub attempt: Attempt,
}

/// A candidate that is to be committed.
pub struct NewCandidate<'n> {
    /// The commit that it changes.
    pub base: &'n ObjectId,
    /// The file that it changes, from the top of the repository.
    pub path: &'n str,
    /// The file's new text.
    pub text: &'n str,
    /// The commit message.
    pub message: &'n str,
}

/// A branch that moves with a record.
struct Follower<'f> {
    name: String,
    id: &'f ObjectId,
    expected: Option<&'f ObjectId>,
}

impl<'r> GitImprovements<'r> {
    /// The attempts of a repository.
    pub fn new(repository: &'r Repository) -> Result<Self, LaneError> {
        Ok(Self {
            lanes: GitLanes::new(repository, None)?,
            repository,
        })
    }

    /// Who is at work: name and address, as commits name them.
    pub fn actor(&self) -> Result<String, LaneError> {
        self.lanes.actor()
    }

    /// Every attempt, by prompt and number.
    pub fn all(&self) -> Result<Vec<Kept>, LaneError> {
        let local = self.repository.local();
        let platform = local.references().map_err(read_error)?;
        let mut found = Vec::new();
        for reference in platform.prefixed(RECORDS).map_err(read_error)? {
            let mut reference = reference.map_err(read_error)?;
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            // A ref that is not named like an attempt is not ours.
            let Ok(id) = name[RECORDS.len()..].parse::<AttemptId>() else {
                continue;
            };
            let commit = own_id(reference.peel_to_id().map_err(read_error)?.detach());
            found.push(self.read(&id, commit)?);
        }
        found.sort_by(|one, two| one.attempt.id.cmp(&two.attempt.id));
        Ok(found)
    }

    /// One attempt.
    pub fn find(&self, id: &AttemptId) -> Result<Option<Kept>, LaneError> {
        let commit = self.lanes.id_at(&id.record_ref())?;
        commit.map(|commit| self.read(id, commit)).transpose()
    }

    fn read(&self, id: &AttemptId, commit: ObjectId) -> Result<Kept, LaneError> {
        let broken = |why: String| LaneError::Failed {
            message: format!("the record of candidate `{id}` cannot be read: {why}"),
            hint: Some(format!("look at it with `git show {}`", id.record_ref())),
        };
        let bytes = self.file(&commit, RECORD, SIZE_LIMIT).map_err(&broken)?;
        let bytes = bytes.ok_or_else(|| broken(format!("it has no `{RECORD}`")))?;
        let attempt: Attempt =
            serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        if attempt.id != *id {
            return Err(broken(format!(
                "it says that it is that of `{}`",
                attempt.id
            )));
        }
        Ok(Kept { commit, attempt })
    }

    /// A file of a commit, by its path from the top of the repository.
    pub fn file(
        &self,
        commit: &ObjectId,
        path: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, String> {
        let label = format!("commit {}", commit.short());
        let tree = RevisionTree::new(self.repository, commit, "", label);
        let tree = tree.map_err(|error| error.to_string())?;
        tree.read(path, limit).map_err(|error| error.to_string())
    }

    /// The commit at which a candidate's branch stands.
    pub fn branch(&self, id: &AttemptId) -> Result<Option<ObjectId>, LaneError> {
        self.tip(&branch_ref(id))
    }

    /// The commit at which a branch stands, by its full ref name.
    pub fn tip(&self, name: &str) -> Result<Option<ObjectId>, LaneError> {
        self.lanes.id_at(name)
    }

    /// Writes a candidate. No ref knows it yet.
    pub fn write_candidate(
        &self,
        new: &NewCandidate<'_>,
        time: Timestamp,
    ) -> Result<(ObjectId, ObjectId), LaneError> {
        let local = self.repository.local();
        let addition = Addition {
            base: Some(new.base),
            merged: &[],
            files: BTreeMap::from([(new.path.to_owned(), new.text.as_bytes())]),
            message: new.message,
            time,
        };
        let commit = write_addition(&local, &addition)?;
        let blob = self
            .repository
            .blob_in(&commit, new.path)
            .map_err(git_error)?;
        let blob = blob.ok_or_else(|| LaneError::Failed {
            message: format!("the candidate's commit has no `{}`", new.path),
            hint: None,
        })?;
        Ok((commit, blob))
    }

    /// Keeps a new attempt, with what was proposed as it came, and puts its candidate on a branch. With
    /// `parent`, the record of the attempt that it was made of moves with it.
    pub fn begin(
        &self,
        attempt: &Attempt,
        proposed: &[u8],
        parent: Option<(&Kept, &Attempt)>,
        now: Timestamp,
    ) -> Result<ObjectId, LaneError> {
        let verb = if attempt.candidate.is_some() {
            "Propose"
        } else {
            "Refuse"
        };
        let message = format!("{verb} candidate {}\n", attempt.id);
        let files = [("proposed", proposed)];
        let record = self.write(attempt, None, &files, (&message, now))?;
        let record_ref = attempt.id.record_ref();
        let branch = branch_ref(&attempt.id);
        // The record comes first: it knows the candidate, where the branch does not come to be.
        let mut moves = vec![RefMove {
            name: &record_ref,
            id: &record,
            expected: None,
        }];
        if let Some(candidate) = &attempt.candidate {
            moves.push(RefMove {
                name: &branch,
                id: &candidate.commit,
                expected: None,
            });
        }
        let parent = match parent {
            None => None,
            Some((old, new)) => {
                let message = format!("Edit candidate {}\n", new.id);
                let commit = self.write(new, Some(&old.commit), &[], (&message, now))?;
                Some((new.id.record_ref(), commit, &old.commit))
            }
        };
        if let Some((name, id, expected)) = &parent {
            moves.push(RefMove {
                name,
                id,
                expected: Some(expected),
            });
        }
        self.move_all(&moves, &message)?;
        Ok(record)
    }

    /// Keeps what an attempt says now, if nobody else has kept anything since it was read.
    pub fn update(
        &self,
        old: &Kept,
        attempt: &Attempt,
        subject: &str,
        now: Timestamp,
    ) -> Result<ObjectId, LaneError> {
        self.update_with(old, attempt, (subject, now), None)
    }

    /// The merge of a candidate into a commit: its file, on top of everything else as it is there. No
    /// ref knows it yet.
    pub fn write_merge(
        &self,
        head: &ObjectId,
        candidate: &Candidate,
        (path, text): (&str, &[u8]),
        (message, now): (&str, Timestamp),
    ) -> Result<ObjectId, LaneError> {
        let addition = Addition {
            base: Some(head),
            merged: std::slice::from_ref(&candidate.commit),
            files: BTreeMap::from([(path.to_owned(), text)]),
            message,
            time: now,
        };
        write_addition(&self.repository.local(), &addition)
    }

    /// Keeps that a candidate was merged, and moves the branch that it was merged into, both or none.
    pub fn approve(
        &self,
        old: &Kept,
        attempt: &Attempt,
        branch: (&str, &ObjectId, &ObjectId),
        now: Timestamp,
    ) -> Result<ObjectId, LaneError> {
        let (name, merge, head) = branch;
        let subject = format!("Approve candidate {}", attempt.id);
        let follower = (merge != head).then(|| Follower {
            name: name.to_owned(),
            id: merge,
            expected: Some(head),
        });
        self.update_with(old, attempt, (&subject, now), follower.as_ref())
    }

    fn update_with(
        &self,
        old: &Kept,
        attempt: &Attempt,
        (subject, now): (&str, Timestamp),
        follower: Option<&Follower<'_>>,
    ) -> Result<ObjectId, LaneError> {
        let message = format!("{subject}\n");
        let record = self.write(attempt, Some(&old.commit), &[], (&message, now))?;
        let name = attempt.id.record_ref();
        // A git that dies between two refs has moved the first: who merged and has not said so is found
        // out, and who said so has merged.
        let branch = follower.map(|follower| RefMove {
            name: &follower.name,
            id: follower.id,
            expected: follower.expected,
        });
        let said = RefMove {
            name: &name,
            id: &record,
            expected: Some(&old.commit),
        };
        let moves: Vec<RefMove<'_>> = branch.into_iter().chain([said]).collect();
        self.move_all(&moves, subject)?;
        Ok(record)
    }

    /// Writes a record. It follows the one before it, and first of all the candidate.
    fn write(
        &self,
        attempt: &Attempt,
        previous: Option<&ObjectId>,
        more: &[(&str, &[u8])],
        (message, time): (&str, Timestamp),
    ) -> Result<ObjectId, LaneError> {
        let bytes = attempt.bytes();
        let mut files: BTreeMap<String, &[u8]> = BTreeMap::from([(RECORD.to_owned(), &*bytes)]);
        files.extend(
            more.iter()
                .map(|(name, bytes)| ((*name).to_owned(), *bytes)),
        );
        let candidate: Vec<ObjectId> = match (&attempt.candidate, previous) {
            (Some(candidate), None) => vec![candidate.commit.clone()],
            _ => Vec::new(),
        };
        let addition = Addition {
            base: previous,
            merged: &candidate,
            files,
            message,
            time,
        };
        write_addition(&self.repository.local(), &addition)
    }

    /// Moves all refs or none. Who lost a race is told so.
    fn move_all(&self, moves: &[RefMove<'_>], message: &str) -> Result<(), LaneError> {
        let output = self.lanes.update_refs(moves, message)?;
        let mut arrived = true;
        for step in moves {
            arrived &= self.lanes.id_at(step.name)?.as_ref() == Some(step.id);
        }
        if arrived {
            return moves
                .iter()
                .try_for_each(|step| self.lanes.sync_ref(step.name));
        }
        for step in moves {
            if self.lanes.id_at(step.name)?.as_ref() != step.expected {
                return Err(LaneError::Failed {
                    message: format!(
                        "`{}` moved in the meantime, and nothing was kept",
                        step.name
                    ),
                    hint: Some("run the command again: it looks at what is there now".to_owned()),
                });
            }
        }
        Err(LaneError::Failed {
            message: format!("git did not keep this: {}", output.complaint()),
            hint: Some(LOCK_HINT.to_owned()),
        })
    }
}

fn branch_ref(id: &AttemptId) -> String {
    format!("refs/heads/{}", id.branch())
}
