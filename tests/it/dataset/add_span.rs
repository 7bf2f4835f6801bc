//! Rows that come in from production.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::run::RunOutput;

use super::ROWS;

const TO: [&str; 2] = ["--to", "tickets"];

fn triage(number: u64, ticket: &str) -> ModelCall {
    ModelCall::of("triage", number).variable("ticket", ticket)
}

fn add_span(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    sandbox.pointsman(&[&["dataset", "add-span"], args].concat())
}

/// The lines that a command added to the dataset.
fn added(sandbox: &Sandbox, before: &str) -> Vec<Value> {
    let after = sandbox.read(ROWS);
    let added = after.strip_prefix(before);
    let added = added.expect("what was there stays as it is");
    let row = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    added.lines().map(row).collect()
}

#[test]
fn a_span_becomes_a_row_that_waits_and_says_where_it_is_from() {
    let sandbox = Sandbox::with_workspace();
    let call = triage(1, "my parcel is late")
        .answers("the model's answer is no part of the row")
        .with("pointsman.deployment.id", json!("release 7"));
    sandbox.imports_calls(std::slice::from_ref(&call));
    let before = sandbox.read(ROWS);
    let dry = add_span(&sandbox, &[&TO[..], &[&call.name(), "--dry-run"]].concat());
    dry.succeeds().says("would add 1 row(s) to tickets");
    assert_eq!(sandbox.read(ROWS), before);
    let name = call.name();
    let args = [&TO[..], &[&name, "--tag", "late", "--note", "seen twice"]].concat();
    let output = add_span(&sandbox, &args);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    added 1 row(s) to tickets, which wait for a review
      row-f5bce705414a from 000100000000/000100000000, release 7
    ");
    let rows = added(&sandbox, &before);
    assert_eq!(
        rows,
        [json!({
            "id": rows[0]["id"],
            "vars": { "ticket": "my parcel is late" },
            "status": "pending",
            "tags": ["late"],
            "note": "seen twice",
            "source": {
                "kind": "span",
                "trace_id": call.trace,
                "span_id": call.span,
                "deployment": "release 7",
                "by": "Cleo",
                "at": "2026-03-02T09:03:00Z",
            },
        })]
    );
    sandbox.pointsman(&["check"]).succeeds();
    let list = sandbox.pointsman(&["dataset", "list", "--json"]).json();
    let list = &list["datasets"][0];
    assert_eq!((&list["gating"], &list["pending"]), (&json!(3), &json!(1)));
}

#[test]
fn a_row_names_the_record_and_the_commit_that_were_live() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let live = sandbox.live_release("production");
    let call = triage(1, "my parcel is late")
        .with("pointsman.lane", json!("production"))
        .with("pointsman.deployment.id", json!(live.deployment));
    sandbox.imports_calls(std::slice::from_ref(&call));
    let before = sandbox.read(ROWS);
    add_span(&sandbox, &[&TO[..], &[&call.trace]].concat())
        .succeeds()
        .says("production#1");
    let source = &added(&sandbox, &before)[0]["source"];
    assert_eq!(source["deployment"], "production#1");
    assert_eq!(source["commit"], commit.trim());
}

#[test]
fn a_filter_or_a_view_chooses_calls_of_the_prompts_that_the_dataset_tests_the_newest_first() {
    let sandbox = Sandbox::with_workspace();
    let mut calls: Vec<ModelCall> = (1..=4)
        .map(|number| triage(number, &format!("ticket {number}")))
        .collect();
    calls.push(ModelCall::of("reply", 9).variable("ticket", "another prompt"));
    sandbox.imports_calls(&calls);
    let before = sandbox.read(ROWS);
    let args = [
        &TO[..],
        &[
            "--window",
            "2026-03-02T08:00:00Z..2026-03-02T08:00:04Z",
            "-n",
            "2",
        ],
    ]
    .concat();
    add_span(&sandbox, &args)
        .succeeds()
        .tells("more spans are meant than the 2 newest");
    let tickets = |rows: &[Value]| -> Vec<String> {
        let tickets = rows.iter().map(|row| row["vars"]["ticket"].as_str());
        tickets.map(|it| it.expect("a text").to_owned()).collect()
    };
    assert_eq!(tickets(&added(&sandbox, &before)), ["ticket 3", "ticket 2"]);
    let view = [
        "traces",
        "list",
        "--where",
        "operation = chat",
        "--save",
        "calls",
    ];
    sandbox.pointsman(&view).succeeds();
    add_span(&sandbox, &[&TO[..], &["--view", "calls"]].concat()).succeeds();
    assert_eq!(
        tickets(&added(&sandbox, &before)),
        ["ticket 3", "ticket 2", "ticket 4", "ticket 1"]
    );
}

