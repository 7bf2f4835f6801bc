//! One file for each word that the user types after `pointsman`.

pub mod approve;
pub mod behaviors;
pub mod bisect;
pub mod check;
pub mod completions;
pub mod dataset;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod evaluator;
pub mod evidence;
pub mod export;
pub mod fmt;
pub mod gate;
pub mod import;
pub mod improve;
pub mod incident;
pub mod init;
pub mod lanes;
pub mod man;
pub mod monitor;
mod moves;
pub mod plan;
pub mod promote;
pub mod prompt;
pub mod redact;
pub mod review;
pub mod rollback;
pub mod runs;
pub mod schema;
pub mod serve;
pub mod status;
pub mod traces;
pub mod view;
pub mod webhook;

use super::context::Context;
use super::error::CommandError;
use super::exit::Exit;
use super::ui::Ui;

/// The commands.
#[derive(Debug, clap::Subcommand)]
#[expect(
    missing_docs,
    reason = "the doc comment of each Args struct is the help text of its command"
)]
pub enum Command {
    #[command(display_order = 1)]
    Init(init::InitArgs),
    #[command(display_order = 1)]
    Import(import::ImportArgs),
    #[command(display_order = 2)]
    Check(check::CheckArgs),
    #[command(display_order = 2)]
    Status(status::StatusArgs),
    #[command(display_order = 2)]
    View(view::ViewArgs),
    #[command(display_order = 2)]
    Fmt(fmt::FmtArgs),
    #[command(display_order = 3)]
    Prompt(prompt::PromptArgs),
    #[command(display_order = 3)]
    Dataset(dataset::DatasetArgs),
    #[command(display_order = 3)]
    Evaluator(evaluator::EvaluatorArgs),
    #[command(display_order = 4)]
    Plan(plan::PlanArgs),
    #[command(display_order = 4)]
    Eval(eval::EvalArgs),
    #[command(display_order = 4)]
    Gate(gate::GateArgs),
    #[command(display_order = 4)]
    Runs(runs::RunsArgs),
    #[command(display_order = 5)]
    Diff(diff::DiffArgs),
    #[command(display_order = 5)]
    Bisect(bisect::BisectArgs),
    #[command(display_order = 5)]
    Improve(improve::ImproveArgs),
    #[command(display_order = 6)]
    Lanes(lanes::LanesArgs),
    #[command(display_order = 7)]
    Approve(approve::ApproveArgs),
    #[command(display_order = 7)]
    Promote(promote::PromoteArgs),
    #[command(display_order = 8)]
    Rollback(rollback::RollbackArgs),
    #[command(display_order = 8)]
    Evidence(evidence::EvidenceArgs),
    #[command(display_order = 9)]
    Export(export::ExportArgs),
    #[command(display_order = 9)]
    Serve(serve::ServeArgs),
    #[command(display_order = 9)]
    Doctor(doctor::DoctorArgs),
    #[command(display_order = 9)]
    Webhook(webhook::WebhookArgs),
    #[command(display_order = 10)]
    Traces(traces::TracesArgs),
    #[command(display_order = 10)]
    Monitor(monitor::MonitorArgs),
    #[command(display_order = 11)]
    Incident(incident::IncidentArgs),
    #[command(display_order = 11)]
    Review(review::ReviewArgs),
    #[command(display_order = 10)]
    Behaviors(behaviors::BehaviorsArgs),
    #[command(display_order = 10)]
    Redact(redact::RedactArgs),
    #[command(display_order = 20)]
    Demo(demo::DemoArgs),
    #[command(display_order = 21)]
    Schema(schema::SchemaArgs),
    #[command(display_order = 21)]
    Completions(completions::CompletionsArgs),
    #[command(display_order = 21)]
    Man(man::ManArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(&self, context: &Context, ui: &mut Ui) -> Result<Exit, CommandError> {
        match self {
            Self::Init(args) => init::run(context, ui, args),
            Self::Import(args) => import::run(context, ui, args),
            Self::Check(args) => check::run(context, ui, args),
            Self::Fmt(args) => fmt::run(context, ui, args),
            Self::Status(args) => status::run(context, ui, args),
            Self::View(args) => view::run(context, ui, args),
            Self::Prompt(args) => prompt::run(context, ui, args),
            Self::Plan(args) => plan::run(context, ui, args),
            Self::Dataset(args) => dataset::run(context, ui, args),
            Self::Evaluator(args) => evaluator::run(context, ui, args),
            Self::Eval(args) => eval::run(context, ui, args),
            Self::Gate(args) => gate::run(context, ui, args),
            Self::Runs(args) => runs::run(context, ui, args),
            Self::Diff(args) => diff::run(context, ui, args),
            Self::Improve(args) => improve::run(context, ui, args),
            Self::Bisect(args) => bisect::run(context, ui, args),
            Self::Lanes(args) => lanes::run(context, ui, args),
            Self::Approve(args) => approve::run(context, ui, args),
            Self::Promote(args) => promote::run(context, ui, args),
            Self::Evidence(args) => evidence::run(context, ui, args),
            Self::Rollback(args) => rollback::run(context, ui, args),
            Self::Export(args) => export::run(context, ui, args),
            Self::Serve(args) => serve::run(context, ui, args),
            Self::Doctor(args) => doctor::run(context, ui, args),
            Self::Traces(args) => traces::run(context, ui, args),
            Self::Monitor(args) => monitor::run(context, ui, args),
            Self::Behaviors(args) => behaviors::run(context, ui, args),
            Self::Incident(args) => incident::run(context, ui, args),
            Self::Review(args) => review::run(context, ui, args),
            Self::Redact(args) => redact::run(context, ui, args),
            Self::Webhook(args) => webhook::run(context, ui, args),
            Self::Demo(args) => demo::run(context, ui, args),
            Self::Schema(args) => schema::run(context, ui, args),
            Self::Completions(args) => Ok(completions::run(ui, args)),
            Self::Man(args) => man::run(context, ui, args),
        }
    }
}
