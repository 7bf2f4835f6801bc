//! Which spans of a trace are shown: all of a small one, what matters of a large one.
//!
//! Siblings that repeat each other without an error are one row. Where that is not enough, spans that
//! failed come first, then those that the trace waited for the longest, each with everything above it;
//! what is left out is counted where it would stand.

use std::cmp::Reverse;

use super::tree::{Node, TraceTree};

/// How many siblings in a row are alike before they become one row.
const ALIKE: usize = 4;

/// How much of a trace is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many levels.
    pub depth: usize,
    /// How many rows, those apart that count what is left out.
    pub rows: usize,
}

/// A row of the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineRow {
    /// How many rows stand above it on the way to the top.
    pub depth: usize,
    /// For each level above the row, from the top: whether something follows there.
    pub rails: u64,
    /// Whether nothing follows under the same parent.
    pub is_last: bool,
    /// What stands there.
    pub kind: RowKind,
}

/// What stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind {
    /// A span, by its index in the tree.
    Span(usize),
    /// Several spans that are alike, with all below them.
    Repeat(Vec<usize>),
    /// Spans that are left out.
    Hidden {
        /// How many, with all below them.
        spans: usize,
        /// How many of them failed.
        errors: usize,
    },
}

/// A span, or several that are alike, and what is shown of it.
struct Entry {
    nodes: Vec<usize>,
    parent: Option<usize>,
    depth: usize,
    children: Vec<usize>,
    spans: usize,
    errors: usize,
    shown: bool,
}

/// The rows of a trace; without limits, one for every span.
pub fn outline(tree: &TraceTree, limits: Option<Limits>) -> Vec<OutlineRow> {
    let mut outline = Outline::new(tree, limits.is_some());
    match limits {
        None => outline
            .entries
            .iter_mut()
            .for_each(|entry| entry.shown = true),
        Some(limits) => outline.choose(limits),
    }
    outline.rows()
}

struct Outline<'t> {
    nodes: &'t [Node],
    entries: Vec<Entry>,
    roots: Vec<usize>,
}

impl<'t> Outline<'t> {
    fn new(tree: &'t TraceTree, fold: bool) -> Self {
        let sizes = Sizes::of(tree);
        let mut outline = Self {
            nodes: tree.nodes(),
            entries: Vec::with_capacity(tree.nodes().len()),
            roots: Vec::new(),
        };
        outline.roots = outline.add(tree.roots(), None, &sizes, fold);
        let mut next = 0;
        while next < outline.entries.len() {
            if let [only] = outline.entries[next].nodes[..] {
                let children = &outline.nodes[only].children;
                outline.entries[next].children = outline.add(children, Some(next), &sizes, fold);
            }
            next += 1;
        }
        outline
    }

    /// Adds siblings, those that repeat each other as one; their indices.
    fn add(
        &mut self,
        siblings: &[usize],
        parent: Option<usize>,
        sizes: &Sizes,
        fold: bool,
    ) -> Vec<usize> {
        let depth = parent.map_or(0, |parent| self.entries[parent].depth + 1);
        let first = self.entries.len();
        let nodes = self.nodes;
        let alike = |one: &usize, two: &usize| {
            let [a, b] = [one, two].map(|index| &nodes[*index].span);
            fold && a.name == b.name
                && a.operation == b.operation
                && sizes.errors[*one] + sizes.errors[*two] == 0
        };
        let mut add = |nodes: &[usize]| {
            self.entries.push(Entry {
                spans: nodes.iter().map(|index| sizes.spans[*index]).sum(),
                errors: nodes.iter().map(|index| sizes.errors[*index]).sum(),
                nodes: nodes.to_vec(),
                parent,
                depth,
                children: Vec::new(),
                shown: false,
            });
        };
        for run in siblings.chunk_by(alike) {
            if run.len() >= ALIKE {
                add(run);
            } else {
                for one in run {
                    add(std::slice::from_ref(one));
                }
            }
        }
        (first..self.entries.len()).collect()
    }

