//! What cannot be searched: each says what to do next.

use super::history::{History, PROMPT};
use crate::support::Sandbox;

/// A history with a commit that makes it worse.
fn short() -> History {
    let history = History::start();
    history.spoil();
    history.sandbox.commit("Say sorry");
    history
}

#[test]
fn names_that_nothing_has_are_told_with_what_may_have_been_meant() {
    let history = short();
    history.sandbox.promotes("staging");
    let bisect = |args: &[&str]| history.sandbox.pointsman(&[&["bisect"][..], args].concat());
    let evaluator = ["--evaluator", "no-apology"];
    bisect(&["triag", evaluator[0], evaluator[1]])
        .exits(2)
        .tells("there is no prompt `triag`")
        .tells("did you mean `triage`?");
    bisect(&["triage", "--evaluator", "no-apologi"])
        .exits(2)
        .tells("there is no evaluator `no-apologi`")
        .tells("did you mean `no-apology`?");
    history
        .bisect(&["--dataset", "ticket"])
        .exits(2)
        .tells("there is no dataset `ticket`")
        .tells("did you mean `tickets`?");
    history
        .bisect(&["--good", "stagin"])
        .exits(2)
        .tells("`stagin` is not a revision")
        .tells("did you mean `staging`?");
    history
        .bisect(&["--lane", "stagin"])
        .exits(2)
        .tells("did you mean `staging`?");
    history
        .bisect(&["--tests", "nowhere"])
        .exits(2)
        .tells("`nowhere` is not a revision");
    history
        .bisect(&["--margn", "0.1"])
        .exits(2)
        .tells("--margin");
    history
        .bisect(&["--margin", "5"])
        .exits(2)
        .tells("a share is a number between 0 and 1");
    bisect(&["triage"]).exits(2).tells("--evaluator");
    history
        .bisect(&["--good", "HEAD", "--lane", "staging"])
        .exits(2)
        .tells("cannot be used with");
}

#[test]
fn ends_in_the_wrong_order_are_told_apart() {
    let history = short();
    history
        .bisect(&["--good", "HEAD", "--bad", "HEAD~1"])
        .exits(2)
        .tells("`HEAD~1` is part of the history of the good end")
        .tells("swap `--good` and `--bad`");
}

#[test]
fn two_histories_have_nothing_between_them() {
    let history = short();
    history
        .sandbox
        .git(&["switch", "--quiet", "--orphan", "other"]);
    let other = History::start();
    for path in [
        PROMPT,
        "datasets/tickets.yml",
        "datasets/tickets.jsonl",
        "evaluators/no-apology.yml",
        "pointsman.toml",
    ] {
        history.sandbox.write(path, other.sandbox.read(path));
    }
    history.sandbox.commit("Start again");
    history
        .bisect(&["--good", "main"])
        .exits(2)
        .tells("these are two histories");
}

#[test]
fn a_shallow_clone_is_told_how_to_get_the_rest() {
    let history = short();
    history.unrelated(1);
    let sandbox = history.sandbox.with_remote();
    let shallow = sandbox.path().join("shallow");
    let target = shallow.to_str().expect("temporary folders have text names");
    let url = format!("file://{}", sandbox.remote_path().display());
    sandbox.git(&["clone", "--quiet", "--template=", "--depth=2", &url, target]);
    let bisect = |more: &[&str]| {
        let args = ["bisect", "triage", "--evaluator", "no-apology"];
        let args = [&args[..], more].concat();
        sandbox.command(&args).in_folder(&shallow).run()
    };
    bisect(&[])
        .exits(2)
        .tells("this clone is shallow")
        .tells("git fetch --unshallow");
    bisect(&["--good", "HEAD~1"]).exits(1);
}

#[test]
fn rows_that_do_not_gate_are_not_tested() {
    let history = short();
    let rows = history.sandbox.read("datasets/tickets.jsonl");
    let pending = rows.replace("}}", "}, \"status\": \"pending\"}");
    history.sandbox.write("datasets/tickets.jsonl", pending);
    history.sandbox.commit("Doubt all rows");
    history
        .bisect(&[])
        .exits(6)
        .tells("no row of `tickets` gates");
}

#[test]
fn several_datasets_are_a_question() {
    let history = short();
    let manifest = history.sandbox.read("datasets/tickets.yml");
    history.sandbox.write("datasets/more.yml", manifest);
    history.sandbox.edit(
        PROMPT,
        "evals:\n",
        "evals:\n  - { dataset: more, evaluators: [no-apology] }\n",
    );
    history.sandbox.commit("Test on more");
    history
        .bisect(&[])
        .exits(2)
        .tells("`triage` is tested on several datasets: `more`, `tickets`")
        .tells("--dataset more");
    history.bisect(&["--dataset", "tickets"]).succeeds();
}

#[test]
fn a_prompt_without_a_commit_has_no_history() {
    let history = short();
    let text = history.sandbox.read(PROMPT);
    history
        .sandbox
        .write("prompts/new.prompt.yml", format!("{text}\n"));
    let args = ["bisect", "new", "--evaluator", "no-apology"];
    let args = [&args[..], &["--bad", "worktree"]].concat();
    history
        .sandbox
        .pointsman(&args)
        .exits(2)
        .tells("no commit on the way to `worktree` has a version of `new`");
}

#[test]
fn outside_of_a_repository_there_is_nothing_to_search() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["bisect", "triage", "--evaluator", "no-apology"])
        .exits(2)
        .tells("is not in a git repository");
}
