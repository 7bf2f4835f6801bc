//! Writes behaviors: what a scan saw goes below the mark, and what people wrote above it stays as it
//! is, letter by letter.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::behavior::{Behavior, Decided, Decision};
use crate::domain::untrusted::Untrusted;

use super::behavior::{MARK, read_behavior};
use super::document::Source;

/// A behavior as a new file, or below what people wrote in the file that it has.
pub fn write_behavior(behavior: &Behavior, file: Option<&str>) -> String {
    let mut text = match file {
        Some(file) => above_mark(file).to_owned(),
        None => String::new(),
    };
    if file.is_none() {
        for (key, value) in decided_lines(&behavior.decided) {
            line(&mut text, key, &value);
        }
        if !text.is_empty() {
            text.push('\n');
        }
    }
    text.push_str(MARK);
    text.push('\n');
    pattern(&mut text, behavior);
    seen(&mut text, behavior);
    lanes(&mut text, behavior);
    releases(&mut text, behavior);
    rest(&mut text, behavior);
    text
}

/// What people say stands in a way that a line for a line does not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` says this in more than one line, which only people can change")]
pub struct EditError {
    path: String,
}

/// The file of a behavior in which people say something else. Lines that need no change stay.
pub fn edit_decided(
    file: &Source,
    behavior: &Behavior,
    decided: &Decided,
) -> Result<String, EditError> {
    let by_hand = || EditError {
        path: file.path.clone(),
    };
    let old = decided_lines(&behavior.decided);
    let new = decided_lines(decided);
    let (above, below) = file.text.split_at(above_mark(&file.text).len());
    let mut lines: Vec<String> = above.lines().map(str::to_owned).collect();
    for (key, value) in &old {
        if new.iter().any(|one| one == &(*key, value.clone())) {
            continue;
        }
        let changed = new.iter().find(|(other, _)| other == key);
        let is_meant = |line: &String| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let Some(place) = lines.iter().position(is_meant) else {
            return Err(by_hand());
        };
        match changed {
            Some((_, value)) => lines[place] = format!("{key} = {value}"),
            None => {
                lines.remove(place);
            }
        }
    }
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let known = |key: &str| old.iter().any(|(other, _)| *other == key);
    let added = new.iter().filter(|(key, _)| !known(key));
    lines.extend(added.map(|(key, value)| format!("{key} = {value}")));
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(below);
    let written = read_behavior(
        &behavior.id,
        &Source::new(file.path.as_str(), text.as_str()),
    );
    let as_meant = written.is_ok_and(|it| it.decided == *decided);
    if as_meant { Ok(text) } else { Err(by_hand()) }
}

