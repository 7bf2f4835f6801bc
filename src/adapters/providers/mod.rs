//! Who answers: model servers over HTTP, programs, recorded answers, and an echo.

mod attached;
mod discreet;
mod echo;
mod grader;
mod pace;
mod prices;
mod program;
pub mod record;
pub mod replay;
mod retry;
mod runner;
pub mod server;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use crate::adapters::hosts::Hosts;
use crate::adapters::secrets::Secrets;
use crate::domain::finding::Findings;
use crate::domain::project::{
    BUILT_IN_PROVIDERS, ECHO, ProgramSettings, Project, ProviderSettings, REPLAY,
};
use crate::domain::suggest::did_you_mean;
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::asked::Asked;
use crate::engine::ports::{Clock, FileTree, Provider};

use discreet::Discreet;
use echo::Echo;
use grader::GradingProgram;
use prices::Prices;
use program::Program;
use record::Recorder;
use replay::Replay;
use server::{Key, Server, ServerSetup};

/// What providers are made from.
pub struct ProviderSetup<'a> {
    /// The settings of the workspace.
    pub project: &'a Project,
    /// Looks up a variable of the environment. Keys come from nowhere else.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Where recordings are read from.
    pub tree: &'a dyn FileTree,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Whether calls will be made. A plan that only looks ahead needs no keys.
    pub will_call: bool,
    /// The only servers that may be asked; absent: any.
    pub hosts: Option<Hosts>,
    /// Where programs run that the settings name; absent: none may run.
    pub programs_in: Option<PathBuf>,
}

/// Why a provider cannot be used. Found before any call is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The name stands nowhere.
    #[error("{asker} asks provider `{name}`, which is not declared")]
    Unknown {
        /// The prompt or the evaluator, for people.
        asker: String,
        /// The provider's name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// The provider that should record answers is not one that gives new ones.
    #[error("provider `{name}` cannot record answers: it is not declared")]
    CannotRecord {
        /// The provider's name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// The key is not there.
    #[error("provider `{name}` needs a key in the environment variable `{variable}`")]
    MissingKey {
        /// The provider's name.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The key cannot be sent.
    #[error(
        "the key in `{variable}` cannot be sent: it holds a line break or another control character"
    )]
    MalformedKey {
        /// The variable.
        variable: String,
    },
    /// The address cannot be used.
    #[error("provider `{name}` cannot be asked at `{url}`: {reason}")]
    Address {
        /// The provider's name.
        name: String,
        /// The address, as it was given, without user or password.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The address is none that the user allows.
    #[error("provider `{name}` is at `{origin}`, where nobody may be asked")]
    HostNotAllowed {
        /// The provider's name.
        name: String,
        /// The scheme, host and port.
        origin: String,
    },
    /// The template of the body cannot be used.
    #[error("provider `{name}` cannot be asked: {reason}")]
    Template {
        /// The provider's name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A program would run, and nobody allowed it.
    #[error("{asker} runs the program `{program}`, which was not allowed")]
    ProgramNotAllowed {
        /// The provider or the evaluator, for people.
        asker: String,
        /// The program.
        program: String,
    },
    /// A file of recordings is wrong.
    #[error(transparent)]
    Recordings(#[from] Findings),
}

impl SetupError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { help, .. } | Self::CannotRecord { help, .. } => {
                format!("declare it under `[providers]` in `pointsman.toml`; {help}")
            }
            Self::MissingKey { variable, .. } | Self::MalformedKey { variable } => {
                format!(
                    "set it for this command: `{variable}=… pointsman eval`; `eval` and `gate` do \
                     without it where the answers are recorded: `--recorded`"
                )
            }
            Self::Address { .. } => "correct its `base_url` in `pointsman.toml`".to_owned(),
            Self::HostNotAllowed { .. } => {
                "see who changed its address; where it is right, add its host to the hosts that your \
                 environment allows: `POINTSMAN_PROVIDER_HOSTS`"
                    .to_owned()
            }
            Self::Template { .. } => "correct its `body` in `pointsman.toml`".to_owned(),
            Self::ProgramNotAllowed { .. } => {
                "read what it does; then allow programs for this command with `--allow-exec`"
                    .to_owned()
            }
            Self::Recordings(_) => "correct the file, or record again".to_owned(),
        }
    }
}

