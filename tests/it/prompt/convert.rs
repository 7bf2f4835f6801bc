//! `pointsman prompt convert`: a prompt leaves for another tool, and comes back as the same prompt.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::source::root;

const TRIAGE: &str = "prompts/triage.prompt.yml";

/// The prompts of our own sample workspace, each with a dataset that tests it.
const SAMPLE: [(&str, &str); 4] = [
    ("docs/grounded-summary", "summary-golden"),
    ("judges/grounded", "judge-calibration"),
    ("support/reply", "reply-golden"),
    ("support/triage", "support-golden"),
];

fn sample() -> Sandbox {
    let sandbox = Sandbox::new();
    let from = root().display().to_string();
    let copy =
        ["prompts", "datasets", "evaluators", "pointsman.toml"].map(|it| format!("{from}/{it}"));
    sandbox
        .shell(&format!("cp -r {} .", copy.join(" ")))
        .run()
        .succeeds();
    sandbox
}

/// The name of a prompt without its folder.
fn last(prompt: &str) -> &str {
    prompt.rsplit('/').next().unwrap_or(prompt)
}

/// What a prompt says for the first rows of a dataset.
fn messages(sandbox: &Sandbox, prompt: &str, dataset: &str) -> Vec<Value> {
    let shown = sandbox.pointsman(&["dataset", "show", dataset, "--json", "-n", "5"]);
    let shown = shown.succeeds().json();
    let rows = shown["rows"]
        .as_array()
        .expect("a dataset has rows")
        .clone();
    assert_eq!(rows.len(), 5);
    let rendered = rows.iter().map(|row| {
        let row = format!(
            "{dataset}:{}",
            row["id"].as_str().expect("a row has a name")
        );
        let run = sandbox.pointsman(&["prompt", "render", prompt, "--row", &row, "--json"]);
        run.succeeds().json()["messages"].clone()
    });
    rendered.collect()
}

#[test]
fn the_sample_goes_to_dotprompt_and_back_and_says_the_same() {
    let sandbox = sample();
    let before = SAMPLE.map(|(prompt, dataset)| messages(&sandbox, prompt, dataset));
    for (prompt, _) in SAMPLE {
        let file = format!("out/{}.prompt", last(prompt));
        let to = [
            "prompt",
            "convert",
            prompt,
            "--to",
            "dotprompt",
            "-o",
            &file,
        ];
        sandbox
            .pointsman(&to)
            .exits(1)
            .says("error[evals]")
            .says(&file);
    }
    sandbox.shell("rm -r prompts").run().succeeds();
    let import = sandbox.pointsman(&[
        "import",
        "dotprompt",
        "out",
        "--model",
        "replay/sample-model-1",
    ]);
    import.succeeds().says("everything came along\n");
    for ((prompt, dataset), before) in SAMPLE.into_iter().zip(before) {
        assert_eq!(
            messages(&sandbox, last(prompt), dataset),
            before,
            "{prompt}"
        );
    }
}

#[test]
fn the_sample_goes_to_github_and_is_read_and_says_the_same() {
    let sandbox = sample();
    for (prompt, dataset) in SAMPLE {
        let before = messages(&sandbox, prompt, dataset);
        let file = format!("prompts/github/{}.prompt.yml", last(prompt));
        let to = ["prompt", "convert", prompt, "--to", "github", "-o", &file];
        sandbox.pointsman(&to).exits(1);
        let read = format!("github/{}", last(prompt));
        // What has a default here must be given there.
        if prompt != "support/triage" {
            assert_eq!(messages(&sandbox, &read, dataset), before, "{prompt}");
        }
    }
    let render = |prompt: &str| {
        let values = [
            "--var",
            "ticket=Where is it?",
            "--var",
            "locale=de",
            "--json",
        ];
        let args = [&["prompt", "render", prompt], &values[..]].concat();
        sandbox.pointsman(&args).succeeds().json()["messages"].clone()
    };
    assert_eq!(render("github/triage"), render("support/triage"));
}

