//! `pointsman monitor`: did anything move in production?

mod check;
mod compare;
pub(in crate::cli) mod overview;
mod score;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Show the numbers of production: traffic, errors, latency, cost, tokens and scores
///
/// Says what the traces of a window took and cost, and how that went over time, with a letter where
/// something went live. Where nobody says when, the last 24 hours are shown.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  pointsman monitor
  pointsman monitor --since 7d --where 'lane = production' --trend p95
  pointsman monitor --by deployment --around production#12:24h
  pointsman monitor --by route --metric latency --bucket 1h
  pointsman monitor compare --around production#12:24h
  pointsman monitor check
  pointsman monitor score tone --sample 5%"
)]
pub struct MonitorArgs {
    #[command(subcommand)]
    command: Option<MonitorCommand>,
    #[command(flatten)]
    overview: overview::OverviewArgs,
}

#[derive(Debug, clap::Subcommand)]
enum MonitorCommand {
    Compare(compare::CompareArgs),
    Check(check::CheckArgs),
    Score(Box<score::ScoreArgs>),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &MonitorArgs) -> Result<Exit, CommandError> {
    match &args.command {
        None => overview::run(context, ui, &args.overview),
        Some(MonitorCommand::Compare(args)) => compare::run(context, ui, args),
        Some(MonitorCommand::Check(args)) => check::run(context, ui, args),
        Some(MonitorCommand::Score(args)) => score::run(context, ui, args),
    }
}
