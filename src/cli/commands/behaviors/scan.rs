//! `pointsman behaviors scan`.

use jiff::{SignedDuration, Timestamp};

use crate::cli::commands::traces::explain_nothing;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::wait_for;
use crate::cli::exit::Exit;
use crate::cli::meaning::{MeaningArgs, say_what_was_sent, with_placing};
use crate::cli::new_files::replace_file;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::cli::watching::WatchedStore;
use crate::domain::behavior::Behavior;
use crate::domain::trace::selection::Selection;
use crate::engine::behaviors::{Scan, ScanRequest, ScanResult, Scanned};
use crate::engine::traces::search::meaning::places;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::behavior_text::write_behavior;
use crate::report::behaviors::json::ScanV1;
use crate::report::behaviors::list::{behavior_table, in_order, scan_text};

/// How far back is looked where nobody says.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Look for what comes back in the traces of a window, against as much time before it
///
/// Writes a file for each pattern that at least so many traces have, and says in the files that are there
/// what became of theirs: new, worse, better, vanishing, reactivated, changed or ongoing, lane by lane and
/// release by release. What people wrote in them stays. The same traces and files give the same bytes. Of
/// more than 10,000 traces, those are looked at that a lot falls on which is always the same. Where nobody
/// says when, the last 7 days are looked at.
///
/// Exits with 6 where there is no trace.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors scan
  pointsman behaviors scan --since 24h --where 'lane = production'
  pointsman behaviors scan --window 2026-03-02..2026-03-03 --dry-run
  pointsman behaviors scan --semantic openai/text-embedding-3-small
  pointsman behaviors scan --exit-code")]
pub(super) struct ScanArgs {
    /// Write down what at least so many traces have
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..))]
    minimum: u32,
    #[command(flatten)]
    meaning: MeaningArgs,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with 1 where an issue is new, worse or reactivated
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ScanArgs) -> Result<Exit, CommandError> {
    let request = request(context, args)?;
    let store = context.trace_store()?;
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let lanes = context.lanes()?;
    let watched = WatchedStore::new(store.as_ref(), ui);
    let scan = Scan::read(&watched, &lanes, &workspace, &request)?;
    drop(watched);
    let places = args.meaning.semantic.as_ref().map(|model| {
        let texts = scan.asked()?;
        let (places, sent) = with_placing(context, model, args.meaning.most_texts, |placing| {
            Ok(wait_for(places(placing, &texts))??)
        })?;
        say_what_was_sent(ui, model, sent);
        Ok::<_, CommandError>(places)
    });
    let result = scan.finish(places.transpose()?.as_deref())?;
    let written = if args.dry_run {
        Vec::new()
    } else {
        write(context, &workspace, &result)?
    };
    if ui.wants_json() {
        ui.json(&ScanV1::new(request.window, &result, &written));
    }
    if result.traces[1] == 0 {
        let selection = Selection {
            range: request.window,
            filter: request.filter,
        };
        explain_nothing(ui, store.as_ref(), &selection)?;
        return Ok(Exit::NothingEvaluated);
    }
    let behaviors: Vec<&Behavior> = result.behaviors.iter().map(|it| &it.behavior).collect();
    if !ui.wants_json() {
        show(ui, &behaviors);
    }
    ui.note(scan_text(&result));
    say_what_was_written(ui, args, &result.behaviors, &written);
    let is_urgent = behaviors.iter().any(|behavior| behavior.is_urgent());
    Ok(if args.exit_code && is_urgent {
        Exit::Failed
    } else {
        Exit::Success
    })
}

/// What is looked at: a window that has two ends, and does not reach beyond the present.
fn request(context: &Context, args: &ScanArgs) -> Result<ScanRequest, CommandError> {
    let mut selection = args.selection.recent(context, RECENT)?;
    let range = &mut selection.range;
    range.until = range.until.min(context.clock().now());
    if range.from == Timestamp::MIN || range.is_empty() {
        let message = "the window has no start, or lies in the future";
        return Err(CommandError::usage(message)
            .with_hint("say where it begins: `--since 7d`, or `--window 2026-03-01..2026-03-08`"));
    }
    Ok(ScanRequest {
        window: selection.range,
        filter: selection.filter,
        fewest: args.minimum as usize,
    })
}

/// Writes the files that are not yet as they should be; their paths.
fn write(
    context: &Context,
    workspace: &Workspace<'_>,
    result: &ScanResult,
) -> Result<Vec<String>, CommandError> {
    let root = context.workspace_root()?;
    let mut written = Vec::new();
    for Scanned { behavior, has_file } in &result.behaviors {
        let old = has_file
            .then(|| workspace.behavior_source(&behavior.id))
            .transpose()?;
        let text = write_behavior(behavior, old.as_ref().map(|it| it.text.as_str()));
        if old.is_none_or(|old| old.text != text) {
            let path = behavior.id.path();
            replace_file(&root, &path, &text)?;
            written.push(path);
        }
    }
    Ok(written)
}

fn show(ui: &mut Ui, behaviors: &[&Behavior]) {
    let open = behaviors.iter().copied();
    let open = in_order(open.filter(|it| !it.state().is_settled()));
    if open.is_empty() {
        ui.note("nothing comes back often enough to be written down");
    } else {
        ui.text(behavior_table(&open, ui.width()));
    }
}

fn say_what_was_written(ui: &mut Ui, args: &ScanArgs, behaviors: &[Scanned], written: &[String]) {
    let new = behaviors.iter().filter(|it| !it.has_file).count();
    if args.dry_run {
        ui.note(format_args!(
            "{new} files would be new; nothing was written"
        ));
        return;
    }
    let count = written.len();
    let files = if count == 1 { "file was" } else { "files were" };
    ui.note(format_args!(
        "{count} {files} written in `operations/behaviors/`, {new} of them new; commit them to keep what \
         they say"
    ));
}
