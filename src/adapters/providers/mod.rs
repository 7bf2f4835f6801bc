//! Who answers: model servers over HTTP, programs, recorded answers, and an echo.

mod echo;
mod pace;
mod prices;
mod program;
pub mod record;
pub mod replay;
mod retry;
mod secrets;
pub mod server;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::project::{BUILT_IN_PROVIDERS, ProgramSettings, Project, ProviderSettings};
use crate::domain::prompt::ModelRef;
use crate::domain::suggest::did_you_mean;
use crate::engine::evaluate::Providers;
use crate::engine::ports::{Clock, FileTree, Provider};

use echo::Echo;
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
    /// Where programs run that the settings name; absent: none may run.
    pub programs_in: Option<PathBuf>,
}

/// Why a provider cannot be used. Found before any call is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The name stands nowhere.
    #[error("prompt `{prompt}` asks provider `{name}`, which is not declared")]
    Unknown {
        /// The prompt.
        prompt: PromptId,
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
    /// The template of the body cannot be used.
    #[error("provider `{name}` cannot be asked: {reason}")]
    Template {
        /// The provider's name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A program would run, and nobody allowed it.
    #[error("provider `{name}` runs the program `{program}`, which was not allowed")]
    ProgramNotAllowed {
        /// The provider's name.
        name: String,
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
                format!("set it for this command: `{variable}=… pointsman eval`")
            }
            Self::Address { .. } => "correct its `base_url` in `pointsman.toml`".to_owned(),
            Self::Template { .. } => "correct its `body` in `pointsman.toml`".to_owned(),
            Self::ProgramNotAllowed { .. } => {
                "read what it does; then allow programs for this command with `--allow-exec`"
                    .to_owned()
            }
            Self::Recordings(_) => "correct the file, or record again".to_owned(),
        }
    }
}

/// Makes the providers that the given prompts ask.
pub fn build<'a>(
    setup: &ProviderSetup<'a>,
    models: &BTreeMap<&PromptId, &ModelRef>,
) -> Result<Providers<'a>, SetupError> {
    let mut providers = Providers::new();
    for (prompt, model) in models {
        let name = model.provider.as_str();
        if !providers.contains_key(name) {
            let provider = setup.provider(name, prompt, models)?;
            providers.insert(name.to_owned(), provider);
        }
    }
    Ok(providers)
}

/// Makes a provider that answers from recordings, and asks `live` for what is not recorded.
pub fn build_recorder<'a>(
    setup: &ProviderSetup<'a>,
    live: &str,
    models: &BTreeMap<&PromptId, &ModelRef>,
) -> Result<Recorder<'a>, SetupError> {
    if !setup.project.providers.contains_key(live) {
        let known = setup.project.providers.keys().map(String::as_str);
        return Err(SetupError::CannotRecord {
            name: live.to_owned(),
            help: did_you_mean(live, known),
        });
    }
    let replay = Replay::load(setup.tree, replayed(models))?;
    Ok(Recorder::new(replay, setup.declared(live)?, setup.clock))
}

impl<'a> ProviderSetup<'a> {
    fn provider(
        &self,
        name: &str,
        prompt: &PromptId,
        models: &BTreeMap<&PromptId, &ModelRef>,
    ) -> Result<Box<dyn Provider + 'a>, SetupError> {
        match name {
            "echo" => Ok(Box::new(Echo::new())),
            "replay" => Ok(Box::new(Replay::load(self.tree, replayed(models))?)),
            declared if self.project.providers.contains_key(declared) => self.declared(declared),
            unknown => {
                let declared = self.project.providers.keys().map(String::as_str);
                Err(SetupError::Unknown {
                    prompt: prompt.clone(),
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
                    prices: Prices::new(self.project, name, Some(&settings.url)),
                };
                Ok(Box::new(Server::new(setup, settings, self.clock)?))
            }
            ProviderSettings::Program(settings) => Ok(Box::new(self.program(name, settings)?)),
        }
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

    /// A program runs only where the one who gave the command said so. What the files under test
    /// say is never enough: they may come from anywhere.
    fn program(&self, name: &str, settings: &ProgramSettings) -> Result<Program, SetupError> {
        let folder = match &self.programs_in {
            Some(folder) => folder.clone(),
            None if !self.will_call => PathBuf::new(),
            None => {
                return Err(SetupError::ProgramNotAllowed {
                    name: name.to_owned(),
                    program: settings.command.first().cloned().unwrap_or_default(),
                });
            }
        };
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

fn replayed<'m>(models: &BTreeMap<&'m PromptId, &ModelRef>) -> BTreeSet<&'m PromptId> {
    let replayed = models
        .iter()
        .filter(|(_, model)| model.provider == "replay");
    replayed.map(|(prompt, _)| *prompt).collect()
}
