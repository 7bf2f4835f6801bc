//! The ends of a search: lanes, their records, the worktree, and ends that differ in nothing.

use super::history::{History, PROMPT};

#[test]
fn what_is_live_in_a_lane_is_a_good_end() {
    let history = History::start();
    history.spoil();
    history.sandbox.commit("Say sorry");
    history.mend();
    history.sandbox.commit("Do not");
    history.reword(1);
    history.sandbox.promotes("staging");
    history.sandbox.write(
        "prompts/other.prompt.yml",
        "model: echo/echo\nmessages:\n  - { role: user, content: Hello }\n",
    );
    history.sandbox.commit("Add another prompt");
    history.spoil();
    let worse = history.sandbox.commit("Say sorry again");
    history.reword(2);
    history
        .sandbox
        .pointsman(&["promote", "staging", "other", "--yes"])
        .succeeds();
    for spec in ["staging", "lanes/staging", "lanes/staging~1"] {
        let run = history.bisect(&["--good", spec]);
        run.succeeds().says(&worse).says("3 version(s)");
    }
    let run = history.bisect(&["--lane", "staging"]);
    run.succeeds()
        .says(&worse)
        .says("good     lane staging #2 (commit ");
}

#[test]
fn a_lane_that_knows_the_prompt_by_another_name_is_a_good_end() {
    let history = History::start();
    history.sandbox.promotes("staging");
    let text = history.sandbox.read(PROMPT);
    history.sandbox.remove(PROMPT);
    history.sandbox.write("prompts/queue.prompt.yml", text);
    history.sandbox.commit("Rename it");
    history.sandbox.edit(
        "prompts/queue.prompt.yml",
        "\"{{ ticket }}\"",
        "\"Sorry: {{ ticket }}\"",
    );
    let worse = history.sandbox.commit("Say sorry");
    let args = [
        "bisect",
        "queue",
        "--evaluator",
        "no-apology",
        "--lane",
        "staging",
    ];
    let run = history.sandbox.pointsman(&args);
    run.succeeds().says(&worse);
}

#[test]
fn what_is_not_committed_can_be_what_made_it_worse() {
    let history = History::start();
    history.reword(1);
    history.spoil();
    history.bisect(&[]).exits(1);
    let run = history.bisect(&["--bad", "worktree"]);
    run.succeeds()
        .says("found: what worktree has and commit ")
        .says("+ Sorry: {{ ticket }}");
}

#[test]
fn a_bad_end_that_is_not_worse_is_an_answer_of_its_own() {
    let history = History::of_rows(120);
    history.reword(1);
    history.reword(2);
    let run = history.bisect(&[]);
    run.exits(1)
        .says("not worse: the bad end does not fall behind");
    history.spoil();
    history.sandbox.commit("Say sorry");
    history.mend();
    history.sandbox.commit("Do not");
    let better = history.bisect(&["--good", "HEAD~1"]);
    better.exits(1).says("not worse");
    let same = history.bisect(&["--good", "HEAD~2", "--json"]);
    assert_eq!(same.exits(1).json()["outcome"], "not-worse");
    history
        .bisect(&["--good", "HEAD~2"])
        .exits(1)
        .says("the prompt is the same at both ends");
}

#[test]
fn few_rows_leave_it_open_and_how_many_it_takes_is_told() {
    let history = History::of_rows(3);
    history.spoil();
    history.sandbox.commit("Say sorry");
    let run = history.bisect(&[]);
    insta::assert_snapshot!(run.exits(3).stdout);
}

#[test]
fn rows_and_evaluators_are_those_of_one_revision() {
    let history = History::start();
    history.reword(1);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.sandbox.write(
        "evaluators/no-apology.yml",
        "kind: length\nunit: characters\nmax: 1000\n",
    );
    history.sandbox.commit("Ask for less");
    let weak = history.bisect(&["--json"]);
    assert_ne!(weak.json()["outcome"], "found");
    let run = history.bisect(&["--tests", "HEAD~1"]);
    run.succeeds().says(&worse);
}

#[test]
fn an_evaluator_that_the_prompt_does_not_name_can_be_asked() {
    let history = History::start();
    history.sandbox.edit(PROMPT, "[no-apology]", "[short]");
    history.sandbox.write(
        "evaluators/short.yml",
        "kind: length\nunit: characters\nmax: 1000\n",
    );
    history.sandbox.commit("Test otherwise");
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.bisect(&[]).succeeds().says(&worse);
}
