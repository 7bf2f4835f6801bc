//! `pointsman doctor`.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::traces::Traffic;

#[test]
fn the_attributes_of_traces_are_shown_with_the_values_of_each_lane() {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["doctor", "runtime"])
        .succeeds()
        .tells("no lane has a record yet");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("better");
    sandbox.promotes("staging");
    let shown = sandbox.pointsman(&["doctor", "runtime", "--json"]).json();
    for (index, lane) in ["production", "staging"].into_iter().enumerate() {
        let show = ["prompt", "show", "triage", "--json", "--at", lane];
        let prompt = sandbox.pointsman(&show).json();
        let fingerprint = prompt["fingerprint"].as_str().expect("a digest");
        let of_lane = &shown["lanes"][index];
        assert_eq!(of_lane["lane"], lane);
        let attributes = &of_lane["prompts"][0]["traceAttributes"];
        assert_eq!(attributes["gen_ai.prompt.name"], "triage");
        assert_eq!(attributes["gen_ai.prompt.version"], fingerprint[..12]);
        assert_eq!(attributes["pointsman.prompt.fingerprint"], fingerprint);
        assert_eq!(attributes["pointsman.lane"], lane);
        assert_eq!(attributes["deployment.environment.name"], lane);
        assert_eq!(
            attributes["pointsman.deployment.id"],
            sandbox.tip(lane).as_str()
        );
    }
}

#[test]
fn one_lane_and_one_prompt_can_be_asked_for() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&["doctor", "runtime", "staging", "triage"]);
    run.succeeds()
        .says("staging #1, triage\n  gen_ai.prompt.name            triage\n");
    let run = sandbox.pointsman(&["doctor", "runtime", "staging", "triag"]);
    run.exits(2)
        .tells("has no prompt `triag`")
        .tells("did you mean `triage`?");
    let run = sandbox.pointsman(&["doctor", "runtime", "production"]);
    run.exits(2).tells("has no records yet");
}

/// Calls to a model as spans: `(second after the tenth minute of 2026-03-02T09, prompt attributes)`.
fn calls(sandbox: &Sandbox, service: &str, made: &[(i64, &Value)]) {
    let ten_past_nine: i64 = 1_772_442_600;
    let spans: Vec<Value> = made
        .iter()
        .enumerate()
        .map(|(index, (second, attributes))| {
            let start = ten_past_nine + second;
            let attributes = attributes.as_object().expect("it is an object").iter();
            let attributes: Vec<Value> = attributes
                .map(|(key, value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    json!({ "key": key, "value": { "stringValue": text } })
                })
                .collect();
            let sender = service.as_bytes()[0];
            json!({ "traceId": format!("{sender:02x}{start:030x}"), "name": "triage",
                "spanId": format!("{:016x}", start * 1_000 + i64::try_from(index).expect("few") + 1),
                "startTimeUnixNano": format!("{start}000000000"),
                "endTimeUnixNano": format!("{}000000000", start + 1), "attributes": attributes })
        })
        .collect();
    let resource = json!({ "attributes": [
        { "key": "service.name", "value": { "stringValue": service } },
        { "key": "service.instance.id", "value": { "stringValue": "pod-1" } },
    ] });
    let request =
        json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] });
    sandbox.write(&format!("../{service}.jsonl"), request.to_string());
    let file = format!("../{service}.jsonl");
    sandbox.pointsman(&["traces", "import", &file]).succeeds();
}

/// What an application must send of `triage` now.
fn attributes(sandbox: &Sandbox) -> Value {
    let shown = sandbox.pointsman(&["doctor", "runtime", "staging", "--json"]);
    shown.json()["lanes"][0]["prompts"][0]["traceAttributes"].clone()
}

/// `staging` with two versions, the second from 09:11 on, and what to send of each.
fn with_two_versions() -> (Sandbox, Value, Value) {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let first = attributes(&sandbox);
    sandbox.reword("better");
    sandbox.wait_seconds(600);
    sandbox.promotes("staging");
    let second = attributes(&sandbox);
    sandbox.wait_seconds(3_600);
    (sandbox, first, second)
}