#[test]
fn what_the_dataset_has_already_is_left_out_and_told() {
    let sandbox = Sandbox::with_workspace();
    let calls = [
        triage(1, "my parcel is late"),
        triage(2, "My  parcel is LATE"),
        triage(3, "billing: where is my refund?"),
    ];
    sandbox.imports_calls(&calls);
    let before = sandbox.read(ROWS);
    let args = [&TO[..], &["--where", "prompt = triage"]].concat();
    let json = add_span(&sandbox, &[&args[..], &["--json"]].concat());
    let json = json.succeeds().json();
    assert_eq!(json["schema"], "pointsman/dataset-add-span/v1");
    let row = &json["added"][0]["row"];
    assert_eq!(
        json["known"],
        json!([
            { "traceId": calls[2].trace, "spanId": calls[2].span, "row": "refund", "why": "asks-the-same" },
            { "traceId": calls[0].trace, "spanId": calls[0].span, "row": row, "why": "asks-the-same" },
        ])
    );
    let once = sandbox.read(ROWS);
    let again = add_span(&sandbox, &[&args[..], &["--json"]].concat());
    let again = again.succeeds().json();
    assert_eq!(again["known"][1]["traceId"], json!(calls[1].trace));
    assert_eq!(again["known"][1]["why"], "same-span");
    assert_eq!(again["added"], json!([]));
    assert_eq!(sandbox.read(ROWS), once);
    assert_eq!(added(&sandbox, &before).len(), 1);
}

#[test]
fn a_span_that_breaks_the_contract_is_named_with_all_that_is_wrong_and_the_others_come_in() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "messages:",
        "  urgency: { type: integer, default: 1 }\nmessages:",
    );
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "\"{{ ticket }}\"",
        "\"{{ ticket }} {{ urgency }}\"",
    );
    let calls = [
        ModelCall::of("triage", 1).variable("tiket", "a"),
        triage(2, "b").variable("urgency", "high"),
        triage(3, "c").variable("urgency", "3"),
    ];
    sandbox.imports_calls(&calls);
    let before = sandbox.read(ROWS);
    let output = add_span(
        &sandbox,
        &[&TO[..], &["--where", "prompt = triage"]].concat(),
    );
    insta::assert_snapshot!(output.exits(1).stdout, @r"
    added 1 row(s) to tickets, which wait for a review
      row-734c29ebf323 from 000300000000/000300000000
    2 span(s) can be no rows
      000200000000/000200000000: its `urgency` is not of type integer, which the prompt `triage` needs
      000100000000/000100000000: it does not say `ticket`, which the prompt `triage` needs
      000100000000/000100000000: `tiket` is no variable of `triage`; did you mean `ticket`?
    ");
    let rows = added(&sandbox, &before);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["vars"], json!({ "ticket": "c", "urgency": 3 }));
}

#[test]
fn a_row_is_redacted_by_the_rules_of_today_whatever_the_store_holds() {
    let sandbox = Sandbox::with_workspace();
    let project = sandbox.read("pointsman.toml");
    sandbox.write(
        "pointsman.toml",
        format!("{project}\n[redaction]\noff = [\"email\"]\n"),
    );
    sandbox.imports_calls(&[triage(1, "write to kim@example.com please")]);
    sandbox.write("pointsman.toml", &project);
    let before = sandbox.read(ROWS);
    add_span(&sandbox, &[&TO[..], &["--since", "2026-03-02"]].concat()).succeeds();
    let rows = added(&sandbox, &before);
    assert_eq!(rows[0]["vars"]["ticket"], "write to <email> please");
    sandbox.pointsman(&["check", "--secrets"]).succeeds();
}