/// What people wrote.
fn above_mark(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end_matches(['\n', '\r']) == MARK {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// What people say, key by key.
fn decided_lines(decided: &Decided) -> Vec<(&'static str, String)> {
    let Decided {
        title,
        label,
        kind,
        owner,
        note,
        watched,
        dismissed,
        resolved,
    } = decided;
    let mut lines = Vec::new();
    lines.extend(title.as_ref().map(|it| ("title", quoted(it))));
    lines.extend(
        label
            .as_ref()
            .map(|it| ("label", said("text", &it.text, (&it.by, it.at)))),
    );
    lines.extend(kind.map(|it| ("kind", quoted(it.name()))));
    lines.extend(owner.as_ref().map(|it| ("owner", quoted(it))));
    lines.extend(note.as_ref().map(|it| ("note", quoted(it))));
    lines.extend(watched.then(|| ("watched", "true".to_owned())));
    lines.extend(dismissed.as_ref().map(|it| ("dismissed", decision(it))));
    lines.extend(resolved.as_ref().map(|it| ("resolved", decision(it))));
    lines
}

fn decision(decision: &Decision) -> String {
    said("reason", &decision.reason, (&decision.by, decision.at))
}

/// Words, who said them, and when.
fn said(key: &str, words: &str, (by, at): (&str, Timestamp)) -> String {
    let (words, by) = (quoted(words), quoted(by));
    format!("{{ {key} = {words}, by = {by}, at = \"{at}\" }}")
}

fn pattern(text: &mut String, behavior: &Behavior) {
    let pattern = &behavior.pattern;
    text.push_str("\n[pattern]\n");
    line(text, "role", &quoted(pattern.role.name()));
    line(text, "detector", &quoted(pattern.detector.name()));
    line(text, "kind", &quoted(pattern.kind.name()));
    line(text, "signature", &quoted(&pattern.signature));
    line(text, "rationale", &quoted(&pattern.rationale));
    line(text, "subjects", &list(&pattern.subjects, |it| quoted(it)));
    if !pattern.terms.is_empty() {
        line(text, "terms", &list(&pattern.terms, |it| quoted(&it.word)));
        let weights = list(&pattern.terms, |it| format!("{:.4}", it.weight));
        line(text, "weights", &weights);
    }
}

fn seen(text: &mut String, behavior: &Behavior) {
    let seen = &behavior.seen;
    text.push_str("\n[seen]\n");
    line(text, "state", &quoted(seen.state.name()));
    for (key, moment) in [
        ("first", seen.first),
        ("last", seen.last),
        ("from", seen.from),
        ("until", seen.until),
    ] {
        line(text, key, &format!("\"{moment}\""));
    }
    for (key, counts) in [
        ("now", &seen.now),
        ("before", &seen.before),
        ("failed", &seen.failed),
        ("others_failed", &seen.others_failed),
    ] {
        line(text, key, &of_all(counts));
    }
    line(text, "pieces", &list(&seen.pieces, of_all));
}

fn lanes(text: &mut String, behavior: &Behavior) {
    for seen in &behavior.lanes {
        text.push_str("\n[[lanes]]\n");
        if let Some(lane) = &seen.lane {
            line(text, "lane", &quoted(lane));
        }
        line(text, "state", &quoted(seen.state.name()));
        line(text, "first", &format!("\"{}\"", seen.first));
        line(text, "now", &of_all(&seen.now));
        line(text, "before", &of_all(&seen.before));
        if let Some(p) = seen.p {
            line(text, "p", &probability(p));
        }
    }
}

fn releases(text: &mut String, behavior: &Behavior) {
    for seen in &behavior.releases {
        text.push_str("\n[[releases]]\n");
        line(text, "deployment", &quoted(&seen.deployment));
        line(text, "at", &format!("\"{}\"", seen.at));
        line(text, "change", &quoted(seen.change.name()));
        line(text, "before", &of_all(&seen.before));
        line(text, "after", &of_all(&seen.after));
        line(text, "p", &probability(seen.p));
    }
}

fn rest(text: &mut String, behavior: &Behavior) {
    for other in &behavior.together {
        text.push_str("\n[[together]]\n");
        line(text, "behavior", &quoted(other.behavior.as_str()));
        line(text, "both", &other.both.to_string());
        line(text, "either", &other.either.to_string());
    }
    for span in &behavior.evidence {
        text.push_str("\n[[evidence]]\n");
        line(text, "trace_id", &quoted(&span.trace_id));
        line(text, "span_id", &quoted(&span.span_id));
        line(text, "at", &format!("\"{}\"", span.at));
    }
    for counted in &behavior.history {
        text.push_str("\n[[history]]\n");
        line(text, "from", &format!("\"{}\"", counted.from));
        line(text, "until", &format!("\"{}\"", counted.until));
        if let Some(lane) = &counted.lane {
            line(text, "lane", &quoted(lane));
        }
        line(text, "hits", &counted.hits.to_string());
        line(text, "traces", &counted.traces.to_string());
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {value}");
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(show).collect();
    format!("[{}]", items.join(", "))
}

fn of_all([some, all]: &[u64; 2]) -> String {
    format!("[{some}, {all}]")
}

/// Three digits of a probability; one that no number holds is 0.
fn probability(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.4}")
    } else {
        format!("{p:.2e}")
    }
}

/// A text in quotes. Characters that nobody sees are spelled out: whoever looks at a file without
/// pointsman is not to be fooled by it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other if is_hidden(other) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(other));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

fn is_hidden(character: char) -> bool {
    let mut bytes = [0; 4];
    let plain: &str = character.encode_utf8(&mut bytes);
    Untrusted(plain).to_string() != plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::behavior::{
        BehaviorKind, BehaviorRole, BehaviorState, Counted, Detector, Evidence, LaneSeen, Pattern,
        ReleaseChange, ReleaseSeen, Seen, Term, Together,
    };
    use crate::domain::id::BehaviorId;

    fn behavior(text: &str) -> Behavior {
        let at = "2026-03-02T09:00:00Z".parse().unwrap();
        Behavior {
            id: BehaviorId::new("user-refund").unwrap(),
            decided: Decided::default(),
            pattern: Pattern {
                role: BehaviorRole::User,
                detector: Detector::Intent,
                kind: BehaviorKind::Healthy,
                signature: text.to_owned(),
                rationale: text.to_owned(),
                subjects: vec![text.to_owned()],
                terms: vec![Term {
                    word: text.to_owned(),
                    weight: 0.25,
                }],
            },
            seen: Seen {
                state: BehaviorState::Ongoing,
                first: at,
                last: at,
                from: at,
                until: at,
                now: [1, 2],
                before: [0, 2],
                failed: [0, 1],
                others_failed: [1, 3],
                pieces: vec![[0, 0]; 7],
            },
            lanes: vec![LaneSeen {
                lane: Some(text.to_owned()),
                state: BehaviorState::New,
                first: at,
                now: [1, 2],
                before: [0, 2],
                p: Some(0.5),
            }],
            releases: vec![ReleaseSeen {
                deployment: "production#2".to_owned(),
                at,
                change: ReleaseChange::Began,
                before: [0, 2],
                after: [1, 2],
                p: 1e-9,
            }],
            together: vec![Together {
                behavior: BehaviorId::new("other").unwrap(),
                both: 1,
                either: 2,
            }],
            evidence: vec![Evidence {
                trace_id: text.to_owned(),
                span_id: "s".to_owned(),
                at,
            }],
            history: vec![Counted {
                from: at,
                until: at,
                lane: None,
                hits: 1,
                traces: 2,
            }],
        }
    }

    fn decision(reason: &str) -> Decision {
        Decision {
            reason: reason.to_owned(),
            by: "Ada <ada@example.com>".to_owned(),
            at: "2026-03-02T09:00:00Z".parse().unwrap(),
        }
    }

    fn file(text: &str) -> Source {
        Source::new("operations/behaviors/user-refund.toml", text)
    }

    proptest! {
        #[test]
        fn a_behavior_reads_back_as_it_was_written(text in "(.|[\u{202e}\n\"\\\\\u{7f}]){0,12}") {
            let mut behavior = behavior(&text);
            behavior.decided.note = Some(text);
            behavior.decided.dismissed = Some(decision("noise"));
            let written = write_behavior(&behavior, None);
            let hides = written.contains('\u{202e}');
            prop_assert!(!hides);
            prop_assert_eq!(read_behavior(&behavior.id, &file(&written)), Ok(behavior));
        }
    }

    #[test]
    fn a_scan_keeps_what_people_wrote() {
        let mut behavior = behavior("refund");
        let ours = "# Ask Kim before you touch this.\nowner = 'Kim'   # since March\n\n";
        let below = write_behavior(&behavior, None);
        let old = format!("{ours}{below}");
        behavior.seen.state = BehaviorState::Changed;
        let new = write_behavior(&behavior, Some(&old));
        assert!(new.starts_with(ours), "{new}");
        assert_eq!(new.matches(MARK).count(), 1);
        let read = read_behavior(&behavior.id, &file(&new)).unwrap();
        assert_eq!(read.seen.state, BehaviorState::Changed);
        assert_eq!(read.decided.owner.as_deref(), Some("Kim"));
    }

    #[test]
    fn a_decision_changes_its_own_line_and_no_other() {
        let behavior = behavior("refund");
        let ours = "# Ask Kim.\nowner = 'Kim'   # since March\nwatched = true\n";
        let old = file(&format!("{ours}\n{}", write_behavior(&behavior, None)));
        let behavior = read_behavior(&behavior.id, &old).unwrap();
        let decided = Decided {
            watched: false,
            dismissed: Some(decision("a \"test\"")),
            ..behavior.decided.clone()
        };
        let new = edit_decided(&old, &behavior, &decided).unwrap();
        let head = "# Ask Kim.\nowner = 'Kim'   # since March\ndismissed = { reason = \"a \\\"test\\\"\", \
                    by = \"Ada <ada@example.com>\", at = \"2026-03-02T09:00:00Z\" }\n\n# Below";
        assert!(new.starts_with(head), "{new}");
        let again = read_behavior(&behavior.id, &file(&new)).unwrap();
        let undone = edit_decided(&file(&new), &again, &behavior.decided).unwrap();
        assert!(undone.contains("watched = true"), "{undone}");
        assert!(!undone.contains("dismissed"), "{undone}");
    }

    #[test]
    fn what_stands_in_several_lines_is_left_to_people() {
        let behavior = behavior("refund");
        let below = write_behavior(&behavior, None);
        let ours = "note = \"\"\"\none\ntwo\"\"\"\n\n[resolved]\nreason = \"x\"\nby = \"y\"\nat = \"2026-03-02T09:00:00Z\"\n\n";
        let old = file(&format!("{ours}{below}"));
        let behavior = read_behavior(&behavior.id, &old).unwrap();
        let decided = Decided {
            resolved: None,
            ..behavior.decided.clone()
        };
        let refused = edit_decided(&old, &behavior, &decided).unwrap_err();
        assert!(
            refused.to_string().contains("more than one line"),
            "{refused}"
        );
    }
}
