//! Which spans name a parent that was not sent, in memory that does not grow beyond a bound: of more
//! traces than are remembered, only the first are looked at.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::span::Span;

use super::{Aspect, Example};

/// How many traces, and how many spans of them, are remembered.
const MOST_TRACES: usize = 100_000;
const MOST_SPANS: usize = 1_000_000;

/// The spans of some traces.
#[derive(Default)]
pub(super) struct Parents {
    traces: HashSet<ShortDigest>,
    spans: HashSet<ShortDigest>,
    /// By the parent that they name.
    children: BTreeMap<ShortDigest, Vec<Child>>,
}

struct Child {
    trace: String,
    span: String,
    parent: String,
    started_at: Timestamp,
}

impl Parents {
    /// Remembers a span; whether it is the first of its trace.
    pub(super) fn add(&mut self, span: &Span) -> bool {
        let trace = Digest::of(span.trace_id.as_bytes()).shortened();
        let is_first = !self.traces.contains(&trace);
        if is_first {
            if self.traces.len() >= MOST_TRACES {
                return false;
            }
            self.traces.insert(trace);
        }
        if self.spans.len() >= MOST_SPANS {
            return is_first;
        }
        self.spans.insert(key(&span.trace_id, &span.span_id));
        if let Some(parent) = &span.parent_span_id {
            let children = self.children.entry(key(&span.trace_id, parent));
            children.or_default().push(Child {
                trace: span.trace_id.clone(),
                span: span.span_id.clone(),
                parent: parent.clone(),
                started_at: span.started_at,
            });
        }
        is_first
    }

    /// Judges those that began at a time or later, unless there were too many spans to know.
    pub(super) fn judge(&self, aspect: &mut Aspect, from: Timestamp) {
        if self.spans.len() >= MOST_SPANS {
            return;
        }
        let mut missing: Vec<&Child> = Vec::new();
        for (parent, children) in &self.children {
            let judged = children.iter().filter(|child| child.started_at >= from);
            let is_there = self.spans.contains(parent);
            for child in judged {
                aspect.total += 1;
                if is_there {
                    aspect.complying += 1;
                } else {
                    missing.push(child);
                }
            }
        }
        missing.sort_by(|one, other| {
            let by_start = one.started_at.cmp(&other.started_at);
            by_start.then_with(|| (&one.trace, &one.span).cmp(&(&other.trace, &other.span)))
        });
        aspect.example = missing.first().map(|child| Example {
            trace: Some(child.trace.clone()),
            span: Some(child.span.clone()),
            said: format!("its parent {} is not there", child.parent),
        });
    }
}

fn key(trace: &str, span: &str) -> ShortDigest {
    Digest::of(format!("{trace}/{span}").as_bytes()).shortened()
}

#[cfg(test)]
mod tests {
    use super::super::NEEDED_SHARE;
    use super::super::Needed;
    use super::*;

    fn span(trace: &str, id: &str, parent: Option<&str>, second: i64) -> Span {
        Span {
            trace_id: trace.to_owned(),
            span_id: id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            started_at: Timestamp::from_second(second).unwrap(),
            ..Span::default()
        }
    }

    #[test]
    fn a_parent_is_missed_only_where_it_could_be_there() {
        let mut parents = Parents::default();
        let spans = [
            span("t", "child", Some("root"), 20),
            span("t", "root", None, 19),
            span("t", "orphan", Some("gone"), 30),
            // Its parent may have begun before the time that is looked at.
            span("u", "early", Some("before"), 5),
            // The id is that of a span of another trace.
            span("u", "other", Some("root"), 25),
        ];
        let first: Vec<bool> = spans.iter().map(|span| parents.add(span)).collect();
        assert_eq!(first, [true, false, false, true, false]);
        let mut aspect = Aspect::new("linked", Needed::Share(NEEDED_SHARE), "send all");
        parents.judge(&mut aspect, Timestamp::from_second(10).unwrap());
        assert_eq!((aspect.complying, aspect.total), (1, 3));
        let example = aspect.example.unwrap();
        assert_eq!(example.span.as_deref(), Some("other"));
        assert_eq!(example.said, "its parent root is not there");
    }
}
