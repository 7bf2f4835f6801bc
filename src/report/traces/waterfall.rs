//! When steps ran, as bars under each other.

use crate::engine::traces::explore::tree::{Node, Stretch};

/// What a step did that the trace waited for.
pub(super) const WAITED: char = '█';

/// What a step did beside what the trace waited for.
pub(super) const BESIDE: char = '░';

/// The bar of spans in a trace that took `whole_ns`, `width` characters wide.
pub(super) fn bar<'n>(
    nodes: impl Iterator<Item = &'n Node>,
    whole_ns: u64,
    width: usize,
) -> String {
    let mut cells = Cells {
        whole_ns: whole_ns.max(1),
        ran: vec![0; width],
        waited: vec![0; width],
    };
    for node in nodes {
        // A step that took no time is seen all the same.
        let until = node.ran.until.max(node.ran.from.saturating_add(1));
        let ran = Stretch { until, ..node.ran };
        Cells::add(cells.whole_ns, &mut cells.ran, ran);
        for part in &node.critical {
            Cells::add(cells.whole_ns, &mut cells.waited, *part);
        }
    }
    cells.text()
}

/// How much of each cell of a bar was run through.
struct Cells {
    whole_ns: u64,
    ran: Vec<u128>,
    waited: Vec<u128>,
}

impl Cells {
    /// Adds a stretch. Cells are counted in nanoseconds times their number, to stay whole.
    fn add(whole_ns: u64, cells: &mut [u128], part: Stretch) {
        let (whole, count) = (u128::from(whole_ns), cells.len() as u128);
        let (from, until) = (
            u128::from(part.from) * count,
            u128::from(part.until) * count,
        );
        let last = cells.len().saturating_sub(1);
        let cell = |at: u128| usize::try_from(at / whole).unwrap_or(last).min(last);
        if cells.is_empty() {
            return;
        }
        let first = cell(from);
        let end = cell(until.saturating_sub(1).max(from)) + 1;
        for (cell, index) in cells[first..end].iter_mut().zip(first as u128..) {
            let start = index * whole;
            let covered = until.min(start + whole).saturating_sub(from.max(start));
            *cell += covered.max(1);
        }
    }

    fn text(&self) -> String {
        let cells = self.ran.iter().zip(&self.waited);
        let text: String = cells
            .map(|(ran, waited)| match (ran, waited) {
                (0, 0) => ' ',
                (ran, waited) if waited * 2 >= (*ran).min(u128::from(self.whole_ns)) => WAITED,
                _ => BESIDE,
            })
            .collect();
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trace::span::Span;

    fn node(ran: (u64, u64), critical: &[(u64, u64)]) -> Node {
        let stretch = |(from, until): (u64, u64)| Stretch { from, until };
        Node {
            span: Span::default(),
            ran: stretch(ran),
            children: Vec::new(),
            is_orphan: false,
            critical: critical.iter().map(|part| stretch(*part)).collect(),
        }
    }

    fn drawn(nodes: &[Node], whole: u64, width: usize) -> String {
        bar(nodes.iter(), whole, width)
    }

    #[test]
    fn a_bar_stands_where_its_step_ran() {
        assert_eq!(drawn(&[node((0, 100), &[(0, 100)])], 100, 10), "██████████");
        assert_eq!(drawn(&[node((20, 50), &[])], 100, 10), "  ░░░");
        let mixed = node((10, 90), &[(10, 30), (70, 90)]);
        assert_eq!(drawn(&[mixed], 100, 10), " ██░░░░██");
    }

    #[test]
    fn a_short_step_is_seen_and_many_share_a_bar() {
        assert_eq!(drawn(&[node((99, 99), &[])], 100, 10), "         ░");
        assert_eq!(drawn(&[node((100, 100), &[])], 100, 10), "         ░");
        assert_eq!(drawn(&[node((0, 0), &[])], 0, 4), "░░░░");
        let many = [node((0, 10), &[]), node((50, 60), &[(50, 60)])];
        assert_eq!(drawn(&many, 100, 10), "░    █");
    }

    #[test]
    fn numbers_at_the_edge_do_no_harm() {
        let long = node((0, u64::MAX), &[(0, u64::MAX)]);
        assert_eq!(drawn(&[long], u64::MAX, 5), "█████");
        assert_eq!(drawn(&[node((5, 9), &[])], 10, 0), "");
    }
}
