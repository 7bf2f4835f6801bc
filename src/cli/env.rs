//! The environment: the only place that reads it, so that one page says what we read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The process's environment as it was at the start.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

/// Stops the clock at an RFC 3339 time, so that the same inputs give the same bytes.
pub const CLOCK: &str = "POINTSMAN_CLOCK";

/// Receivers of webhooks that may be called though they are not on the public internet:
/// `host[:port]`, separated by commas.
pub const WEBHOOK_HOSTS: &str = "POINTSMAN_WEBHOOK_HOSTS";

/// The only servers at which providers are asked, where it is set: `host[:port]`, separated by commas. Where
/// it is set to nothing, none is asked.
pub const PROVIDER_HOSTS: &str = "POINTSMAN_PROVIDER_HOSTS";

/// How long a fetch or a push may take in all, like `10m`.
pub const GIT_TIMEOUT: &str = "POINTSMAN_GIT_TIMEOUT";

/// How many columns the terminal has, where nothing else says.
pub const COLUMNS: &str = "COLUMNS";

/// The program that texts are edited with; the first that is set counts.
pub const EDITORS: [&str; 2] = ["VISUAL", "EDITOR"];

/// Where the ssh-agent listens.
pub const AGENT: &str = "SSH_AUTH_SOCK";

/// The user's own folder.
pub const HOME: &str = "HOME";

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
        }
    }

    /// Every variable.
    pub fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    /// A variable's value, if it is set, is not empty and is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(&OsString::from(name))?.to_str()?;
        (!value.is_empty()).then_some(value)
    }

    /// A variable's value, if it is set, be it to nothing.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(&OsString::from(name));
        value.map(OsString::as_os_str)
    }

    /// Whether a variable is set to anything but the empty text.
    pub fn is_set(&self, name: &str) -> bool {
        self.variables
            .get(&OsString::from(name))
            .is_some_and(|value| !value.is_empty())
    }
}
