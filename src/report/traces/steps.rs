//! The steps of a trace as a tree, each with what it took, and a bar for when it ran.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::domain::trace::span::Span;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::traces::explore::outline::{OutlineRow, RowKind};
use crate::engine::traces::explore::tree::{Node, TraceTotals, TraceTree};
use crate::report::quantity::{duration, money};

use super::fit::cut;
use super::waterfall::bar;

/// The narrowest that steps and bars become.
const NARROWEST: usize = 12;

/// The deepest level whose place in the tree is drawn.
const DEEPEST_DRAWN: usize = 20;

/// How much of a name is told, in characters.
const TOLD_NAME: usize = 160;

/// The longest part of an id that is told, in characters.
const TOLD_ID: usize = 32;

/// The rows of a trace, with titles, on a page of this width.
pub(super) fn steps(
    tree: &TraceTree,
    rows: &[OutlineRow],
    totals: &TraceTotals,
    width: usize,
    color: bool,
) -> String {
    let lines = step_lines(tree, rows);
    let layout = Layout::of(&lines, width);
    let red = if color {
        AnsiColor::Red.on_default().bold()
    } else {
        Style::new()
    };
    let mut text = layout.titles(totals);
    for line in &lines {
        let bar = bar(line.nodes.iter().copied(), totals.duration_ns, layout.bar);
        let mark = if line.failed {
            format!("{red}!{red:#}")
        } else {
            " ".to_owned()
        };
        let row = format!("{mark} {}{bar}", layout.cells(line));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// The rows of a trace as texts.
pub(in crate::report) fn step_lines<'t>(
    tree: &'t TraceTree,
    rows: &[OutlineRow],
) -> Vec<StepLine<'t>> {
    let ids = UniqueIds::of(tree);
    let lines = rows.iter().map(|row| StepLine::of(row, tree, &ids));
    lines.collect()
}

/// How many digits of an id tell it apart within its trace.
struct UniqueIds(usize);

impl UniqueIds {
    const FEWEST: usize = 4;

    fn of(tree: &TraceTree) -> Self {
        let mut ids: Vec<&str> = tree
            .nodes()
            .iter()
            .map(|node| node.span.span_id.as_str())
            .collect();
        ids.sort_unstable();
        let shared = |pair: &[&str]| {
            let characters = pair[0].chars().zip(pair[1].chars());
            characters.take_while(|(one, two)| one == two).count() + 1
        };
        let most = ids.windows(2).map(shared).max().unwrap_or(0);
        Self(most.max(Self::FEWEST))
    }

    fn short(&self, id: &str) -> String {
        let start: String = id.chars().take(self.0.min(TOLD_ID)).collect();
        Untrusted(&start).to_string()
    }
}

/// A row of the tree as texts, safe to show.
pub(in crate::report) struct StepLine<'t> {
    /// What it is called, after the lines of the tree.
    step: String,
    /// What it is called.
    pub(in crate::report) label: String,
    /// The start of its id; empty: it stands for several spans.
    id: String,
    /// How long it took.
    pub(in crate::report) took: String,
    /// Tokens read and written.
    pub(in crate::report) tokens: String,
    /// What it cost.
    pub(in crate::report) cost: String,
    /// Whether it ended with an error.
    pub(in crate::report) failed: bool,
    /// The spans that it stands for; none: some are left out here.
    pub(in crate::report) nodes: Vec<&'t Node>,
}

impl<'t> StepLine<'t> {
    fn of(row: &OutlineRow, tree: &'t TraceTree, ids: &UniqueIds) -> Self {
        let nodes: Vec<&Node> = match &row.kind {
            RowKind::Span(index) => vec![&tree.nodes()[*index]],
            RowKind::Repeat(indices) => indices.iter().map(|index| &tree.nodes()[*index]).collect(),
            RowKind::Hidden { .. } => Vec::new(),
        };
        let label = match &row.kind {
            RowKind::Span(_) => nodes.first().map_or_else(String::new, |node| label(node)),
            RowKind::Repeat(_) => {
                let first = nodes.first().map_or_else(String::new, |node| label(node));
                format!("{first} ×{}", nodes.len())
            }
            RowKind::Hidden { spans, errors: 0 } => format!("… {spans} more"),
            RowKind::Hidden { spans, errors } => format!("… {spans} more, {errors} with an error"),
        };
        let sum = |get: fn(&Span) -> Option<f64>| {
            let known = nodes.iter().filter_map(|node| get(&node.span));
            known.reduce(|one, two| one + two)
        };
        let count = |get: fn(&Span) -> Option<u64>| {
            let known = nodes.iter().filter_map(|node| get(&node.span));
            known.reduce(u64::saturating_add)
        };
        let (input, output) = (
            count(|span| span.call.input_tokens),
            count(|span| span.call.output_tokens),
        );
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let took = sum(|span| Some(span.duration_ns as f64));
        Self {
            step: format!("{}{label}", branch(row)),
            label,
            id: match nodes.as_slice() {
                [only] => ids.short(&only.span.span_id),
                _ => String::new(),
            },
            took: took.map_or_else(String::new, duration),
            tokens: match (input, output) {
                (None, None) => String::new(),
                (input, output) => format!("{}→{}", input.unwrap_or(0), output.unwrap_or(0)),
            },
            cost: sum(|span| span.call.cost_usd).map_or_else(String::new, money),
            failed: matches!(row.kind, RowKind::Hidden { errors: 1.., .. })
                || nodes.iter().any(|node| node.failed()),
            nodes,
        }
    }
}

