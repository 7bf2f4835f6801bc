//! `pointsman evaluator`.

mod calibrate;
mod list;
mod test;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// List and test evaluators, and hold judges against people
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evaluator list
  pointsman evaluator test queue-label
  pointsman evaluator calibrate grounded --dataset judge-calibration")]
pub struct EvaluatorArgs {
    /// What to do with evaluators.
    #[command(subcommand)]
    action: EvaluatorAction,
}

#[derive(Debug, clap::Subcommand)]
enum EvaluatorAction {
    List(list::ListArgs),
    Test(test::TestArgs),
    Calibrate(calibrate::CalibrateArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &EvaluatorArgs) -> Result<Exit, CommandError> {
    match &args.action {
        EvaluatorAction::List(args) => list::run(context, ui, args),
        EvaluatorAction::Test(args) => test::run(context, ui, args),
        EvaluatorAction::Calibrate(args) => calibrate::run(context, ui, args),
    }
}

/// The error of judges that did not answer: that is no verdict on anything.
fn unanswered(count: usize, reason: &str) -> CommandError {
    let message = format!("{count} judgement(s) have no answer, the first because {reason}");
    CommandError::new(Exit::Provider, message)
        .with_hint("run the command again when the judge's provider answers")
}
