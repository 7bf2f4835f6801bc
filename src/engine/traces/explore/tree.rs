//! A trace as a tree of spans, with the path that decided how long it took.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::trace::span::{Operation, Span, SpanStatus};

use super::critical;

/// A stretch of a trace, in nanoseconds since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first moment in it.
    pub from: u64,
    /// The first moment after it.
    pub until: u64,
}

impl Stretch {
    /// How long it is.
    pub fn length_ns(self) -> u64 {
        self.until.saturating_sub(self.from)
    }
}

/// A trace as a tree.
#[derive(Debug)]
pub struct TraceTree {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    started_at: Timestamp,
}

/// A span in its place.
#[derive(Debug)]
pub struct Node {
    /// The span.
    pub span: Span,
    /// When it ran.
    pub ran: Stretch,
    /// What it caused, by start and id.
    pub children: Vec<usize>,
    /// Whether the span that caused it is not stored.
    pub is_orphan: bool,
    /// When nothing else of the trace had to wait but for this span itself: its part of the critical
    /// path, in order.
    pub critical: Vec<Stretch>,
}

impl Node {
    /// Whether it ended with an error.
    pub fn failed(&self) -> bool {
        self.span.status == SpanStatus::Error
    }

    /// How much of the trace's time was decided by this span itself.
    pub fn critical_ns(&self) -> u64 {
        self.critical.iter().map(|part| part.length_ns()).sum()
    }
}

/// What a trace was as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceTotals {
    /// How many spans.
    pub spans: usize,
    /// How many of them ended with an error.
    pub errors: usize,
    /// From the start of the first to the end of the last, in nanoseconds.
    pub duration_ns: u64,
    /// Tokens read; absent: no span says.
    pub input_tokens: Option<u64>,
    /// Tokens written; absent: no span says.
    pub output_tokens: Option<u64>,
    /// US dollars; absent: no span says.
    pub cost_usd: Option<f64>,
    /// How many calls to models have no cost.
    pub unpriced: usize,
    /// The share of the critical path that each sort of step has, the greatest first.
    pub shares: Vec<(Operation, f64)>,
}

impl TraceTree {
    /// The tree of a trace's spans; `None` where there are none. Spans that claim to cause each other
    /// hang where the earliest of them stands.
    pub fn new(mut spans: Vec<Span>) -> Option<Self> {
        spans.sort_by(|one, two| {
            let by_start = one.started_at.cmp(&two.started_at);
            by_start.then_with(|| one.span_id.cmp(&two.span_id))
        });
        let started_at = spans.first()?.started_at;
        let mut nodes: Vec<Node> = spans
            .into_iter()
            .map(|span| Node {
                ran: ran(&span, started_at),
                span,
                children: Vec::new(),
                is_orphan: false,
                critical: Vec::new(),
            })
            .collect();
        let roots = link(&mut nodes);
        let mut tree = Self {
            nodes,
            roots,
            started_at,
        };
        critical::mark(&mut tree.nodes, &tree.roots);
        Some(tree)
    }

    /// The spans, by start and id.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The spans that nothing stored has caused, by start and id.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// When it began.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// What it was as a whole.
    pub fn totals(&self) -> TraceTotals {
        let mut totals = TraceTotals {
            spans: self.nodes.len(),
            ..TraceTotals::default()
        };
        let mut critical: BTreeMap<Operation, u64> = BTreeMap::new();
        for node in &self.nodes {
            let call = &node.span.call;
            totals.errors += usize::from(node.failed());
            totals.duration_ns = totals.duration_ns.max(node.ran.until);
            add(&mut totals.input_tokens, call.input_tokens);
            add(&mut totals.output_tokens, call.output_tokens);
            if let Some(cost) = call.cost_usd {
                totals.cost_usd = Some(totals.cost_usd.unwrap_or(0.0) + cost);
            } else if call.model.is_some() {
                totals.unpriced += 1;
            }
            *critical.entry(node.span.operation).or_default() += node.critical_ns();
        }
        totals.shares = shares(critical);
        totals
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share is shown in whole percent"
)]
fn shares(critical: BTreeMap<Operation, u64>) -> Vec<(Operation, f64)> {
    let whole: u64 = critical.values().sum();
    let mut shares: Vec<(Operation, u64)> =
        critical.into_iter().filter(|(_, part)| *part > 0).collect();
    shares.sort_by_key(|(_, part)| std::cmp::Reverse(*part));
    let share = |(operation, part)| (operation, part as f64 / whole as f64);
    shares.into_iter().map(share).collect()
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0).saturating_add(more));
    }
}

fn ran(span: &Span, started_at: Timestamp) -> Stretch {
    let offset = span.started_at.as_nanosecond() - started_at.as_nanosecond();
    let from = u64::try_from(offset).unwrap_or(u64::MAX);
    Stretch {
        from,
        until: from.saturating_add(span.duration_ns),
    }
}

/// Hangs every span below the one that caused it; the spans that are left are the roots.
fn link(nodes: &mut [Node]) -> Vec<usize> {
    let index: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (node.span.span_id.as_str(), index))
        .collect();
    let claimed = nodes.iter().map(|node| node.span.parent_span_id.as_deref());
    let parents: Vec<Option<usize>> = claimed.map(|parent| index.get(parent?).copied()).collect();
    let mut roots = Vec::new();
    for (child, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => nodes[*parent].children.push(child),
            None => roots.push(child),
        }
        nodes[child].is_orphan = parent.is_none() && nodes[child].span.parent_span_id.is_some();
    }
    break_circles(nodes, &parents, &mut roots);
    roots
}

