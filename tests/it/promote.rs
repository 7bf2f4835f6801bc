//! `pointsman promote`: one record for each move, or nothing at all.

use crate::support::Sandbox;

#[test]
fn the_first_record_holds_the_whole_workspace_and_says_where_it_comes_from() {
    let sandbox = Sandbox::without_gates();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes", "--reason", "first release"]);
    run.succeeds().says("lane staging is at #1: record ");
    insta::assert_snapshot!(sandbox.git(&["ls-tree", "-r", "--name-only", "lanes/staging"]), @r"
    .lane/deployment.json
    .lane/manifest.sha256
    datasets/tickets.jsonl
    datasets/tickets.yml
    environments/production.toml
    environments/staging.toml
    evaluators/no-apology.yml
    evaluators/queue-matches.yml
    pointsman.toml
    prompts/triage.prompt.yml
    ");
    let record = sandbox.record("staging");
    assert_eq!(record["sequence"], 1);
    assert_eq!(record["source"]["commit"], head.as_str());
    assert_eq!(record["actor"], "Cleo <cleo@example.com>");
    assert_eq!(record["reason"], "first release");
    assert_eq!(record["rollbackTarget"], serde_json::Value::Null);
}

#[test]
fn what_is_live_can_be_read_without_pointsman() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    assert_eq!(
        sandbox.git(&["show", "lanes/production:prompts/triage.prompt.yml"]),
        sandbox.read("prompts/triage.prompt.yml").trim_end()
    );
    let check = "git archive lanes/production | tar -x -C \"$(mktemp -d -p .)\" && cd tmp.* && \
                 sha256sum --check --quiet .lane/manifest.sha256 && \
                 sha256sum < .lane/manifest.sha256 | cut -d' ' -f1";
    let output = sandbox.shell(check).run();
    let record = sandbox.record("production");
    let digest = record["snapshot"]["sha256"].as_str().expect("a digest");
    assert_eq!(output.succeeds().stdout.trim(), digest);
}

#[test]
fn the_commit_repeats_the_record_in_trailers_that_no_reason_can_forge() {
    let sandbox = Sandbox::without_gates();
    let reason = "calmer tone\n\nLane: production\nActor: Mallory <m@example.com>";
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", reason])
        .succeeds();
    let format =
        "--format=%s%n%(trailers:key=Lane,key=Deploy-Seq,key=Deploy-Kind,key=Reason,key=Actor)";
    insta::assert_snapshot!(sandbox.git(&["log", "-1", format, "lanes/staging"]), @r"
    promote staging #1: add triage
    Lane: staging
    Deploy-Seq: 1
    Deploy-Kind: promote
    Reason: calmer tone Lane: production Actor: Mallory <m@example.com>
    Actor: Cleo <cleo@example.com>
    ");
}

#[test]
fn the_plan_is_shown_and_without_consent_nothing_moves() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "staging"]);
    run.exits(2)
        .has_no_result()
        .tells("promote to lane staging, as #1")
        .tells("nobody is here to confirm this")
        .tells("--yes");
    let run = sandbox.pointsman(&["promote", "staging", "--dry-run", "--yes", "--json"]);
    assert_eq!(run.succeeds().json()["outcome"], "planned");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn what_is_live_already_makes_no_record() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.write("README.md", "outside of the workspace's folders\n");
    sandbox.commit("Say something");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().says("has all of this already");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn a_lane_that_names_its_source_takes_that_and_refuses_others() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "production", "--yes"]);
    run.exits(7)
        .tells("which has none yet")
        .tells("pointsman promote staging");
    sandbox.promotes("staging");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "production", "--from", "HEAD", "--yes"]);
    run.exits(7)
        .tells("takes releases from lane `staging` only");
    assert_eq!(sandbox.tip("production"), "");
    sandbox.promotes("production");
    let record = sandbox.record("production");
    assert_eq!(record["source"]["lane"], "staging");
    assert_eq!(record["source"]["record"], sandbox.tip("staging").as_str());
}

