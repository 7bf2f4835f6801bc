//! Pull requests that bend the gate: each is caught with its reason, and none of them helps.

use std::os::unix::fs::symlink;

use crate::support::Sandbox;

use super::pull_request::PullRequest;

const STAGING: &str = "environments/staging.toml";
const ROWS: &str = "datasets/tickets.jsonl";
const PROMPT: &str = "prompts/triage.prompt.yml";

/// What the author does beside breaking the prompt; the finding, and what its message holds.
type Bend = (&'static str, fn(&Sandbox), &'static str, &'static str);

const POLICY: [Bend; 13] = [
    (
        "lowers a floor",
        |it| it.edit(STAGING, "queue-matches = 0.9", "queue-matches = 0"),
        "gate-policy",
        "`gate.floors.queue-matches` 0.9 → 0 (weaker)",
    ),
    (
        "drops a floor",
        |it| it.edit(STAGING, ", one-word = 0.9", ""),
        "gate-policy",
        "`gate.floors.one-word` 0.9 → none (weaker)",
    ),
    (
        "raises the margin",
        |it| it.edit(STAGING, "margin = 0.45", "margin = 0.5"),
        "gate-policy",
        "`gate.margin` 0.45 → 0.5 (weaker)",
    ),
    (
        "drops the margin",
        |it| it.edit(STAGING, "margin = 0.45\n", ""),
        "gate-policy",
        "`gate.margin` 0.45 → none (weaker)",
    ),
    (
        "asks for less confidence",
        |it| it.edit(STAGING, "confidence = 0.9", "confidence = 0.8"),
        "gate-policy",
        "`gate.confidence` 0.9 → 0.8 (weaker)",
    ),
    (
        "repeats less often",
        |it| it.edit(STAGING, "repeats = 2", "repeats = 1"),
        "gate-policy",
        "`gate.repeats` 2 → 1 (weaker)",
    ),
    (
        "lets costs grow",
        |it| it.edit(STAGING, "max_cost_ratio = 1.3", "max_cost_ratio = 99"),
        "gate-policy",
        "`gate.max_cost_ratio` 1.3 → 99 (weaker)",
    ),
    (
        "lets evidence grow old",
        |it| it.edit(STAGING, "\"14d\"", "\"900d\""),
        "gate-policy",
        "`gate.evidence_max_age`",
    ),
    (
        "warns where production blocked",
        |it| {
            let path = "environments/production.toml";
            it.edit(path, "[gate]\n", "[gate]\non_inconclusive = \"warn\"\n");
        },
        "gate-policy",
        "`gate.on_inconclusive` block → warn (weaker)",
    ),
    (
        "takes releases from elsewhere",
        |it| it.edit("environments/production.toml", "\"staging\"", "\"dev\""),
        "gate-policy",
        "`from` staging → dev",
    ),
    (
        "does not wait any more",
        |it| it.edit(STAGING, "[freeze]\nsoak = \"1h\"\n", ""),
        "gate-policy",
        "`freeze.soak`",
    ),
    (
        "removes the gate",
        |it| it.write(STAGING, "order = 1\nfrom = \"dev\"\n"),
        "gate-policy",
        "`gate` asked for → none",
    ),
    (
        "removes the lane",
        |it| {
            it.edit("environments/production.toml", "from = \"staging\"\n", "");
            it.remove(STAGING);
        },
        "gate-policy",
        "lane `staging` is removed",
    ),
];

const DATA: [Bend; 11] = [
    (
        "deletes a row",
        |it| keep_rows(it, |row| !row.contains("\"crash\"")),
        "gate-row",
        "are removed: crash",
    ),
    (
        "relabels a row",
        |it| it.edit(ROWS, "\"expected\": \"bug\"", "\"expected\": \"Sorry\""),
        "gate-row",
        "crash",
    ),
    (
        "asks another question under the same name",
        |it| it.edit(ROWS, "bug: the app closes when I open it", "bug: a"),
        "gate-row",
        "crash",
    ),
    (
        "puts a row aside as not reviewed",
        |it| {
            it.edit(
                ROWS,
                "\"expected\": \"bug\"",
                "\"expected\": \"bug\", \"status\": \"pending\"",
            );
        },
        "gate-row",
        "count for is another: crash",
    ),
    (
        "makes a row advisory",
        |it| {
            it.edit(
                ROWS,
                "\"expected\": \"bug\"",
                "\"expected\": \"bug\", \"priority\": \"advisory\"",
            );
        },
        "gate-row",
        "crash",
    ),
    (
        "makes a critical row an ordinary one",
        |it| it.edit(ROWS, ", \"critical\": true", ""),
        "gate-row",
        "refund",
    ),
    (
        "empties the dataset",
        |it| keep_rows(it, |_| false),
        "gate-row",
        "are removed: crash, dark-mode, refund",
    ),
    (
        "renames the dataset",
        |it| {
            it.git(&["mv", "datasets/tickets.yml", "datasets/calls.yml"]);
            it.edit(PROMPT, "dataset: tickets", "dataset: calls");
        },
        "gate-dataset",
        "`tickets` is removed",
    ),
    (
        "reads the rows from another file",
        |it| {
            it.edit(
                "datasets/tickets.yml",
                "rows: tickets.jsonl",
                "rows: easy.jsonl",
            );
            it.write(
                "datasets/easy.jsonl",
                "{\"id\": \"easy\", \"vars\": {\"ticket\": \"a\"}, \"expected\": \"Sorry\"}\n",
            );
        },
        "gate-row",
        "are removed: crash",
    ),
    (
        "has its tests again under another name",
        |it| {
            it.write("datasets/easy.yml", "kind: golden\nrows: easy.jsonl\n");
            it.write(
                "datasets/easy.jsonl",
                "{\"id\": \"easy\", \"vars\": {\"ticket\": \"a\"}, \"expected\": \"Sorry\"}\n",
            );
            it.edit(PROMPT, "dataset: tickets", "dataset: easy");
        },
        "gate-tests",
        "`triage` is not tested by `queue-matches` on `tickets`",
    ),
    (
        "brings recorded answers for another prompt",
        |it| it.write("recordings/other.jsonl", ""),
        "gate-recordings",
        "`other`",
    ),
];

const RULES: [Bend; 11] = [
    (
        "weakens a pattern",
        |it| it.edit("evaluators/one-word.yml", "^[a-z]+:", ".*"),
        "gate-evaluator",
        "the rule of evaluator `one-word` is another",
    ),
    (
        "compares with something else",
        |it| {
            it.edit(
                "evaluators/queue-matches.yml",
                "starts-with",
                "contains-any",
            );
        },
        "gate-evaluator",
        "`queue-matches`",
    ),
    (
        "makes an evaluator advisory",
        |it| {
            it.edit(
                "evaluators/queue-matches.yml",
                "blocking: true",
                "blocking: false",
            );
        },
        "gate-evaluator",
        "`queue-matches` does not block any more",
    ),
    (
        "removes an evaluator",
        |it| {
            it.remove("evaluators/no-apology.yml");
            it.edit("environments/production.toml", ", no-apology = 0.9", "");
            it.edit(PROMPT, ", no-apology]", "]");
        },
        "gate-evaluator",
        "`no-apology` is removed",
    ),
    (
        "unlinks an evaluator",
        |it| it.edit(PROMPT, ", no-apology]", "]"),
        "gate-tests",
        "`triage` is not tested by `no-apology` on `tickets`",
    ),
    (
        "is content with less from the judge",
        |it| it.edit("evaluators/polite.yml", "threshold: 4", "threshold: 1"),
        "gate-evaluator",
        "`polite`",
    ),
    (
        "tells the judge what to say",
        |it| it.edit("prompts/judges/polite.prompt.yml", "%}1{%", "%}5{%"),
        "gate-judge",
        "`judges/polite` grades answers",
    ),
    (
        "asks another model as judge",
        |it| {
            it.edit(
                "prompts/judges/polite.prompt.yml",
                "echo/echo",
                "local/tiny",
            );
        },
        "gate-judge",
        "`judges/polite` grades answers",
    ),
    (
        "rewrites a script that grades",
        |it| it.write("evaluators/scripted.js", "return true\n"),
        "gate-guarded-file",
        "`evaluators/scripted.js` is part of the rules",
    ),
    (
        "records what a judge would say",
        |it| it.write("recordings/judges/polite.jsonl", ""),
        "gate-recordings",
        "`judges/polite`",
    ),
    (
        "takes the prompt away under another name",
        |it| {
            it.git(&["mv", PROMPT, "prompts/router.prompt.yml"]);
        },
        "gate-prompt-removed",
        "prompt `triage` is removed",
    ),
];

const SURROUNDINGS: [Bend; 9] = [
    (
        "points a provider elsewhere",
        |it| it.edit("pointsman.toml", "127.0.0.1:9", "127.0.0.1:8"),
        "gate-settings",
        "provider `local`",
    ),
    (
        "brings a program as provider",
        |it| {
            let provider = "[providers.mine]\nkind = \"exec\"\ncommand = [\"sh\", \"-c\", \"touch stolen; echo hi\"]\n";
            it.write("pointsman.toml", it.read("pointsman.toml") + provider);
            it.edit(PROMPT, "echo/echo", "mine/x");
        },
        "gate-provider",
        "`triage` asks provider `mine`, which the base does not declare",
    ),
    (
        "edits the workflow",
        |it| it.write(".github/workflows/gate.yml", "on: push\n"),
        "gate-workflow",
        "`.github/workflows/gate.yml`",
    ),
    (
        "takes owners away",
        |it| it.write(".github/CODEOWNERS", "* @nobody\n"),
        "gate-workflow",
        "`.github/CODEOWNERS`",
    ),
    (
        "has git show other bytes",
        |it| it.write(".gitattributes", "*.jsonl filter=lax -diff\n"),
        "gate-workflow",
        "`.gitattributes`",
    ),
    (
        "hides rows from the diff in a folder",
        |it| it.write("datasets/.gitattributes", "*.jsonl -diff\n"),
        "gate-guarded-file",
        "`datasets/.gitattributes` tells git",
    ),
    (
        "puts a link where an evaluator stands",
        |it| {
            it.remove("evaluators/no-apology.yml");
            let link = it.path().join("evaluators/no-apology.yml");
            symlink("one-word.yml", link).expect("the temporary folder is ours");
        },
        "not-a-file",
        "this is not a plain file",
    ),
    (
        "puts a link where answers are recorded",
        |it| {
            it.write("recordings/.keep", "");
            let link = it.path().join("recordings/triage.jsonl");
            symlink("/etc/passwd", link).expect("the temporary folder is ours");
        },
        "gate-not-a-file",
        "a link or a submodule",
    ),
    (
        "has a twin in other letters",
        |it| it.write("datasets/Tickets.jsonl", "{\"id\": \"easy\"}\n"),
        "gate-case-twin",
        "`datasets/tickets.jsonl` and `datasets/Tickets.jsonl`",
    ),
];

fn keep_rows(sandbox: &Sandbox, keep: impl Fn(&&str) -> bool) {
    let rows = sandbox.read(ROWS);
    let kept: Vec<&str> = rows.lines().filter(keep).collect();
    sandbox.write(ROWS, kept.join("\n"));
}

fn all_are_caught(bends: &[Bend]) {
    let base = PullRequest::base();
    for (what, bend, ident, reason) in bends {
        let request = PullRequest::to(&base);
        request.break_prompt();
        bend(&request.sandbox);
        let run = request.gate(&["--json"]);
        run.exits(1);
        let json = run.json();
        let against = json["against"].as_array().expect("a list");
        let caught = against.iter().any(|finding| {
            let message = finding["message"].as_str().expect("a text");
            finding["ident"] == *ident && message.contains(reason)
        });
        assert!(caught, "the author {what}: not caught\n{against:#?}");
        let shown = &json["decision"]["verdict"];
        assert!(
            shown == "fail" || shown.is_null(),
            "the author {what}, and the tests say {shown}"
        );
        assert!(!request.sandbox.path().join("stolen").exists());
    }
}

#[test]
fn no_policy_is_bent() {
    all_are_caught(&POLICY);
}

#[test]
fn no_row_and_no_answer_is_bent() {
    all_are_caught(&DATA);
}

#[test]
fn no_evaluator_and_no_judge_is_bent() {
    all_are_caught(&RULES);
}

#[test]
fn nothing_around_the_rules_is_bent() {
    all_are_caught(&SURROUNDINGS);
}

#[test]
fn a_submodule_in_the_place_of_datasets_is_caught() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    let commit = request.sandbox.git(&["rev-parse", "HEAD"]);
    request.break_prompt();
    request.sandbox.commit("Break the prompt");
    let entry = format!("160000,{commit},datasets/more");
    request
        .sandbox
        .git(&["update-index", "--add", "--cacheinfo", &entry]);
    request
        .sandbox
        .git(&["commit", "--quiet", "-m", "Add rows"]);
    let run = request.sandbox.pointsman(&["gate", "--base", "main"]);
    run.exits(1).says("datasets/more");
}

