//! Reads tests: those of the configuration, of files that it names, and of scenarios, each with what the
//! default test gives it.

use indexmap::IndexMap;

use crate::domain::finding::{Finding, Findings};
use crate::engine::workspace::document::{Node, Source, Value};
use crate::engine::workspace::json::parse_json;

use super::csv::csv_tests;
use super::files::{Item, Reader, Spot, ending};
use super::value::json_of;

/// Keys of a test that mean something here.
const KEYS: [&str; 9] = [
    "description",
    "vars",
    "assert",
    "threshold",
    "options",
    "metadata",
    "prompts",
    "providers",
    "providerOutput",
];

/// Options of a test that mean something here, or nothing at all.
const OPTIONS: [&str; 7] = [
    "prefix",
    "suffix",
    "provider",
    "disableVarExpansion",
    "disableDefaultAsserts",
    "runSerially",
    "disableConversationVar",
];

/// One test, merged with all that it takes over.
#[derive(Debug, Clone)]
pub(super) struct TestCase {
    pub(super) spot: Spot,
    /// The file that it stands in.
    pub(super) file: String,
    pub(super) description: Option<String>,
    pub(super) vars: IndexMap<String, Item>,
    pub(super) asserts: Vec<Item>,
    pub(super) threshold: Option<f64>,
    pub(super) options: IndexMap<String, Item>,
    pub(super) metadata: IndexMap<String, Item>,
    /// The labels of the prompts that it is for; absent: all.
    pub(super) prompts: Option<Vec<String>>,
    /// The names of the providers that it is for; absent: all.
    pub(super) providers: Option<Vec<String>>,
    /// The answer that is graded without asking anybody.
    pub(super) provider_output: Option<Item>,
}

/// What one place says of a test.
#[derive(Debug, Clone, Default)]
struct Layer {
    entries: IndexMap<String, Item>,
    vars: IndexMap<String, Item>,
}

/// Reads all tests of a configuration, in their order.
pub(super) fn tests(reader: &mut Reader<'_>, configuration: &Item) -> Vec<TestCase> {
    let default = configuration.get("defaultTest");
    let default = default.and_then(|item| reader.resolved(&item));
    let default = match &default {
        Some(item) => layer(reader, item),
        None => Some(Layer::default()),
    };
    let Some(default) = default else {
        return Vec::new();
    };
    let mut tests = Vec::new();
    if let Some(list) = configuration.get("tests") {
        for item in read_list(reader, &list) {
            tests.extend(merged(reader, &[&default], &item));
        }
    }
    let is_alone = tests.is_empty() && configuration.get("scenarios").is_none();
    if is_alone && default.entries.contains_key("assert") {
        // promptfoo makes one test of the default test alone.
        tests.extend(merged(reader, &[&default], &empty(configuration)));
    }
    for scenario in scenarios(reader, configuration) {
        let data = scenario.get("config");
        let data = data.and_then(|data| reader.resolved(&data));
        for data in data.map(|data| data.items()).unwrap_or_default() {
            let Some(data_layer) = reader.resolved(&data).and_then(|it| layer(reader, &it)) else {
                continue;
            };
            match scenario.get("tests") {
                None => tests.extend(merged(reader, &[&default, &data_layer], &empty(&data))),
                Some(list) => {
                    for item in read_list(reader, &list) {
                        tests.extend(merged(reader, &[&default, &data_layer], &item));
                    }
                }
            }
        }
    }
    tests
}

/// A test that says nothing of its own.
fn empty(at: &Item) -> Item {
    at.beside(&Node {
        span: at.node.span,
        value: Value::Map(Vec::new()),
    })
}

fn scenarios(reader: &mut Reader<'_>, configuration: &Item) -> Vec<Item> {
    let mut scenarios = Vec::new();
    let list = configuration.get("scenarios").map(|list| list.items());
    for item in list.unwrap_or_default() {
        let Some(item) = reader.resolved(&item) else {
            continue;
        };
        for scenario in item.items() {
            for entry in scenario.entries() {
                if !["config", "tests", "description"].contains(&entry.key.as_str()) {
                    let message = format!("`{}` of a scenario is not imported", entry.key);
                    let place = scenario.spot_of(entry.key_span).place();
                    reader.left_out(place, "unsupported-key", message);
                }
            }
            scenarios.push(scenario);
        }
    }
    scenarios
}

/// The tests of a list, or of the files that it names.
fn read_list(reader: &mut Reader<'_>, list: &Item) -> Vec<Item> {
    let mut tests = Vec::new();
    for item in list.items() {
        match item.text() {
            None if item.get("path").is_some() => {
                let message = "tests that a program makes are not imported";
                reader.left_out(item.place(), "unsupported-tests", message);
            }
            None => tests.push(item),
            Some(name) => {
                for path in reader.paths(&item, name) {
                    tests.extend(file_tests(reader, &item, &path));
                }
            }
        }
    }
    tests
}

fn file_tests(reader: &mut Reader<'_>, at: &Item, path: &str) -> Vec<Item> {
    match ending(path).as_str() {
        "yaml" | "yml" | "json" => {
            let item = reader.parsed_file(at, path);
            item.map(|item| item.items()).unwrap_or_default()
        }
        "jsonl" => match reader.text(at, path) {
            Some(source) => jsonl_tests(reader, &source),
            None => Vec::new(),
        },
        "csv" => match reader.text(at, path) {
            Some(source) => csv_tests(reader, source),
            None => Vec::new(),
        },
        other => {
            let finding = Finding::error(
                "unsupported-tests",
                at.place(),
                format!("tests in a `.{other}` file are not imported"),
            );
            let help = "save them as YAML, JSON, JSONL or CSV; programs are never run";
            reader.remarks.push(finding.with_help(help));
            Vec::new()
        }
    }
}