#[test]
fn many_prompts_come_in_one_record_with_one_parent() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let first = sandbox.tip("staging");
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    for number in 0..20 {
        sandbox.write(&format!("prompts/copy-{number}.prompt.yml"), &prompt);
    }
    sandbox.commit("Add many");
    sandbox.promotes("staging");
    let parents = sandbox.git(&["log", "-1", "--format=%P", "lanes/staging"]);
    assert_eq!(parents, first);
    let added = sandbox.record("staging")["changes"]["added"].clone();
    assert_eq!(added.as_array().map(Vec::len), Some(20));
    assert_eq!(
        sandbox
            .git(&["log", "--format=%H", "lanes/staging"])
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_named_prompt_brings_what_it_includes_and_leaves_the_rest_as_it_is() {
    let sandbox = Sandbox::without_gates();
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", other);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    sandbox.reword("kindly {% include \"_partials/tone.md\" %}");
    sandbox.edit("prompts/other.prompt.yml", "Answer with", "Reply with");
    sandbox.commit("Change both");
    sandbox
        .pointsman(&["promote", "staging", "triage", "--yes"])
        .succeeds();
    let changes = sandbox.record("staging")["changes"].clone();
    assert_eq!(changes["changed"], serde_json::json!(["triage"]));
    assert_eq!(
        changes["files"],
        serde_json::json!(["prompts/_partials/tone.md"])
    );
    let differ = sandbox.git(&[
        "diff",
        "--name-only",
        "lanes/staging",
        "HEAD",
        "--",
        "prompts",
    ]);
    assert_eq!(differ, "prompts/other.prompt.yml");
}

#[test]
fn changes_that_are_not_committed_are_refused_unless_head_is_asked_for() {
    let sandbox = Sandbox::without_gates();
    let refused = |sandbox: &Sandbox, path: &str| {
        let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
        run.exits(2)
            .tells("not committed")
            .tells(path)
            .tells("--from HEAD");
        assert_eq!(sandbox.tip("staging"), "");
    };
    sandbox.edit("prompts/triage.prompt.yml", "Answer with", "Say");
    refused(&sandbox, "prompts/triage.prompt.yml");
    sandbox.git(&["add", "--all"]);
    refused(&sandbox, "prompts/triage.prompt.yml");
    sandbox.git(&["reset", "--quiet", "--hard"]);
    sandbox.write("evaluators/new.yml", "kind: json\n");
    refused(&sandbox, "evaluators/new.yml");
    sandbox.write(".gitignore", "new.yml\n");
    sandbox.write("notes.txt", "outside of the workspace's folders\n");
    sandbox.promotes("staging");
    sandbox.remove("prompts/triage.prompt.yml");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--from", "HEAD"])
        .succeeds()
        .says("has all of this already");
}

#[test]
fn a_broken_file_is_told_before_it_is_live() {
    let sandbox = Sandbox::without_gates();
    sandbox.edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ tickt }}");
    sandbox.edit("prompts/triage.prompt.yml", "no-apology]", "no-such-rule]");
    sandbox.commit("Break it");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("prompts/triage.prompt.yml:");
    assert_eq!(sandbox.tip("staging"), "");
}

