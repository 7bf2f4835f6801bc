//! One trace as a page: what it was as a whole, then its steps as a tree with bars for their time.

use crate::domain::deployment::ReleaseName;
use crate::engine::traces::explore::lineage::Live;
use crate::engine::traces::explore::outline::{OutlineRow, RowKind, outline};
use crate::engine::traces::explore::tree::{self, Node};
use crate::report::quantity::duration;
use crate::report::traces::list::short_id;
use crate::report::traces::steps::{StepLine, step_lines};
use crate::report::traces::told::{live_line, score_line};
use crate::report::traces::tree::TracePage;

use super::blocks::{Block, Cell, Facts, Page, Tone};
use super::drawings::{Step, Stretch};
use super::link;

/// The deepest level whose place in the tree is drawn.
const DEEPEST_DRAWN: usize = 8;

/// How many stretches of one bar are drawn.
const DRAWN: usize = 64;

/// How many scores are told.
const SCORES: usize = 20;

/// How wide a bar is, in its own units.
const WIDTH: f64 = 1_000.0;

/// The page, with what makes it less than it could be.
pub fn trace_page(trace: &TracePage<'_>, doubt: Option<&str>) -> Page {
    let totals = trace.tree.totals();
    let mut page = Page::new(&format!("Trace {}", short_id(trace.trace())))
        .below([Cell::link("Traces", "/traces".to_owned())]);
    if totals.errors > 0 {
        page = page.badge(Cell::badge("with errors", Tone::Bad));
    }
    let mut facts = Facts::default();
    facts.add("trace", Cell::code(trace.trace()));
    for (name, value) in trace.facts(&totals) {
        facts.add(name, value);
    }
    facts.lines("live", trace.live.iter().map(live).collect());
    let scores = trace.scores.iter().take(SCORES);
    let scores = scores.map(|score| vec![Cell::new(score_line(score))]);
    facts.lines("scores", scores.collect());
    page.add(facts);
    if let Some(doubt) = doubt {
        page.note(doubt);
    }
    page.heading("Steps");
    let rows = outline(trace.tree, trace.limits);
    let lines = step_lines(trace.tree, &rows);
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let whole = totals.duration_ns as f64;
    let steps = rows.iter().zip(&lines);
    page.add(Block::Steps {
        caption: "the steps of the trace".to_owned(),
        whole: duration(whole),
        steps: steps.map(|(row, line)| step(row, line, whole)).collect(),
    });
    page.note("A bar is solid where the trace waited for that very step.");
    page
}

/// A record that was live, with its page.
pub(super) fn live(live: &Live) -> Vec<Cell> {
    let release = ReleaseName::of(&live.stay.since.deployment);
    vec![Cell::link(live_line(live), link::record(&release))]
}

fn step(row: &OutlineRow, line: &StepLine<'_>, whole: f64) -> Step {
    let name = match (&row.kind, line.nodes.as_slice()) {
        (RowKind::Span(_), [node]) => {
            let (trace, span) = (&node.span.trace_id, &node.span.span_id);
            Cell::link(&line.label, link::span(trace, span))
        }
        _ => Cell::soft(&line.label),
    };
    let mut name = vec![name];
    if line.failed {
        name.push(Cell::new(" "));
        name.push(Cell::badge("error", Tone::Bad));
    }
    let nodes = || line.nodes.iter().take(DRAWN);
    let waited = nodes().flat_map(|node| &node.critical).take(DRAWN);
    Step {
        depth: row.depth.min(DEEPEST_DRAWN),
        name,
        took: line.took.clone(),
        tokens: line.tokens.clone(),
        cost: line.cost.clone(),
        failed: line.failed,
        told: told(&line.nodes),
        ran: nodes().map(|node| stretch(node.ran, whole)).collect(),
        waited: waited.map(|part| stretch(*part, whole)).collect(),
    }
}

/// When a step ran, in words.
fn told(nodes: &[&Node]) -> String {
    let Some(first) = nodes.first() else {
        return "steps that are left out".to_owned();
    };
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let [from, took] = [first.ran.from, first.ran.length_ns()].map(|ns| duration(ns as f64));
    format!("began after {from}, took {took}")
}

/// A stretch in the units of the drawing. What took no time is seen all the same.
fn stretch(part: tree::Stretch, whole: f64) -> Stretch {
    #[expect(clippy::cast_precision_loss, reason = "drawn in thousandths")]
    let [from, length] = [part.from, part.length_ns()].map(|ns| ns as f64 / whole.max(1.0));
    let x = (from * WIDTH).min(WIDTH - 2.0);
    Stretch {
        x: format!("{x:.1}"),
        width: format!("{:.1}", (length * WIDTH).clamp(2.0, WIDTH - x)),
    }
}
