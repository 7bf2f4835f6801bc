//! The schemas that editors are given say of keys and types what the readers say: both are asked about
//! whole files, and about thousands that differ from one of them in one place.

mod files;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::alert::read_alert;
use super::super::dataset::read_dataset;
use super::super::document::Source;
use super::super::evaluator::read_evaluator;
use super::super::lane::read_lane;
use super::super::mapping::read_mapping;
use super::super::memory::MemoryTree;
use super::super::project::read_project;
use super::super::prompt::read_prompt;
use super::super::rows::RowReader;
use super::super::view::read_view;
use crate::domain::dataset::{Dataset, DatasetKind, RowsFormat};
use crate::domain::finding::{Finding, Findings};
use crate::domain::id::{AlertId, DatasetId, EvaluatorId, LaneName, PromptId, ViewId};

/// A format: its schema, its reader, and files that together use every key.
struct Format {
    name: &'static str,
    schema: Value,
    /// Whether the files are YAML or JSON, which can say `null`.
    has_null: bool,
    read: fn(&Value) -> Vec<Finding>,
    files: Vec<Value>,
}

impl Format {
    fn validator(&self) -> jsonschema::Validator {
        jsonschema::validator_for(&self.schema).expect("a schema is one")
    }
}

fn findings<T>(read: Result<T, Findings>) -> Vec<Finding> {
    read.err()
        .map(|Findings(findings)| findings)
        .unwrap_or_default()
}

/// JSON is YAML, too.
fn yaml(file: &Value) -> String {
    file.to_string()
}

fn toml(file: &Value) -> String {
    toml::to_string(file).expect("what has no null is TOML")
}

fn formats() -> Vec<Format> {
    let mut formats = formats_of_tests();
    formats.extend(formats_of_operations());
    formats
}

/// What is released, and what it is tested with.
fn formats_of_tests() -> Vec<Format> {
    vec![
        Format {
            name: "project",
            schema: schema(include_str!("../../../../schemas/project.json")),
            has_null: false,
            read: |file| findings(read_project(&Source::new("pointsman.toml", toml(file)))),
            files: files::projects(),
        },
        Format {
            name: "prompt",
            schema: schema(include_str!("../../../../schemas/prompt.json")),
            has_null: true,
            read: |file| {
                let id = PromptId::new("a").expect("a letter is a name");
                findings(read_prompt(&id, &Source::new(id.path(), yaml(file))))
            },
            files: files::prompts(),
        },
        Format {
            name: "dataset",
            schema: schema(include_str!("../../../../schemas/dataset.json")),
            has_null: true,
            read: |file| {
                let id = DatasetId::new("a").expect("a letter is a name");
                findings(read_dataset(&id, &Source::new(id.path(), yaml(file))))
            },
            files: vec![json!({
                "description": "D", "kind": "golden", "rows": "a.jsonl", "cluster": "c", "split": "s",
                "media": {"folder": "photos", "columns": ["photo"]},
            })],
        },
        Format {
            name: "row",
            schema: schema(include_str!("../../../../schemas/row.json")),
            has_null: true,
            read: read_row,
            files: files::rows(),
        },
        Format {
            name: "evaluator",
            schema: schema(include_str!("../../../../schemas/evaluator.json")),
            has_null: true,
            read: |file| {
                let id = EvaluatorId::new("a").expect("a letter is a name");
                let tree = MemoryTree::new([
                    (
                        "evaluators/short.yml",
                        "kind: length\nunit: words\nmax: 3\n",
                    ),
                    ("evaluators/grade.js", "return true"),
                ]);
                findings(read_evaluator(
                    &id,
                    &Source::new(id.path(), yaml(file)),
                    &tree,
                ))
            },
            files: files::evaluators(),
        },
    ]
}