#[test]
fn a_partial_is_part_of_every_prompt_that_includes_it() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request
        .sandbox
        .edit(PROMPT, "to. {% include \"_partials/tone.md\" %}", "to.");
    request.sandbox.edit(
        PROMPT,
        "\"{{ ticket }}\"",
        "\"{% include '_partials/tone.md' %}{{ ticket }}\"",
    );
    request
        .sandbox
        .write("prompts/_partials/tone.md", "Sorry: ");
    let run = request.gate(&["--json"]);
    run.exits(1);
    assert_eq!(run.json()["decision"]["verdict"], "fail");
    assert_eq!(run.json()["against"].as_array().map(Vec::len), Some(0));
}

#[test]
fn an_old_fork_is_judged_by_the_rules_of_today() {
    let base = PullRequest::base();
    base.git(&["branch", "lax"]);
    base.edit(STAGING, "margin = 0.45", "margin = 0.44");
    base.write(
        ROWS,
        base.read(ROWS)
            + "{\"id\": \"new\", \"vars\": {\"ticket\": \"bug: x\"}, \"expected\": \"crash\"}\n",
    );
    base.commit("Ask for more");
    base.git(&["switch", "--quiet", "lax"]);
    base.edit(PROMPT, "Answer with the queue", "Name the queue");
    base.commit("Reword");
    let run = base.pointsman(&["gate", "--base", "main", "--json"]);
    run.exits(1);
    let checks = run.json()["decision"]["checks"].clone();
    assert_eq!(checks[2]["total"], 8, "four rows, twice: {checks:#}");
}

#[test]
fn easy_rows_are_proposed_and_do_not_count() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.break_prompt();
    let easy = |number| {
        format!(
            "{{\"id\": \"easy-{number}\", \"vars\": {{\"ticket\": \"a\"}}, \"expected\": \"Sorry\"}}\n"
        )
    };
    let rows: String = (0..60).map(easy).collect();
    request
        .sandbox
        .write(ROWS, request.sandbox.read(ROWS) + &rows);
    let run = request.gate(&["--json"]);
    run.exits(1);
    let json = run.json();
    assert_eq!(json["decision"]["checks"][0]["total"], 6);
    let proposed = json["proposed"][0]["message"].as_str().expect("a text");
    assert!(proposed.contains("new rows: easy-0"), "{proposed}");
    let beside = json["beside"].as_array().expect("a list");
    assert!(beside.iter().all(|it| it["cases"] == 126), "{beside:#?}");
}
