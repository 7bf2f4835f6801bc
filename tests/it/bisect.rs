//! `pointsman bisect`: the commit that made an evaluator worse, found or honestly not.

mod answers;
mod bad_input;
mod ends;
mod history;
mod lines;

use history::{History, PROMPT};

/// Dozens of commits of which one makes it worse; its id.
fn dozens() -> (History, String) {
    let history = History::start();
    let mut worse = String::new();
    for number in 1..=30 {
        if number == 17 {
            history.spoil();
            worse = history.sandbox.commit("triage: sound friendlier");
        } else if number % 3 == 0 {
            history.reword(number);
        } else {
            history.unrelated(number);
        }
    }
    (history, worse)
}

#[test]
fn one_commit_among_dozens_is_found_and_shown() {
    let (history, worse) = dozens();
    let run = history.bisect(&[]);
    run.succeeds().says(&worse);
    insta::assert_snapshot!(run.transcript());
}

#[test]
fn nothing_moves_and_nothing_is_checked_out() {
    let (history, _) = dozens();
    history.sandbox.write("untracked.txt", "mine");
    history.sandbox.edit(PROMPT, "Be brief", "Be very brief");
    let state = || {
        let sandbox = &history.sandbox;
        [
            sandbox.git(&["status", "--porcelain=v2", "--branch"]),
            sandbox.git(&["for-each-ref"]),
            sandbox.git(&["stash", "list"]),
            sandbox.read(PROMPT),
        ]
    };
    let before = state();
    history.bisect(&[]).succeeds();
    history.bisect(&["--bad", "worktree"]).succeeds();
    assert_eq!(state(), before);
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let (history, _) = dozens();
    let first = history.bisect(&["--json"]);
    let runs = history.sandbox.pointsman(&["runs", "list", "--json"]);
    let second = history.bisect(&["--json"]);
    assert_eq!(first.succeeds().stdout, second.succeeds().stdout);
    let again = history.sandbox.pointsman(&["runs", "list", "--json"]);
    assert_eq!(
        again.json()["runs"],
        runs.json()["runs"],
        "what a finished run has shown is not run again"
    );
}

#[test]
fn versions_are_what_a_model_is_sent_and_no_commits() {
    let history = History::start();
    history
        .sandbox
        .edit(PROMPT, "name: Triage", "name: Triaging");
    history.sandbox.commit("Rename for people");
    history.spoil();
    let worse = history.sandbox.commit("Say sorry");
    history.sandbox.edit(PROMPT, "evals:", "# Tests\nevals:");
    history.sandbox.commit("Remark");
    let json = history.bisect(&["--json"]).succeeds().json();
    assert_eq!(json["schema"], "pointsman/bisect/v1");
    assert_eq!(json["commits"], 3);
    let versions = json["versions"].as_array().expect("versions are a list");
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[1]["commit"], worse.as_str());
    assert_eq!(versions[1]["author"], "Ada <ada@example.com>");
    assert_eq!(versions[1]["subject"], "Say sorry");
    assert_eq!(json["found"]["version"], 1);
    assert_eq!(json["found"]["diff"]["aspects"][0], "messages");
    let flips = json["found"]["cases"]["flips"].as_array();
    assert_eq!(flips.map(Vec::len), Some(25), "one look is enough");
}

#[test]
fn a_change_of_an_included_file_is_a_version() {
    let history = History::start();
    history
        .sandbox
        .write("prompts/_partials/tone.md", "Be kind. ");
    let partial = "\"{% include \\\"_partials/tone.md\\\" %}{{ ticket }}\"";
    history.sandbox.edit(PROMPT, "\"{{ ticket }}\"", partial);
    history.sandbox.commit("Include a tone");
    history.reword(1);
    history
        .sandbox
        .write("prompts/_partials/tone.md", "We are sorry. ");
    let worse = history.sandbox.commit("Another tone");
    history.reword(2);
    let run = history.bisect(&[]);
    run.succeeds()
        .says(&worse)
        .says("include prompts/_partials/tone.md");
}

#[test]
fn a_small_loss_takes_more_rows_than_a_large_one() {
    let history = History::of_rows(240);
    for number in 1..5 {
        history.reword(number);
    }
    let some = "\"{% if '3' in ticket %}Sorry {% endif %}{{ ticket }}\"";
    history.sandbox.edit(PROMPT, "\"{{ ticket }}\"", some);
    let worse = history.sandbox.commit("Say sorry sometimes");
    history.reword(5);
    let json = history.bisect(&["--json"]).succeeds().json();
    assert_eq!(json["found"]["version"], 5);
    assert_eq!(json["versions"][5]["commit"], worse.as_str());
    let rows = json["steps"][0]["rows"].as_u64().expect("a number");
    assert!((50..=240).contains(&rows), "{rows}");
}

#[test]
fn what_gets_better_again_is_told() {
    let history = History::start();
    history.reword(1);
    history.spoil();
    history.sandbox.commit("Say sorry");
    history.reword(2);
    history.reword(3);
    let some = "\"{% if '1' in ticket or '2' in ticket %}Sorry {% endif %}{{ ticket }}\"";
    history
        .sandbox
        .edit(PROMPT, "\"Sorry: {{ ticket }}\"", some);
    history.sandbox.commit("Say sorry less often");
    let run = history.bisect(&[]);
    run.succeeds()
        .says("subject  Say sorry\n")
        .says("it does not only get worse");
}

#[test]
fn what_gets_worse_little_by_little_is_told() {
    let history = History::of_rows(240);
    for number in 1..=8 {
        let words: Vec<String> = (1..=number).map(|it| format!("'{it}'")).collect();
        let condition = format!("ticket[-1:] in [{}]", words.join(", "));
        let content =
            format!("    content: \"{{% if {condition} %}}Sorry {{% endif %}}{{{{ ticket }}}}\"");
        let text = history.sandbox.read(PROMPT);
        let line = text
            .lines()
            .find(|line| line.contains("{{ ticket }}"))
            .expect("the prompt has this line");
        history.sandbox.write(PROMPT, text.replace(line, &content));
        history.sandbox.commit(&format!("Say sorry {number}"));
    }
    let run = history.bisect(&["--margin", "0.4"]);
    run.succeeds().says("other commits make it worse, too");
}

#[test]
fn hostile_names_and_subjects_stay_on_their_line() {
    let history = History::start();
    history.spoil();
    history.sandbox.git(&["add", "--all"]);
    let author = "--author=E\u{1b}[2Jve <eve@example.com>";
    let subject = "Fix\u{202e} \u{1b}]0;x\u{7}";
    history
        .sandbox
        .git(&["commit", "--quiet", author, "-m", subject]);
    let run = history.bisect(&[]);
    run.succeeds()
        .says("author   E\\u{1b}[2Jve <eve@example.com>")
        .says("subject  Fix\\u{202e} \\u{1b}]0;x\\u{7}");
}
