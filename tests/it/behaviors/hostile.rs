//! What a span says cannot drive the terminal, hide in a file, or lead out of the workspace.

use serde_json::json;

use super::made::{Step, Told};
use crate::support::Sandbox;

/// A text that would drive a terminal, hide in it, end a text of TOML, or name a file elsewhere.
const HOSTILE: &str =
    "../../\u{1b}[2J\u{202e}gnp\u{200b} \"\"\" ''' \\ [seen] $(touch /tmp/x) <script>";

const WINDOW: [&str; 2] = ["--window", "2026-03-01T05:00:00Z..2026-03-01T10:00:00Z"];

fn hostile() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let tool: &'static str = Box::leak(HOSTILE.to_owned().into_boxed_str());
    let traces: Vec<Told> = (0..600_u32)
        .step_by(10)
        .map(|minute| {
            let steps = vec![
                Step::Tool(tool, json!({ "a": HOSTILE }), json!({ "error": HOSTILE })),
                Step::Chat(HOSTILE.to_owned(), HOSTILE.to_owned()),
                Step::Fails(HOSTILE.to_owned()),
            ];
            Told::new(minute.into(), minute.into(), steps)
        })
        .collect();
    sandbox.imports_told(&traces);
    sandbox
}

#[test]
fn hostile_texts_are_shown_and_kept_harmlessly() {
    let sandbox = hostile();
    let found = sandbox.scans(&WINDOW);
    assert!(found.all().len() >= 3, "{:#}", found.0);
    let is_hidden = |text: &str| text.contains(['\u{1b}', '\u{202e}', '\u{200b}']);
    assert!(!is_hidden(&sandbox.behavior_files()));
    sandbox.pointsman(&["check"]).succeeds();
    let mut outputs = vec![sandbox.pointsman(&["behaviors", "list"])];
    for behavior in found.all() {
        let id = behavior["behavior"].as_str().expect("it has a name");
        assert!(!id.contains(['/', '.']), "{id}");
        outputs.push(sandbox.pointsman(&["behaviors", "show", id]));
    }
    for output in outputs {
        output.succeeds();
        assert!(!is_hidden(&output.stdout), "{}", output.stdout);
        assert!(!is_hidden(&output.stderr), "{}", output.stderr);
    }
    let again = sandbox.scans(&WINDOW);
    assert_eq!(again.0["written"], json!([]));
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let sandbox = hostile();
    let elsewhere = sandbox.path().join("../elsewhere");
    std::fs::create_dir_all(&elsewhere).expect("there is room");
    std::fs::create_dir_all(sandbox.path().join("operations")).expect("there is room");
    std::os::unix::fs::symlink(&elsewhere, sandbox.path().join("operations/behaviors"))
        .expect("links can be made");
    let scan = [&["behaviors", "scan"][..], &WINDOW].concat();
    sandbox.pointsman(&scan).exits(2).tells("link");
    let mut left = std::fs::read_dir(&elsewhere).expect("it is there");
    assert!(left.next().is_none());
}

#[test]
fn secrets_are_out_before_anything_is_compared() {
    let sandbox = Sandbox::with_workspace();
    let traces: Vec<Told> = (0..600_u32)
        .step_by(10)
        .map(|minute| {
            let asked = "Write to kim.miller@example.com about the refund of my payment";
            let steps = vec![Step::Chat(asked.to_owned(), "billing".to_owned())];
            Told::new(minute.into(), minute.into(), steps)
        })
        .collect();
    sandbox.imports_told(&traces);
    sandbox.scans(&WINDOW);
    let files = sandbox.behavior_files();
    assert!(
        files.contains("refund") && !files.contains("miller"),
        "{files}"
    );
    sandbox.pointsman(&["check", "--secrets"]).succeeds();
}
