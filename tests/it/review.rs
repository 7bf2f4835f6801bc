//! Reviews: what data can answer is filled in, what people write stays, and the same data gives the same
//! bytes.

use crate::support::Sandbox;
use crate::support::run::RunOutput;
use crate::support::scene::Scene;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;

const DAY_0: &str = "operations/reviews/production-2-day-0.md";

/// Two releases with their traffic, of which the second fails more often; an evaluator nobody names, a
/// view that means nothing, and a row that came from production.
fn production() -> Sandbox {
    static PRODUCTION: Scene<()> = Scene::new();
    PRODUCTION.copy(|| (make_production(), ())).0
}

fn make_production() -> Sandbox {
    let sandbox = Production::new().goes_on(|second| Traffic {
        error_rate: 0.3,
        pass_rate: 0.4,
        ..second
    });
    sandbox.write(
        "evaluators/forgotten.yml",
        "kind: text\noperator: contains-any\nvalue: [\"x\"]\n",
    );
    sandbox.write(
        "operations/views/nothing.toml",
        "where = 'route = nowhere'\n",
    );
    let rows = sandbox.read("datasets/tickets.jsonl");
    let row = "{\"id\": \"late\", \"vars\": {\"ticket\": \"billing: late\"}, \"status\": \"pending\", \
               \"source\": {\"kind\": \"span\", \"trace_id\": \"1\", \"at\": \"2026-03-02T13:00:00Z\"}}\n";
    sandbox.write("datasets/tickets.jsonl", rows + row);
    sandbox
}

fn launch(sandbox: &Sandbox, day: &str) -> RunOutput {
    sandbox.pointsman(&["review", "launch", "--day", day])
}

/// A review with what was written for each day.
#[track_caller]
fn day(sandbox: &Sandbox, day: &str) -> String {
    let path = format!("operations/reviews/production-2-day-{day}.md");
    launch(sandbox, day).succeeds().says(&path);
    sandbox.read(&path)
}

#[track_caller]
fn has(text: &str, said: &[&str]) {
    for said in said {
        assert!(text.contains(said), "expected {said:?} in\n{text}");
    }
}

#[test]
fn the_first_hours_are_reviewed_by_what_runs_and_how_to_go_back() {
    let sandbox = production();
    let text = day(&sandbox, "0");
    insta::assert_snapshot!(text);
    sandbox
        .pointsman(&["check"])
        .succeeds()
        .says("1 view and 1 review: no problems");
}

#[test]
fn after_a_day_it_is_reviewed_how_it_fails() {
    let sandbox = production();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "Answer briefly",
        "Answer at length",
    );
    let text = day(&sandbox, "1");
    has(
        &text,
        &[
            "| error | `",
            "| lowest score | `",
            "| `TimeoutError` | ",
            "- `pointsman traces list --view nothing`",
            "| `tickets` | 1 | `late` | 1 |",
            "- `pointsman dataset review tickets`",
            "| `score.",
            "- changed here against what is live: `triage`",
            "**Does the team agree on how it fails? Until then, no prompt is edited.**",
        ],
    );
}

#[test]
fn after_three_days_it_is_reviewed_what_happens_again_and_again() {
    let text = day(&production(), "3");
    has(
        &text,
        &[
            "| `POST /tickets` | ",
            "- `pointsman monitor --by tool ",
            "**Which of these are issues, and which are how it should be?**",
            "- [ ] Add a row for every case that must never fail again",
        ],
    );
}

#[test]
fn after_a_week_it_is_reviewed_what_was_learned() {
    let sandbox = production();
    sandbox.pointsman(&["eval"]);
    let text = day(&sandbox, "7");
    has(
        &text,
        &[
            "| `triage` | `tickets` | golden | 2026-03-02 15:",
            "staging#2 and production#2: the same snapshot",
            "| production#2 (promote) | 2026-03-02 12:06:00Z | `triage` |  | worse |",
            "Here now: 1 of saved views, 0 of alert rules, 3 of evaluators.",
        ],
    );
}