#[test]
fn what_was_said_after_the_prompts_own_messages_is_the_rows_conversation() {
    let sandbox = Sandbox::with_workspace();
    let said = [
        ("system", "An older wording."),
        ("user", "my parcel is late"),
        ("assistant", "Which one?"),
        ("user", "the red one"),
    ];
    let talk = triage(1, "my parcel is late").said(&said);
    let open = triage(2, "my parcel is later").said(&said[..3]);
    let short = triage(3, "my parcel is lost").said(&[("user", "my parcel is lost")]);
    sandbox.imports_calls(&[talk, open.clone(), short]);
    let before = sandbox.read(ROWS);
    let output = add_span(
        &sandbox,
        &[&TO[..], &["--where", "prompt = triage"]].concat(),
    );
    output
        .exits(1)
        .says("its conversation does not end with a message of the user");
    let rows = added(&sandbox, &before);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get("messages"), None);
    assert_eq!(
        rows[1]["messages"],
        json!([
            { "role": "assistant", "content": "Which one?" },
            { "role": "user", "content": "the red one" },
        ])
    );
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_new_dataset_takes_the_contract_from_the_prompt_that_the_span_names() {
    let sandbox = Sandbox::with_workspace();
    let unknown = ModelCall::of("triag", 2).variable("ticket", "b");
    sandbox.imports_calls(&[triage(1, "my parcel is late"), unknown]);
    let args = [
        "--to",
        "support/seen",
        "--kind",
        "production",
        "--since",
        "2026-03-02",
    ];
    add_span(&sandbox, &args)
        .exits(1)
        .says("added 1 row(s) to support/seen")
        .says("did you mean `triage`?");
    assert_eq!(
        sandbox.read("datasets/support/seen.yml"),
        "kind: production\nrows: seen.jsonl\n"
    );
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn what_is_not_meant_or_cannot_be_held_is_refused_with_the_way_out() {
    let sandbox = Sandbox::with_workspace();
    sandbox.imports_calls(&[ModelCall::of("reply", 1).variable("ticket", "a")]);
    let call = ModelCall::of("reply", 1);
    sandbox.write("datasets/plain.yml", "kind: golden\nrows: plain.csv\n");
    sandbox.write("datasets/plain.csv", "id,ticket\na,b\n");
    for (args, told) in [
        (&["--to", "tickets"][..], "required arguments"),
        (
            &["ffff", "--to", "tickets"],
            "no trace or span begins with `ffff`",
        ),
        (&[&call.trace, "--to", "tickets"], "is a call of `triage`"),
        (
            &[&call.trace, "--to", "tickets", "--since", "24h"],
            "cannot be used with",
        ),
        (&[&call.trace, "--to", "plain"], "cannot hold a review"),
        (
            &[&call.trace, "--to", "tickets", "--kind", "golden"],
            "leave out `--kind`",
        ),
        (
            &[&call.trace, "--to", "tickets", "--prompt", "triag"],
            "did you mean `triage`?",
        ),
        (
            &["--where", "promt = a", "--to", "tickets"],
            "did you mean `prompt`?",
        ),
    ] {
        add_span(&sandbox, args)
            .exits(2)
            .tells(told)
            .has_no_result();
    }
    add_span(&sandbox, &[&call.name(), "--to", "tickets"])
        .exits(1)
        .says("it is a call of `reply`, and not of `triage`");
    add_span(&sandbox, &["--since", "2026-03-02", "--to", "tickets"])
        .exits(6)
        .tells("no span that is meant is a call of `triage`");
    assert_eq!(sandbox.read("datasets/plain.csv"), "id,ticket\na,b\n");
}

#[test]
fn hostile_spans_drive_no_terminal() {
    let sandbox = Sandbox::with_workspace();
    let hostile = "\u{1b}[2J\u{202e}x";
    let call = triage(1, hostile).variable(hostile, "a");
    sandbox.imports_calls(&[
        call,
        triage(2, hostile).with("pointsman.deployment.id", json!(hostile)),
    ]);
    let output = add_span(
        &sandbox,
        &[&TO[..], &["--where", "prompt = triage"]].concat(),
    );
    let said = &output.exits(1).stdout;
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{said}"
    );
    assert!(
        sandbox.read(ROWS).contains("\\u001b"),
        "what was asked is kept as it is"
    );
}