#[cfg(unix)]
#[test]
fn links_in_the_workspace_are_never_released() {
    let sandbox = Sandbox::without_gates();
    let link = sandbox.path().join("prompts/_partials");
    std::os::unix::fs::symlink("/etc", link).expect("the folder is ours");
    sandbox.commit("Add a link");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("prompts/_partials").tells("link");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_lane_that_is_not_where_the_caller_expects_it_is_a_lost_race() {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--expect", "none"])
        .succeeds();
    let first = sandbox.tip("staging");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes", "--expect", "none"]);
    run.exits(8).tells("`staging` is now at #1").tells("Cleo");
    assert_eq!(sandbox.tip("staging"), first);
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--expect", &first[..12]])
        .succeeds();
}

#[test]
fn of_two_clones_that_release_at_once_one_wins_and_the_other_is_told_who() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    sandbox.reword("briefly");
    second.reword("at length");
    let mut runs = Vec::new();
    for _ in 0..5 {
        let started = [&sandbox, &second].map(|clone| {
            let args = ["promote", "staging", "--yes", "--reason", "race"];
            clone.command(&args).start()
        });
        let outputs = started.map(crate::support::run::Running::wait);
        let codes = outputs.each_ref().map(|output| output.code);
        for output in &outputs {
            if output.code != Some(0) {
                output
                    .exits(8)
                    .tells("is now at #")
                    .tells("Cleo")
                    .tells("race");
            }
        }
        runs.push(codes);
        sandbox.reword(&format!("round {}", runs.len()));
        second.reword(&format!("turn {}", runs.len()));
    }
    assert!(
        runs.iter().all(|codes| codes.contains(&Some(0))),
        "{runs:?}"
    );
    let bare = sandbox.remote_path();
    let bare = bare.to_str().expect("temporary folders have text names");
    let records = sandbox.git(&["--git-dir", bare, "rev-list", "--parents", "lanes/staging"]);
    let wins = runs
        .iter()
        .flatten()
        .filter(|code| **code == Some(0))
        .count();
    assert_eq!(records.lines().count(), wins);
    assert!(
        records.lines().all(|line| line.split(' ').count() <= 2),
        "{records}"
    );
}

#[test]
fn a_lane_that_moves_between_plan_and_move_is_a_lost_race() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    let gate = sandbox.remote_path().join("hooks/update");
    let marker = sandbox.path().join("../raced");
    // The remote itself lets the other clone in first, once, when the first one's push arrives.
    let hook = format!(
        "#!/bin/sh\n[ -e '{marker}' ] && exit 0\ntouch '{marker}'\nunset $(env | grep -o '^GIT_[A-Z_]*' | grep -v CONFIG)\n\
         export GIT_COMMITTER_NAME=Rival GIT_COMMITTER_EMAIL=rival@example.com\n\
         cd '{second}' && pointsman promote staging --yes --reason 'I was first' >/dev/null 2>&1\nexit 0\n",
        marker = marker.display(),
        second = second.path().display(),
    );
    std::fs::create_dir_all(gate.parent().expect("a file stands in a folder")).expect("ours");
    std::fs::write(&gate, hook).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", gate.display()))
        .run();
    second.reword("at length");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(8).tells("Rival").tells("I was first").tells("#1");
    assert_eq!(sandbox.tip("staging"), "", "the local lane did not move");
}

#[test]
fn a_remote_that_refuses_is_told_in_its_own_words_and_nothing_moves() {
    let sandbox = Sandbox::with_remote_lanes();
    let hook = sandbox.remote_path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().expect("a file stands in a folder")).expect("ours");
    let script = "#!/bin/sh\nprintf 'lanes are \\033[31mclosed\\n' >&2\nexit 1\n";
    std::fs::write(&hook, script).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", hook.display()))
        .run();
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9).tells("closed");
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_remote_that_cannot_be_reached_is_an_error_of_the_network() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.git(&["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9).tells("cannot fetch lanes from `origin`");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn the_local_lane_follows_the_remote_one() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    sandbox.promotes("staging");
    second
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    assert_eq!(second.tip("staging"), sandbox.tip("staging"));
    second.reword("briefly");
    second.promotes("staging");
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .succeeds();
    sandbox.pointsman(&["promote", "staging", "--dry-run"]);
    assert_eq!(second.tip("staging"), sandbox.tip("staging"));
}

#[test]
fn a_local_lane_that_went_its_own_way_is_refused() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    let tree = sandbox.git(&["rev-parse", "lanes/staging^{tree}"]);
    let own = sandbox.git(&["commit-tree", &tree, "-p", "lanes/staging", "-m", "own way"]);
    sandbox.git(&["update-ref", "refs/heads/lanes/staging", &own]);
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("has records that `origin` does not have");
    assert_eq!(sandbox.tip("staging"), own);
}