/// What a step is called, with its prompt.
fn label(node: &Node) -> String {
    let mut label = Untrusted(&shorten(&node.span.name, TOLD_NAME)).to_string();
    if let Some(prompt) = &node.span.lineage.prompt {
        let _ = write!(label, " [{}]", Untrusted(&shorten(prompt, TOLD_NAME)));
    }
    if node.is_orphan {
        label.push_str(" (what caused it is not kept)");
    }
    label
}

/// The lines of the tree before a row.
fn branch(row: &OutlineRow) -> String {
    if row.depth == 0 {
        return String::new();
    }
    let own = if row.is_last { "└─ " } else { "├─ " };
    if row.depth > DEEPEST_DRAWN {
        return format!("{}⋯{} {own}", "   ".repeat(DEEPEST_DRAWN - 1), row.depth);
    }
    let above = (1..row.depth).map(|level| {
        if row.rails >> level & 1 == 1 {
            "│  "
        } else {
            "   "
        }
    });
    above.chain([own]).collect()
}

/// How wide each column is.
struct Layout {
    step: usize,
    id: usize,
    took: usize,
    tokens: usize,
    cost: usize,
    bar: usize,
}

impl Layout {
    fn of(lines: &[StepLine<'_>], width: usize) -> Self {
        let widest = |get: for<'l> fn(&'l StepLine<'_>) -> &'l str, title: &str| {
            let widths = lines.iter().map(|line| get(line).width());
            widths.max().unwrap_or(0).max(title.width())
        };
        let mut layout = Self {
            step: widest(|line| &line.step, "STEP"),
            id: widest(|line| &line.id, "SPAN"),
            took: widest(|line| &line.took, "TOOK"),
            tokens: widest(|line| &line.tokens, "TOKENS"),
            cost: widest(|line| &line.cost, "COST"),
            bar: NARROWEST,
        };
        let figures = 2 + layout.id + layout.took + layout.tokens + layout.cost + 5 * 2;
        let room = width.saturating_sub(figures);
        layout.step = layout
            .step
            .min(room.saturating_sub(NARROWEST))
            .max(NARROWEST);
        layout.bar = room.saturating_sub(layout.step).max(NARROWEST);
        layout
    }

    fn titles(&self, totals: &TraceTotals) -> String {
        let titles = StepLine {
            step: "STEP".to_owned(),
            label: String::new(),
            id: "SPAN".to_owned(),
            took: "TOOK".to_owned(),
            tokens: "TOKENS".to_owned(),
            cost: "COST".to_owned(),
            failed: false,
            nodes: Vec::new(),
        };
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let whole = duration(totals.duration_ns as f64);
        let end = self.bar.saturating_sub(1).max(whole.width() + 1);
        format!("  {}0{whole:>end$}\n", self.cells(&titles))
    }

    fn cells(&self, line: &StepLine<'_>) -> String {
        let left = |text: &str, width: usize| {
            let text = cut(text, width);
            let gap = width.saturating_sub(text.width());
            format!("{text}{}  ", " ".repeat(gap))
        };
        let right = |text: &str, width: usize| {
            let gap = width.saturating_sub(text.width());
            format!("{}{text}  ", " ".repeat(gap))
        };
        [
            left(&line.step, self.step),
            left(&line.id, self.id),
            right(&line.took, self.took),
            right(&line.tokens, self.tokens),
            right(&line.cost, self.cost),
        ]
        .concat()
    }
}
