//! Where answers come from: recordings of each commit, kept answers, and models that may be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::history::{History, PROMPT};
use crate::support::model_server::{Call, ModelServer, Reply};

const RECORDINGS: &str = "recordings/triage.jsonl";

/// What the system message asks for decides how the model answers.
fn obedient(call: &Call) -> Reply {
    let system = call.body["messages"][0]["content"].as_str();
    let ticket = call.last_message();
    if system.is_some_and(|text| text.contains("Apologise")) {
        Reply::says(&format!("Sorry about {ticket}"))
    } else {
        Reply::says(ticket)
    }
}

/// A history whose prompt asks `model`, of a provider that is served from here.
fn asking(model: &str, server: &ModelServer) -> History {
    let history = History::start();
    let settings = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    history.sandbox.write("pointsman.toml", settings);
    history.sandbox.edit(PROMPT, "echo/echo", model);
    history.sandbox.commit("Ask a model");
    history
}

/// Commits a prompt that asks for apologies.
fn apologise(history: &History) -> String {
    history
        .sandbox
        .edit(PROMPT, "Be brief", "Apologise. Be brief");
    history.sandbox.commit("triage: sound friendlier")
}

/// Records the answers of a model to the prompt as it is, and nothing else.
fn record_anew(history: &History, message: &str) -> String {
    if history.sandbox.path().join(RECORDINGS).exists() {
        history.sandbox.remove(RECORDINGS);
    }
    let run = history.sandbox.pointsman(&["eval", "--record", "local"]);
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.transcript());
    history.sandbox.commit(message)
}

#[test]
fn recorded_answers_of_each_commit_are_found_in_it() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("replay/small", &server);
    record_anew(&history, "Record");
    for number in 1..4 {
        history.reword(number);
        record_anew(&history, &format!("Record {number}"));
    }
    let worse = apologise(&history);
    record_anew(&history, "Record apologies");
    for number in 4..7 {
        history.rewrite(number);
        record_anew(&history, &format!("triage: version {number}"));
    }
    let asked = server.calls().len();
    history.bisect(&[]).succeeds().says(&worse);
    assert_eq!(server.calls().len(), asked);
}

#[test]
fn commits_without_recorded_answers_are_named() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("replay/small", &server);
    record_anew(&history, "Record");
    history.reword(1);
    history.reword(2);
    let worse = apologise(&history);
    history.reword(3);
    record_anew(&history, "Record what is there now");
    let run = history.bisect(&[]);
    let named = format!(
        "{} 2026-03-02 Ada <ada@example.com>: triage: sound",
        &worse[..10]
    );
    run.exits(3)
        .says("cannot tell: any of 4 versions may have made it worse")
        .says(&named)
        .says(&format!(
            "answers of commit {} to 60 of 60 rows",
            &worse[..10]
        ))
        .says("answers are recorded with `pointsman eval --record <provider>`");
}

#[test]
fn a_good_end_without_recorded_answers_leaves_everything_open() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("replay/small", &server);
    history.reword(1);
    apologise(&history);
    record_anew(&history, "Record");
    let run = history.bisect(&["--good", "HEAD~3"]);
    run.exits(3)
        .says("any of 2 versions")
        .says("answers of the good end to 60 of 60 rows");
}

#[test]
fn recorded_answers_that_vary_leave_it_open() {
    let server = ModelServer::start(|_, call| {
        // As good as random, and the same in every run of this test.
        let system = call.body["messages"][0]["content"].as_str();
        let asked = format!("{} {}", system.unwrap_or_default(), call.last_message());
        let mixed = asked.bytes().fold(7_u64, |sum, byte| {
            let mixed = (sum ^ u64::from(byte)).wrapping_mul(6_364_136_223_846_793_005);
            mixed ^ (mixed >> 29)
        });
        let apologises = (mixed >> 33) % 100 < if asked.contains("version 0") { 25 } else { 40 };
        Reply::says(if apologises { "Sorry!" } else { "Done." })
    });
    let history = asking("replay/small", &server);
    record_anew(&history, "Record");
    for number in 1..5 {
        history.reword(number);
        record_anew(&history, &format!("Record {number}"));
    }
    let run = history.bisect(&["--good", "HEAD~9"]);
    run.exits(3)
        .says("cannot tell: any of")
        .says("what would decide it")
        .says("rows like these");
}

