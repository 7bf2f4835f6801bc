//! `view`: the workspace as pages, over real HTTP, of real lanes, runs and traces.

mod asking;
mod browser;
mod pages;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::support::Sandbox;
use crate::support::scene::Scene;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;
use crate::support::viewing::Viewing;

/// The incident that [`everything`] has.
const INCIDENT: &str = "2026-03-02-refunds-pile-up";

/// A workspace in which there is something of everything: two releases of which the second is bad, with
/// traces, behaviors, runs, an incident, and a row that comes from a span.
fn everything() -> Sandbox {
    static EVERYTHING: Scene<()> = Scene::new();
    EVERYTHING.copy(|| (make_everything(), ())).0
}

/// The pages of [`everything`], by their addresses.
fn pages_of_everything() -> &'static BTreeMap<String, String> {
    static PAGES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let sandbox = everything();
        let viewing = Viewing::start(&sandbox);
        let pages = viewing.walk();
        viewing.stop("-TERM").succeeds();
        pages
    })
}

fn make_everything() -> Sandbox {
    let sandbox = Production::new().goes_on(|second| Traffic {
        error_rate: 0.3,
        slowness: 1.5,
        pass_rate: 0.4,
        ..second
    });
    let deployment = [
        "incident",
        "open",
        "Refunds pile up",
        "--deployment",
        "production#2",
    ];
    sandbox.pointsman(&deployment).succeeds();
    sandbox
        .pointsman(&["behaviors", "scan", "--since", "12h"])
        .succeeds();
    let row = sandbox.pointsman(&[
        "traces",
        "list",
        "--where",
        "status = error",
        "--json",
        "-n1",
    ]);
    let line = row.succeeds().stdout.lines().next().unwrap_or_default();
    let row: serde_json::Value = serde_json::from_str(line).expect("a row is JSON");
    let trace = row["trace"].as_str().expect("a row names its trace");
    let shown = sandbox.pointsman(&["traces", "show", trace, "--json"]);
    let shown = shown.succeeds().json();
    let spans = shown["spans"].as_array().expect("a trace has spans");
    let root = spans.iter().find(|it| it["span"]["parentSpanId"].is_null());
    let span = &root.expect("a trace begins somewhere")["span"]["spanId"];
    let source = serde_json::json!({
        "id": "from-production",
        "vars": { "ticket": "bug: where is my refund" },
        "expected": "bug",
        "source": { "kind": "span", "trace_id": trace, "span_id": span },
    });
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write("datasets/tickets.jsonl", format!("{rows}{source}\n"));
    sandbox.pointsman(&["eval"]).succeeds();
    let prompt = "prompts/triage.prompt.yml";
    sandbox.edit(prompt, "\"{{ ticket }}\"", "\"Please: {{ ticket }}\"");
    sandbox.pointsman(&["eval"]).exits(1);
    sandbox
}
