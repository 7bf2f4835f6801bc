//! `pointsman plan`.

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::GatePolicy;
use crate::engine::diff::{DiffError, GateChanges, changed_paths, gate_changes};
use crate::engine::evaluate::flaky::flaky_rows_of_plan;
use crate::engine::evaluate::plan::{Selection, plan};
use crate::engine::evaluate::prospect::prospect;
use crate::engine::evaluate::reuse::tested_suite;
use crate::engine::ports::{FileTree, LaneStore as _};
use crate::engine::workspace::Workspace;
use crate::report::gate_changes::section;
use crate::report::plan::{PlanLine, render_plan, warnings};
use crate::report::plan_json::PlanV1;

/// Show what an evaluation could prove, and what it would ask for
///
/// Says for every prompt and dataset how many rows a gate counts, how many calls they take, and the
/// smallest margin that they can prove: the loss that a version which is just as good is shown not
/// to have, four times in five. With a lane, its margin, confidence and repeats apply, and what the
/// margin takes is said too, and so is every change of a policy, an evaluator or a dataset against
/// what is live there. Nothing is asked of a provider.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman plan
  pointsman plan support/triage --lane production
  pointsman plan --json")]
pub struct PlanArgs {
    /// Plan for these prompts instead of all that name a dataset
    #[arg(value_name = "PROMPT", value_parser = prompt_id)]
    prompts: Vec<PromptId>,
    /// Plan for the gate of this lane
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &PlanArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let bench = Workbench::new(context, &workspace, true)?;
    let policy = match &args.lane {
        Some(lane) => workspace.lane(lane)?.gate.unwrap_or_default(),
        None => GatePolicy::default(),
    };
    let gate_changes = match &args.lane {
        Some(lane) => changes_against(context, lane, tree.as_ref())?,
        None => GateChanges::default(),
    };
    let selection = if args.prompts.is_empty() {
        Selection::All
    } else {
        Selection::Prompts(args.prompts.clone())
    };
    let plan = plan(&workspace, &selection, policy.repeats.max(1))?;
    if plan.suites.is_empty() {
        return Err(CommandError::new(
            Exit::NothingEvaluated,
            "there is nothing to plan: no prompt here names a dataset under `evals`",
        )
        .with_hint("name a dataset and evaluators under `evals` of the prompt"));
    }
    let mut lines = Vec::new();
    for (planned, preview) in plan.suites.iter().zip(bench.preview(&plan)?) {
        let earlier = tested_suite(&bench.store, planned, None, bench.now())?;
        let earlier = earlier.map(|tested| tested.summary);
        let prospect = prospect(planned, &preview, earlier.as_ref(), &policy);
        let flaky = flaky_rows_of_plan(&bench.store, &workspace, planned)?;
        lines.push(PlanLine {
            planned,
            preview,
            prospect,
            flaky,
        });
    }
    if ui.wants_json() {
        let lane = args.lane.as_ref().map(|lane| (lane, &gate_changes));
        ui.json(&PlanV1::new(lane, &policy, &lines));
    } else {
        ui.text(render_plan(&lines));
        ui.text(section(&gate_changes));
    }
    for warning in warnings(&lines) {
        ui.warn(warning);
    }
    Ok(Exit::Success)
}

/// How the workspace would let releases in otherwise than the lane does now; nothing where the lane
/// has no records yet.
fn changes_against(
    context: &Context,
    lane: &LaneName,
    tree: &dyn FileTree,
) -> Result<GateChanges, CommandError> {
    let lanes = context.lanes()?;
    let Some(record) = lanes.tip(lane)? else {
        return Ok(GateChanges::default());
    };
    let live = lanes.tree(&record)?;
    let changed = changed_paths(live.as_ref(), tree).map_err(DiffError::from)?;
    Ok(gate_changes(live.as_ref(), tree, &changed)?)
}
