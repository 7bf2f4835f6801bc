//! Asking a model for candidates: it is shown what may be shown, and nothing that it says is trusted.

use crate::adapters::providers::{build, build_recorder};
use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{AGAIN, Workbench, limited, save_recordings, wait_for};
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::PromptId;
use crate::domain::project::REPLAY;
use crate::domain::prompt::ModelRef;
use crate::domain::run::{Answer, CaseErrorKind, ModelRequest};
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::ask::{Replies, ask_all};
use crate::engine::evaluate::asked::Asked;
use crate::engine::improve::{PROPOSER, built_in};
use crate::engine::ports::Provider;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::{Recorded, Workspace};

/// Options about who proposes.
#[derive(Debug, clap::Args)]
pub(super) struct ProposerArgs {
    /// Ask with this prompt of the workspace. Without it, with `improve/propose`, or with the built-in
    /// one where the workspace has none
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    proposer: Option<PromptId>,
    /// The model that the built-in prompt asks: `<provider>/<model>`. Without it, the one that the
    /// prompt itself asks
    #[arg(long, value_name = "MODEL", value_parser = model, conflicts_with = "proposer")]
    model: Option<ModelRef>,
    /// Ask for this many candidates, each in an answer of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20), default_value_t = 1)]
    pub(super) candidates: u32,
    /// Ask this provider for proposals that are not recorded, and record them
    #[arg(long, value_name = "PROVIDER", conflicts_with = "recorded")]
    record: Option<String>,
    /// Ask nobody: recorded answers stand in for every model, whoever the files name
    #[arg(long)]
    pub(super) recorded: bool,
}

fn model(text: &str) -> Result<ModelRef, String> {
    ModelRef::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl ProposerArgs {
    /// The prompt that proposes.
    pub(super) fn closure(
        &self,
        workspace: &Workspace<'_>,
        model: &ModelRef,
    ) -> Result<Closure, CommandError> {
        let mut own = self.proposer.clone();
        if own.is_none() {
            let mut known = workspace.prompt_ids()?.into_iter();
            own = known.find(|id| id.as_str() == PROPOSER);
        }
        let Some(id) = own else {
            let mut model = self.model.clone().unwrap_or_else(|| model.clone());
            if self.recorded || self.record.is_some() {
                REPLAY.clone_into(&mut model.provider);
            }
            return Ok(built_in(workspace.tree(), model)?);
        };
        if self.model.is_some() {
            return Err(CommandError::usage(format!(
                "the workspace has a prompt `{id}` of its own, which names its model"
            ))
            .with_hint(format!("leave `--model` out, or change `{}`", id.path())));
        }
        Ok(workspace.closure(&id)?)
    }

    /// Whom recordings stand in for when proposals are asked for.
    pub(super) fn stand_ins(&self) -> Recorded<'_> {
        match &self.record {
            Some(live) => Recorded::Provider(live),
            None => Recorded::everybody_if(self.recorded),
        }
    }

    /// What the model answers to each request. Whoever does not answer ends the command, and nothing is
    /// kept.
    pub(super) fn ask(
        &self,
        context: &Context,
        ui: &mut Ui,
        bench: &Workbench<'_>,
        (proposer, requests): (&Closure, &[ModelRequest]),
    ) -> Result<Vec<Answer>, CommandError> {
        let mut asked = Asked::default();
        asked.add_prompt(proposer.prompt());
        let key = |name: &str| bench.key(name);
        let setup = bench.setup(&key, true);
        let ask = |providers: &Providers<'_>| -> Result<Replies, CommandError> {
            let asking = ask_all(proposer, requests, providers, bench.cache(), bench.limits);
            Ok(wait_for(asking)??)
        };
        let replies = match &self.record {
            None => ask(&build(&setup, &asked)?)?,
            Some(live) => {
                let recorder = build_recorder(&setup, live, &asked)?;
                let replay: &dyn Provider = &recorder;
                let mut providers = Providers::new();
                providers.insert(REPLAY.to_owned(), Box::new(replay));
                let replies = ask(&providers)?;
                drop(providers);
                save_recordings(context, ui, &recorder)?;
                replies
            }
        };
        answers(replies, requests.len())
    }
}

fn answers(replies: Replies, wanted: usize) -> Result<Vec<Answer>, CommandError> {
    let mut answers = Vec::new();
    for answer in replies.answers {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) if error.kind == CaseErrorKind::Stopped => {}
            Err(error) => {
                let hint = match error.kind {
                    CaseErrorKind::NotRecorded => {
                        "record it with `--record <provider>`, where the provider stands in \
                         `pointsman.toml`"
                    }
                    _ => "run the command again when the provider answers",
                };
                let message = format!("nothing was proposed: {}", error.message);
                return Err(CommandError::new(Exit::Provider, message).with_hint(hint));
            }
        }
    }
    match replies.limit {
        Some(limit) if answers.len() < wanted => Err(limited(limit, AGAIN)),
        _ => Ok(answers),
    }
}
