//! `pointsman schema`: editors know the formats of files.

mod reference;

use jsonschema::Validator;
use pointsman::engine::workspace::document::{Node, Source};
use pointsman::engine::workspace::toml::parse_toml;
use pointsman::engine::workspace::yaml::parse_yaml;
use serde_json::Value;

use crate::support::Sandbox;

/// The files of a workspace that `init` wrote and that say where their schema is, with that schema.
fn files_with_schemas(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let listed = sandbox
        .shell("find . -type f -not -path './.git/*' | sort")
        .run();
    let mut found = Vec::new();
    for path in listed.succeeds().stdout.lines() {
        let path = path.trim_start_matches("./");
        let text = sandbox.read(path);
        let first = text.lines().next().unwrap_or_default();
        let relative = first
            .strip_prefix("# yaml-language-server: $schema=")
            .or_else(|| first.strip_prefix("#:schema "));
        if let Some(relative) = relative {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let schema = sandbox.read(&format!("./{folder}/{relative}"));
            let schema = serde_json::from_str(&schema).expect("a schema is JSON");
            found.push((path.to_owned(), schema));
        }
    }
    found
}

fn parsed(path: &str, text: &str) -> Value {
    let source = Source::new(path, text);
    let node: Node = if path.strip_suffix(".toml").is_some() {
        parse_toml(&source).expect("the sample is well-formed")
    } else {
        parse_yaml(&source).expect("the sample is well-formed")
    };
    node.to_json()
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect()
}

#[test]
fn every_file_that_init_writes_follows_the_schema_that_it_names() {
    let sandbox = Sandbox::new();
    sandbox.pointsman(&["init"]).succeeds();
    let files = files_with_schemas(&sandbox);
    assert_eq!(
        files.len(),
        1 + 4 + 5 + 14 + 2,
        "settings, prompts, datasets, evaluators, lanes"
    );
    for (path, schema) in files {
        let validator = jsonschema::validator_for(&schema).expect("a schema is one");
        let found = problems(&validator, &parsed(&path, &sandbox.read(&path)));
        assert!(found.is_empty(), "{path}: {found:?}");
    }
    let schema = sandbox.read(".pointsman/schemas/row.json");
    let schema = serde_json::from_str(&schema).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema is one");
    for row in sandbox.read("datasets/support-golden.jsonl").lines() {
        let row = serde_json::from_str(row).expect("a row is JSON");
        let found = problems(&validator, &row);
        assert!(found.is_empty(), "{row}: {found:?}");
    }
}

#[test]
fn a_schema_is_printed_and_a_format_that_is_misspelled_is_guessed() {
    let sandbox = Sandbox::without_git();
    let printed = sandbox.pointsman(&["schema", "lane"]).json();
    assert_eq!(
        printed["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    sandbox
        .pointsman(&["schema", "evaluatr"])
        .exits(2)
        .tells("there is no format `evaluatr`")
        .tells("did you mean `evaluator`?");
}

#[test]
fn the_formats_are_listed_with_the_files_that_have_them() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["schema"])
        .succeeds()
        .says("lane       environments/*.toml\n");
    let listed = sandbox.pointsman(&["schema", "--json"]).json();
    assert_eq!(listed["schema"], "pointsman/schemas/v1");
    for format in listed["formats"].as_array().expect("a list of formats") {
        let name = format["name"].as_str().expect("a format has a name");
        assert_eq!(format["path"], format!(".pointsman/schemas/{name}.json"));
        let printed = sandbox.pointsman(&["schema", name]);
        assert!(printed.json()["title"].is_string(), "{name}");
    }
}

#[test]
fn schemas_of_another_version_are_brought_up_to_date() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(".pointsman/schemas/lane.json", "{}");
    sandbox
        .pointsman(&["schema", "--write"])
        .succeeds()
        .says("wrote 9 schemas to .pointsman/schemas\n");
    let printed = sandbox.pointsman(&["schema", "lane"]).stdout;
    assert_eq!(sandbox.read(".pointsman/schemas/lane.json"), printed);
    Sandbox::new()
        .pointsman(&["schema", "--write"])
        .exits(2)
        .tells("pointsman init");
}