    /// Marks the entries that are shown: the most important first, each with all above it, as long as
    /// there is room.
    fn choose(&mut self, limits: Limits) {
        let weight = |entry: &Entry| {
            let nodes = || entry.nodes.iter().map(|index| &self.nodes[*index]);
            let critical: u64 = nodes().map(Node::critical_ns).sum();
            let longest = nodes().map(|node| node.ran.length_ns()).max();
            (nodes().any(Node::failed), critical, longest)
        };
        let mut order: Vec<usize> = (0..self.entries.len())
            .filter(|index| self.entries[*index].depth < limits.depth)
            .collect();
        order.sort_by_cached_key(|index| (Reverse(weight(&self.entries[*index])), *index));
        let mut left = limits.rows;
        for index in order {
            let mut way = Vec::new();
            let mut above = Some(index);
            while let Some(entry) = above.filter(|entry| !self.entries[*entry].shown) {
                way.push(entry);
                above = self.entries[entry].parent;
            }
            if way.len() <= left {
                left -= way.len();
                for entry in way {
                    self.entries[entry].shown = true;
                }
            }
        }
    }

    fn rows(&self) -> Vec<OutlineRow> {
        let mut rows = Vec::new();
        let mut stack = Vec::new();
        self.push_siblings(&self.roots, None, &mut stack);
        while let Some((row, entry)) = stack.pop() {
            if let Some(entry) = entry {
                let children = &self.entries[entry].children;
                self.push_siblings(children, Some(&row), &mut stack);
            }
            rows.push(row);
        }
        rows
    }

    /// Puts the rows of siblings on the stack, the first on top.
    fn push_siblings(
        &self,
        siblings: &[usize],
        above: Option<&OutlineRow>,
        stack: &mut Vec<(OutlineRow, Option<usize>)>,
    ) {
        let entries = || siblings.iter().map(|index| (*index, &self.entries[*index]));
        let hidden = || entries().filter(|(_, entry)| !entry.shown);
        let left_out = hidden().map(|(_, entry)| entry.spans).sum();
        let mut kinds: Vec<(RowKind, Option<usize>)> = entries()
            .filter(|(_, entry)| entry.shown)
            .map(|(index, entry)| match entry.nodes[..] {
                [only] => (RowKind::Span(only), Some(index)),
                _ => (RowKind::Repeat(entry.nodes.clone()), None),
            })
            .collect();
        if left_out > 0 {
            let errors = hidden().map(|(_, entry)| entry.errors).sum();
            let kind = RowKind::Hidden {
                spans: left_out,
                errors,
            };
            kinds.push((kind, None));
        }
        let depth = above.map_or(0, |row| row.depth + 1);
        let rails = above.map_or(0, |row| {
            let follows = u64::from(!row.is_last);
            let level = u32::try_from(row.depth).unwrap_or(u32::MAX);
            row.rails | follows.checked_shl(level).unwrap_or(0)
        });
        let last = kinds.len().saturating_sub(1);
        let rows = kinds.into_iter().enumerate().map(|(index, (kind, entry))| {
            let row = OutlineRow {
                depth,
                rails,
                is_last: index == last,
                kind,
            };
            (row, entry)
        });
        let rows: Vec<_> = rows.collect();
        stack.extend(rows.into_iter().rev());
    }
}

/// For each span, how many there are from it on downwards.
struct Sizes {
    spans: Vec<usize>,
    errors: Vec<usize>,
}

