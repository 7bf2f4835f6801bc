//! A webhook: who is told that a lane moved, and how.

pub mod delivery;
pub mod report;
pub mod signature;

use serde::{Deserialize, Serialize};

use super::deployment::DeployKind;

/// A receiver, as a lane's policy names it. Addresses and secrets stand in the environment: only
/// the names of their variables are ever written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Webhook {
    /// The environment variable that holds the address. It names the receiver within its lane.
    pub url_env: String,
    /// What is sent.
    pub format: WebhookFormat,
    /// The sorts of moves that are told; none: every sort.
    pub events: Vec<DeployKind>,
}

/// What a receiver is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum WebhookFormat {
    /// A message that is signed as the Standard Webhooks specification says.
    #[serde(rename_all = "camelCase")]
    Standard {
        /// The environment variables that hold the signing secrets: several while rotating.
        secret_env: Vec<String>,
    },
    /// A `repository_dispatch` event of GitHub.
    #[serde(rename_all = "camelCase")]
    Github {
        /// The environment variable that holds the token.
        token_env: String,
    },
}

impl Webhook {
    /// Whether a move of this sort is told.
    pub fn wants(&self, kind: DeployKind) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}
