//! `pointsman.toml`: the settings that the whole workspace shares.

use std::collections::BTreeMap;
use std::time::Duration;

/// The file's name, at the workspace root.
pub const PROJECT_FILE: &str = "pointsman.toml";

/// The files and folders that make a workspace. A snapshot holds these and nothing else.
pub const WORKSPACE_PATHS: [&str; 6] = [
    PROJECT_FILE,
    "prompts",
    "datasets",
    "evaluators",
    "environments",
    "recordings",
];

/// The settings of a workspace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// The git remote that lanes live on; absent: lanes are local.
    pub remote: Option<String>,
    /// The providers that prompts may name, beside the built-in `echo` and `replay`.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// What models cost, by `<provider>/<model>`.
    pub prices: BTreeMap<String, Price>,
}

/// The providers that exist without being declared.
pub const BUILT_IN_PROVIDERS: [&str; 2] = ["echo", "replay"];

/// A provider that speaks the OpenAI chat completions wire format over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Where `/chat/completions` is, for example `https://api.openai.com/v1`.
    pub base_url: String,
    /// The environment variable that holds the key; absent: no key is sent.
    pub key_env: Option<String>,
    /// How many calls run at once.
    pub concurrency: usize,
    /// How many calls may start in a minute; absent: any number.
    pub requests_per_minute: Option<u32>,
    /// How long one try of a call may take.
    pub timeout: Duration,
    /// How often a call is tried before it is an error.
    pub max_attempts: u32,
}

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// US dollars for a million input tokens.
    pub input_usd_per_million: f64,
    /// US dollars for a million output tokens.
    pub output_usd_per_million: f64,
}