/// Where it is released to, and what is seen of it there.
fn formats_of_operations() -> Vec<Format> {
    vec![
        Format {
            name: "lane",
            schema: schema(include_str!("../../../../schemas/lane.json")),
            has_null: false,
            read: |file| {
                let name = LaneName::new("a").expect("a letter is a name");
                findings(read_lane(&name, &Source::new(name.path(), toml(file))))
            },
            files: files::lanes(),
        },
        Format {
            name: "view",
            schema: schema(include_str!("../../../../schemas/view.json")),
            has_null: false,
            read: |file| {
                let id = ViewId::new("a").expect("a letter is a name");
                findings(read_view(&id, &Source::new("a.toml", toml(file))))
            },
            files: vec![json!({
                "description": "D", "where": "status = error", "last": "7d", "by": "trace",
                "columns": ["time"], "sort": "duration",
            })],
        },
        Format {
            name: "alert",
            schema: schema(include_str!("../../../../schemas/alert.json")),
            has_null: false,
            read: |file| {
                let id = AlertId::new("a").expect("a letter is a name");
                findings(read_alert(&id, &Source::new("a.toml", toml(file))))
            },
            files: files::alerts(),
        },
        Format {
            name: "mapping",
            schema: schema(include_str!("../../../../schemas/mapping.json")),
            has_null: false,
            read: |file| findings(read_mapping(&Source::new("a.toml", toml(file)))),
            files: vec![json!({
                "columns": {"time": "t"}, "values": {"operation": "chat"},
                "attributes": {"a": "b"}, "scores": {"s": "u"}, "drop": ["d"],
            })],
        },
    ]
}

fn schema(text: &str) -> Value {
    serde_json::from_str(text).expect("a schema is JSON")
}

fn read_row(file: &Value) -> Vec<Finding> {
    let id = DatasetId::new("a").expect("a letter is a name");
    let dataset = Dataset {
        id,
        description: None,
        kind: DatasetKind::Golden,
        rows_path: "datasets/a.jsonl".to_owned(),
        rows_format: RowsFormat::Jsonl,
        cluster: None,
        media: None,
        split: None,
    };
    let line = std::io::Cursor::new(file.to_string());
    let tree = MemoryTree::default();
    let mut rows = RowReader::new(&dataset, Box::new(line), &tree);
    rows.next().map(findings).unwrap_or_default()
}

/// The places of a file: JSON pointers to every value in it.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(index, it): (usize, _)| (index.to_string(), it))
            .collect(),
        _ => Vec::new(),
    };
    for (step, value) in below {
        places(value, &format!("{at}/{step}"), found);
    }
}

fn places_in(file: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(file, "", &mut found);
    found
}

fn mapping_at<'f>(file: &'f mut Value, place: &str) -> Option<&'f mut Map<String, Value>> {
    file.pointer_mut(place)?.as_object_mut()
}

/// Every key that stands in any of a format's files, with the values that it has there.
fn keys_and_values(format: &Format) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (file, place) in mappings(format) {
        let map = file.pointer(&place).and_then(Value::as_object);
        for (key, value) in map.into_iter().flatten() {
            found.insert((key.clone(), value.to_string()));
        }
    }
    found
}

/// Whether a reader says that there is no such key.
fn refuses_key(findings: &[Finding], key: &str) -> bool {
    const IDENTS: [&str; 4] = [
        "unknown-key",
        "invalid-name",
        "reserved-name",
        "invalid-call",
    ];
    let quoted = format!("`{key}`");
    findings.iter().any(|finding| {
        let about_it = finding.message.contains(&quoted) || finding.ident == "invalid-call";
        IDENTS.contains(&finding.ident.as_str()) && about_it
    })
}

