//! `pointsman behaviors`: what comes back in production, and what people decided about it.

mod decide;
mod label;
pub(in crate::cli) mod list;
mod scan;
mod show;

use clap::builder::PossibleValue;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::BehaviorId;
use crate::domain::suggest::did_you_mean;
use crate::engine::behaviors::BehaviorsError;

/// Find what comes back in production, and say what became of it
///
/// A behavior is a pattern in traces: an error with the same message but for its numbers, a tool that is
/// called over and over, answers in another shape than the prompt asks for, what many users ask. Each is
/// a file in `operations/behaviors/` with a permanent name. No model is asked unless you name one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors scan --since 7d
  pointsman behaviors list --state new,worse,reactivated
  pointsman behaviors show tool-find-order-timed-out-3f2a91
  pointsman behaviors watch tool-find-order-timed-out-3f2a91 --owner support-platform
  pointsman behaviors dismiss user-dark-theme-8c1d20 --reason 'a campaign, over by Friday'")]
pub struct BehaviorsArgs {
    #[command(subcommand)]
    command: BehaviorsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BehaviorsCommand {
    Scan(scan::ScanArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Label(label::LabelArgs),
    Watch(decide::WatchArgs),
    Dismiss(decide::DismissArgs),
    Resolve(decide::ResolveArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &BehaviorsArgs) -> Result<Exit, CommandError> {
    match &args.command {
        BehaviorsCommand::Scan(args) => scan::run(context, ui, args),
        BehaviorsCommand::List(args) => list::run(context, ui, args),
        BehaviorsCommand::Show(args) => show::run(context, ui, args),
        BehaviorsCommand::Label(args) => label::run(context, ui, args),
        BehaviorsCommand::Watch(args) => decide::watch(context, ui, args),
        BehaviorsCommand::Dismiss(args) => decide::dismiss(context, ui, args),
        BehaviorsCommand::Resolve(args) => decide::resolve(context, ui, args),
    }
}

/// A behavior, by its name or its file.
fn behavior_id(text: &str) -> Result<BehaviorId, String> {
    let name = text.strip_prefix("operations/behaviors/").unwrap_or(text);
    let name = name.strip_suffix(".toml").unwrap_or(name);
    BehaviorId::new(name).map_err(|error| error.to_string())
}

/// One of a closed set of words of files, as an option.
#[derive(Debug, Clone)]
struct Words<T: 'static>(&'static [(&'static str, T)]);

impl<T: Copy + Send + Sync + 'static> clap::builder::TypedValueParser for Words<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let parse = |text: &str| {
            let found = self.0.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let words = self.0.iter().map(|(word, _)| *word);
                format!("there is no such word; {}", did_you_mean(text, words))
            })
        };
        clap::builder::TypedValueParser::parse_ref(&parse, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            self.0.iter().map(|(word, _)| PossibleValue::new(*word)),
        ))
    }
}

impl From<BehaviorsError> for CommandError {
    fn from(error: BehaviorsError) -> Self {
        let message = error.to_string();
        match error {
            BehaviorsError::TooManyTexts { .. } => Self::usage(message)
                .with_hint("look at less, by `--since` or `--where`, or leave out `--semantic`"),
            BehaviorsError::Store(error) => error.into(),
            BehaviorsError::Releases(error) => error.into(),
            BehaviorsError::Files(findings) => findings.into(),
        }
    }
}
