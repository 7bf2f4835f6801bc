//! The files that make a git host gate pull requests: `init --github` and `init --gitlab` write them.
//!
//! They are templates of `contrib/`, embedded, with a few words of the workspace put in: where it
//! stands, its lanes, and the variables that hold its keys.

mod github;
mod gitlab;
mod origin;

use std::collections::BTreeSet;

use crate::domain::finding::Findings;
use crate::domain::lane::Lane;
use crate::domain::project::{Project, ProviderSettings};
use crate::domain::webhook::WebhookFormat;
use crate::engine::workspace::Workspace;

pub use github::github;
pub use gitlab::{GITLAB_ROOT, gitlab};
pub use origin::{GithubOrigin, GitlabOrigin, OriginError};

/// A file to write: its path from the top of the repository, and its text.
pub type PipelineFile = (&'static str, String);

/// What the templates want to know of a workspace.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceFacts {
    /// Its folder, from the top of the repository; `.` for the top itself.
    pub directory: String,
    /// Its lanes, in the order in which releases go through them.
    pub lanes: Vec<String>,
    /// The variables that hold the keys of its providers.
    pub provider_keys: BTreeSet<String>,
    /// The variables that hold addresses and secrets of webhooks.
    pub webhook_keys: BTreeSet<String>,
    /// Whether lanes live on a remote.
    pub has_remote: bool,
}

impl WorkspaceFacts {
    /// Reads them.
    pub fn read(workspace: &Workspace<'_>, directory: &str) -> Result<Self, Findings> {
        let project = workspace.project()?;
        let mut lanes = Vec::new();
        for name in workspace.lane_names()? {
            lanes.push(workspace.lane(&name)?);
        }
        lanes.sort_by(|one, two| (one.order, &one.name).cmp(&(two.order, &two.name)));
        Ok(Self {
            directory: if directory.is_empty() { "." } else { directory }.to_owned(),
            lanes: lanes.iter().map(|lane| lane.name.to_string()).collect(),
            provider_keys: provider_keys(&project),
            webhook_keys: lanes.iter().flat_map(webhook_keys).collect(),
            has_remote: project.remote.is_some(),
        })
    }
}

fn provider_keys(project: &Project) -> BTreeSet<String> {
    let keys = project
        .providers
        .values()
        .filter_map(|provider| match provider {
            ProviderSettings::Server(server) => server.key_env.clone(),
            ProviderSettings::Program(_) => None,
        });
    keys.filter(|key| is_variable(key)).collect()
}

fn webhook_keys(lane: &Lane) -> Vec<String> {
    let keys = lane.webhooks.iter().flat_map(|webhook| {
        let secrets = match &webhook.format {
            WebhookFormat::Standard { secret_env } => secret_env.clone(),
            WebhookFormat::Github { token_env } => vec![token_env.clone()],
        };
        secrets.into_iter().chain([webhook.url_env.clone()])
    });
    keys.filter(|key| is_variable(key)).collect()
}

/// Whether a git host can keep a secret under this name.
fn is_variable(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(known) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// A text as a YAML scalar: a double-quoted one may say whatever a text of JSON says.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
