//! `pointsman evaluator list`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::finding::Findings;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::engine::workspace::Workspace;
use crate::report::table::TextTable;

/// List all evaluators with their kinds, and the prompts that they test
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evaluator list
  pointsman evaluator list --at lanes/production --json")]
pub(super) struct ListArgs {
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct ListOutput {
    schema: &'static str,
    source: String,
    evaluators: Vec<ListedEvaluator>,
}

#[derive(Serialize)]
struct ListedEvaluator {
    id: EvaluatorId,
    description: Option<String>,
    kind: &'static str,
    blocking: bool,
    examples: usize,
    prompts: Vec<PromptId>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let evaluators = listed(&Workspace::new(tree.as_ref()))?;
    if ui.wants_json() {
        ui.json(&ListOutput {
            schema: "pointsman/evaluator-list/v1",
            source: tree.label(),
            evaluators,
        });
        return Ok(Exit::Success);
    }
    if evaluators.is_empty() {
        ui.note("there are no evaluators below `evaluators/`");
        return Ok(Exit::Success);
    }
    let mut table =
        TextTable::new(&["EVALUATOR", "KIND", "EFFECT", "EXAMPLES", "TESTS"]).align_right(3);
    for evaluator in &evaluators {
        let effect = if evaluator.blocking {
            "blocking"
        } else {
            "advisory"
        };
        let prompts: Vec<&str> = evaluator.prompts.iter().map(PromptId::as_str).collect();
        table.row([
            evaluator.id.as_str(),
            evaluator.kind,
            effect,
            &evaluator.examples.to_string(),
            &prompts.join(", "),
        ]);
    }
    ui.text(table.render());
    Ok(Exit::Success)
}

fn listed(workspace: &Workspace<'_>) -> Result<Vec<ListedEvaluator>, Findings> {
    let prompts = workspace
        .prompt_ids()?
        .iter()
        .map(|id| workspace.prompt(id))
        .collect::<Result<Vec<_>, _>>()?;
    let ids = workspace.evaluator_ids()?;
    ids.into_iter()
        .map(|id| {
            let evaluator = workspace.evaluator(&id)?;
            let uses = prompts.iter().filter(|prompt| {
                let mut named = prompt.evals.iter().flat_map(|binding| &binding.evaluators);
                named.any(|(name, _)| *name == id)
            });
            Ok(ListedEvaluator {
                kind: evaluator.rule.kind(),
                description: evaluator.description,
                blocking: evaluator.blocking,
                examples: evaluator.examples.len(),
                prompts: uses.map(|prompt| prompt.id.clone()).collect(),
                id,
            })
        })
        .collect()
}