#[test]
fn a_prompt_that_was_renamed_answers_from_what_was_recorded_under_its_old_name() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("replay/small", &server);
    record_anew(&history, "Record");
    history.reword(1);
    record_anew(&history, "Record again");
    let text = history.sandbox.read(PROMPT);
    history.sandbox.remove(PROMPT);
    history.sandbox.remove(RECORDINGS);
    let path = "prompts/queue.prompt.yml";
    history
        .sandbox
        .write(path, text.replace("Be brief", "Apologise. Be brief"));
    let run = history.sandbox.pointsman(&["eval", "--record", "local"]);
    run.exits(1);
    let worse = history.sandbox.commit("Rename it and sound friendlier");
    let args = ["bisect", "queue", "--evaluator", "no-apology"];
    let args = [&args[..], &["--good", "HEAD~3"]].concat();
    history.sandbox.pointsman(&args).succeeds().says(&worse);
}

#[test]
fn models_are_asked_only_with_consent_and_only_once() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("local/small", &server);
    for number in 1..4 {
        history.reword(number);
    }
    let worse = apologise(&history);
    history.reword(4);
    let refused = history.bisect(&["--good", "HEAD~4"]);
    refused
        .exits(3)
        .says("ask for what is not known: `--yes`, at most ");
    assert_eq!(server.calls().len(), 0);
    let run = history.bisect(&["--good", "HEAD~4", "--yes"]);
    run.succeeds().says(&worse);
    let asked = server.calls().len();
    assert_eq!(asked % 25, 0, "each version that is asked takes one look");
    assert!(asked < 60 * 5, "{asked}");
    let again = history.bisect(&["--good", "HEAD~4"]);
    assert_eq!(again.succeeds().stdout, run.stdout);
    assert_eq!(server.calls().len(), asked, "what was paid for is kept");
}

#[test]
fn limits_hold_for_the_whole_search() {
    let server = ModelServer::start(|_, call| obedient(call));
    let history = asking("local/small", &server);
    history.reword(1);
    apologise(&history);
    history.reword(2);
    let args = ["--good", "HEAD~3", "--yes", "--max-calls", "60"];
    let run = history.bisect(&args);
    run.exits(5)
        .tells("the limit of calls was reached")
        .tells("run the command again");
    assert_eq!(server.calls().len(), 60);
    history.bisect(&args).succeeds();
}

#[test]
fn a_version_whose_model_is_gone_is_left_out_and_named() {
    let server = ModelServer::start(|_, call| match call.body["model"].as_str() {
        Some("retired") => Reply::fails(404, "there is no such model"),
        _ => obedient(call),
    });
    let history = asking("local/small", &server);
    history.reword(1);
    history.sandbox.edit(PROMPT, "local/small", "local/retired");
    history.sandbox.commit("Try another model");
    history
        .sandbox
        .edit(PROMPT, "local/retired", "elsewhere/small");
    history.sandbox.commit("Try another provider");
    history
        .sandbox
        .edit(PROMPT, "elsewhere/small", "local/small");
    let worse = apologise(&history);
    history.reword(2);
    let run = history.bisect(&["--good", "HEAD~4", "--yes"]);
    run.exits(3)
        .says("any of 3 versions")
        .says(&worse[..10])
        .says("no row is answered: ")
        .says("it asks provider `elsewhere`, which is not declared in the commit ");
}

#[test]
fn an_end_that_nobody_answers_for_is_an_error_of_the_provider() {
    let down = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&down);
    let server = ModelServer::start(move |_, call| {
        if answers.load(Ordering::SeqCst) {
            Reply::fails(400, "no")
        } else {
            obedient(call)
        }
    });
    let history = asking("local/small", &server);
    history.reword(1);
    apologise(&history);
    down.store(true, Ordering::SeqCst);
    let run = history.bisect(&["--good", "HEAD~2", "--yes"]);
    run.exits(9).tells("have no answer");
    down.store(false, Ordering::SeqCst);
    history.bisect(&["--good", "HEAD~2", "--yes"]).succeeds();
}

