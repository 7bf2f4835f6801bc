//! `pointsman import promptfoo`.

use std::path::PathBuf;

use crate::adapters::files::WorktreeTree;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::import::promptfoo::import;

use super::WriteArgs;

/// Import a promptfoo configuration: prompts, tests and assertions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman import promptfoo promptfooconfig.yaml
  pointsman import promptfoo evals/promptfooconfig.json --dry-run")]
pub(super) struct PromptfooArgs {
    /// The configuration, YAML or JSON. Files that it names are read below its folder
    config: PathBuf,
    #[command(flatten)]
    write: WriteArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &PromptfooArgs,
) -> Result<Exit, CommandError> {
    let path = context.directory().join(&args.config);
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(folder), Some(name)) = (path.parent(), name) else {
        let shown = args.config.display();
        return Err(
            CommandError::usage(format!("`{shown}` does not name a file"))
                .with_hint("name a promptfoo configuration, such as `promptfooconfig.yaml`"),
        );
    };
    let imported = import(&WorktreeTree::new(folder), name).map_err(super::unreadable)?;
    super::finish(context, ui, imported, &args.write)
}