impl Sizes {
    fn of(tree: &TraceTree) -> Self {
        let nodes = tree.nodes();
        let mut top_down = tree.roots().to_vec();
        let mut next = 0;
        while next < top_down.len() {
            top_down.extend(&nodes[top_down[next]].children);
            next += 1;
        }
        let mut sizes = Self {
            spans: vec![1; nodes.len()],
            errors: nodes
                .iter()
                .map(|node| usize::from(node.failed()))
                .collect(),
        };
        for index in top_down.into_iter().rev() {
            for child in &nodes[index].children {
                sizes.spans[index] += sizes.spans[*child];
                sizes.errors[index] += sizes.errors[*child];
            }
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::span;
    use super::*;
    use crate::domain::trace::span::{Span, SpanStatus};

    const LIMITS: Limits = Limits { depth: 4, rows: 10 };

    /// The rows as indented names.
    fn shown(spans: Vec<Span>, limits: Option<Limits>) -> Vec<String> {
        let tree = TraceTree::new(spans).unwrap();
        let name = |index: &usize| tree.nodes()[*index].span.name.clone();
        let text = |row: &OutlineRow| match &row.kind {
            RowKind::Span(index) => name(index),
            RowKind::Repeat(indices) => format!("{} x{}", name(&indices[0]), indices.len()),
            RowKind::Hidden { spans, errors } => format!("({spans} more, {errors} failed)"),
        };
        let rows = outline(&tree, limits);
        rows.iter()
            .map(|row| format!("{}{}", "  ".repeat(row.depth), text(row)))
            .collect()
    }

    fn named(name: &str, span: Span) -> Span {
        Span {
            name: name.to_owned(),
            ..span
        }
    }

    fn failed(span: Span) -> Span {
        Span {
            status: SpanStatus::Error,
            ..span
        }
    }

    #[test]
    fn siblings_that_repeat_each_other_are_one_row_unless_one_failed() {
        let mut spans = vec![span("root", "", 0, 1_000)];
        for index in 0..6 {
            let from = index * 10;
            spans.push(named(
                "tool",
                span(&format!("a{index}"), "root", from, from + 5),
            ));
            spans.push(span(
                &format!("b{index}"),
                &format!("a{index}"),
                from,
                from + 1,
            ));
        }
        let folded = shown(spans.clone(), Some(LIMITS));
        assert_eq!(folded, ["root", "  tool x6"]);
        spans[5] = failed(spans[5].clone());
        let with_error = shown(spans.clone(), Some(Limits { depth: 2, rows: 99 }));
        assert_eq!(
            with_error[..3],
            ["root", "  tool", "    (1 more, 0 failed)"]
        );
        assert_eq!(shown(spans, None).len(), 13);
    }

    #[test]
    fn a_large_trace_shows_what_failed_and_what_was_waited_for() {
        let mut spans = vec![span("root", "", 0, 10_000)];
        for index in 0..2_000 {
            let from = index * 4;
            spans.push(span(
                &format!("s{index:04}"),
                "root",
                from,
                from + 1 + index % 3,
            ));
        }
        spans.push(failed(span("broken", "s0007", 28, 29)));
        spans.push(span("slow", "s0009", 9_000, 9_999));
        let rows = shown(spans, Some(LIMITS));
        assert_eq!(rows.len(), LIMITS.rows + 1);
        assert_eq!(rows[0], "root");
        assert!(rows.contains(&"    broken".to_owned()), "{rows:?}");
        assert!(rows.last().unwrap().contains("more, 0 failed"), "{rows:?}");
    }

    #[test]
    fn what_lies_too_deep_is_counted() {
        let chain = (0..9).map(|depth| {
            let parent = if depth == 0 {
                String::new()
            } else {
                format!("d{}", depth - 1)
            };
            span(&format!("d{depth}"), &parent, depth, 100 - depth)
        });
        let mut chain: Vec<Span> = chain.collect();
        chain[8] = failed(chain[8].clone());
        let rows = shown(chain, Some(LIMITS));
        assert_eq!(rows[3..], ["      d3", "        (5 more, 1 failed)"]);
    }

    #[test]
    fn rails_say_where_something_follows() {
        let spans = vec![
            span("root", "", 0, 100),
            span("a", "root", 10, 20),
            span("a1", "a", 11, 12),
            span("b", "root", 30, 40),
            span("b1", "b", 31, 32),
        ];
        let tree = TraceTree::new(spans).unwrap();
        let rows = outline(&tree, Some(LIMITS));
        let rails: Vec<(usize, u64, bool)> = rows
            .iter()
            .map(|row| (row.depth, row.rails, row.is_last))
            .collect();
        assert_eq!(
            rails,
            [
                (0, 0, true),
                (1, 0, false),
                (2, 0b10, true),
                (1, 0, true),
                (2, 0, true)
            ]
        );
    }
}
