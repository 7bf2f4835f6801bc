//! What a real SDK of OpenTelemetry sends, with a real instrumentation of a real client: as files that it
//! once wrote, and live, where its packages are installed.
//!
//! The files are what `sdk/app.py` sent with the packages of `.ci/requirements-otel.txt`, with
//! `OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental` and the content of messages on its spans.

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::source::root;
use crate::support::tools::tools;

use super::import::count;
use super::receive::Receiving;

/// The call that was answered, in the files.
const CALL: &str = "5c08218ad8ee0abe09f1eeae281da20e/54e760af618ff194";

/// The columns that an instrumentation fills.
const COLUMNS: &str = "name,status,error_type,operation,service,lane,route,provider,model,\
                       input_tokens,cache_read_tokens,output_tokens,finish_reason,score";

/// The path of a file beside this one.
fn file(name: &str) -> String {
    let path = root().join("tests/it/traces/sdk").join(name);
    path.to_str()
        .expect("our folders have plain names")
        .to_owned()
}

#[test]
fn what_a_real_sdk_sent_is_understood_and_its_two_spellings_are_the_same_spans() {
    let sandbox = Sandbox::with_workspace();
    let import = |files: [&str; 2]| {
        let [one, two] = files.map(file);
        let args = ["--json", "traces", "import", "--strict", &one, &two];
        sandbox.pointsman(&args).succeeds().json()
    };
    let protobuf = import(["traces.pb", "logs.pb"]);
    assert_eq!(
        (count(&protobuf, "spans"), count(&protobuf, "scores")),
        (4, 1)
    );
    let json = import(["traces.json", "logs.json"]);
    assert_eq!(
        (count(&json, "spans"), count(&json, "duplicate_spans")),
        (0, 4)
    );
    assert_eq!(count(&json, "duplicate_scores"), 1);
    let list = [
        "--json",
        "traces",
        "list",
        "--by",
        "span",
        "--sort",
        "name",
        "--columns",
        COLUMNS,
    ];
    insta::assert_snapshot!("listed", sandbox.pointsman(&list).succeeds().stdout);
    let show = sandbox.pointsman(&["traces", "show", CALL]);
    insta::assert_snapshot!("shown", show.succeeds().stdout);
}

#[test]
fn an_application_with_a_real_sdk_sends_what_is_kept() {
    what_is_sent_is_kept("span_only");
}

#[test]
fn content_that_a_real_sdk_sends_as_log_records_is_kept_with_its_spans() {
    what_is_sent_is_kept("event_only");
}

/// Runs the application, with the content of messages on its spans or in events beside them.
fn what_is_sent_is_kept(content: &str) {
    let Some(tools) = tools("otel/opentelemetry/sdk") else {
        return;
    };
    let model = ModelServer::start(|_, call| match call.last_message() {
        "fail" => Reply::fails(429, "busy"),
        _ => Reply::says("billing"),
    });
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start(&sandbox);
    let app = format!("python3 {}", file("app.py"));
    let run = sandbox
        .shell(&app)
        .env("PYTHONPATH", &format!("{tools}/otel"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MODEL_URL", &model.base_url())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiving.origin)
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        .env(
            "OTEL_SEMCONV_STABILITY_OPT_IN",
            "gen_ai_latest_experimental",
        )
        .env(
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            content,
        )
        .run();
    assert_eq!(run.succeeds().stdout, "RateLimitError\nbilling\n");
    let stopped = receiving.stop("-TERM");
    stopped
        .succeeds()
        .says("received 4 spans and 1 score in 4 requests\n")
        .says("already stored  4 spans, 1 score\n")
        .says("redacted        email 2\n");
    let call = ["traces", "list", "--by", "span", "--where"];
    let call = [
        &call[..],
        &[
            "model = test-model and output_tokens = 5",
            "--columns",
            "input,output",
        ],
    ]
    .concat();
    let listed = sandbox.pointsman(&call);
    listed.succeeds().says("Write to <email>.").says("billing");
    let scored = ["traces", "list", "--where", "score.queue-matches = 1"];
    sandbox.pointsman(&scored).succeeds().says("POST /tickets");
    let found = sandbox
        .shell("grep -rl 'sk-canary\\|kim@example' .git; true")
        .run();
    assert_eq!(found.succeeds().stdout, "");
}
