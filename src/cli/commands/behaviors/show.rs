//! `pointsman behaviors show`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::behavior::{Behavior, ReleaseChange};
use crate::domain::id::BehaviorId;
use crate::domain::untrusted::Untrusted;
use crate::engine::behaviors::examples::{Example, examples};
use crate::engine::workspace::Workspace;
use crate::report::behaviors::json::ShowV1;
use crate::report::behaviors::show::behavior_text;

use super::behavior_id;

/// Show a behavior: what it is, how often it comes, with which release it moved, and traces that show it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors show tool-find-order-timed-out-3f2a91
  pointsman behaviors show tool-find-order-timed-out-3f2a91 -n 1 --json")]
pub(super) struct ShowArgs {
    /// The behavior
    #[arg(value_parser = behavior_id)]
    behavior: BehaviorId,
    /// Show this many traces
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 3)]
    count: usize,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let behavior = Workspace::new(tree.as_ref()).behavior(&args.behavior)?;
    let store = context.trace_store()?;
    let examples = examples(store.as_ref(), &behavior, args.count)?;
    if ui.wants_json() {
        ui.json(&ShowV1::new(&behavior, &examples));
        return Ok(Exit::Success);
    }
    ui.text(behavior_text(&behavior, &examples));
    say_what_next(ui, &behavior, &examples);
    Ok(Exit::Success)
}

fn say_what_next(ui: &mut Ui, behavior: &Behavior, examples: &[Example]) {
    if let Some(example) = examples.iter().find(|example| example.span.is_some()) {
        let evidence = &example.evidence;
        let id = format!("{}/{}", evidence.trace_id, evidence.span_id);
        ui.note(format_args!(
            "look into one: pointsman traces show {}",
            Untrusted(&id)
        ));
    }
    let grew = [ReleaseChange::Began, ReleaseChange::Rose];
    let mut releases = behavior.releases.iter().rev();
    if let Some(release) = releases.find(|it| grew.contains(&it.change)) {
        ui.note(format_args!(
            "what else moved with it: pointsman monitor compare --around {}",
            Untrusted(&release.deployment)
        ));
    }
}
