//! What whoever proposes is shown: some of what fails, and never what is held back.

use serde_json::json;

use super::scene::{self, CANDIDATE, FAILING, KEY, Scene};
use crate::support::calls::ModelCall;
use crate::support::model_server::{ModelServer, Reply};

/// The failing rows that a proposer was sent in any call, and those that it was not.
fn seen_and_unseen(scene: &Scene) -> (Vec<&'static str>, Vec<&'static str>) {
    let sent = scene.shown_to_the_proposer().join("\n");
    let (seen, unseen): (Vec<_>, Vec<_>) = FAILING
        .into_iter()
        .partition(|(_, words)| sent.contains(words));
    let names = |rows: Vec<(&'static str, _)>| rows.into_iter().map(|(name, _)| name).collect();
    (names(seen), names(unseen))
}

#[test]
fn rows_that_are_held_back_are_in_no_request_to_the_proposer() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene
        .improve(&["start", "--prompt", "triage", "--candidates", "3"])
        .succeeds();
    assert_eq!(scene.shown_to_the_proposer().len(), 3);
    let (seen, unseen) = seen_and_unseen(&scene);
    assert_eq!((seen.len(), unseen.len()), (3, 1), "{seen:?} {unseen:?}");
    let held = &scene.record(CANDIDATE)["diagnosis"]["held_back"];
    assert_eq!(held[0]["row"], unseen[0]);
    for body in scene.shown_to_the_proposer() {
        assert!(!body.contains(KEY) && !body.contains(unseen[0]), "{body}");
        assert!(body.contains("does not start with"), "the reason is shown");
    }
    scene.improve(&["check", CANDIDATE]).succeeds();
    let check = &scene.record(CANDIDATE)["checks"][0];
    assert_eq!(check["validation"]["recovered"], 1);
    assert_eq!(check["train"]["recovered"], 3);
}

#[test]
fn what_was_shown_once_is_never_held_back_again_and_the_rest_stays_held_back() {
    let scene = Scene::whose_model_proposes(scene::poisoned_cure);
    for _ in 0..3 {
        scene.improve(&["start", "--prompt", "triage"]).succeeds();
    }
    let (seen, unseen) = seen_and_unseen(&scene);
    assert_eq!((seen.len(), unseen.len()), (3, 1), "{seen:?} {unseen:?}");
    for number in 1..=3 {
        let held = &scene.record(&format!("triage/{number}"))["diagnosis"]["held_back"];
        assert_eq!(held[0]["row"], unseen[0]);
    }
}

#[test]
fn a_cluster_is_shown_whole_or_not_at_all() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let rows = scene.sandbox.read("datasets/tickets.jsonl");
    let pairs = [
        ("refund-1", "c1"),
        ("refund-2", "c1"),
        ("refund-3", "c2"),
        ("refund-4", "c2"),
    ];
    let mut text = rows.clone();
    for (row, cluster) in pairs {
        let id = format!("{{\"id\": \"{row}\", ");
        text = text.replace(&id, &format!("{id}\"cluster\": \"{cluster}\", "));
    }
    assert_ne!(text, rows);
    scene.sandbox.write("datasets/tickets.jsonl", text);
    scene.sandbox.commit("Two customers");
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    let (seen, unseen) = seen_and_unseen(&scene);
    let whole = [vec!["refund-1", "refund-2"], vec!["refund-3", "refund-4"]];
    assert!(
        whole.contains(&seen) && whole.contains(&unseen),
        "{seen:?} {unseen:?}"
    );
}

#[test]
fn the_same_repository_gives_the_same_requests() {
    let bodies = [0, 1].map(|_| {
        let scene = Scene::whose_model_proposes(scene::cure);
        scene
            .improve(&["start", "--prompt", "triage", "--focus", "refunds"])
            .succeeds();
        scene.shown_to_the_proposer()
    });
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0][0].contains("Look at this in particular"));
}

#[test]
fn a_plan_asks_no_model_for_candidates_and_keeps_nothing() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let plan = scene.improve(&["start", "--prompt", "triage", "--plan"]);
    plan.succeeds()
        .says("4 of 8 rows; 3 were shown, 1 held back")
        .says("improve/propose asks local/big");
    assert_eq!(scene.shown_to_the_proposer(), [""; 0]);
    assert_eq!(scene.refs_of_attempts(), "");
}

#[test]
fn a_run_says_what_fails_where_it_tested_what_is_committed() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.eval().exits(1);
    let calls = scene.server.calls().len();
    let start = ["start", "--prompt", "triage", "--from-run", "latest"];
    scene.improve(&start).succeeds();
    assert_eq!(
        scene.server.calls().len(),
        calls + 1,
        "one call: the proposal"
    );
    scene.sandbox.edit(super::PROMPT, "Answer with", "Say");
    scene.sandbox.commit("Reword");
    scene
        .improve(&start)
        .exits(4)
        .tells("tested another version of `triage`");
}

#[test]
fn a_prompt_of_the_workspace_proposes_where_there_is_one() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.sandbox.write(
        "prompts/improve/propose.prompt.yml",
        "model: local/big\nvariables:\n  failures: { type: string }\n  prompt_file: { type: string }\n\
         messages:\n  - role: user\n    content: \"OURS {{ prompt_file }} {{ failures }}\"\n",
    );
    scene.sandbox.commit("Propose in our own words");
    let args = ["improve", "start", "--prompt", "triage"];
    let run = scene.sandbox.command(&args).env("MODEL_KEY", KEY).run();
    run.succeeds();
    let sent = scene.shown_to_the_proposer();
    assert!(sent[0].contains("OURS name: Triage"), "{sent:?}");
}