fn jsonl_tests(reader: &mut Reader<'_>, source: &Source) -> Vec<Item> {
    let mut tests = Vec::new();
    for (line, number) in source.text.split('\n').zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let source = Source::part(&source.path, line, number);
        match parse_json(&source) {
            Ok(node) => tests.push(Item {
                source: source.into(),
                node,
            }),
            Err(Findings(findings)) => reader.remarks.extend(findings),
        }
    }
    tests
}

/// What one place says of a test; `None` where it cannot be kept, which is said.
fn layer(reader: &mut Reader<'_>, item: &Item) -> Option<Layer> {
    if !item.is_map() {
        let message = format!("expected a test, found {}", item.node.value.kind());
        reader.left_out(item.place(), "unsupported-test", message);
        return None;
    }
    let mut usable = true;
    let mut layer = Layer::default();
    for entry in item.entries() {
        let value = item.beside(&entry.node);
        let key = entry.key.as_str();
        let place = || item.spot_of(entry.key_span).place();
        if key == "vars" {
            layer.vars = vars(reader, &value);
        } else if KEYS.contains(&key) {
            layer.entries.insert(key.to_owned(), value);
        } else if ["provider", "assertScoringFunction"].contains(&key) {
            let message = format!("tests with `{key}` are left out: it changes what is tested");
            reader.left_out(place(), "unsupported-test", message);
            usable = false;
        } else {
            let message = format!("`{key}` of a test is not imported");
            reader.left_out(place(), "unsupported-key", message);
        }
    }
    let options = layer.entries.get("options").cloned();
    for entry in options.iter().flat_map(Item::entries) {
        let place = || item.spot_of(entry.key_span).place();
        match entry.key.as_str() {
            key if OPTIONS.contains(&key) => {}
            "repeat" => {
                let message =
                    "`repeat` is not imported: see `gate.repeats` of a lane, or `eval --repeats`";
                reader.left_out(place(), "unsupported-key", message);
            }
            key => {
                let message = format!(
                    "tests with the option `{key}` are left out: it changes what is tested"
                );
                reader.left_out(place(), "unsupported-test", message);
                usable = false;
            }
        }
    }
    usable.then_some(layer)
}

/// The variables of a test, or of the files that it names.
fn vars(reader: &mut Reader<'_>, value: &Item) -> IndexMap<String, Item> {
    let mut vars = IndexMap::new();
    for part in value.items() {
        let maps = match part.text() {
            None => vec![part],
            Some(name) => {
                let paths = reader.paths(&part, name);
                paths
                    .iter()
                    .filter_map(|path| reader.parsed_file(&part, path))
                    .collect()
            }
        };
        for map in &maps {
            let entries = map.entries().iter();
            vars.extend(entries.map(|entry| (entry.key.clone(), map.beside(&entry.node))));
        }
    }
    vars
}

/// A test with what the layers before it say; `None` where it is left out.
fn merged(reader: &mut Reader<'_>, before: &[&Layer], item: &Item) -> Option<TestCase> {
    let item = &reader.resolved(item)?;
    let own = layer(reader, item)?;
    let layers: Vec<&Layer> = before.iter().copied().chain([&own]).collect();
    let last = |key: &str| {
        layers
            .iter()
            .rev()
            .find_map(|layer| layer.entries.get(key))
            .cloned()
    };
    let mut vars = IndexMap::new();
    let mut options: IndexMap<String, Item> = IndexMap::new();
    let mut metadata = IndexMap::new();
    for layer in &layers {
        vars.extend(layer.vars.clone());
        for (key, into) in [("options", &mut options), ("metadata", &mut metadata)] {
            if let Some(map) = layer.entries.get(key) {
                let entries = map.entries().iter();
                into.extend(entries.map(|entry| (entry.key.clone(), map.beside(&entry.node))));
            }
        }
    }
    let is_set = |option: &str| options.get(option).is_some_and(|it| it.json() == true);
    let skipped = usize::from(is_set("disableDefaultAsserts"));
    let mut asserts = Vec::new();
    for layer in layers.iter().skip(skipped) {
        if let Some(list) = layer.entries.get("assert") {
            asserts.extend(reader.resolved(list)?.items());
        }
    }
    let threshold = match last("threshold") {
        None => None,
        Some(item) => Some(number(reader, &item)?),
    };
    let description = last("description");
    Some(TestCase {
        spot: item.spot(),
        file: item.source.path.clone(),
        description: description.and_then(|item| item.text().map(str::to_owned)),
        vars,
        asserts,
        threshold,
        options,
        metadata,
        prompts: last("prompts").map(|item| texts(&item)),
        providers: last("providers").map(|item| texts(&item)),
        provider_output: last("providerOutput"),
    })
}

fn number(reader: &mut Reader<'_>, item: &Item) -> Option<f64> {
    let number = json_of(&item.node).as_f64();
    if number.is_none() {
        let message = "the test is left out: its `threshold` is no number";
        reader.left_out(item.place(), "unsupported-test", message);
    }
    number
}

fn texts(item: &Item) -> Vec<String> {
    let items = item.items();
    items
        .iter()
        .filter_map(|item| item.text().map(str::to_owned))
        .collect()
}
