//! What a gate writes for reviewers and for CI.

use serde_json::Value;

use super::pull_request::PullRequest;
use crate::support::tools::tools;

#[test]
fn every_format_tells_the_same_verdict() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.break_prompt();
    let staging = "environments/staging.toml";
    request
        .sandbox
        .edit(staging, "margin = 0.45", "margin = 0.5");
    let run = request.gate(&[
        "-o",
        "gate.md",
        "-o",
        "gate.xml",
        "-o",
        "gate.sarif",
        "-o",
        "gate.json",
        "-o",
        "gitlab=quality.json",
        "-o",
        "github=-",
    ]);
    run.exits(1);
    assert!(
        run.stdout
            .starts_with("::error file=environments/staging.toml,title=gate-policy::"),
        "{}",
        run.stdout
    );
    let sandbox = &request.sandbox;
    let page = sandbox.read("gate.md");
    assert!(page.starts_with(
        "<!-- pointsman:gate lane=staging -->\n## pointsman: gate of lane staging: failed\n"
    ));
    assert!(
        page.contains("\n```text\nSorry: bug: the app closes when I open it\n```\n"),
        "{page}"
    );
    let xml = sandbox.read("gate.xml");
    // All of these must be there by the schema of Jenkins (`junit-10.xsd`).
    let suite = "<testsuite name=\"gate of lane staging\" tests=\"11\" failures=\"9\" errors=\"0\" skipped=\"0\">";
    assert!(xml.contains(suite), "{xml}");
    assert!(
        xml.contains("<failure message=\"gate of lane staging: failed\"/>"),
        "{xml}"
    );
    let read =
        |path: &str| -> Value { serde_json::from_str(&sandbox.read(path)).expect("our own JSON") };
    let sarif = read("gate.sarif");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "gate-policy");
    let quality = read("quality.json");
    assert_eq!(quality[0]["check_name"], "gate-policy");
    assert_eq!(quality[0]["location"]["path"], staging);
    let json = read("gate.json");
    assert_eq!(json["schema"], "pointsman/gate/v1");
    assert_eq!(json["verdict"], "fail");
    assert_eq!(json["compared"][0]["flips"][0]["after"]["grade"], "fail");
}

#[test]
fn an_inconclusive_gate_says_what_it_takes() {
    let base = PullRequest::base();
    base.edit(
        "environments/staging.toml",
        "margin = 0.45",
        "margin = 0.05",
    );
    base.edit("environments/staging.toml", "\"warn\"", "\"block\"");
    base.commit("Ask for more");
    let request = PullRequest::to(&base);
    request.improve_prompt();
    let run = request.gate(&[]);
    run.exits(3)
        .says("gate of lane staging: inconclusive")
        .says("a margin of 5.0 points takes");
}

#[test]
fn findings_of_a_workspace_below_the_top_name_whole_paths() {
    let base = PullRequest::base();
    base.git(&[
        "mv",
        "-k",
        "environments",
        "evaluators",
        "datasets",
        "prompts",
        "pointsman.toml",
        ".",
    ]);
    base.shell("mkdir app && git mv pointsman.toml prompts datasets evaluators environments app")
        .run()
        .succeeds();
    base.commit("Move");
    let request = PullRequest::to(&base);
    let sandbox = &request.sandbox;
    sandbox.edit("app/prompts/triage.prompt.yml", "Answer with", "Say");
    sandbox.edit(
        "app/environments/staging.toml",
        "margin = 0.45",
        "margin = 0.5",
    );
    sandbox.write(".github/workflows/gate.yml", "on: push\n");
    sandbox.commit("Propose");
    let app = sandbox.path().join("app");
    let run = sandbox
        .command(&["gate", "--base", "main", "-o", "github=-"])
        .in_folder(app)
        .run();
    run.exits(1)
        .says("::error file=app/environments/staging.toml,title=gate-policy::")
        .says("::error file=.github/workflows/gate.yml,title=gate-workflow::");
}

#[test]
fn what_code_scanning_gets_holds_to_the_published_schema() {
    let schema = "sarif/sarif-2.1.0-rtm.5.json";
    let Some(tools) = tools(schema) else {
        return;
    };
    let text = std::fs::read_to_string(format!("{tools}/{schema}")).expect("it is there");
    let mut schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    // Its pattern for `language`, which we do not say, is none.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"]["pattern"] = Value::from("");
    }
    let schema = jsonschema::validator_for(&schema).expect("a schema is one");
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.improve_prompt();
    let sandbox = &request.sandbox;
    sandbox.edit("environments/staging.toml", "margin = 0.45", "margin = 0.5");
    sandbox.write("datasets/ä #?%.jsonl", "");
    sandbox.write(
        "prompts/broken.prompt.yml",
        "model: echo/echo\nmesages: []\n",
    );
    request.gate(&["-o", "gate.sarif"]).exits(1);
    let mut log: Value = serde_json::from_str(&sandbox.read("gate.sarif")).expect("our own JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    let has_region = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        place["region"].is_object()
    };
    assert!(results.iter().any(has_region), "{results:#?}");
    let wrong: Vec<String> = schema.iter_errors(&log).map(|it| it.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
    log["runs"][0]["results"][0]["level"] = Value::from("fatal");
    assert!(!schema.is_valid(&log), "the schema does look");
}
