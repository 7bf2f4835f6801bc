//! `pointsman prompt list`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::prompt::ModelRef;
use crate::engine::workspace::Workspace;
use crate::report::table::TextTable;

/// List all prompts with their models and fingerprints
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt list
  pointsman prompt list --at lanes/production --json")]
pub(super) struct ListArgs {
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct ListOutput {
    schema: &'static str,
    source: String,
    prompts: Vec<ListedPrompt>,
}

#[derive(Serialize)]
struct ListedPrompt {
    id: PromptId,
    name: Option<String>,
    model: ModelRef,
    variables: Vec<String>,
    evals: usize,
    fingerprint: Digest,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let ids = workspace.prompt_ids()?;
    let prompts: Vec<ListedPrompt> = ids
        .into_iter()
        .map(|id| listed(&workspace, id))
        .collect::<Result<_, Findings>>()?;
    if ui.wants_json() {
        ui.json(&ListOutput {
            schema: "pointsman/prompt-list/v1",
            source: tree.label(),
            prompts,
        });
        return Ok(Exit::Success);
    }
    if prompts.is_empty() {
        ui.note("there are no prompts below `prompts/`");
        return Ok(Exit::Success);
    }
    let mut table =
        TextTable::new(&["PROMPT", "MODEL", "VARIABLES", "EVALS", "FINGERPRINT"]).align_right(3);
    for prompt in &prompts {
        table.row([
            prompt.id.to_string(),
            prompt.model.to_string(),
            prompt.variables.join(", "),
            prompt.evals.to_string(),
            prompt.fingerprint.short(),
        ]);
    }
    ui.text(table.render());
    Ok(Exit::Success)
}

fn listed(workspace: &Workspace<'_>, id: PromptId) -> Result<ListedPrompt, Findings> {
    let closure = workspace.closure(&id)?;
    let prompt = closure.prompt();
    Ok(ListedPrompt {
        name: prompt.name.clone(),
        model: prompt.model.clone(),
        variables: prompt.variables.keys().cloned().collect(),
        evals: prompt.evals.len(),
        fingerprint: closure.fingerprint(),
        id,
    })
}
