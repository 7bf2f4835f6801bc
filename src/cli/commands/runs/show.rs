//! `pointsman runs show`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::outputs::OutputArgs;
use crate::cli::ui::Ui;
use crate::engine::evaluate::decide::{Demand, decide};
use crate::engine::evaluate::stored::LATEST;
use crate::report::eval::EvalReport;

/// Show what came of a run, as `eval` showed it
///
/// The verdict is the one without a lane: every blocking evaluator passes every row that gates.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs show
  pointsman runs show 20260301T0900 --slice column:locale
  pointsman runs show latest -o report.html")]
pub(super) struct ShowArgs {
    /// The run: its name, a start of it that no other run has, or `latest`
    #[arg(value_name = "RUN", default_value = LATEST)]
    run: String,
    #[command(flatten)]
    outputs: OutputArgs,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    args.outputs.check(ui)?;
    let kept = super::kept(&super::store(context)?, &args.run)?;
    let suites = kept.summaries();
    let decision = decide(Demand::AllBlocking, &suites);
    let slices = args.outputs.slices(&suites, &kept.cases)?;
    let report = EvalReport {
        source: &kept.run.manifest.source,
        run: &kept.run.manifest.id,
        complete: kept.run.finished_at.is_some(),
        gate: None,
        suites: &suites,
        decision: &decision,
        slices: &slices,
    };
    args.outputs.show(context, ui, &report, &kept.cases)?;
    Ok(Exit::Success)
}
