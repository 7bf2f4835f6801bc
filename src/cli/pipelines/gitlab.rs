//! The jobs of GitLab CI/CD.

use super::{GitlabOrigin, PipelineFile, WorkspaceFacts, scalar};

/// Where GitLab looks first.
pub const GITLAB_ROOT: &str = ".gitlab-ci.yml";

/// What stands there so that the jobs are found.
const INCLUDE: &str = "include:\n  - local: .gitlab/pointsman.yml\n";

const TEMPLATE: &str = include_str!("../../../contrib/gitlab/pointsman.yml");

/// The files of a workspace. The second one is for a repository that has no pipeline yet.
pub fn gitlab(origin: &GitlabOrigin, facts: &WorkspaceFacts) -> Vec<PipelineFile> {
    let text = TEMPLATE
        .replace("POINTSMAN_ORIGIN", &scalar(&origin.repository))
        .replace("POINTSMAN_REVISION", &scalar(&origin.commit))
        .replace("POINTSMAN_FOLDER", &scalar(&facts.directory));
    vec![
        (".gitlab/pointsman.yml", text),
        (GITLAB_ROOT, INCLUDE.to_owned()),
    ]
}