#[test]
fn on_stdout_stands_the_file_and_beside_it_what_did_not_come_along() {
    let sandbox = Sandbox::with_workspace();
    let run = sandbox.pointsman(&["prompt", "convert", "triage", "--to", "github"]);
    insta::assert_snapshot!(run.exits(1).stdout);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn with_json_a_program_reads_the_file_and_the_remarks() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        TRIAGE,
        "content: Answer",
        "content: \"{% include '_partials/t.md' %}\"\n  - role: system\n    content: Answer",
    );
    sandbox.write("prompts/_partials/t.md", "Be brief.\n");
    let to = ["prompt", "convert", "triage", "--to", "dotprompt", "--json"];
    let json = sandbox.pointsman(&to).exits(1).json();
    assert_eq!(json["schema"], "pointsman/prompt-convert/v1");
    assert_eq!(
        (&json["prompt"], &json["to"]),
        (&"triage".into(), &"dotprompt".into())
    );
    assert!(
        json["text"]
            .as_str()
            .is_some_and(|text| text.contains("Be brief.{{role")),
        "{json}"
    );
    assert_eq!(json["partials"], serde_json::json!({}));
    assert_eq!(json["left_out"][0]["ident"], "evals");
    assert_eq!(json["changed"][0]["ident"], "built-in-model");
    let to_file = [&to[..], &["-o", "out/a.prompt", "--model", "openai/x"]].concat();
    let json = sandbox.pointsman(&to_file).exits(1).json();
    assert_eq!(
        json["written"],
        serde_json::json!(["out/a.prompt", "out/_t.prompt"])
    );
    assert_eq!(json["partials"]["_t.prompt"], "Be brief.");
    assert_eq!(json["changed"], serde_json::json!([]));
    assert_eq!(
        sandbox.read("out/a.prompt"),
        json["text"].as_str().expect("it is text")
    );
}

#[test]
fn no_file_is_touched_that_says_something_else() {
    let sandbox = Sandbox::with_workspace();
    let to = [
        "prompt",
        "convert",
        "triage",
        "--to",
        "dotprompt",
        "-o",
        "a.prompt",
    ];
    sandbox.pointsman(&to).exits(1).says("wrote 1 file(s)");
    sandbox.pointsman(&to).exits(1).says("wrote 0 file(s)");
    sandbox.write("a.prompt", "mine");
    sandbox
        .pointsman(&to)
        .exits(2)
        .tells("a.prompt")
        .tells("exist already");
    assert_eq!(sandbox.read("a.prompt"), "mine");
    sandbox
        .shell("rm a.prompt && ln -s b.prompt a.prompt")
        .run()
        .succeeds();
    sandbox.pointsman(&to).exits(2);
    assert!(!sandbox.path().join("b.prompt").exists());
}

#[test]
fn a_prompt_that_would_say_something_else_is_not_written() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(TRIAGE, "{{ ticket }}", "{{ ticket|upper }}");
    for tool in ["github", "dotprompt"] {
        let to = ["prompt", "convert", "triage", "--to", tool, "-o", "a"];
        sandbox
            .pointsman(&to)
            .exits(1)
            .says("error[no-counterpart]: the filter `upper` has no counterpart")
            .says("--> prompts/triage.prompt.yml:10:25")
            .says("error[not-converted]")
            .says("wrote 0 file(s)");
        assert!(!sandbox.path().join("a").exists());
        let to = ["prompt", "convert", "triage", "--to", tool];
        sandbox
            .pointsman(&to)
            .exits(1)
            .has_no_result()
            .tells("the filter `upper`");
    }
}

#[test]
fn what_was_released_is_converted_from_there() {
    let sandbox = Sandbox::with_workspace();
    sandbox.commit("Start");
    sandbox.edit(TRIAGE, "Answer with", "Say");
    let to = ["prompt", "convert", "triage", "--to", "dotprompt"];
    let at = [&to[..], &["--at", "HEAD"]].concat();
    sandbox
        .pointsman(&at)
        .exits(1)
        .says("Answer with the queue");
    sandbox.pointsman(&to).exits(1).says("Say the queue");
}

#[test]
fn mistakes_are_named() {
    let sandbox = Sandbox::with_workspace();
    let convert = |args: &[&str]| sandbox.pointsman(&[&["prompt", "convert"], args].concat());
    convert(&["triag", "--to", "github"])
        .exits(2)
        .tells("did you mean `triage`?");
    convert(&["triage"]).exits(2).tells("--to <TOOL>");
    convert(&["triage", "--to", "githb"])
        .exits(2)
        .tells("'github'");
    convert(&["triage", "--to", "github", "--model", "x"])
        .exits(2)
        .tells("<provider>/<model>");
    sandbox.edit(TRIAGE, "{{ ticket }}", "{{ tickt }}");
    convert(&["triage", "--to", "github"])
        .exits(2)
        .tells("did you mean `ticket`?");
}
