//! The test that all versions undergo: one evaluator, on one dataset.

use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::domain::id::DatasetId;
use crate::domain::run::Suite;
use crate::engine::evaluate::plan::{PlannedSuite, plan_test};
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;

use super::BisectArgs;
use super::ends::End;

/// The test of the bad end.
pub(super) fn planned(
    tests: &dyn FileTree,
    args: &BisectArgs,
    bad: &End,
) -> Result<PlannedSuite, CommandError> {
    let workspace = Workspace::new(tests);
    workspace.evaluator(&args.evaluator)?;
    let dataset = match &args.dataset {
        Some(dataset) => dataset.clone(),
        None => dataset(&workspace, args)?,
    };
    let prompt = Workspace::new(bad.tree.as_ref()).closure(&bad.name)?;
    Ok(plan_test(
        &workspace,
        prompt,
        (&dataset, std::slice::from_ref(&args.evaluator)),
        args.repeats,
    )?)
}

/// The dataset on which the prompt's `evals` let the evaluator grade; the only one that they name,
/// where none does.
fn dataset(workspace: &Workspace<'_>, args: &BisectArgs) -> Result<DatasetId, CommandError> {
    let prompt = workspace.prompt(&args.prompt)?;
    let graded = prompt.evals.iter().filter(|binding| {
        let mut evaluators = binding.evaluators.iter();
        evaluators.any(|(name, _)| *name == args.evaluator)
    });
    let graded: Vec<&DatasetId> = graded.map(|binding| &binding.dataset.0).collect();
    let all: Vec<&DatasetId> = prompt.evals.iter().map(|it| &it.dataset.0).collect();
    let candidates = if graded.is_empty() { &all } else { &graded };
    match candidates.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(
            CommandError::usage(format!("`{}` names no dataset under `evals`", args.prompt))
                .with_hint("say on which rows to test: `--dataset <id>`"),
        ),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            Err(CommandError::usage(format!(
                "`{}` is tested on several datasets: {}",
                args.prompt,
                names.join(", ")
            ))
            .with_hint(format!("choose one: `--dataset {}`", several[0])))
        }
    }
}

/// The error where there is no row.
pub(super) fn nothing_to_test(suite: &Suite) -> CommandError {
    CommandError::new(
        Exit::NothingEvaluated,
        format!("nothing was evaluated: no row of `{}` gates", suite.dataset),
    )
    .with_hint("a row gates when it is blocking and reviewed")
}
