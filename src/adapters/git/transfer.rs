//! Moving a lane: the compare-and-swap here and on a remote, and what a refusal means.

use std::fmt::Write as _;

use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::engine::ports::{LaneError, LaneRecord, LaneStore as _, RecordDraft};

use super::command::GitOutput;
use super::lanes::{GitLanes, git_error};
use super::objects::sync_folder;
use super::refused;

/// What to do where git cannot lock a ref.
pub(super) const LOCK_HINT: &str =
    "if a lock file of a dead process is in the way, remove the file that git names";

/// A ref that is to move.
pub(super) struct RefMove<'m> {
    /// Its full name.
    pub(super) name: &'m str,
    /// Where to.
    pub(super) id: &'m ObjectId,
    /// Where it must stand now; absent: it must not be there.
    pub(super) expected: Option<&'m ObjectId>,
}

impl GitLanes<'_> {
    /// Moves the local branch to the record `id`, if it still is where the record expects it.
    pub(super) fn move_local(&self, draft: &RecordDraft, id: &ObjectId) -> Result<(), LaneError> {
        let lane = &draft.deployment.lane;
        let name = lane.ref_name();
        let expected = draft.deployment.previous.as_ref();
        let output = self.update_ref(&name, id, expected, &draft.message)?;
        if output.success {
            return self.sync_ref(&name);
        }
        // Who won is read off the ref, not off the message: its wording is not an interface.
        let now = self.id_at(&name)?;
        if now.as_ref() == Some(id) {
            return Ok(());
        }
        if now.as_ref() != expected {
            return Err(self.moved(lane, now));
        }
        Err(LaneError::Failed {
            message: format!("git did not move `lanes/{lane}`: {}", output.complaint()),
            hint: Some(LOCK_HINT.to_owned()),
        })
    }

    /// Moves the branch on the remote, if it still is where the record expects it. The branch here
    /// follows.
    pub(super) fn push(
        &self,
        remote: &str,
        draft: &RecordDraft,
        id: &ObjectId,
    ) -> Result<(), LaneError> {
        let lane = &draft.deployment.lane;
        let expected = draft.deployment.previous.as_ref();
        let git = self.repository.git();
        let output = git.push(remote, &lane.ref_name(), id, expected);
        let output = output.map_err(git_error)?;
        if output.success {
            self.set_tracking(remote, lane, id)?;
        } else {
            // Hosts word one and the same refusal differently, and a lost answer may hide a
            // success: ask again and compare ids.
            let asked = self.fetch(remote);
            asked.map_err(|error| not_known(remote, lane, id, &error))?;
            let now = self.id_at(&Self::tracking_ref(remote, lane))?;
            if now.as_ref() == expected {
                return Err(LaneError::Remote {
                    message: format!("`{remote}` did not take the record: {}", output.complaint()),
                    hint: Some(refused::explain(&output.complaint(), lane)),
                });
            }
            let arrived = match &now {
                Some(now) => self.is_ancestor(id, now)?,
                None => false,
            };
            if !arrived {
                return Err(self.moved(lane, now));
            }
        }
        self.follow(remote, lane)
    }

    /// Fetches every lane of the remote into its tracking ref.
    pub(super) fn fetch(&self, remote: &str) -> Result<(), LaneError> {
        let refspec = format!("+refs/heads/lanes/*:refs/remotes/{remote}/lanes/*");
        let output = self.repository.git().fetch(remote, &refspec);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        let message = format!("cannot fetch lanes from `{remote}`: {}", output.complaint());
        if self.has_lock(&format!("refs/remotes/{remote}/lanes")) {
            return Err(LaneError::Failed {
                message,
                hint: Some(LOCK_HINT.to_owned()),
            });
        }
        Err(LaneError::Remote {
            message,
            hint: Some("nothing was moved; check the network and your access".to_owned()),
        })
    }

    /// Whether a process has, or had when it died, a lock on one of the refs in a folder.
    fn has_lock(&self, refs: &str) -> bool {
        let folder = self.repository.local().common_dir().join(refs);
        let mut files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.any(|file| file.path().extension().is_some_and(|it| it == "lock"))
    }

    /// Brings the local branch to where the remote's is, if that is further along the same chain.
    pub(super) fn follow(&self, remote: &str, lane: &LaneName) -> Result<(), LaneError> {
        let here = self.id_at(&lane.ref_name())?;
        let there = self.id_at(&Self::tracking_ref(remote, lane))?;
        match (here, there) {
            (None, None) => Ok(()),
            (Some(here), Some(there)) if here == there => Ok(()),
            (Some(_), None) => Err(LaneError::Failed {
                message: format!("lane `{lane}` exists here but not on `{remote}`"),
                hint: Some(format!(
                    "publish it with `git push {remote} lanes/{lane}`, or start anew after \
                     `git branch -D lanes/{lane}`"
                )),
            }),
            (here, Some(there)) => {
                if let Some(here) = &here
                    && !self.is_ancestor(here, &there)?
                {
                    return Err(diverged(remote, lane, here));
                }
                let message = format!("follow {remote}");
                let output = self.update_ref(&lane.ref_name(), &there, here.as_ref(), &message)?;
                // Somebody else may have brought it there; where it is wrong, the next move tells.
                if output.success || self.id_at(&lane.ref_name())?.is_some() {
                    return Ok(());
                }
                Err(LaneError::Failed {
                    message: format!(
                        "`lanes/{lane}` moved on `{remote}`, but the branch here does not follow: {}",
                        output.complaint()
                    ),
                    hint: Some(format!(
                        "bring it there with `git fetch {remote} lanes/{lane}:lanes/{lane}`"
                    )),
                })
            }
        }
    }

    /// Whether `old` is on the chain that leads to `new`.
    fn is_ancestor(&self, old: &ObjectId, new: &ObjectId) -> Result<bool, LaneError> {
        let mut next = Some(new.clone());
        while let Some(id) = next {
            if id == *old {
                return Ok(true);
            }
            next = self.parents(&id)?.into_iter().next();
        }
        Ok(false)
    }

    fn set_tracking(&self, remote: &str, lane: &LaneName, id: &ObjectId) -> Result<(), LaneError> {
        let name = Self::tracking_ref(remote, lane);
        let now = self.id_at(&name)?;
        if now.as_ref() != Some(id) {
            // Where another fetch was quicker, it knows more than we do.
            self.update_ref(&name, id, now.as_ref(), "push")?;
        }
        Ok(())
    }

    /// Moves one ref from `expected` (absent: from not being there) to `id`, on disk when done.
    pub(super) fn update_ref(
        &self,
        name: &str,
        id: &ObjectId,
        expected: Option<&ObjectId>,
        message: &str,
    ) -> Result<GitOutput, LaneError> {
        self.update_refs(&[RefMove { name, id, expected }], message)
    }

    /// Moves several refs, all or none, on disk when done.
    pub(super) fn update_refs(
        &self,
        moves: &[RefMove<'_>],
        message: &str,
    ) -> Result<GitOutput, LaneError> {
        let mut script = "start\n".to_owned();
        for RefMove { name, id, expected } in moves {
            let _ = match expected {
                Some(expected) => writeln!(script, "update {name} {id} {expected}"),
                None => writeln!(script, "create {name} {id}"),
            };
        }
        script.push_str("prepare\ncommit\n");
        let subject = message.lines().next().unwrap_or_default();
        let arguments = [
            "-c",
            "core.fsync=committed",
            "update-ref",
            "-m",
            subject,
            "--create-reflog",
            "--stdin",
        ];
        self.git(&arguments, script.as_bytes())
    }

    /// Refuses a lane that was taken back on its remote: it must lead to the record that was seen here.
    pub fn check_not_taken_back(&self, lane: &LaneName) -> Result<(), LaneError> {
        let (Some(remote), Some(seen)) = (&self.remote, self.seen_before(lane)?) else {
            return Ok(());
        };
        let tip = self.tip_id(lane)?;
        let leads = tip.map(|tip| self.repository.is_in_history(&seen, &tip));
        if leads.transpose().map_err(git_error)?.unwrap_or(false) {
            return Ok(());
        }
        Err(diverged(remote, lane, &seen))
    }

    /// Brings the name of a ref's file to disk: git syncs what the file holds, not its folder.
    pub(super) fn sync_ref(&self, name: &str) -> Result<(), LaneError> {
        let local = self.repository.local();
        let file = local.common_dir().join(name);
        let folders = file.ancestors().skip(1);
        let mut folders = folders.take_while(|folder| *folder != local.common_dir());
        folders.try_for_each(sync_folder).map_err(git_error)
    }

    fn git(&self, arguments: &[&str], stdin: &[u8]) -> Result<GitOutput, LaneError> {
        let output = self.repository.git().run(arguments, stdin);
        output.map_err(git_error)
    }

    fn moved(&self, lane: &LaneName, now: Option<ObjectId>) -> LaneError {
        let tip: Option<LaneRecord> = now.and_then(|id| self.record(lane, &id).ok());
        LaneError::Moved {
            tip: tip.map(Box::new),
        }
    }
}

/// The answer to a push was lost, and the remote cannot be asked again.
fn not_known(remote: &str, lane: &LaneName, id: &ObjectId, error: &LaneError) -> LaneError {
    let first = match error {
        LaneError::Failed {
            hint: Some(hint), ..
        } => format!("{hint}; then run the command again"),
        _ => format!("run the command again when `{remote}` can be reached"),
    };
    LaneError::Remote {
        message: format!(
            "it is not known whether `{remote}` took record {}: {error}",
            id.short()
        ),
        hint: Some(format!(
            "{first}: it finds the record if it is there, as `git ls-remote {remote} lanes/{lane}` \
             does"
        )),
    }
}

fn diverged(remote: &str, lane: &LaneName, here: &ObjectId) -> LaneError {
    LaneError::Failed {
        message: format!(
            "the branch `lanes/{lane}` here ({}) has records that `{remote}` does not have",
            here.short()
        ),
        hint: Some(format!(
            "look at them with `git log {remote}/lanes/{lane}..lanes/{lane}`; to give them up, \
             run `git branch -f lanes/{lane} {remote}/lanes/{lane}`"
        )),
    }
}
