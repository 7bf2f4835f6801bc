//! Histories that are no straight line: merges, renames, versions that cannot be read.

use super::history::{History, PROMPT};

#[test]
fn a_merge_is_one_step_and_the_way_into_it_is_told() {
    let history = History::start();
    history.reword(1);
    history.sandbox.git(&["switch", "--quiet", "-c", "topic"]);
    history.reword(2);
    history.spoil();
    let worse = history.sandbox.commit("triage: sound friendlier");
    history.reword(3);
    history.sandbox.git(&["switch", "--quiet", "main"]);
    history.unrelated(1);
    let args = ["merge", "--quiet", "--no-ff", "topic", "-m", "Merge topic"];
    history.sandbox.git(&args);
    let merge = history.sandbox.git(&["rev-parse", "HEAD"]);
    history.sandbox.wait_seconds(60);
    history.unrelated(2);
    let run = history.bisect(&[]);
    run.succeeds()
        .says(&format!("found: commit {merge} makes"))
        .says("subject  Merge topic");
    let hint = run.stdout.split('`').nth(1).expect("the way in is told");
    let args: Vec<&str> = hint.split(' ').skip(1).collect();
    let inside = history.sandbox.pointsman(&args);
    inside
        .succeeds()
        .says(&format!("found: commit {worse} makes"));
}

#[test]
fn a_good_end_on_another_branch_is_compared_and_what_only_it_has_is_told() {
    let history = History::start();
    history.spoil();
    history.sandbox.commit("Say sorry");
    history.reword(1);
    history.sandbox.git(&["switch", "--quiet", "-c", "mended"]);
    history.mend();
    history.sandbox.commit("Do not say sorry");
    history.sandbox.git(&["switch", "--quiet", "main"]);
    history.reword(2);
    let run = history.bisect(&["--good", "mended"]);
    run.exits(1)
        .says("not in this history")
        .says("the good end is better by commits that the history of the bad end does not have");
    let json = history.bisect(&["--good", "mended", "--json"]).json();
    assert_eq!(json["outcome"], "elsewhere");
    assert_eq!(json["versions"][1]["origin"], "fork");
}

#[test]
fn a_good_end_on_another_branch_leads_to_the_commit_on_this_one() {
    let history = History::start();
    history.sandbox.git(&["switch", "--quiet", "-c", "other"]);
    history.unrelated(1);
    history.sandbox.git(&["switch", "--quiet", "main"]);
    history.reword(1);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.bisect(&["--good", "other"]).succeeds().says(&worse);
}

#[test]
fn a_prompt_is_followed_through_other_names() {
    let history = History::start();
    let rename = |from: &str, to: &str, words: &str| {
        let text = history.sandbox.read(&format!("prompts/{from}.prompt.yml"));
        let text = text.replace("Be brief", words);
        history
            .sandbox
            .write(&format!("prompts/{to}.prompt.yml"), text);
        history
            .sandbox
            .remove(&format!("prompts/{from}.prompt.yml"));
        history.sandbox.commit(&format!("Rename {from} to {to}"));
    };
    history.reword(1);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.reword(2);
    rename("triage", "support/triage", "Be brief");
    rename("support/triage", "support/queue", "Be very brief");
    let args = ["bisect", "support/queue", "--evaluator", "no-apology"];
    let run = history.sandbox.pointsman(&args);
    run.succeeds().says(&worse).says("5 version(s)");
    let json = history
        .sandbox
        .pointsman(&[&args[..], &["--json"]].concat());
    let json = json.json();
    assert_eq!(json["versions"][0]["prompt"], "triage");
    assert_eq!(json["versions"][4]["prompt"], "support/queue");
}

#[test]
fn a_prompt_that_begins_while_another_goes_is_no_renamed_one() {
    let history = History::start();
    let other = "model: echo/echo\nmessages:\n  - { role: user, content: Sorry }\n";
    history.sandbox.remove(PROMPT);
    history.sandbox.write("prompts/other.prompt.yml", other);
    history.sandbox.commit("Start again");
    history
        .sandbox
        .write("prompts/other.prompt.yml", other.replace("Sorry", "Hello"));
    history.sandbox.commit("Say hello");
    let args = ["--evaluator", "no-apology", "--dataset", "tickets"];
    let args = [&["bisect", "other", "--json"][..], &args].concat();
    let json = history.sandbox.pointsman(&args).exits(1).json();
    assert_eq!(json["versions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn versions_that_cannot_be_read_are_left_out_and_named() {
    let history = History::start();
    history.reword(1);
    history.sandbox.edit(PROMPT, "{{ ticket }}", "{{ ticket");
    history.sandbox.commit("Break it");
    history
        .sandbox
        .edit(PROMPT, "{{ ticket", "Sorry {{ ticket }}");
    history.sandbox.commit("Repair it");
    history.reword(2);
    let run = history.bisect(&[]);
    run.exits(3)
        .says("cannot tell: any of 2 versions")
        .says("Ada <ada@example.com>: Break it")
        .says("Ada <ada@example.com>: Repair it")
        .says("the prompt cannot be read");
}

#[test]
fn a_prompt_that_was_gone_for_a_while_is_tested_before_and_after() {
    let history = History::start();
    history.reword(1);
    let text = history.sandbox.read(PROMPT);
    history.sandbox.remove(PROMPT);
    history.sandbox.commit("Remove it");
    history.sandbox.write(PROMPT, text);
    history.sandbox.commit("Bring it back");
    history.reword(2);
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.bisect(&[]).succeeds().says(&worse);
}

#[test]
fn a_workspace_below_the_top_of_the_repository_has_a_history_too() {
    let history = History::start();
    history.reword(1);
    history
        .sandbox
        .shell(
            "mkdir -p team && git mv prompts datasets evaluators environments pointsman.toml team",
        )
        .run()
        .succeeds();
    history.sandbox.commit("Move the workspace");
    let path = format!("team/{PROMPT}");
    history
        .sandbox
        .edit(&path, "\"{{ ticket }}\"", "\"Sorry: {{ ticket }}\"");
    let worse = history.sandbox.commit("Say sorry");
    let args = ["bisect", "triage", "--evaluator", "no-apology"];
    let run = history.sandbox.command(&args).in_folder("team").run();
    run.succeeds().says(&worse).says("2 version(s)");
}