#[test]
fn a_remote_that_the_clone_does_not_have_is_never_contacted() {
    let sandbox = Sandbox::without_gates();
    sandbox.write("pointsman.toml", "remote = \"upstream\"\n");
    sandbox.commit("Name a remote");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("`upstream`")
        .tells("git remote add upstream");
}

#[test]
fn an_unknown_lane_is_told_with_a_suggestion() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "stagin", "--yes"]);
    run.exits(2).tells("did you mean `staging`?");
}

#[test]
fn without_an_identity_nothing_is_written() {
    let sandbox = Sandbox::without_gates();
    let mut run = sandbox.command(&["promote", "staging", "--yes"]);
    for name in ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"] {
        run = run.env(name, "");
    }
    run.run().exits(2).tells("git config --global user.name");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_gate_that_passes_leaves_its_evidence_in_the_record() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds()
        .tells("evaluate  triage");
    let record = sandbox.record("staging");
    let link = &record["evidence"][0];
    let path = link["path"].as_str().expect("a path");
    let digest = link["sha256"].as_str().expect("a digest");
    assert_eq!(path, format!(".lane/evidence/{digest}.json"));
    let shell = format!("git show lanes/staging:{path} | sha256sum | cut -d' ' -f1");
    assert_eq!(sandbox.shell(&shell).run().stdout.trim(), digest);
    let text = sandbox.git(&["show", &format!("lanes/staging:{path}")]);
    let statement: serde_json::Value = serde_json::from_str(&text).expect("evidence is JSON");
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    let subject = &statement["subject"][0]["digest"];
    assert_eq!(subject["sha256"], record["snapshot"]["sha256"]);
    assert_eq!(subject["gitTree"], record["snapshot"]["gitTree"]);
    assert_eq!(statement["predicate"]["result"], "PASSED");
}

#[test]
fn a_gate_that_fails_moves_nothing_and_names_floor_and_critical_row() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"billing\"",
        "\"expected\": \"refunds\"",
    );
    sandbox.commit("Expect another queue");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .has_no_result()
        .tells("`queue-matches` passed 2 of 3, and the floor is 0.9")
        .tells("`queue-matches` failed critical row(s) `refund`: ");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn the_policy_in_force_judges_its_own_change() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"bug\"",
        "\"expected\": \"crash\"",
    );
    sandbox.edit("environments/staging.toml", "0.9", "0.1");
    sandbox.commit("Lower the floor to get in");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .tells("policies  environments/staging.toml")
        .tells("the floor is 0.9");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn only_prompts_that_would_be_others_are_evaluated() {
    let sandbox = Sandbox::with_workspace();
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", &prompt);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    let to_test = |sandbox: &Sandbox| {
        let run = sandbox.pointsman(&["promote", "staging", "--dry-run", "--json"]);
        run.succeeds().json()["plan"]["evaluate"].clone()
    };
    sandbox.edit("prompts/other.prompt.yml", "Answer with", "Reply with");
    sandbox.commit("Reword one");
    assert_eq!(to_test(&sandbox), serde_json::json!(["other"]));
    sandbox.promotes("staging");
    sandbox.edit("prompts/other.prompt.yml", "name: Triage", "name: Other");
    sandbox.commit("Rename it for people");
    assert_eq!(to_test(&sandbox), serde_json::json!([]));
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\"", "\"regret\"");
    sandbox.commit("Change what tests both");
    assert_eq!(to_test(&sandbox), serde_json::json!(["other", "triage"]));
}

#[test]
fn a_gate_without_an_evaluation_is_never_passed() {
    let sandbox = Sandbox::with_workspace();
    let evals = "evals:\n  - dataset: tickets\n    evaluators: [queue-matches, no-apology]\n";
    sandbox.edit("prompts/triage.prompt.yml", evals, "");
    sandbox.commit("Test nothing");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(6).tells("was not evaluated");
    assert_eq!(sandbox.tip("staging"), "");
}
