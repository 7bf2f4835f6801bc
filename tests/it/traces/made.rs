//! Traces made up for tests, put into the store of a sandbox.

use jiff::{SignedDuration, Timestamp};
use pointsman::adapters::clock::FixedClock;
use pointsman::adapters::traces::FileTraceSink;
use pointsman::domain::digest::Digest;
use pointsman::domain::trace::score::Score;
use pointsman::domain::trace::span::{Operation, Span, SpanStatus};
use pointsman::engine::ports::traces::{TraceBatch, TraceSink as _};
use serde_json::json;

use crate::support::Sandbox;

/// The trace in which a refund goes wrong.
pub(super) const REFUND: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The trace in which a question is answered.
pub(super) const QUESTION: &str = "0af7651916cd43dd8448eb211c80319c";

/// Text that would drive a terminal, hide in it, or be run by a spreadsheet.
pub(super) const HOSTILE: &str =
    "=HYPERLINK(\"x\")\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{200b}\r\n<script>";

/// Puts spans and scores into the store of a sandbox.
pub(super) fn keep(sandbox: &Sandbox, spans: &[Span], scores: &[Score]) {
    let clock = FixedClock(sandbox.now());
    let state = sandbox.path().join(".git/pointsman");
    std::fs::create_dir_all(&state).expect("the sandbox is ours");
    let mut sink = FileTraceSink::open(&state, &clock).expect("the store can be opened");
    let batch = TraceBatch {
        spans: spans.to_vec(),
        scores: scores.to_vec(),
        logged: Vec::new(),
    };
    let appended = sink.append(batch, &Digest::of(b"rules"));
    appended.expect("the store can be written");
}

/// A sandbox with the two traces of [`spans`] and their [`scores`].
pub(super) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    keep(&sandbox, &spans(), &scores());
    sandbox
}

/// A moment on the morning of 2026-03-02, in milliseconds after nine o'clock.
pub(super) fn at(millisecond: i64) -> Timestamp {
    let nine: Timestamp = "2026-03-02T09:00:00Z".parse().expect("it is a time");
    nine + SignedDuration::from_millis(millisecond)
}

/// A span of a trace, with when it ran in milliseconds after nine o'clock.
pub(super) fn span(trace: &str, id: &str, parent: &str, name: &str, ran: (i64, i64)) -> Span {
    Span {
        trace_id: trace.to_owned(),
        span_id: id.to_owned(),
        parent_span_id: (!parent.is_empty()).then(|| parent.to_owned()),
        name: name.to_owned(),
        started_at: at(ran.0),
        duration_ns: u64::try_from(ran.1 - ran.0).expect("time goes on") * 1_000_000,
        ..Span::default()
    }
}

/// A call to a model that says something.
fn chat(mut span: Span, prompt: &str, asked: &str, answer: &str) -> Span {
    span.operation = Operation::Chat;
    span.lineage.prompt = Some(prompt.to_owned());
    span.lineage.version = Some("0d7820b565e4".to_owned());
    span.lineage.lane = Some("staging".to_owned());
    span.call.provider = Some("openai".to_owned());
    span.call.model = Some("gpt-4.1-mini".to_owned());
    span.call.input_tokens = Some(654);
    span.call.cache_read_tokens = Some(218);
    span.call.output_tokens = Some(6);
    span.call.cost_usd = Some(0.000_312);
    span.call.cost_source = Some("computed@2026-01-01".to_owned());
    span.call.finish_reason = Some("stop".to_owned());
    let content = &mut span.content;
    content
        .variables
        .insert("ticket".to_owned(), asked.to_owned());
    content.system_instructions =
        Some(json!([{"type": "text", "content": "Be kind."}]).to_string());
    let message = |role: &str, text: &str| {
        json!([{"role": role, "parts": [{"type": "text", "content": text}]}]).to_string()
    };
    content.input = Some(message("user", asked));
    content.output = Some(message("assistant", answer));
    span
}

/// Two traces: a refund that goes wrong, and a question that is answered a minute later.
pub(super) fn spans() -> Vec<Span> {
    let refund = |id: &str, parent: &str, name: &str, ran| span(REFUND, id, parent, name, ran);
    let mut root = refund("00f067aa0ba902b7", "", "POST /tickets", (0, 2_410));
    root.origin.service = Some("support-api".to_owned());
    root.origin.route = Some("POST /tickets".to_owned());
    root.origin.session = Some("session-3".to_owned());
    root.origin.user = Some("user-7".to_owned());
    root.origin.tags = vec!["eu".to_owned(), "vip".to_owned()];
    root.status = SpanStatus::Error;
    root.attributes
        .insert("http.request.method".to_owned(), "POST".to_owned());
    let triage = chat(
        refund(
            "a2fb4a1d1a96d312",
            "00f067aa0ba902b7",
            "chat gpt-4.1-mini",
            (10, 1_210),
        ),
        "support/triage",
        "I was charged twice, please refund one of the payments.",
        "billing",
    );
    let mut tool = refund(
        "b7ad6b7169203331",
        "00f067aa0ba902b7",
        "execute_tool refund",
        (1_215, 2_400),
    );
    tool.operation = Operation::ExecuteTool;
    tool.origin.tool = Some("refund".to_owned());
    tool.status = SpanStatus::Error;
    tool.error_type = Some("timeout".to_owned());
    tool.status_message = Some("the payment service did not answer".to_owned());
    tool.content.input = Some(json!({"payment": 4711, "amount": "12.00"}).to_string());
    tool.content.events = Some(
        json!([{
            "name": "exception",
            "time": "2026-03-02T09:00:02.4Z",
            "attributes": {"exception.type": "TimeoutError", "exception.message": "no answer after 1 s"},
        }])
        .to_string(),
    );
    let question = |id: &str, parent: &str, name: &str, ran| span(QUESTION, id, parent, name, ran);
    let mut help = question("53ce929d0e0e4736", "", "GET /help", (60_000, 60_900));
    help.origin.service = Some("support-api".to_owned());
    help.origin.tags = vec!["eu".to_owned()];
    let answer = chat(
        question(
            "6ac1d2e3f4a5b6c7",
            "53ce929d0e0e4736",
            "chat gpt-4.1-mini",
            (60_020, 60_880),
        ),
        "docs/grounded-summary",
        "How do I change the address of my account?",
        "Open the settings, then Account.",
    );
    vec![root, triage, tool, help, answer]
}

/// A score of the triage, and one of the answer.
pub(super) fn scores() -> Vec<Score> {
    let score = |trace: &str, span: &str, value: f64, label: &str| Score {
        trace_id: trace.to_owned(),
        span_id: Some(span.to_owned()),
        name: "queue-matches".to_owned(),
        value: Some(value),
        label: Some(label.to_owned()),
        explanation: Some("compared with the queue that a person chose".to_owned()),
        source: Some("annotation".to_owned()),
        recorded_at: at(120_000),
        ..Score::default()
    };
    vec![
        score(REFUND, "a2fb4a1d1a96d312", 0.0, "fail"),
        score(QUESTION, "6ac1d2e3f4a5b6c7", 1.0, "pass"),
    ]
}
