//! Reads behaviors. The top of such a file is people's; what stands below [`MARK`] is a scan's.

use jiff::Timestamp;

use crate::domain::behavior::{
    Behavior, BehaviorKind, BehaviorRole, BehaviorState, Counted, Decided, Decision, Detector,
    Evidence, Label, LaneSeen, Pattern, ReleaseChange, ReleaseSeen, Seen, Term, Together,
};
use crate::domain::finding::{Finding, Findings};
use crate::domain::id::BehaviorId;

use super::decode::{Decoder, Fields};
use super::document::{Node, Source};
use super::toml::parse_toml;

/// The line between what people write and what a scan does.
pub const MARK: &str =
    "# Below, `pointsman behaviors scan` writes what it sees; nothing else is kept there.";

/// Reads one behavior.
pub fn read_behavior(id: &BehaviorId, source: &Source) -> Result<Behavior, Findings> {
    if !source.text.lines().any(|line| line == MARK) {
        let message = "the line between what people write and what a scan does is missing";
        let finding = Finding::error("missing-mark", source.start(), message);
        return Err(finding
            .with_help(format!("put this line above `[pattern]`: {MARK}"))
            .into());
    }
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let behavior = behavior(id, &mut decoder, &node);
    decoder.finish(behavior)
}

fn behavior(id: &BehaviorId, decoder: &mut Decoder<'_>, node: &Node) -> Option<Behavior> {
    let mut fields = decoder.fields(node)?;
    let decided = decided(decoder, &mut fields);
    let pattern = table(decoder, &mut fields, "pattern", pattern);
    let seen = table(decoder, &mut fields, "seen", seen);
    let lanes = tables(decoder, &mut fields, "lanes", lane);
    let releases = tables(decoder, &mut fields, "releases", release);
    let together = tables(decoder, &mut fields, "together", together);
    let evidence = tables(decoder, &mut fields, "evidence", evidence);
    let history = tables(decoder, &mut fields, "history", counted);
    fields.finish(decoder);
    Some(Behavior {
        id: id.clone(),
        decided,
        pattern: pattern?,
        seen: seen?,
        lanes: lanes?,
        releases: releases?,
        together: together?,
        evidence: evidence?,
        history: history?,
    })
}

