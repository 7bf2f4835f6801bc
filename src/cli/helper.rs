//! Asking a model to help: it is shown what may be shown, and nothing that it says is trusted.

use crate::adapters::providers::{build, build_recorder};
use crate::domain::id::PromptId;
use crate::domain::project::REPLAY;
use crate::domain::prompt::ModelRef;
use crate::domain::run::{Answer, CaseErrorKind, ModelRequest};
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::ask::{Replies, ask_all};
use crate::engine::evaluate::asked::Asked;
use crate::engine::evaluate::helper::Helper;
use crate::engine::ports::Provider;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::{Recorded, Workspace};

use super::arguments::model_ref;
use super::context::Context;
use super::error::CommandError;
use super::evaluation::{AGAIN, Workbench, limited, save_recordings, wait_for};
use super::exit::Exit;
use super::ui::Ui;

/// Options about who helps.
#[derive(Debug, clap::Args)]
pub struct HelperArgs {
    /// The model that the built-in prompt asks: `<provider>/<model>`
    #[arg(long, value_name = "MODEL", value_parser = model_ref)]
    model: Option<ModelRef>,
    /// Ask this provider for answers that are not recorded, and record them
    #[arg(long, value_name = "PROVIDER", conflicts_with = "recorded")]
    record: Option<String>,
    /// Ask nobody: recorded answers stand in for every model, whoever the files name
    #[arg(long)]
    pub recorded: bool,
}

impl HelperArgs {
    /// The prompt that helps: the one that is named, the workspace's own, or the built-in one, which asks
    /// the model of the options or this one.
    pub fn closure(
        &self,
        workspace: &Workspace<'_>,
        helper: Helper,
        named: Option<&PromptId>,
        model: Option<&ModelRef>,
    ) -> Result<Closure, CommandError> {
        let mut own = named.cloned();
        if own.is_none() {
            let mut known = workspace.prompt_ids()?.into_iter();
            own = known.find(|id| id.as_str() == helper.name);
        }
        let Some(id) = own else {
            let Some(mut model) = self.model.clone().or_else(|| model.cloned()) else {
                return Err(CommandError::usage(format!(
                    "nobody says which model is asked, and the workspace has no prompt `{}` of its own",
                    helper.name
                ))
                .with_hint("name one: `--model <provider>/<model>`"));
            };
            if self.recorded || self.record.is_some() {
                REPLAY.clone_into(&mut model.provider);
            }
            return Ok(helper.built_in(workspace.tree(), model)?);
        };
        if self.model.is_some() {
            return Err(CommandError::usage(format!(
                "the workspace has a prompt `{id}` of its own, which names its model"
            ))
            .with_hint(format!("leave `--model` out, or change `{}`", id.path())));
        }
        Ok(workspace.closure(&id)?)
    }

    /// Whom recordings stand in for when the helper is asked.
    pub fn stand_ins(&self) -> Recorded<'_> {
        match &self.record {
            Some(live) => Recorded::Provider(live),
            None => Recorded::everybody_if(self.recorded),
        }
    }

    /// What the model answers to each request. Whoever does not answer ends the command, and nothing is
    /// kept but the answers for the next time.
    pub fn ask(
        &self,
        context: &Context,
        ui: &mut Ui,
        bench: &Workbench<'_>,
        (prompt, requests): (&Closure, &[ModelRequest]),
    ) -> Result<Vec<Answer>, CommandError> {
        let mut asked = Asked::default();
        asked.add_prompt(prompt.prompt());
        let key = |name: &str| bench.key(name);
        let setup = bench.setup(&key, true);
        let ask = |providers: &Providers<'_>| -> Result<Replies, CommandError> {
            let asking = ask_all(prompt, requests, providers, bench.cache(), bench.limits);
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
                let message = format!("the model gave no answer: {}", error.message);
                return Err(CommandError::new(Exit::Provider, message).with_hint(hint));
            }
        }
    }
    match replies.limit {
        Some(limit) if answers.len() < wanted => Err(limited(limit, AGAIN)),
        _ => Ok(answers),
    }
}