#[test]
fn rows_that_an_old_version_does_not_fit_leave_it_out() {
    let history = History::start();
    history.sandbox.edit(
        PROMPT,
        "ticket: { type: string }",
        "words: { type: string }",
    );
    history.sandbox.edit(PROMPT, "{{ ticket }}", "{{ words }}");
    let rows = history.sandbox.read("datasets/tickets.jsonl");
    let rows = rows.replace("\"ticket\"", "\"words\"");
    history.sandbox.write("datasets/tickets.jsonl", rows);
    history.sandbox.commit("Call them words");
    history
        .sandbox
        .edit(PROMPT, "\"{{ words }}\"", "\"Sorry: {{ words }}\"");
    history.sandbox.commit("Say sorry");
    let run = history.bisect(&[]);
    run.exits(3)
        .says("the good end: no row fits the prompt: the variable `ticket` has no value");
    history.bisect(&["--good", "HEAD~1"]).succeeds();
}

#[test]
fn judges_are_those_of_one_revision_and_graded_answers_are_not_graded_again() {
    let history = History::start();
    let judge = |opinion: &str| {
        format!(
            "model: echo/echo\nvariables:\n  output: {{ type: string }}\nmessages:\n  - role: user\n    \
             content: '{{\"score\": {{% if \"Sorry\" in output %}}{opinion}{{% else %}}5{{% endif %}}, \"reason\": \"it counts\"}}'\n"
        )
    };
    let path = "prompts/judges/polite.prompt.yml";
    history.sandbox.write(path, judge("5"));
    history.sandbox.write(
        "evaluators/polite.yml",
        "kind: llm-judge\nprompt: judges/polite\nscale: { min: 1, max: 5 }\nthreshold: 4\n",
    );
    history.reword(1);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.reword(2);
    history.sandbox.write(path, judge("1"));
    history.sandbox.commit("Judge it harder");
    let args = ["bisect", "triage", "--evaluator", "polite"];
    let run = history.sandbox.pointsman(&args);
    run.succeeds().says(&worse).says("4 version(s)");
    let lenient = [&args[..], &["--tests", "HEAD~1"]].concat();
    let run = history.sandbox.pointsman(&lenient);
    run.says("+0.0").says("tests    of commit ");
}

#[test]
fn rows_that_hang_together_count_once_and_repeats_are_means() {
    let history = History::start();
    let rows = history.sandbox.read("datasets/tickets.jsonl");
    let clustered: Vec<String> = rows
        .lines()
        .enumerate()
        .map(|(number, row)| row.replace("}}", &format!("}}, \"cluster\": \"c{}\"}}", number % 12)))
        .collect();
    history
        .sandbox
        .write("datasets/tickets.jsonl", clustered.join("\n"));
    history.reword(1);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    let json = history
        .bisect(&["--repeats", "2", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["versions"][2]["commit"], worse.as_str());
    assert_eq!(json["steps"][0]["clusters"], 12);
    assert_eq!(json["steps"][0]["rows"], 60);
    assert_eq!(json["repeats"], 2);
}

#[test]
fn programs_run_only_where_that_is_allowed() {
    let history = History::start();
    let script = "#!/bin/sh\ntouch ran\nsed -n 's/.*\"bug \\([0-9]*\\)\".*/Sorry \\1/p'\n";
    history.sandbox.write("model.sh", script);
    history.sandbox.write(
        "pointsman.toml",
        "[providers.local]\nkind = \"exec\"\ncommand = [\"sh\", \"model.sh\"]\n",
    );
    history.sandbox.edit(PROMPT, "echo/echo", "local/any");
    history.sandbox.commit("Ask a program");
    let run = history.bisect(&[]);
    run.exits(3)
        .says("answers of commit ")
        .says("ask for what is not known: `--yes`");
    let refused = history.bisect(&["--yes"]);
    refused.exits(2).tells("--allow-exec");
    assert!(!history.sandbox.path().join("ran").exists());
}