#[test]
fn every_schema_is_one_and_takes_the_files_that_its_reader_takes() {
    for format in formats() {
        assert!(
            jsonschema::meta::is_valid(&format.schema),
            "{}",
            format.name
        );
        let validator = format.validator();
        for file in &format.files {
            let read = (format.read)(file);
            assert!(read.is_empty(), "{}: {file}: {read:?}", format.name);
            let errors: Vec<String> = validator
                .iter_errors(file)
                .map(|it| it.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {file}: {errors:?}", format.name);
        }
    }
}

/// A key is written into a mapping, with each value that it has anywhere. Where a reader does not know it,
/// the schema refuses it; and what the reader takes, the schema takes.
#[test]
fn a_schema_knows_the_keys_that_its_reader_knows() {
    let formats = formats();
    let mut wrong = Vec::new();
    for format in &formats {
        let validator = format.validator();
        let known = keys_and_values(format);
        let keys = known.iter().map(|(key, _)| key.as_str());
        let keys: BTreeSet<&str> = keys.chain(["zzz"]).collect();
        for (file, place) in mappings(format) {
            for key in &keys {
                let written = Written {
                    file,
                    place: &place,
                    key,
                };
                if written.is_there() {
                    continue;
                }
                let values = known.iter().filter(|(name, _)| name == key);
                let values = values.map(|(_, text)| schema(text));
                let beside = written.mapping().values().cloned();
                let values: Vec<Value> = values.chain(beside).chain([json!("zzz")]).collect();
                let files: Vec<Value> = values.iter().map(|value| written.with(value)).collect();
                let name = format.name;
                let is_unknown = refuses_key(&(format.read)(&files[0]), key);
                if is_unknown && files.iter().any(|file| validator.is_valid(file)) {
                    wrong.push(format!(
                        "{name}: {place}/{key} is in the schema, and not read"
                    ));
                }
                let taken = files.iter().filter(|file| (format.read)(file).is_empty());
                if !is_unknown && taken.into_iter().any(|file| !validator.is_valid(file)) {
                    wrong.push(format!(
                        "{name}: {place}/{key} is read, and not in the schema"
                    ));
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The places of mappings in the files of a format.
fn mappings(format: &Format) -> Vec<(&Value, String)> {
    let mut found = Vec::new();
    for file in &format.files {
        let places = places_in(file).into_iter();
        let is_mapping = |place: &String| file.pointer(place).is_some_and(Value::is_object);
        found.extend(places.filter(is_mapping).map(|place| (file, place)));
    }
    found
}

/// A key that is written into a mapping of a file.
struct Written<'f> {
    file: &'f Value,
    place: &'f str,
    key: &'f str,
}

impl Written<'_> {
    fn mapping(&self) -> &Map<String, Value> {
        let found = self.file.pointer(self.place).and_then(Value::as_object);
        found.expect("the place is that of a mapping")
    }

    fn is_there(&self) -> bool {
        self.mapping().contains_key(self.key)
    }

    /// The file with the key.
    fn with(&self, value: &Value) -> Value {
        let mut file = self.file.clone();
        if let Some(map) = mapping_at(&mut file, self.place) {
            map.insert(self.key.to_owned(), value.clone());
        }
        file
    }
}

/// One value is another, or is gone. What the schema refuses, the reader refuses, so that an editor
/// never complains about a file that works; and where the reader misses a key or finds a wrong type, an
/// editor says so while one types.
#[test]
fn a_file_that_differs_in_one_place_is_refused_by_both() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for format in formats() {
        let validator = format.validator();
        for file in &format.files {
            for (place, other) in mutated(file, format.has_null) {
                tried += 1;
                let read = (format.read)(&other);
                let is_valid = validator.is_valid(&other);
                if !is_valid && read.is_empty() {
                    wrong.push(format!("{}: only the schema refuses {other}", format.name));
                }
                let found = read
                    .iter()
                    .find(|finding| says_while_typing(finding, &place));
                if let Some(finding) = found.filter(|_| is_valid) {
                    let message = &finding.message;
                    wrong.push(format!(
                        "{}: only the reader says {message}: {other}",
                        format.name
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(tried > 5000, "{tried}");
}

/// Whether an editor can know what a reader says of a file. It knows no types of the columns of rows,
/// and does not compare one list with another.
fn says_while_typing(finding: &Finding, place: &str) -> bool {
    const IDENTS: [&str; 4] = ["unknown-key", "wrong-type", "missing-key", "unknown-word"];
    let is_plain = IDENTS.contains(&finding.ident.as_str());
    let compares = finding.message.ends_with("is not one of the labels");
    is_plain && !compares && !place.starts_with("/testData")
}

fn mutated(file: &Value, has_null: bool) -> Vec<(String, Value)> {
    let others = [
        json!(true),
        json!(7),
        json!(-1),
        json!(0.5),
        json!("zzz"),
        json!([]),
        json!({}),
        json!(["zzz"]),
        json!([7]),
        json!({"zzz": 1}),
    ];
    let mut found = Vec::new();
    for place in places_in(file).iter().filter(|place| !place.is_empty()) {
        let nulls = has_null.then_some(Value::Null);
        for other in others.iter().cloned().chain(nulls) {
            let mut file = file.clone();
            *file.pointer_mut(place).expect("the place is in the file") = other;
            found.push((place.clone(), file));
        }
        let (above, key) = place.rsplit_once('/').expect("a place begins with a slash");
        let mut file = file.clone();
        let key = key.replace("~1", "/").replace("~0", "~");
        let removed = mapping_at(&mut file, above).and_then(|map| map.shift_remove(&key));
        found.extend(removed.map(|_| (place.clone(), file)));
    }
    found
}