/// Makes everybody who will be asked.
pub fn build<'a>(setup: &ProviderSetup<'a>, asked: &Asked) -> Result<Providers<'a>, SetupError> {
    let mut providers = Providers::new();
    let keys = setup.keys();
    let discreet = |provider| Box::new(Discreet::new(provider, Arc::clone(&keys)));
    for (name, asker) in &asked.providers {
        let provider = setup.provider(name, asker, asked)?;
        providers.insert(name.clone(), discreet(provider));
    }
    for (name, (settings, asker)) in &asked.programs {
        let folder = setup.folder_of(settings, asker)?;
        let program = GradingProgram::new(name, settings, folder, setup.environment);
        providers.insert(name.clone(), discreet(Box::new(program)));
    }
    Ok(providers)
}

/// Makes a provider that answers from recordings, and asks `live` for what is not recorded.
pub fn build_recorder<'a>(
    setup: &ProviderSetup<'a>,
    live: &str,
    asked: &Asked,
) -> Result<Recorder<'a>, SetupError> {
    if !setup.project.providers.contains_key(live) {
        let known = setup.project.providers.keys().map(String::as_str);
        return Err(SetupError::CannotRecord {
            name: live.to_owned(),
            help: did_you_mean(live, known),
        });
    }
    let replay = Replay::load(setup.tree, &asked.recordings)?;
    let live = Discreet::new(setup.declared(live)?, setup.keys());
    Ok(Recorder::new(replay, Box::new(live), setup.clock))
}

impl<'a> ProviderSetup<'a> {
    fn provider(
        &self,
        name: &str,
        asker: &str,
        all: &Asked,
    ) -> Result<Box<dyn Provider + 'a>, SetupError> {
        match name {
            ECHO => Ok(Box::new(Echo::new())),
            REPLAY => Ok(Box::new(Replay::load(self.tree, &all.recordings)?)),
            declared if self.project.providers.contains_key(declared) => self.declared(declared),
            unknown => {
                let declared = self.project.providers.keys().map(String::as_str);
                Err(SetupError::Unknown {
                    asker: asker.to_owned(),
                    name: unknown.to_owned(),
                    help: did_you_mean(unknown, declared.chain(BUILT_IN_PROVIDERS)),
                })
            }
        }
    }

    fn declared(&self, name: &str) -> Result<Box<dyn Provider + 'a>, SetupError> {
        match &self.project.providers[name] {
            ProviderSettings::Server(settings) => {
                let setup = ServerSetup {
                    name,
                    key: self.key(name, settings.key_env.as_deref())?,
                    hosts: self.hosts.as_ref().filter(|_| self.will_call),
                    prices: Prices::new(self.project, name, Some(&settings.url)),
                };
                Ok(Box::new(Server::new(setup, settings, self.clock)?))
            }
            ProviderSettings::Program(settings) => Ok(Box::new(self.program(name, settings)?)),
        }
    }

    /// The keys of all providers, whoever is asked: none of them is told by any.
    fn keys(&self) -> Arc<Secrets> {
        Arc::new(Secrets::keys(self.project, self.environment))
    }

    fn key(&self, name: &str, variable: Option<&str>) -> Result<Option<Key>, SetupError> {
        let Some(variable) = variable.filter(|_| self.will_call) else {
            return Ok(None);
        };
        let variable = variable.to_owned();
        match (self.environment)(&variable) {
            Some(value) => Ok(Some(Key { variable, value })),
            None => Err(SetupError::MissingKey {
                name: name.to_owned(),
                variable,
            }),
        }
    }

    /// Where a program runs. It does so only where the one who gave the command said so: what the
    /// files under test say is never enough, because they may come from anywhere.
    fn folder_of(&self, settings: &ProgramSettings, asker: &str) -> Result<PathBuf, SetupError> {
        match &self.programs_in {
            Some(folder) => Ok(folder.clone()),
            None if !self.will_call => Ok(PathBuf::new()),
            None => Err(SetupError::ProgramNotAllowed {
                asker: asker.to_owned(),
                program: settings.command.first().cloned().unwrap_or_default(),
            }),
        }
    }

    fn program(&self, name: &str, settings: &ProgramSettings) -> Result<Program, SetupError> {
        let folder = self.folder_of(settings, &format!("provider `{name}`"))?;
        let prices = Prices::new(self.project, name, None);
        Ok(Program::new(
            name,
            settings,
            folder,
            self.environment,
            prices,
        ))
    }
}
