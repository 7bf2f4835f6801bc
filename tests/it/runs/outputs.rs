//! Reports as files: JSON lines, JUnit, Markdown and HTML, and slices, with answers that would
//! like to be more than text.

use serde_json::Value;

use super::PROMPT;
use crate::support::Sandbox;

/// An answer that tries to break out of every format.
const HOSTILE: &str = "</pre></code></failure>]]><script>alert(1)</script>\\n````\\n<img src=x onerror=alert(1)> @everyone ![x](http://example.com/x) \\e[2J \\0 sorry";

/// The small workspace, where the ticket about a crash is hostile and fails.
fn hostile() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let text = HOSTILE.replace("\\e", "\\u001b").replace("\\0", "\\u0000");
    sandbox.edit("datasets/tickets.jsonl", "the app closes", &text);
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"bug\"",
        "\"expected\": \"bug\", \"tags\": [\"a|b\", \"<b>\"]",
    );
    sandbox
}

fn report(sandbox: &Sandbox, ending: &str) -> String {
    let name = format!("report.{ending}");
    sandbox
        .pointsman(&["eval", "-o", &name, "--slice", "tag"])
        .exits(1);
    sandbox.read(&name)
}

#[test]
fn a_report_stands_beside_what_is_printed() {
    let sandbox = Sandbox::with_workspace();
    let plain = sandbox.pointsman(&["eval"]).stdout;
    let args = ["eval", "-o", "a.json", "-o", "b.jsonl", "-o", "junit=c.txt"];
    let output = sandbox.pointsman(&args);
    assert_eq!(output.succeeds().stdout, plain);
    let json: Value = serde_json::from_str(&sandbox.read("a.json")).expect("it is JSON");
    assert_eq!(json["schema"], "pointsman/eval/v1");
    assert!(sandbox.read("c.txt").starts_with("<?xml"));
    let json = sandbox.pointsman(&["eval", "--json", "-o", "d.md"]);
    assert_eq!(json.succeeds().json()["verdict"], "pass");
    assert!(
        sandbox
            .read("d.md")
            .starts_with("## pointsman: evaluation passed\n")
    );
}

#[test]
fn stdout_takes_one_result_and_a_path_must_name_its_format() {
    let sandbox = Sandbox::with_workspace();
    let both = sandbox.pointsman(&["eval", "--json", "-o", "md=-"]);
    both.exits(2)
        .has_no_result()
        .tells("stdout can take one result only");
    let unknown = sandbox.pointsman(&["eval", "-o", "report.pdf"]);
    unknown.exits(2).tells("the ending names no format");
    let nowhere = sandbox.pointsman(&["eval", "-o", "no/such/folder/a.html"]);
    nowhere
        .exits(2)
        .tells("cannot write `[SANDBOX]/repository/no/such/folder/a.html`");
    let only = sandbox.pointsman(&["eval", "-o", "md=-"]);
    assert!(only.succeeds().stdout.starts_with("## pointsman"));
}

#[test]
fn json_lines_hold_every_case_with_its_answer_and_grades() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["eval", "--repeats", "2", "-o", "cases.jsonl"])
        .succeeds();
    let text = sandbox.read("cases.jsonl");
    let cases: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    assert_eq!(cases.len(), 6);
    let names: Vec<_> = cases
        .iter()
        .map(|case| format!("{} {}", case["row"], case["repeat"]))
        .collect();
    assert_eq!(names[0], "\"crash\" 0");
    assert_eq!(names[5], "\"refund\" 1");
    insta::assert_json_snapshot!(cases[5]);
}

#[test]
fn junit_says_why_and_what_was_expected() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"bug: the app",
        "\"sorry, the app",
    );
    sandbox.edit(
        "evaluators/no-apology.yml",
        "ignoreCase",
        "blocking: false\nignoreCase",
    );
    sandbox.pointsman(&["eval", "-o", "results.xml"]).exits(1);
    insta::assert_snapshot!(sandbox.read("results.xml"));
}