#[test]
fn a_service_that_still_answers_with_an_older_version_is_named() {
    let (sandbox, first, second) = with_two_versions();
    let replaced = sandbox.record("staging")["recordedAt"].clone();
    let replaced: jiff::Timestamp = replaced.as_str().expect("text").parse().expect("a time");
    let after = replaced.as_second() - 1_772_442_600;
    calls(
        &sandbox,
        "fresh-api",
        &[
            (after - 120, &first),
            (after + 20, &first),
            (after + 300, &second),
        ],
    );
    sandbox
        .pointsman(&["doctor", "runtime", "staging"])
        .succeeds()
        .says("  3 of 3 calls used what was live\n");
    calls(
        &sandbox,
        "stale-api",
        &[
            (after - 120, &first),
            (after + 301, &first),
            (after + 302, &first),
        ],
    );
    let run = sandbox.pointsman(&["doctor", "runtime", "staging"]);
    run.exits(1)
        .says("  4 of 6 calls used what was live\n")
        .says("): 2 calls of stale-api (pod-1), from ")
        .says("(#1, replaced ")
        .says(" by #2)")
        .tells("stale-api (pod-1) keeps an older record");
    let shown = sandbox.pointsman(&["doctor", "runtime", "staging", "--json"]);
    let shown = shown.exits(1).json();
    let versions = shown["lanes"][0]["traces"][0]["versions"]
        .as_array()
        .expect("a list");
    let older = versions
        .iter()
        .find(|it| it["standing"] == "older")
        .expect("it is named");
    assert_eq!(
        (&older["service"], &older["calls"]),
        (&json!("stale-api"), &json!(2))
    );
    assert_eq!(
        (&older["sequence"], &older["replacedBy"]),
        (&json!(1), &json!(2))
    );
    // It caught up, and nothing is wrong any more.
    calls(&sandbox, "stale-api", &[(after + 600, &second)]);
    sandbox
        .pointsman(&["doctor", "runtime", "staging"])
        .succeeds()
        .says("and what is live since then");
    sandbox
        .pointsman(&[
            "doctor",
            "runtime",
            "staging",
            "--where",
            "service = nobody",
        ])
        .succeeds();
}

#[test]
fn a_version_that_was_never_live_and_one_that_is_not_said_are_told_apart() {
    let (sandbox, _, second) = with_two_versions();
    let mut alien = second.clone();
    alien["pointsman.prompt.fingerprint"] = json!("ffffffffffffffff");
    alien["gen_ai.prompt.version"] = json!("v7\u{1b}[2J");
    let silent = json!({ "gen_ai.prompt.name": "triage", "pointsman.lane": "staging" });
    let by_record = json!({ "gen_ai.prompt.name": "triage", "pointsman.lane": "staging",
        "pointsman.deployment.id": second["pointsman.deployment.id"] });
    let other = json!({ "gen_ai.prompt.name": "\u{1b}[2Jnobody", "pointsman.lane": "staging",
        "gen_ai.prompt.version": "v7" });
    calls(
        &sandbox,
        "api",
        &[
            (3_000, &alien),
            (3_001, &silent),
            (3_002, &by_record),
            (3_003, &other),
        ],
    );
    let run = sandbox.pointsman(&["doctor", "runtime", "staging"]);
    let shown = &run.exits(1).stdout;
    run.says("  1 of 3 calls used what was live\n")
        .says("never live here ffffffffffff")
        .says("no version said: 1 call of api (pod-1)")
        .says("which is not live\n")
        .tells("uses a version that was never live in this lane");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_checks_after_an_integration_name_what_is_missing_and_what_to_change() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["doctor", "integration"])
        .exits(6)
        .has_no_result()
        .tells("there is no span to look at");
    let traffic = Traffic::new(1, 40);
    sandbox.write("../traces.jsonl", traffic.ndjson());
    sandbox
        .pointsman(&["traces", "import", "../traces.jsonl"])
        .succeeds();
    let whole = ["--since", "2000-01-01"];
    let run = sandbox.pointsman(&[&["doctor", "integration"][..], &whole].concat());
    run.exits(1)
        .says("ok    names: do names say what a span does?\n")
        .says("FAIL  sensitive-data: ")
        .says("        change   write `[redaction]` in `pointsman.toml`");
    let args = [&["--json", "doctor", "integration"][..], &whole].concat();
    let report = sandbox.pointsman(&args).exits(1).json();
    assert_eq!(report["schema"], "pointsman/doctor-integration/v1");
    let checks = report["checks"].as_array().expect("a list");
    let names: Vec<&str> = checks
        .iter()
        .filter_map(|it| it["ident"].as_str())
        .collect();
    let expected = [
        "trace-volume",
        "names",
        "attributes",
        "content",
        "sensitive-data",
        "tests",
        "lanes",
    ];
    assert_eq!(names, expected);
    for aspect in checks
        .iter()
        .flat_map(|it| it["aspects"].as_array().expect("a list"))
    {
        let complies = aspect["complies"].as_bool().expect("it says so");
        let total = aspect["total"].as_u64().expect("a number");
        assert!(
            complies || total == 0 || aspect["example"] != Value::Null || total <= 20,
            "{aspect}"
        );
    }
}

