//! What every command starts from: the folder, the environment and the clock.

use std::path::{Path, PathBuf};

use crate::adapters::clock::{FixedClock, SystemClock};
use crate::engine::ports::Clock;

use super::GlobalArgs;
use super::env::{self, Environment};
use super::error::CommandError;

/// The surroundings of a command.
pub struct Context {
    environment: Environment,
    directory: PathBuf,
    clock: Box<dyn Clock>,
}

impl Context {
    /// Looks around: where we are and what time it is.
    pub fn new(environment: Environment, global: &GlobalArgs) -> Result<Self, CommandError> {
        let directory = working_directory(global)?;
        let clock = clock(&environment)?;
        Ok(Self {
            environment,
            directory,
            clock,
        })
    }

    /// The folder that the command runs in, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The environment as it was at the start.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}

fn working_directory(global: &GlobalArgs) -> Result<PathBuf, CommandError> {
    let wanted = global
        .directory
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    wanted.canonicalize().map_err(|error| {
        CommandError::usage(format!("cannot use folder `{}`: {error}", wanted.display()))
            .with_hint("name an existing folder with `-C <dir>`")
    })
}

fn clock(environment: &Environment) -> Result<Box<dyn Clock>, CommandError> {
    let Some(text) = environment.text(env::CLOCK) else {
        return Ok(Box::new(SystemClock));
    };
    let time = text.parse().map_err(|_| {
        CommandError::usage(format!("`{}` is not a time: `{text}`", env::CLOCK))
            .with_hint("use RFC 3339, for example `2026-03-01T09:00:00Z`, or unset it")
    })?;
    Ok(Box::new(FixedClock(time)))
}
