//! The critical path: which span, at each moment, the trace was waiting for.
//!
//! Backwards from its end, a span was waiting for the child that ended last; from that child's start
//! on backwards, for the child that had ended last by then. Where no child ran, it was its own time.
//! What a child did before its parent began, or after it ended, nobody waited for.

use super::tree::{Node, Stretch};

/// Marks the parts of every span that are on the critical path. A trace with several roots waits for
/// them as a span waits for its children.
pub(super) fn mark(nodes: &mut [Node], roots: &[usize]) {
    let end = roots.iter().map(|root| nodes[*root].ran.until).max();
    let whole = Stretch {
        from: 0,
        until: end.unwrap_or(0),
    };
    let (_, mut next) = waits(nodes, roots, whole);
    while let Some((index, window)) = next.pop() {
        let (own, waited) = waits(nodes, &nodes[index].children, window);
        nodes[index].critical = own;
        next.extend(waited);
    }
    for node in nodes {
        node.critical.sort_by_key(|part| part.from);
    }
}

/// What happened in a window of a span: its own time, and the children that it waited for, each with
/// its window.
fn waits(
    nodes: &[Node],
    children: &[usize],
    window: Stretch,
) -> (Vec<Stretch>, Vec<(usize, Stretch)>) {
    let mut last_first = children.to_vec();
    last_first.sort_by_key(|child| {
        let ran = nodes[*child].ran;
        (std::cmp::Reverse(ran.until), ran.from, *child)
    });
    let mut own = Vec::new();
    let mut waited = Vec::new();
    let mut now = window.until;
    for child in last_first {
        let ran = nodes[child].ran;
        let part = Stretch {
            from: ran.from.max(window.from),
            until: ran.until.min(now),
        };
        if part.length_ns() == 0 {
            continue;
        }
        push(&mut own, part.until, now);
        waited.push((child, part));
        now = part.from;
    }
    push(&mut own, window.from, now);
    (own, waited)
}

fn push(parts: &mut Vec<Stretch>, from: u64, until: u64) {
    if from < until {
        parts.push(Stretch { from, until });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::TraceTree;
    use super::super::tree::tests::span;
    use crate::domain::trace::span::Span;

    /// The milliseconds of the critical path of each span, by id.
    fn path(spans: Vec<Span>) -> Vec<(String, Vec<(u64, u64)>)> {
        let tree = TraceTree::new(spans).unwrap();
        let parts = |part: &super::Stretch| (part.from / 1_000_000, part.until / 1_000_000);
        let nodes = tree.nodes().iter();
        let mut path: Vec<_> = nodes
            .map(|node| {
                (
                    node.span.span_id.clone(),
                    node.critical.iter().map(parts).collect(),
                )
            })
            .collect();
        path.sort();
        path
    }

    fn on(id: &str, parts: &[(u64, u64)]) -> (String, Vec<(u64, u64)>) {
        (id.to_owned(), parts.to_vec())
    }

    #[test]
    fn steps_in_a_row_are_all_waited_for() {
        let found = path(vec![
            span("root", "", 0, 100),
            span("one", "root", 10, 40),
            span("two", "root", 50, 90),
        ]);
        assert_eq!(
            found,
            [
                on("one", &[(10, 40)]),
                on("root", &[(0, 10), (40, 50), (90, 100)]),
                on("two", &[(50, 90)]),
            ]
        );
    }

    #[test]
    fn of_steps_at_the_same_time_the_one_that_ends_last_is_waited_for() {
        let found = path(vec![
            span("root", "", 0, 100),
            span("long", "root", 10, 90),
            span("short", "root", 20, 60),
            span("before", "root", 0, 30),
            span("within", "long", 40, 50),
        ]);
        assert_eq!(
            found,
            [
                on("before", &[(0, 10)]),
                on("long", &[(10, 40), (50, 90)]),
                on("root", &[(90, 100)]),
                on("short", &[]),
                on("within", &[(40, 50)]),
            ]
        );
    }

    #[test]
    fn nobody_waits_for_what_happens_outside_of_a_parent() {
        let found = path(vec![
            span("root", "", 10, 50),
            span("skewed", "root", 0, 20),
            span("detached", "root", 40, 90),
        ]);
        assert_eq!(
            found,
            [
                on("detached", &[(40, 50)]),
                on("root", &[(20, 40)]),
                on("skewed", &[(10, 20)]),
            ]
        );
    }

    #[test]
    fn every_moment_of_a_span_is_waited_for_once() {
        let mut spans = vec![span("root", "", 0, 1_000)];
        for index in 0..200 {
            let parent = if index % 3 == 0 {
                "root".to_owned()
            } else {
                format!("s{}", index / 3)
            };
            let from = (index * 37) % 900;
            spans.push(span(
                &format!("s{index}"),
                &parent,
                from,
                from + 20 + (index * 13) % 90,
            ));
        }
        let parts = path(spans).into_iter().flat_map(|(_, parts)| parts);
        let mut parts: Vec<(u64, u64)> = parts.collect();
        parts.sort_unstable();
        let covered: u64 = parts.iter().map(|(from, until)| until - from).sum();
        assert_eq!(covered, 1_000);
        assert!(parts.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    }
}