#[test]
fn a_week_is_reviewed_with_its_eight_questions() {
    let sandbox = production();
    let output = sandbox.pointsman(&["review", "weekly"]);
    output
        .succeeds()
        .says("operations/reviews/2026-w10.md")
        .tells("8 question(s) wait for an answer");
    let text = sandbox.read("operations/reviews/2026-w10.md");
    has(
        &text,
        &[
            "**Which numbers moved, and why?**",
            "**Which behaviors are new, came back, or get worse, and what is done about them?**",
            "**Which failures that evaluators found were failures of the product",
            "| `tickets` | 1 | `late` | 1 |",
            "| production#2 (promote) | ",
            "| `nothing` | 0 |",
            "- evaluators that nothing names: `forgotten`",
            "- views that meant nothing within this time: `nothing`",
            "**Which old datasets, views and evaluators go?**",
        ],
    );
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_week_is_reviewed_with_the_candidates_that_were_decided_and_those_that_wait() {
    let sandbox = production();
    for (file, words) in [
        ("short.yml", "Answer in a word"),
        ("kind.yml", "Answer kindly"),
    ] {
        let prompt = sandbox.read("prompts/triage.prompt.yml");
        let better = prompt.replace("Answer briefly", words);
        assert_ne!(better, prompt);
        sandbox.write(&format!("../{file}"), better);
        let from = format!("../{file}");
        sandbox
            .pointsman(&["improve", "start", "--prompt", "triage", "--from", &from])
            .succeeds();
    }
    sandbox
        .pointsman(&["improve", "reject", "triage/1", "--reason", "too | short"])
        .succeeds();
    sandbox.pointsman(&["review", "weekly"]).succeeds();
    let reviews = sandbox.git(&["ls-files", "--others", "operations/reviews"]);
    let text = sandbox.read(reviews.trim());
    has(
        &text,
        &[
            "| `triage/1` | rejected | ",
            "| `triage/2` | unchecked | ",
            "**What was learned from candidates that were edited or rejected?**",
        ],
    );
    assert!(!text.contains("too | short"), "{text}");
}

#[test]
fn new_data_comes_in_and_what_people_wrote_stays() {
    let sandbox = production();
    let first = day(&sandbox, "0");
    let answer = "Nobody but the night shift.";
    let unanswered = "_Nobody has answered this yet: write the answer here._";
    let answered = first
        .replacen(unanswered, answer, 1)
        .replace("- [ ]", "- [x]");
    let own = format!("{answered}\n## Ours\n\nRead by Ada.\n");
    sandbox.write(DAY_0, &own);
    let output = launch(&sandbox, "0");
    output
        .succeeds()
        .tells("1 question(s) wait for an answer in it");
    let second = sandbox.read(DAY_0);
    has(&second, &[answer, "- [x] ", "## Ours\n\nRead by Ada.\n"]);
    let outside = |text: &str| {
        let mut kept = String::new();
        let mut within = false;
        for line in text.split("---\n").nth(2).unwrap_or_default().lines() {
            within = (within || line.starts_with("<!-- data: ")) && line != "<!-- end of data -->";
            if !within {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        kept
    };
    assert_eq!(outside(&second), outside(&own));
    assert_ne!(second, own, "a minute has passed, and the window is longer");
}

#[test]
fn the_same_time_and_data_give_the_same_bytes() {
    let sandbox = production();
    let clock = "2026-03-03T12:00:00Z";
    let write = || {
        let command = sandbox.command(&["review", "launch", "--day", "1"]);
        command.env("POINTSMAN_CLOCK", clock).run().succeeds();
        sandbox.read("operations/reviews/production-2-day-1.md")
    };
    let first = write();
    assert_eq!(write(), first);
    sandbox.remove("operations/reviews/production-2-day-1.md");
    assert_eq!(write(), first);
}

#[test]
fn a_part_that_was_taken_out_does_not_come_back_and_a_torn_one_is_told() {
    let sandbox = production();
    let text = day(&sandbox, "0");
    let start = text.find("<!-- data: webhooks -->").expect("it is there");
    let end = text[start..].find("<!-- end of data -->").expect("it ends") + start;
    sandbox.write(DAY_0, format!("{}{}", &text[..start], &text[end + 21..]));
    launch(&sandbox, "0")
        .succeeds()
        .tells("has no place for the data `webhooks` any more");
    assert!(!sandbox.read(DAY_0).contains("data: webhooks"));
    let torn = text.replacen("<!-- end of data -->\n", "", 1);
    sandbox.write(DAY_0, &torn);
    launch(&sandbox, "0")
        .exits(2)
        .has_no_result()
        .tells("the data that begins here does not end");
    assert_eq!(sandbox.read(DAY_0), torn);
}

#[test]
fn reviews_are_written_without_traces_and_for_programs() {
    let sandbox = Sandbox::without_gates();
    let json = sandbox
        .pointsman(&["review", "weekly", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["schema"], "pointsman/review/v1");
    assert_eq!(
        (&json["created"], &json["unanswered"]),
        (&true.into(), &8.into())
    );
    launch(&sandbox, "0")
        .exits(2)
        .has_no_result()
        .tells("no lane of this workspace has a release to review");
    sandbox.promotes("staging");
    for days in ["0", "1", "3", "7"] {
        launch(&sandbox, days)
            .succeeds()
            .says(&format!("operations/reviews/staging-1-day-{days}.md"));
    }
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn days_that_are_no_days_of_a_review_are_refused() {
    let sandbox = production();
    for (args, told) in [
        (
            &["--day", "2"][..],
            "a release is reviewed on the days 0, 1, 3 and 7",
        ),
        (
            &["--day", "1", "--deployment", "production#9"],
            "has no record #9",
        ),
        (
            &["--day", "1", "--deployment", "production#2:1h"],
            "leave out",
        ),
    ] {
        let all = [&["review", "launch"][..], args].concat();
        sandbox.pointsman(&all).exits(2).has_no_result().tells(told);
    }
    sandbox.write(DAY_0, "---\ntitle: x\nreviw: launch\n---\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("did you mean `review`?");
    launch(&sandbox, "0").exits(2).tells("unknown key `reviw`");
}
