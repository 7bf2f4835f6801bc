//! `pointsman traces views`, and saving one.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::{NewFilesError, write_new_files};
use crate::cli::ui::Ui;
use crate::domain::finding::Findings;
use crate::domain::trace::view::View;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::view::write_view;
use crate::report::traces::views::{ViewsV1, view_table};

/// Show the saved views: questions to the traces that are files in `operations/views/`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces views
  pointsman traces list --where 'score < 0.5' --since 7d --save bad-answers
  pointsman traces list --view bad-answers")]
pub(super) struct ViewsArgs {}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, _: &ViewsArgs) -> Result<Exit, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let ids = workspace.view_ids()?;
    let views: Result<Vec<View>, Findings> = ids.iter().map(|id| workspace.view(id)).collect();
    let views = views?;
    if ui.wants_json() {
        ui.json(&ViewsV1::new(&views));
    } else if views.is_empty() {
        ui.note("there are no views; `pointsman traces list --where … --save <view>` makes one");
    } else {
        ui.text(view_table(&views, ui.width()));
    }
    Ok(Exit::Success)
}

/// Writes a new view into the workspace.
pub(super) fn save(context: &Context, ui: &mut Ui, view: &View) -> Result<(), CommandError> {
    let root = context.workspace_root()?;
    let (path, text) = (view.id.path(), write_view(view));
    let written = write_new_files(&root, std::iter::once((path.as_str(), text.as_str())));
    match written {
        Ok(()) => {
            ui.note(format_args!("saved as {path}; commit it to share it"));
            Ok(())
        }
        Err(NewFilesError::Exists(_)) => Err(CommandError::usage(format!(
            "there is a view `{}` already",
            view.id
        ))
        .with_hint(format!("edit {path}, or choose another name"))),
        Err(error) => Err(error.into()),
    }
}