#[test]
fn a_case_without_an_answer_is_an_error_in_junit() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(PROMPT, "echo/echo", "replay/any");
    sandbox.pointsman(&["eval", "-o", "results.xml"]).exits(9);
    let text = sandbox.read("results.xml");
    assert!(text.contains("errors=\"6\""), "{text}");
    assert!(text.contains("type=\"no-answer\""), "{text}");
}

#[test]
fn xml_stays_well_formed_whatever_the_answer_is() {
    let text = report(&hostile(), "xml");
    assert!(!text.contains("<script"), "{text}");
    assert_eq!(text.matches("</failure>").count(), 1, "{text}");
    let forbidden = |character: char| character.is_control() && character != '\n';
    assert!(!text.contains(forbidden), "{text:?}");
    assert_balanced(&text);
}

#[test]
fn html_shows_a_hostile_answer_and_does_nothing_else_with_it() {
    let text = report(&hostile(), "html");
    let policy = "default-src 'none'; style-src 'sha256-";
    assert!(text.contains(policy), "{text}");
    for markup in [
        "<script",
        "<img",
        "<b>",
        "http://",
        "https://",
        "javascript:",
        "\u{1b}",
    ] {
        assert!(!text.contains(markup), "{markup} in {text}");
    }
    assert!(text.contains("&lt;script&gt;alert(1)"), "{text}");
    let voids = ["<!DOCTYPE html>", "<meta "];
    let body: String = text
        .lines()
        .filter(|line| !voids.iter().any(|void| line.starts_with(void)))
        .collect();
    assert_balanced(&body);
}

#[test]
fn markdown_keeps_a_hostile_answer_inside_its_block() {
    let text = report(&hostile(), "md");
    assert!(text.contains("\n`````text\n"), "{text}");
    let mut fence: Option<String> = None;
    let mut outside = String::new();
    for line in text.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => {
                fence = Some(line.chars().take_while(|it| *it == '`').collect());
            }
            None => outside.push_str(line),
        }
    }
    assert_eq!(fence, None, "the last block is closed");
    for active in ["@everyone", "<img", "![x]", "<script"] {
        assert!(!outside.contains(active), "{active} in {outside}");
    }
    assert!(outside.contains("`a\\u{7c}b`"), "{outside}");
}

#[test]
fn slices_show_the_rates_of_parts() {
    let sandbox = hostile();
    let output = sandbox.pointsman(&["eval", "--slice", "tag"]);
    output.exits(1).says("tag    a|b");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"ticket\": \"billing",
        "\"locale\": \"de\", \"ticket\": \"billing",
    );
    let json = sandbox
        .pointsman(&["eval", "--slice", "column:locale", "--json"])
        .json();
    let slices = json["slices"].as_array().expect("slices are a list");
    let short: Vec<_> = slices
        .iter()
        .map(|slice| {
            format!(
                "{} {} {}/{}",
                slice["value"], slice["evaluator"], slice["passed"], slice["total"]
            )
        })
        .collect();
    assert_eq!(
        short,
        [
            "\"de\" \"no-apology\" 1/1",
            "\"de\" \"queue-matches\" 1/1",
            "null \"no-apology\" 1/2",
            "null \"queue-matches\" 2/2",
        ]
    );
    let typo = sandbox.pointsman(&["runs", "show", "--slice", "column:locael"]);
    typo.exits(2)
        .tells("no row has a short value in a column `locael`")
        .tells("`locale`");
    let wrong = sandbox.pointsman(&["runs", "show", "--slice", "locale"]);
    wrong.exits(2).tells("write `tag`, or `column:<name>`");
    let compared = sandbox.pointsman(&[
        "runs",
        "compare",
        "latest",
        "latest",
        "--slice",
        "column:locale",
    ]);
    compared.succeeds().says("column:locale  de");
    let between = "1/1 100.0%  1/1 100.0%    +0.0  -97.3 and +97.3";
    assert!(compared.stdout.contains(between), "{}", compared.stdout);
}

/// Asserts that every element that opens is closed in its turn.
#[track_caller]
fn assert_balanced(text: &str) {
    let mut open = Vec::new();
    for piece in text.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("every tag ends");
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in {text}");
        } else if !tag.ends_with('/') && !name.starts_with('?') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} in {text}");
}