/// What people say. What cannot be read of it was reported, and the whole is refused.
fn decided(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Decided {
    Decided {
        title: text(decoder, fields, "title"),
        label: label(decoder, fields),
        kind: fields
            .optional("kind")
            .and_then(|node| decoder.word(node, &BehaviorKind::ALL)),
        owner: text(decoder, fields, "owner"),
        note: text(decoder, fields, "note"),
        watched: fields
            .optional("watched")
            .and_then(|node| decoder.boolean(node))
            .unwrap_or(false),
        dismissed: decision(decoder, fields, "dismissed"),
        resolved: decision(decoder, fields, "resolved"),
    }
}

fn text(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let node = fields.optional(key)?;
    decoder.text(node)
}

fn label(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Label> {
    let node = fields.optional("label")?;
    let mut inner = decoder.fields(node)?;
    let text = required(decoder, &mut inner, "text", Decoder::text);
    let by = required(decoder, &mut inner, "by", Decoder::text);
    let at = required(decoder, &mut inner, "at", moment);
    inner.finish(decoder);
    Some(Label {
        text: text?,
        by: by?,
        at: at?,
    })
}

fn decision(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
) -> Option<Decision> {
    let node = fields.optional(key)?;
    let mut inner = decoder.fields(node)?;
    let reason = required(decoder, &mut inner, "reason", Decoder::text);
    let by = required(decoder, &mut inner, "by", Decoder::text);
    let at = required(decoder, &mut inner, "at", moment);
    inner.finish(decoder);
    Some(Decision {
        reason: reason?,
        by: by?,
        at: at?,
    })
}

fn pattern(decoder: &mut Decoder<'_>, node: &Node) -> Option<Pattern> {
    let mut fields = decoder.fields(node)?;
    let role = required(decoder, &mut fields, "role", |decoder, node| {
        decoder.word(node, &BehaviorRole::ALL)
    });
    let detector = required(decoder, &mut fields, "detector", |decoder, node| {
        decoder.word(node, &Detector::ALL)
    });
    let kind = required(decoder, &mut fields, "kind", |decoder, node| {
        decoder.word(node, &BehaviorKind::ALL)
    });
    let signature = required(decoder, &mut fields, "signature", Decoder::text);
    let rationale = required(decoder, &mut fields, "rationale", Decoder::text);
    let subjects = required(decoder, &mut fields, "subjects", Decoder::texts);
    let words = match fields.optional("terms") {
        Some(node) => decoder.texts(node),
        None => Some(Vec::new()),
    };
    let weights_node = fields.optional("weights");
    let weights = match weights_node {
        Some(node) => decoder.list_of(node, |decoder, node| decoder.number_within(node, 0.0, 1.0)),
        None => Some(Vec::new()),
    };
    fields.finish(decoder);
    let (words, weights) = (words?, weights?);
    if words.len() != weights.len() {
        let span = weights_node.map_or(node.span, |node| node.span);
        let message = format!("{} words have {} weights", words.len(), weights.len());
        decoder.error("invalid-value", span, message, "give each word one weight");
        return None;
    }
    let terms = words.into_iter().zip(weights);
    Some(Pattern {
        role: role?,
        detector: detector?,
        kind: kind?,
        signature: signature?,
        rationale: rationale?,
        subjects: subjects?,
        terms: terms.map(|(word, weight)| Term { word, weight }).collect(),
    })
}

fn seen(decoder: &mut Decoder<'_>, node: &Node) -> Option<Seen> {
    let mut fields = decoder.fields(node)?;
    let state = required(decoder, &mut fields, "state", state);
    let first = required(decoder, &mut fields, "first", moment);
    let last = required(decoder, &mut fields, "last", moment);
    let from = required(decoder, &mut fields, "from", moment);
    let until = required(decoder, &mut fields, "until", moment);
    let now = required(decoder, &mut fields, "now", of_all);
    let before = required(decoder, &mut fields, "before", of_all);
    let failed = required(decoder, &mut fields, "failed", of_all);
    let others_failed = required(decoder, &mut fields, "others_failed", of_all);
    let pieces = required(decoder, &mut fields, "pieces", |decoder, node| {
        decoder.list_of(node, of_all)
    });
    fields.finish(decoder);
    Some(Seen {
        state: state?,
        first: first?,
        last: last?,
        from: from?,
        until: until?,
        now: now?,
        before: before?,
        failed: failed?,
        others_failed: others_failed?,
        pieces: pieces?,
    })
}

fn lane(decoder: &mut Decoder<'_>, node: &Node) -> Option<LaneSeen> {
    let mut fields = decoder.fields(node)?;
    let lane = text(decoder, &mut fields, "lane");
    let state = required(decoder, &mut fields, "state", state);
    let first = required(decoder, &mut fields, "first", moment);
    let now = required(decoder, &mut fields, "now", of_all);
    let before = required(decoder, &mut fields, "before", of_all);
    let p = fields
        .optional("p")
        .and_then(|node| probability(decoder, node));
    fields.finish(decoder);
    Some(LaneSeen {
        lane,
        state: state?,
        first: first?,
        now: now?,
        before: before?,
        p,
    })
}

fn release(decoder: &mut Decoder<'_>, node: &Node) -> Option<ReleaseSeen> {
    let mut fields = decoder.fields(node)?;
    let deployment = required(decoder, &mut fields, "deployment", Decoder::text);
    let at = required(decoder, &mut fields, "at", moment);
    let change = required(decoder, &mut fields, "change", |decoder, node| {
        decoder.word(node, &ReleaseChange::ALL)
    });
    let before = required(decoder, &mut fields, "before", of_all);
    let after = required(decoder, &mut fields, "after", of_all);
    let p = required(decoder, &mut fields, "p", probability);
    fields.finish(decoder);
    Some(ReleaseSeen {
        deployment: deployment?,
        at: at?,
        change: change?,
        before: before?,
        after: after?,
        p: p?,
    })
}

fn together(decoder: &mut Decoder<'_>, node: &Node) -> Option<Together> {
    let mut fields = decoder.fields(node)?;
    let behavior = required(decoder, &mut fields, "behavior", Decoder::parsed);
    let both = required(decoder, &mut fields, "both", count);
    let either = required(decoder, &mut fields, "either", count);
    fields.finish(decoder);
    Some(Together {
        behavior: behavior?,
        both: both?,
        either: either?,
    })
}

fn evidence(decoder: &mut Decoder<'_>, node: &Node) -> Option<Evidence> {
    let mut fields = decoder.fields(node)?;
    let trace_id = required(decoder, &mut fields, "trace_id", Decoder::text);
    let span_id = required(decoder, &mut fields, "span_id", Decoder::text);
    let at = required(decoder, &mut fields, "at", moment);
    fields.finish(decoder);
    Some(Evidence {
        trace_id: trace_id?,
        span_id: span_id?,
        at: at?,
    })
}

fn counted(decoder: &mut Decoder<'_>, node: &Node) -> Option<Counted> {
    let mut fields = decoder.fields(node)?;
    let from = required(decoder, &mut fields, "from", moment);
    let until = required(decoder, &mut fields, "until", moment);
    let lane = text(decoder, &mut fields, "lane");
    let hits = required(decoder, &mut fields, "hits", count);
    let traces = required(decoder, &mut fields, "traces", count);
    fields.finish(decoder);
    Some(Counted {
        from: from?,
        until: until?,
        lane,
        hits: hits?,
        traces: traces?,
    })
}

fn table<T>(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: fn(&mut Decoder<'_>, &Node) -> Option<T>,
) -> Option<T> {
    let node = fields.required(decoder, key)?;
    read(decoder, node)
}

fn tables<T>(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: fn(&mut Decoder<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    match fields.optional(key) {
        Some(node) => decoder.list_of(node, read),
        None => Some(Vec::new()),
    }
}

fn required<'s, T>(
    decoder: &mut Decoder<'s>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: impl FnOnce(&mut Decoder<'s>, &Node) -> Option<T>,
) -> Option<T> {
    let node = fields.required(decoder, key)?;
    read(decoder, node)
}

fn state(decoder: &mut Decoder<'_>, node: &Node) -> Option<BehaviorState> {
    decoder.word(node, &BehaviorState::ALL)
}

fn probability(decoder: &mut Decoder<'_>, node: &Node) -> Option<f64> {
    decoder.number_within(node, 0.0, 1.0)
}

fn count(decoder: &mut Decoder<'_>, node: &Node) -> Option<u64> {
    let count = decoder.integer_within(node, 0, i64::MAX)?;
    Some(count.unsigned_abs())
}

/// How many of how many: `[3, 40]`.
fn of_all(decoder: &mut Decoder<'_>, node: &Node) -> Option<[u64; 2]> {
    let counts = decoder.list_of(node, count)?;
    match counts.as_slice() {
        [some, all] if some <= all => Some([*some, *all]),
        _ => {
            let message = "expected how many of how many";
            decoder.error("invalid-value", node.span, message, "for example `[3, 40]`");
            None
        }
    }
}

fn moment(decoder: &mut Decoder<'_>, node: &Node) -> Option<Timestamp> {
    let text = decoder.text(node)?;
    let moment = text.parse().ok();
    if moment.is_none() {
        let message = format!("`{text}` is not a moment");
        let example = "for example `\"2026-03-02T09:00:00Z\"`";
        decoder.error("invalid-value", node.span, message, example);
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# Ours.
owner = "support"

# Below, `pointsman behaviors scan` writes what it sees; nothing else is kept there.

[pattern]
role = "tool"
detector = "error"
kind = "issue"
signature = "find_order: timed out"
rationale = "an error"
subjects = ["find_order"]

[seen]
state = "worse"
first = "2026-03-01T09:00:00Z"
last = "2026-03-02T09:00:00Z"
from = "2026-03-01T12:00:00Z"
until = "2026-03-02T12:00:00Z"
now = [9, 40]
before = [1, 40]
failed = [10, 10]
others_failed = [1, 70]
pieces = [[1, 6], [8, 34]]

[[lanes]]
lane = "production"
state = "worse"
first = "2026-03-01T09:00:00Z"
now = [9, 40]
before = [1, 40]
p = 0.0143

[[evidence]]
trace_id = "t1"
span_id = "s1"
at = "2026-03-02T09:00:00Z"
"#;

    fn read(text: &str) -> Result<Behavior, Findings> {
        let id = BehaviorId::new("tool-timeout").unwrap();
        read_behavior(
            &id,
            &Source::new("operations/behaviors/tool-timeout.toml", text),
        )
    }

    #[test]
    fn a_behavior_says_what_people_and_scans_know_of_it() {
        let behavior = read(FILE).unwrap();
        assert_eq!(behavior.decided.owner.as_deref(), Some("support"));
        assert_eq!(behavior.title(), "find_order: timed out");
        assert_eq!(
            (behavior.kind(), behavior.state(), behavior.is_urgent()),
            (BehaviorKind::Issue, BehaviorState::Worse, true)
        );
        assert_eq!(behavior.lanes[0].p, Some(0.0143));
        assert_eq!(behavior.evidence[0].span_id, "s1");
    }

    #[test]
    fn what_people_decide_counts_at_once() {
        let with = |line: &str| read(&format!("{line}\n{FILE}")).unwrap();
        let dismissed = with(
            "dismissed = { reason = \"a test\", by = \"Ada\", at = \"2026-03-02T10:00:00Z\" }\nkind = \"healthy\"",
        );
        assert_eq!(dismissed.state(), BehaviorState::Dismissed);
        assert!(!dismissed.is_urgent());
        for (at, state) in [
            ("2026-03-02T09:00:01Z", BehaviorState::Resolved),
            ("2026-03-02T08:59:59Z", BehaviorState::Reactivated),
        ] {
            let line = format!("resolved = {{ reason = \"fixed\", by = \"Ada\", at = \"{at}\" }}");
            assert_eq!(with(&line).state(), state, "{at}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_behavior_is_found() {
        for (from, to, ident) in [
            ("owner", "ownr", "unknown-key"),
            ("role = \"tool\"", "role = \"robot\"", "unknown-word"),
            ("now = [9, 40]", "now = [41, 40]", "invalid-value"),
            ("p = 0.0143", "p = 2", "out-of-range"),
            ("span_id = \"s1\"\n", "", "missing-key"),
            (
                "subjects = [\"find_order\"]",
                "subjects = []\nterms = [\"a\"]",
                "invalid-value",
            ),
            (
                "first = \"2026-03-01T09:00:00Z\"",
                "first = \"soon\"",
                "invalid-value",
            ),
            (MARK, "", "missing-mark"),
        ] {
            let findings = read(&FILE.replacen(from, to, 1)).unwrap_err().0;
            assert_eq!(findings[0].ident, ident, "{to}: {findings:?}");
        }
    }
}
