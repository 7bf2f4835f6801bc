//! Milestones: an annotated tag `deploy/<lane>/<sequence>` on a record.
//!
//! A tag says nothing that the record does not say; it can be made again at any time.

use crate::engine::ports::{LaneError, LaneRecord};

use super::lanes::{GitLanes, git_error};

impl GitLanes<'_> {
    /// Makes sure that a record has its tag, on the remote too where lanes live on one.
    pub fn tag(&self, record: &LaneRecord) -> Result<(), LaneError> {
        let deployment = &record.deployment;
        let name = deployment.tag();
        let failed = |what: &str, complaint: &str| LaneError::Failed {
            message: format!("the tag `{name}` {what}: {complaint}"),
            hint: Some(format!(
                "the record is as it is; run the same command again, or `git tag -a {name} {}`",
                record.id.short()
            )),
        };
        match self.id_at(&format!("refs/tags/{name}"))? {
            Some(id) if id == record.id => {}
            Some(id) => {
                return Err(failed(
                    "is there already",
                    &format!("it names {}", id.short()),
                ));
            }
            None => {
                let message = format!(
                    "{} {} #{}\n\n{}Snapshot: {}\n",
                    deployment.kind.name(),
                    deployment.lane,
                    deployment.sequence,
                    deployment
                        .reason
                        .as_ref()
                        .map(|it| format!("{it}\n\n"))
                        .unwrap_or_default(),
                    deployment.snapshot.sha256
                );
                let git = self.repository.git();
                let output = git.tag(&name, &record.id, &message, deployment.recorded_at);
                let output = output.map_err(git_error)?;
                if !output.success {
                    return Err(failed("could not be made", &output.complaint()));
                }
            }
        }
        let Some(remote) = &self.remote else {
            return Ok(());
        };
        let output = self
            .repository
            .git()
            .push_tag(remote, &name)
            .map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        Err(failed(
            &format!("could not be pushed to `{remote}`"),
            &output.complaint(),
        ))
    }
}