/// Makes the earliest span of every circle a root.
fn break_circles(nodes: &mut [Node], parents: &[Option<usize>], roots: &mut Vec<usize>) {
    let mut reached = vec![false; nodes.len()];
    let mut next: Vec<usize> = roots.clone();
    let mut lost = 0;
    loop {
        while let Some(index) = next.pop() {
            reached[index] = true;
            next.extend(&nodes[index].children);
        }
        while reached.get(lost) == Some(&true) {
            lost += 1;
        }
        if lost == nodes.len() {
            break;
        }
        let first = first_of_circle(lost, parents);
        if let Some(parent) = parents[first] {
            nodes[parent].children.retain(|child| *child != first);
        }
        roots.push(first);
        next.push(first);
    }
    roots.sort_unstable();
}

/// The earliest span of the circle that the way up from a span ends in.
fn first_of_circle(below: usize, parents: &[Option<usize>]) -> usize {
    let up = |index: usize| parents[index].unwrap_or(index);
    let mut passed = HashSet::new();
    let mut on_circle = below;
    while passed.insert(on_circle) {
        on_circle = up(on_circle);
    }
    let mut first = on_circle;
    let mut index = up(on_circle);
    while index != on_circle {
        first = first.min(index);
        index = up(index);
    }
    first
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A span of a trace: its id, its parent's, and when it ran in milliseconds.
    pub(crate) fn span(id: &str, parent: &str, from: i64, until: i64) -> Span {
        Span {
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            parent_span_id: (!parent.is_empty()).then(|| parent.to_owned()),
            name: id.to_owned(),
            started_at: Timestamp::from_millisecond(from).unwrap(),
            duration_ns: u64::try_from(until - from).unwrap() * 1_000_000,
            ..Span::default()
        }
    }

    fn ids(tree: &TraceTree, indices: &[usize]) -> Vec<String> {
        let id = |index: &usize| tree.nodes()[*index].span.span_id.clone();
        indices.iter().map(id).collect()
    }

    #[test]
    fn spans_hang_below_those_that_caused_them_in_the_order_of_time() {
        let tree = TraceTree::new(vec![
            span("late", "root", 60, 90),
            span("root", "", 0, 100),
            span("early", "root", 10, 20),
            span("lost", "gone", 30, 40),
        ])
        .unwrap();
        assert_eq!(ids(&tree, tree.roots()), ["root", "lost"]);
        assert_eq!(ids(&tree, &tree.nodes()[0].children), ["early", "late"]);
        let orphans = tree.nodes().iter().filter(|node| node.is_orphan);
        assert_eq!(orphans.count(), 1);
    }

    #[test]
    fn spans_that_cause_each_other_are_shown_once_each() {
        for spans in [
            vec![span("a", "a", 0, 1)],
            vec![span("a", "b", 0, 1), span("b", "a", 1, 2)],
            vec![
                span("a", "c", 0, 1),
                span("b", "a", 1, 2),
                span("c", "b", 2, 3),
                span("d", "", 0, 9),
                span("e", "b", 2, 3),
            ],
        ] {
            let count = spans.len();
            let tree = TraceTree::new(spans).unwrap();
            let mut seen = 0;
            let mut next = tree.roots().to_vec();
            while let Some(index) = next.pop() {
                seen += 1;
                next.extend(&tree.nodes()[index].children);
            }
            assert_eq!(seen, count);
        }
        let early = TraceTree::new(vec![
            span("below", "b", 0, 1),
            span("a", "b", 1, 2),
            span("b", "a", 2, 3),
        ])
        .unwrap();
        assert_eq!(ids(&early, early.roots()), ["a"]);
        assert!(TraceTree::new(vec![]).is_none());
    }

    #[test]
    fn a_deep_chain_fits_on_the_stack() {
        let spans = (0..50_000).map(|depth| {
            let parent = if depth == 0 {
                String::new()
            } else {
                (depth - 1).to_string()
            };
            span(&depth.to_string(), &parent, depth, 100_000 - depth)
        });
        let tree = TraceTree::new(spans.collect()).unwrap();
        assert_eq!(tree.roots().len(), 1);
        assert_eq!(tree.totals().duration_ns, 100_000_000_000);
    }

    #[test]
    fn totals_add_up_what_is_known() {
        let mut spans = vec![span("root", "", 0, 100), span("chat", "root", 20, 80)];
        spans[1].operation = Operation::Chat;
        spans[1].status = SpanStatus::Error;
        spans[1].call.model = Some("m".to_owned());
        spans[1].call.input_tokens = Some(7);
        let totals = TraceTree::new(spans).unwrap().totals();
        assert_eq!((totals.spans, totals.errors, totals.unpriced), (2, 1, 1));
        assert_eq!((totals.input_tokens, totals.output_tokens), (Some(7), None));
        assert_eq!(totals.cost_usd, None);
        assert_eq!(
            totals.shares,
            [(Operation::Chat, 0.6), (Operation::Other, 0.4)]
        );
    }
}
