//! `behaviors watch`, `dismiss` and `resolve`: what people say survives every scan.

use serde_json::Value;

use super::made::{Step, Told};
use crate::support::Sandbox;

/// Traces of five hours from this hour on, every sixth of which fails.
fn hours(first: u32) -> Vec<Told> {
    let minutes = first * 60..(first + 5) * 60;
    minutes
        .step_by(2)
        .map(|minute| {
            let steps = if minute.is_multiple_of(12) {
                vec![Step::Fails(format!("order {minute} is locked"))]
            } else {
                Vec::new()
            };
            Told::new(minute.into(), minute.into(), steps)
        })
        .collect()
}

fn window(first: u32) -> String {
    let at = |hour: u32| format!("2026-03-01T{hour:02}:00:00Z");
    format!("{}..{}", at(first), at(first + 5))
}

struct Found {
    sandbox: Sandbox,
    id: String,
}

impl Found {
    /// A behavior that the scan up to 10:00 has found.
    fn new() -> Self {
        let sandbox = Sandbox::with_workspace();
        sandbox.imports_told(&hours(0));
        sandbox.imports_told(&hours(5));
        let found = sandbox.scans(&["--window", &window(5)]);
        let id = found.of("order <n> is locked")["behavior"].as_str();
        let id = id.expect("it has a name").to_owned();
        Self { sandbox, id }
    }

    fn path(&self) -> String {
        format!("operations/behaviors/{}.toml", self.id)
    }

    fn says(&self, words: &[&str]) -> Value {
        let args = [&["behaviors", words[0], &self.id, "--json"], &words[1..]].concat();
        let json = self.sandbox.pointsman(&args).succeeds().json();
        json["behavior"].clone()
    }

    fn is_listed(&self) -> bool {
        let output = self.sandbox.pointsman(&["behaviors", "list"]);
        output.succeeds().stdout.contains(&self.id)
    }
}

#[test]
fn a_dismissed_behavior_is_counted_on_and_shown_no_more() {
    let found = Found::new();
    assert!(found.is_listed());
    let dismissed = found.says(&["dismiss", "--reason", "a \"known\" partner"]);
    assert_eq!(dismissed["state"], "dismissed");
    assert_eq!(dismissed["dismissed"]["by"], "Cleo <cleo@example.com>");
    assert!(!found.is_listed());
    let sandbox = &found.sandbox;
    sandbox.imports_told(&hours(10));
    let again = sandbox.scans(&["--window", &window(10)]);
    let again = again.of("is locked");
    assert_eq!(
        (&again["state"], &again["history"][1]["hits"]),
        (&"dismissed".into(), &25.into())
    );
    assert_eq!(again["dismissed"]["reason"], "a \"known\" partner");
    assert!(!found.is_listed());
    assert_eq!(found.says(&["dismiss", "--undo"])["state"], "ongoing");
    assert!(found.is_listed());
}

#[test]
fn a_resolved_behavior_that_comes_back_is_reactivated() {
    let found = Found::new();
    // It is past all traces by the clock of the sandbox.
    let resolved = found.says(&["resolve", "--reason", "fixed"]);
    assert_eq!(resolved["state"], "resolved");
    assert!(!found.is_listed());
    found.sandbox.imports_told(&hours(10));
    let quiet = found.sandbox.scans(&["--window", &window(10)]);
    assert_eq!(quiet.of("is locked")["state"], "resolved");
    let path = found.path();
    let at = resolved["resolved"]["at"].as_str().expect("it is text");
    found.sandbox.edit(&path, at, "2026-03-01T12:00:00Z");
    assert!(found.is_listed());
    let back = ["behaviors", "list", "--state", "reactivated", "--json"];
    let back = found.sandbox.pointsman(&back).succeeds().json();
    assert_eq!(back["behaviors"][0]["behavior"], found.id.as_str());
}

#[test]
fn what_was_away_for_a_whole_window_and_is_back_is_reactivated() {
    let found = Found::new();
    let calm = |first: u32| -> Vec<Told> {
        let mut traces = hours(first);
        for trace in &mut traces {
            trace.steps.clear();
        }
        traces
    };
    let sandbox = &found.sandbox;
    sandbox.imports_told(&calm(10));
    let away = sandbox.scans(&["--window", &window(10)]);
    assert_eq!(away.of("is locked")["state"], "vanishing");
    sandbox.imports_told(&hours(15));
    let back = sandbox.scans(&["--window", &window(15)]);
    assert_eq!(back.of("is locked")["state"], "reactivated");
}

#[test]
fn what_people_wrote_stays_letter_by_letter() {
    let found = Found::new();
    let path = found.path();
    let text = found.sandbox.read(&path);
    let ours = "# Kim knows more.\nnote = 'see the wiki'   # not ours\n";
    found.sandbox.write(&path, format!("{ours}\n{text}"));
    found.says(&["watch", "--owner", "support-platform"]);
    found.sandbox.imports_told(&hours(10));
    found.sandbox.scans(&["--window", &window(10)]);
    let text = found.sandbox.read(&path);
    let expected = format!("{ours}owner = \"support-platform\"\nwatched = true\n\n# Below, ");
    assert!(text.starts_with(&expected), "{text}");
    let watched = found.sandbox.pointsman(&["behaviors", "list", "--watched"]);
    watched.succeeds().says(", watched");
    let unwatched = found.says(&["watch", "--undo"]);
    assert_eq!(
        (&unwatched["watched"], &unwatched["owner"]),
        (&false.into(), &"support-platform".into())
    );
}

#[test]
fn a_decision_needs_a_reason_and_a_behavior() {
    let found = Found::new();
    let sandbox = &found.sandbox;
    sandbox
        .pointsman(&["behaviors", "dismiss", &found.id])
        .exits(2)
        .tells("--reason");
    sandbox
        .pointsman(&["behaviors", "dismiss", &found.id, "--reason", " "])
        .exits(2)
        .tells("the reason says nothing");
    let near = format!("{}x", found.id);
    sandbox
        .pointsman(&["behaviors", "show", &near])
        .exits(2)
        .tells(&format!("did you mean `{}`?", found.id));
}