/// A workspace with golden rows for its prompt, and a decision about what may be kept.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "datasets/golden.yml",
        "description: What matters\nkind: golden\nrows: golden.jsonl\n",
    );
    let rows = (0..5).map(|row| {
        format!(
            "{{\"id\":\"r{row}\",\"vars\":{{\"ticket\":\"t{row}\"}},\"expected\":\"billing\"}}\n"
        )
    });
    sandbox.write("datasets/golden.jsonl", rows.collect::<String>());
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    let (head, _) = prompt.split_once("evals:").expect("it has tests");
    let evals = "evals:\n  - dataset: golden\n    evaluators: [queue-matches, no-apology]\n";
    sandbox.write("prompts/triage.prompt.yml", format!("{head}{evals}"));
    let settings = sandbox.read("pointsman.toml");
    sandbox.write(
        "pointsman.toml",
        format!("{settings}\n[redaction]\ncontent = \"keep\"\n"),
    );
    sandbox
}

/// Twenty requests that say everything but one thing.
fn requests_without(missing: &str) -> String {
    let all = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.prompt.name", "triage"),
        ("gen_ai.prompt.version", "0d7820b565e4"),
        ("gen_ai.prompt.variable.ticket", "Where is it?"),
        ("gen_ai.output.messages", "shipping"),
        ("pointsman.lane", "staging"),
        ("pointsman.deployment.id", "802e064ad51e"),
        ("http.route", "/tickets"),
        ("app.tenant", "acme"),
    ];
    let said = all.iter().filter(|(name, _)| *name != missing);
    let attributes: Vec<Value> = said
        .map(|(name, text)| json!({ "key": name, "value": { "stringValue": text } }))
        .collect();
    let lines = (1..=20).map(|trace| {
        let span = json!({ "traceId": format!("{trace:032x}"), "spanId": "00f067aa0ba902b7",
            "name": "triage", "startTimeUnixNano": "1772442000000000000",
            "endTimeUnixNano": "1772442001000000000", "attributes": attributes });
        format!(
            "{}\n",
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })
        )
    });
    lines.collect()
}

#[test]
fn an_integration_that_tells_everything_complies() {
    let sandbox = prepared();
    let check = |sandbox: &Sandbox, missing: &str| {
        let fresh = sandbox.copy();
        fresh.write("../traces.jsonl", requests_without(missing));
        fresh
            .pointsman(&["traces", "import", "../traces.jsonl"])
            .succeeds();
        fresh.pointsman(&["doctor", "integration", "--since", "2026-03-01"])
    };
    check(&sandbox, "").succeeds();
    for (missing, failing, advice) in [
        (
            "pointsman.lane",
            "attributes",
            "set `pointsman.lane` on spans",
        ),
        ("pointsman.deployment.id", "attributes", "`service.version`"),
        ("http.route", "attributes", "set `http.route`"),
        ("app.tenant", "attributes", "`app.tenant`"),
        (
            "gen_ai.prompt.variable.ticket",
            "content",
            "gen_ai.prompt.variable.<name>",
        ),
        ("gen_ai.output.messages", "content", "capture content"),
        (
            "gen_ai.prompt.version",
            "content",
            "`pointsman.prompt.fingerprint`",
        ),
        ("gen_ai.prompt.name", "tests", "kind: golden"),
    ] {
        check(&sandbox, missing)
            .exits(1)
            .says(&format!("FAIL  {failing}: "))
            .says(advice);
    }
}