#[test]
fn where_nothing_fails_nobody_is_asked() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.sandbox.edit(
        super::PROMPT,
        scene::OLD,
        &format!("{} {}", scene::OLD, scene::CURE),
    );
    scene.sandbox.commit("Fixed by hand");
    scene
        .improve(&["start", "--prompt", "triage"])
        .exits(6)
        .tells("nothing fails");
    assert_eq!(scene.shown_to_the_proposer(), [""; 0]);
}

#[test]
fn a_model_that_does_not_answer_leaves_nothing_behind() {
    let scene = Scene::with_server(ModelServer::start(|_, call| {
        if call.body["model"] == "big" {
            Reply::fails(500, "overloaded")
        } else {
            Reply::says("other")
        }
    }));
    scene
        .improve(&["start", "--prompt", "triage"])
        .exits(9)
        .tells("the model gave no answer");
    assert_eq!(scene.refs_of_attempts(), "");
}

#[test]
fn limits_hold_for_the_evaluation_and_the_proposals_together() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene
        .improve(&[
            "start",
            "--prompt",
            "triage",
            "--candidates",
            "3",
            "--max-calls",
            "9",
        ])
        .exits(5);
    assert_eq!(scene.server.calls().len(), 9, "eight rows and one proposal");
    assert_eq!(scene.refs_of_attempts(), "");
}

#[test]
fn a_judge_is_no_prompt_to_improve() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.sandbox.write(
        "prompts/judge.prompt.yml",
        "model: local/big\nmessages: [{ role: user, content: \"{{ output }}\" }]\n",
    );
    scene.sandbox.write(
        "evaluators/judged.yml",
        "kind: llm-judge\nprompt: judge\nscale: { min: 1, max: 5 }\nthreshold: 3\n",
    );
    scene.sandbox.commit("Judge");
    scene
        .improve(&["start", "--prompt", "judge"])
        .exits(2)
        .tells("`judge` grades answers");
}

#[test]
fn an_incident_says_which_failures_are_to_be_cured() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let rows = scene.sandbox.read("datasets/tickets.jsonl");
    let source = "{\"id\": \"refund-2\", \"source\": {\"kind\": \"span\", \"trace_id\": \"t2\", \"span_id\": \"s2\"}, ";
    let rows = rows.replace("{\"id\": \"refund-2\", ", source);
    scene.sandbox.write("datasets/tickets.jsonl", rows);
    scene.sandbox.write(
        "operations/incidents/late-refunds.md",
        "---\ntitle: Refunds are late\nopened:\n  at: \"2026-03-02T11:00:00Z\"\n  by: Cleo\nwindow:\n  \
         from: \"2026-03-02T10:00:00Z\"\n  until: \"2026-03-02T11:00:00Z\"\nevidence:\n  \
         - trace_id: t2\n    span_id: s2\n    why: error\nrows:\n  - tickets:refund-3\n---\n\nText.\n",
    );
    scene.sandbox.commit("An incident");
    let start = [
        "start",
        "--prompt",
        "triage",
        "--incident",
        "late-refunds",
        "--hold-back",
        "0",
    ];
    scene
        .improve(&start)
        .succeeds()
        .says("2 of 8 rows of incident late-refunds; 2 were shown, 0 held back");
    let (seen, unseen) = seen_and_unseen(&scene);
    assert_eq!(seen, ["refund-2", "refund-3"]);
    assert_eq!(unseen, ["refund-1", "refund-4"]);
    let bad = ["start", "--prompt", "triage", "--incident", "late-refund"];
    scene.improve(&bad).exits(2).tells("late-refunds");
}

#[test]
fn a_behavior_says_which_failures_are_to_be_cured() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let sandbox = &scene.sandbox;
    let failing = (1..=6).map(|number| {
        ModelCall::of("triage", number)
            .variable("ticket", "where is my refund")
            .answers("no queue")
            .with("error.type", json!("UnknownQueue"))
    });
    sandbox.imports_calls(&failing.collect::<Vec<_>>());
    sandbox
        .pointsman(&["behaviors", "scan", "--since", "2026-03-02"])
        .succeeds();
    let list = ["behaviors", "list", "--role", "assistant", "--json"];
    let found = sandbox.pointsman(&list).succeeds().json();
    let found = &found["behaviors"][0];
    let behavior = found["behavior"].as_str().expect("it has a name");
    let trace = &found["evidence"][0]["traceId"];
    let start = ["start", "--prompt", "triage", "--behavior", behavior];
    let start = [&start[..], &["--hold-back", "0"]].concat();
    scene
        .improve(&start)
        .exits(6)
        .tells("no row that gates comes from a trace of behavior");
    let rows = sandbox.read("datasets/tickets.jsonl");
    let source = json!({ "kind": "span", "trace_id": trace });
    let rows = rows.replace(
        "{\"id\": \"refund-4\", ",
        &format!("{{\"id\": \"refund-4\", \"source\": {source}, "),
    );
    sandbox.write("datasets/tickets.jsonl", rows);
    sandbox.commit("A row from production");
    scene
        .improve(&start)
        .succeeds()
        .says(&format!("1 of 8 rows of behavior {behavior}; 1 were shown"));
    let (seen, _) = seen_and_unseen(&scene);
    assert_eq!(seen, ["refund-4"]);
}
