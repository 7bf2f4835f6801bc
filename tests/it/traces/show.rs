//! `traces show`: how a trace went.

use super::made::{HOSTILE, REFUND, keep, sandbox, span};
use crate::support::Sandbox;

#[test]
fn a_trace_is_a_tree_with_bars_and_says_what_failed() {
    let output = sandbox().pointsman(&["traces", "show", REFUND]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    trace 4bf92f3577b34da6a3ce929d0e0e4736
      began     2026-03-02 09:00:00Z, took 2.41 s
      spans     3, 2 with an error
      tokens    654 in, 6 out
      cost      $0.000312
      waited    for chat 49.8%, execute_tool 49.2%, other 1.0%
      service   support-api
      route     POST /tickets
      session   session-3
      user      user-7
      lane      staging
      prompts   support/triage at 0d7820b565e4
      score     queue-matches 0 fail (span a2fb4a1d1a96) by annotation: compared with the queue that a person chose

      STEP                                   SPAN    TOOK  TOKENS       COST  0                   2.41 s
    ! POST /tickets                          00f0  2.41 s                     ░░░░░░░░░░░░░░░░░░░░░░░░░░
      ├─ chat gpt-4.1-mini [support/triage]  a2fb  1.20 s   654→6  $0.000312  ██████████████
    ! └─ execute_tool refund                 b7ad  1.19 s                                  █████████████

    █ the trace waited for this  ░ beside that  ! ended with an error

    errors:
      execute_tool refund: timeout: the payment service did not answer
    ");
    output.tells("pointsman traces export --where 'trace = 4bf92f3577b34da6a3ce929d0e0e4736'");
}

#[test]
fn a_call_to_a_model_is_shown_with_what_was_said() {
    let output = sandbox().pointsman(&["traces", "show", "4bf9/a2fb"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    span a2fb4a1d1a96d312 of trace 4bf92f3577b34da6a3ce929d0e0e4736
      name      chat gpt-4.1-mini
      kind      chat, status unset
      parent    00f067aa0ba902b7
      began     2026-03-02 09:00:00Z, took 1.20 s
      model     openai gpt-4.1-mini
      tokens    654 in, 6 out, 218 from the cache
      cost      $0.000312 (computed@2026-01-01)
      stopped   stop
      prompt    support/triage at 0d7820b565e4
      lane      staging

    variables
      ticket  I was charged twice, please refund one of the payments.

    system instructions
        Be kind.

    input
      user:
        I was charged twice, please refund one of the payments.

    output
      assistant:
        billing

    scores
      queue-matches 0 fail (span a2fb4a1d1a96) by annotation: compared with the queue that a person chose
    ");
}

#[test]
fn a_call_to_a_tool_is_shown_with_its_arguments_and_what_happened() {
    let output = sandbox().pointsman(&["traces", "show", "b7ad6b7169203331"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r#"
    span b7ad6b7169203331 of trace 4bf92f3577b34da6a3ce929d0e0e4736
      name      execute_tool refund
      kind      execute_tool, status error
      parent    00f067aa0ba902b7
      began     2026-03-02 09:00:01Z, took 1.19 s
      tool      refund
      error     timeout: the payment service did not answer

    called with
      {
        "payment": 4711,
        "amount": "12.00"
      }

    events
      2026-03-02T09:00:02.4Z exception
        exception.type
          TimeoutError
        exception.message
          no answer after 1 s
    "#);
}

#[test]
fn a_trace_names_the_record_that_was_live_when_it_ran() {
    let sandbox = sandbox();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    let record = sandbox.git(&["rev-parse", "lanes/staging"]);
    let mut named = super::made::spans().remove(1);
    named.trace_id = "c".repeat(32);
    named.lineage.deployment = Some(record.clone());
    keep(&sandbox, &[named], &[]);
    let output = sandbox.pointsman(&["traces", "show", "cccc"]);
    output.succeeds().says("  live      staging #1 (");
    let json = sandbox
        .pointsman(&["traces", "show", "cccc", "--json"])
        .json();
    assert_eq!(json["schema"], "pointsman/trace/v1");
    assert_eq!(json["live"][0]["named"], true);
    assert_eq!(json["live"][0]["since"]["id"], record.as_str());
    let before = sandbox
        .pointsman(&["traces", "show", REFUND, "--json"])
        .json();
    assert_eq!(before["live"].as_array().map(Vec::len), Some(0));
}

#[test]
fn json_has_every_span_with_its_part_of_the_critical_path() {
    let sandbox = sandbox();
    let trace = sandbox
        .pointsman(&["traces", "show", REFUND, "--json"])
        .json();
    assert_eq!(trace["totals"]["errors"], 2);
    assert_eq!(trace["spans"].as_array().map(Vec::len), Some(3));
    assert_eq!(trace["spans"][1]["criticalNs"], 1_200_000_000_u64);
    assert_eq!(trace["scores"][0]["name"], "queue-matches");
    let span = sandbox
        .pointsman(&["traces", "show", "4bf9/b7ad", "--json"])
        .json();
    assert_eq!(span["schema"], "pointsman/span/v1");
    assert_eq!(span["span"]["origin"]["tool"], "refund");
    assert_eq!(span["scores"].as_array().map(Vec::len), Some(0));
}

#[test]
fn an_id_that_means_nothing_or_too_much_is_told_so() {
    let sandbox = sandbox();
    let mut twin = span(
        "4bf90000000000000000000000000000",
        "1111111111111111",
        "",
        "a",
        (0, 1),
    );
    twin.origin.user = None;
    keep(&sandbox, &[twin], &[]);
    for (what, told) in [
        (
            "4bf9",
            "several traces begin with `4bf9`: `4bf90000000000000000000000000000`, `4bf92f",
        ),
        (
            "4bf92f3577b34da6a3ce929d0e0e4737",
            "hint: did you mean `4bf92f3577b34da6a3ce929d0e0e4736`?",
        ),
        (
            "nothing-like-it",
            "hint: `pointsman traces list` shows the newest traces",
        ),
        ("0af7/00f0", "no span of the trace begins with `00f0`"),
        ("", "no trace or span begins with ``"),
        ("/", "no trace or span begins with ``"),
    ] {
        let output = sandbox.pointsman(&["traces", "show", what]);
        output.exits(2).has_no_result().tells(told);
    }
    sandbox.pointsman(&["traces", "show", "4BF92F"]).succeeds();
    let empty = Sandbox::with_workspace().pointsman(&["traces", "show", "4bf9"]);
    empty
        .exits(2)
        .tells("no traces are kept here")
        .tells("pointsman traces import");
}

#[test]
fn a_large_trace_stays_readable_and_hides_no_error() {
    let sandbox = Sandbox::with_workspace();
    let trace = "d".repeat(32);
    let mut spans = vec![span(&trace, "root", "", "agent", (0, 60_000))];
    for step in 0..40_i64 {
        let id = format!("step{step:04}");
        let from = step * 1_500;
        spans.push(span(
            &trace,
            &id,
            "root",
            &format!("step {step}"),
            (from, from + 1_400),
        ));
        for call in 0..50_i64 {
            let name = if call % 2 == 0 || step % 2 == 0 {
                "lookup"
            } else {
                "fetch"
            };
            let at = from + call * 20;
            spans.push(span(
                &trace,
                &format!("{id}-{call}"),
                &id,
                name,
                (at, at + 10),
            ));
        }
    }
    spans[1_000].status = pointsman::domain::trace::span::SpanStatus::Error;
    spans[1_000].status_message = Some("it broke".to_owned());
    keep(&sandbox, &spans, &[]);
    let output = sandbox.pointsman(&["traces", "show", "dddd"]);
    let shown = &output.succeeds().stdout;
    assert!(shown.lines().count() < 160, "{shown}");
    assert!(shown.contains("lookup ×50"), "{shown}");
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("! ") && line.contains(" fetch ")),
        "{shown}"
    );
    assert!(shown.contains("errors:\n  fetch: it broke\n"), "{shown}");
    let all = sandbox.pointsman(&["traces", "show", "dddd", "--all"]);
    assert!(all.succeeds().stdout.lines().count() > 2_041);
    let flat = sandbox.pointsman(&["traces", "show", "dddd", "--depth", "1"]);
    flat.succeeds().says("… 2040 more, 1 with an error");
}

#[test]
fn hostile_spans_are_shown_as_text_and_nothing_else() {
    let sandbox = Sandbox::with_workspace();
    let trace = "e".repeat(32);
    let mut bad = span(&trace, HOSTILE, "", HOSTILE, (0, 5));
    bad.status_message = Some(HOSTILE.to_owned());
    bad.status = pointsman::domain::trace::span::SpanStatus::Error;
    bad.lineage.prompt = Some(HOSTILE.to_owned());
    bad.lineage.lane = Some(HOSTILE.to_owned());
    bad.attributes
        .insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    bad.content
        .variables
        .insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    bad.content.input = Some(format!(
        "[{{\"role\":\"user\",\"content\":{}}}]",
        serde_json::json!(HOSTILE)
    ));
    bad.content.output = Some("y".repeat(5_000_000));
    bad.content.events = Some(format!(
        "[{{\"name\":{0},\"time\":3,\"attributes\":{{\"a\":{0}}}}}, 7]",
        serde_json::json!(HOSTILE)
    ));
    keep(&sandbox, &[bad], &[]);
    for args in [["traces", "show", "eeee"], ["traces", "show", "eeee/=HYP"]] {
        let output = sandbox.pointsman(&args);
        let shown = &output.succeeds().stdout;
        let is_raw = |character: char| "\u{1b}\u{7}\u{202e}\u{200b}\r".contains(character);
        assert!(!shown.contains(is_raw), "{shown}");
        assert!(shown.contains("\\u{1b}[2J"), "{shown}");
        assert!(shown.len() < 30_000, "{}", shown.len());
    }
}
