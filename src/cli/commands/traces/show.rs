//! `pointsman traces show`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::domain::untrusted::Untrusted;
use crate::engine::traces::explore::find::{FindError, Found, find};
use crate::engine::traces::explore::lineage::{Lineages, Live};
use crate::engine::traces::explore::outline::Limits;
use crate::engine::traces::explore::tree::TraceTree;
use crate::report::traces::json::{SpanV1, TraceV1};
use crate::report::traces::span::SpanPage;
use crate::report::traces::tree::TracePage;

/// How many rows of a trace are shown where nobody wants all.
const ROWS: usize = 60;

/// Show a trace as a tree with a bar for the time of each step, or one of its spans in full
///
/// A trace or a span is named by its id, or by a start of it that no other has. Bars are solid where
/// the trace waited for that very step. Of a large trace, siblings that repeat each other are one row,
/// and what failed and what took longest comes first; `--all` shows every span.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces show 4bf92f3577b3
  pointsman traces show 4bf92f3577b3/00f0
  pointsman traces show 00f067aa0ba902b7 --json | jq .span.content")]
pub(super) struct ShowArgs {
    /// The trace, or one of its spans
    #[arg(value_name = "TRACE[/SPAN]")]
    what: String,
    /// Show every span of a trace, and every text of a span whole
    #[arg(long)]
    all: bool,
    /// How many levels of a trace are shown
    #[arg(
        long,
        value_name = "LEVELS",
        default_value_t = 8,
        conflicts_with = "all"
    )]
    depth: usize,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let store = context.trace_store()?;
    let found = find(store.as_ref(), &args.what)?;
    let trace = found.spans.first().map(|span| span.trace_id.clone());
    let scores = store.scores_of(&trace.into_iter().collect::<Vec<_>>())?;
    match found.span {
        Some(index) => show_span(context, ui, args, &found.spans[index], &scores),
        None => show_trace(context, ui, args, found, &scores),
    }
}

fn show_trace(
    context: &Context,
    ui: &mut Ui,
    args: &ShowArgs,
    found: Found,
    scores: &[Score],
) -> Result<Exit, CommandError> {
    let live = live(context, ui, &found.spans)?;
    let tree = TraceTree::new(found.spans).ok_or(FindError::Empty)?;
    if ui.wants_json() {
        ui.json(&TraceV1::new(&tree, scores, &live));
        return Ok(Exit::Success);
    }
    let page = TracePage {
        tree: &tree,
        scores,
        live: &live,
        limits: (!args.all).then_some(Limits {
            depth: args.depth.max(1),
            rows: ROWS,
        }),
        width: ui.width(),
        color: ui.color(),
    };
    ui.text(page.render());
    let nodes = tree.nodes();
    if let Some(root) = nodes.first() {
        let trace = Untrusted(&root.span.trace_id);
        ui.note(format_args!(
            "look into a step: pointsman traces show {trace}/<span>; take it along: pointsman \
             traces export --where 'trace = {trace}' -o trace.jsonl"
        ));
    }
    Ok(Exit::Success)
}

fn show_span(
    context: &Context,
    ui: &mut Ui,
    args: &ShowArgs,
    span: &Span,
    scores: &[Score],
) -> Result<Exit, CommandError> {
    let live = live(context, ui, std::slice::from_ref(span))?;
    let scores = own_scores(span, scores);
    if ui.wants_json() {
        ui.json(&SpanV1::new(span, &scores, live.first()));
        return Ok(Exit::Success);
    }
    let page = SpanPage {
        span,
        scores: &scores,
        live: live.first(),
        all: args.all,
    };
    ui.text(page.render());
    Ok(Exit::Success)
}

/// The scores of a trace that are those of one of its spans.
pub(in crate::cli) fn own_scores(span: &Span, scores: &[Score]) -> Vec<Score> {
    let is_own = |score: &&Score| match (&score.span_id, &score.response_id) {
        (Some(id), _) => *id == span.span_id,
        (None, Some(response)) => span.call.response_id.as_ref() == Some(response),
        (None, None) => false,
    };
    scores.iter().filter(is_own).cloned().collect()
}

/// What was live when spans ran, each once. Lanes that cannot be read hide no trace.
fn live(context: &Context, ui: &mut Ui, spans: &[Span]) -> Result<Vec<Live>, CommandError> {
    match live_then(context, spans)? {
        Ok(live) => Ok(live),
        Err(why) => {
            ui.warn(format_args!("what was live is not known: {why}"));
            Ok(Vec::new())
        }
    }
}

/// What was live when spans ran, each once, or why nobody knows.
pub(in crate::cli) fn live_then(
    context: &Context,
    spans: &[Span],
) -> Result<Result<Vec<Live>, String>, CommandError> {
    if spans.iter().all(|span| span.lineage.lane.is_none()) {
        return Ok(Ok(Vec::new()));
    }
    let lanes = match context.lanes() {
        Ok(lanes) => lanes,
        Err(error) => return Ok(Err(error.message)),
    };
    let mut lineages = Lineages::new(&lanes);
    let mut live: Vec<Live> = Vec::new();
    for span in spans {
        match lineages.of(span)? {
            Some(found) if !live.contains(&found) => live.push(found),
            _ => {}
        }
    }
    Ok(Ok(live))
}

impl From<FindError> for CommandError {
    fn from(error: FindError) -> Self {
        let hint = match &error {
            FindError::Store(error) => return error.clone().into(),
            FindError::Empty => "bring traces here with `pointsman traces import`".to_owned(),
            FindError::Unknown {
                near: Some(near), ..
            } => format!("did you mean `{near}`?"),
            FindError::Unknown { near: None, .. } => {
                "`pointsman traces list` shows the newest traces".to_owned()
            }
            FindError::Ambiguous { .. } => "write more of the id".to_owned(),
        };
        Self::usage(error.to_string()).with_hint(hint)
    }
}
