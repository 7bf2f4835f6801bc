//! Milestones: an annotated tag `deploy/<lane>/<sequence>` on a record.
//!
//! A tag says nothing that the record does not say; it can be made again at any time.

use crate::engine::ports::{LaneError, LaneRecord};

use super::lanes::{GitLanes, git_error};

impl GitLanes<'_> {
    /// Makes sure that a record has its tag, on the remote too where lanes live on one.
    pub fn tag(&self, record: &LaneRecord) -> Result<(), LaneError> {
        let name = record.deployment.tag();
        match self.id_at(&format!("refs/tags/{name}"))? {
            None => self.make_tag(record)?,
            Some(id) if id == record.id => {}
            Some(id) => {
                let other = format!("it names {}", id.short());
                return Err(failed(record, "is there already", &other));
            }
        }
        let Some(remote) = &self.remote else {
            return Ok(());
        };
        let output = self.repository.git().push_tag(remote, &name);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        let what = format!("could not be pushed to `{remote}`");
        Err(failed(record, &what, &output.complaint()))
    }

    fn make_tag(&self, record: &LaneRecord) -> Result<(), LaneError> {
        let deployment = &record.deployment;
        let reason = deployment.reason.as_ref().map(|it| format!("{it}\n\n"));
        let message = format!(
            "{} {} #{}\n\n{}Snapshot: {}\n",
            deployment.kind.name(),
            deployment.lane,
            deployment.sequence,
            reason.unwrap_or_default(),
            deployment.snapshot.sha256
        );
        let (git, name) = (self.repository.git(), deployment.tag());
        let output = git.tag(&name, &record.id, &message, deployment.recorded_at);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        Err(failed(record, "could not be made", &output.complaint()))
    }
}

/// What is wrong with a record's tag. The record itself is as it is.
fn failed(record: &LaneRecord, what: &str, why: &str) -> LaneError {
    let name = record.deployment.tag();
    LaneError::Failed {
        message: format!("the tag `{name}` {what}: {why}"),
        hint: Some(format!(
            "the record is as it is; run the same command again, or `git tag -a {name} {}`",
            record.id.short()
        )),
    }
}
