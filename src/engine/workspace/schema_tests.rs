//! The schemas that editors are given say of keys and types what the readers say: both are asked about
//! whole files, and about thousands that differ from one of them in one place.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::alert::read_alert;
use super::dataset::read_dataset;
use super::document::Source;
use super::evaluator::read_evaluator;
use super::lane::read_lane;
use super::mapping::read_mapping;
use super::memory::MemoryTree;
use super::project::read_project;
use super::prompt::read_prompt;
use super::rows::RowReader;
use super::view::read_view;
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

fn prompts() -> Vec<Value> {
    let messages = json!([{"role": "user", "content": "{{ a }} {{ b }}"}]);
    vec![
        json!({
            "name": "N", "description": "D", "model": "echo/echo",
            "modelParameters": {"temperature": 0},
            "variables": {
                "a": {"type": "string", "description": "A"},
                "b": {"type": "integer", "default": 1},
                "c": {"type": "image"},
            },
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "{{ a }} {{ b }}"},
                    {"type": "image", "variable": "c"},
                    {"type": "file", "path": "_media/a.pdf"},
                ]},
            ],
            "responseFormat": "json_schema",
            "jsonSchema": {"name": "s", "strict": true, "schema": {"type": "object"}},
            "tools": [{"type": "function", "function": {
                "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true,
            }}],
            "evals": [{"dataset": "golden", "evaluators": ["short"]}],
        }),
        json!({
            "model": "echo/echo",
            "messages": messages,
            "testData": [{"a": "x", "b": 2, "expected": "x"}],
            "evaluators": [
                {"name": "e", "string": {"equals": "x"}},
                {"string": {"contains": "x"}},
                {"string": {"startsWith": "x"}},
                {"string": {"endsWith": "{{a}}"}},
                {"llm": {
                    "modelId": "echo/echo", "systemPrompt": "s", "prompt": "{{completion}}?",
                    "choices": [{"choice": "yes", "score": 1}, {"choice": "no", "score": 0}],
                }},
                {"uses": "github/fluency"},
            ],
        }),
    ]
}

fn evaluators() -> Vec<Value> {
    let script = "return true";
    vec![
        json!({
            "kind": "text", "description": "D", "blocking": false, "operator": "equals", "value": "a",
            "ignoreCase": true, "trim": true,
            "examples": [{"output": "a", "expected": "a", "vars": {"x": 1}, "grade": "pass"}],
        }),
        json!({"kind": "text", "operator": "contains-any", "value": ["a", "b"]}),
        json!({"kind": "text", "operator": "equals", "value": {"column": "expected"}}),
        json!({"kind": "json", "check": "valid"}),
        json!({"kind": "json", "check": "schema", "schema": {"type": "object"}}),
        json!({"kind": "json", "check": "pointer-equals", "pointer": "/a", "value": {"column": "a"}}),
        json!({"kind": "expected", "comparison": "exact"}),
        json!({"kind": "expected", "comparison": "numeric", "tolerance": 0.5}),
        json!({"kind": "expected", "comparison": "set", "separator": ";"}),
        json!({
            "kind": "similarity", "metric": "bleu", "threshold": 0.5, "value": "a", "ignoreCase": true,
        }),
        json!({
            "kind": "similarity", "metric": "embedding", "threshold": 0.5, "value": "a", "model": "a/b",
        }),
        json!({
            "kind": "tool-calls", "calls": ["f", {"name": "g", "arguments": {"x": 1}}],
            "order": "exact", "arguments": "partial", "schema": true,
        }),
        json!({"kind": "tool-calls", "calls": {"column": "calls"}}),
        json!({"kind": "length", "unit": "words", "min": 1, "max": 9}),
        json!({"kind": "latency", "maxMs": 100}),
        json!({"kind": "cost", "maxUsd": 0.01}),
        json!({
            "kind": "llm-judge", "prompt": "judges/a", "scale": {"min": 1, "max": 5}, "threshold": 4,
            "calibration": "graded",
        }),
        json!({"kind": "llm-judge", "prompt": "judges/a", "labels": ["good", "bad"], "pass": ["good"]}),
        json!({
            "kind": "llm-judge", "prompt": "judges/a", "compareWith": {"column": "old"}, "tie": "pass",
        }),
        json!({"kind": "javascript", "script": script, "threshold": 0.5, "timeLimitMs": 100}),
        json!({"kind": "javascript", "file": "grade.js"}),
        json!({
            "kind": "exec", "command": ["grade"], "env": ["HOME"], "timeout": "5s", "concurrency": 2,
            "threshold": 0.5,
        }),
        json!({"kind": "http", "provider": "grader", "threshold": 0.5}),
        json!({"kind": "all", "of": ["short", {"evaluator": "short"}, {"kind": "latency", "maxMs": 1}]}),
        json!({"kind": "any", "of": "short"}),
        json!({"kind": "not", "of": ["short"]}),
        json!({"kind": "weighted", "threshold": 0.5, "of": [
            {"evaluator": "short", "weight": 2},
            {"kind": "latency", "maxMs": 1, "weight": 1},
        ]}),
    ]
}

fn lanes() -> Vec<Value> {
    let standard = json!({
        "url_env": "URL", "secret_env": ["SECRET", "NEXT"], "events": ["promote"], "format": "standard",
    });
    vec![json!({
        "description": "D", "order": 2, "from": "staging",
        "gate": {
            "floors": {"short": 0.9}, "repeats": 2, "evidence_max_age": "14d", "margin": 0.05,
            "confidence": 0.95, "judge_kappa": 0.6, "max_latency_p95_ratio": 1.2, "max_cost_ratio": 1.3,
            "on_inconclusive": "approve",
        },
        "approval": {"required": 2, "not_author": true, "allowed_signers": "environments/approvers"},
        "signing": {"allowed_signers": "environments/releasers"},
        "freeze": {"windows": ["Fri 16:00 - Mon 08:00 Europe/Berlin"], "soak": "24h"},
        "watch": {
            "checkpoints": ["1h", "7d"], "max_error_rate_increase": 0.01, "max_latency_p95_ratio": 1.2,
            "max_cost_per_call_ratio": 1.2, "min_score_delta": -0.05,
        },
        "webhook": [standard, {"url_env": "GITHUB", "token_env": "TOKEN", "format": "github"}],
    })]
}

fn projects() -> Vec<Value> {
    let server = |kind: &str, address: &str| {
        json!({
            "kind": kind, address: "https://example.com", "key_env": "KEY", "concurrency": 2,
            "max_attempts": 3, "requests_per_minute": 100, "tokens_per_minute": 1000, "timeout": "5s",
        })
    };
    let with = |mut server: Value, more: Value| {
        let Value::Object(more) = more else {
            unreachable!("it is written as one")
        };
        server
            .as_object_mut()
            .expect("it is written as one")
            .extend(more);
        server
    };
    vec![
        json!({
            "schema": 1, "remote": "origin",
            "providers": {
                "openai": with(server("openai", "base_url"), json!({"stream": true, "key_header": "api-key"})),
                "anthropic": server("anthropic", "base_url"),
                "gemini": server("gemini", "base_url"),
                "own": with(server("http", "url"), json!({
                    "body": "{}", "output": "/text", "input_tokens": "/in", "output_tokens": "/out",
                    "key_header": "x-key",
                })),
                "grader": with(server("grader", "url"), json!({"key_header": "x-key"})),
                "program": {
                    "kind": "exec", "command": ["model"], "env": ["HOME"], "concurrency": 1, "timeout": "5s",
                },
            },
            "prices": {"openai/gpt": {
                "input_usd_per_million": 1, "output_usd_per_million": 2,
                "cached_input_usd_per_million": 0.1, "cache_write_usd_per_million": 0.5,
            }},
            "traces": {
                "store": "clickhouse", "url_env": "URL", "user_env": "NAME", "password_env": "PASSWORD",
                "database": "d", "table": "t", "logs_table": "l",
            },
            "redaction": {
                "content": ["input"], "keep": ["a*"], "drop": ["b"], "off": ["phone"], "keys": ["k"],
                "allow": ["x"], "pseudonyms": ["user"], "key_env": "KEY",
                "patterns": {"number": {"regex": "[0-9]+", "validator": "luhn"}},
                "examples": [{"text": "a", "expect": "a"}],
            },
        }),
        json!({"traces": {"store": "files"}, "redaction": {"content": "keep"}}),
    ]
}

fn rows() -> Vec<Value> {
    let version = json!({"commit": "c", "fingerprint": "f", "suite": "s", "run": "r"});
    vec![json!({
        "id": "a", "vars": {"x": 1},
        "messages": [
            {"role": "assistant", "content": [{"type": "text", "text": "Hello."}]},
            {"role": "user", "content": "Hi."},
        ],
        "expected": "y", "critical": true, "priority": "advisory", "status": "pending", "tags": ["t"],
        "cluster": "c", "note": "n",
        "source": {
            "kind": "trace", "trace_id": "t", "span_id": "s", "deployment": "d", "commit": "c", "by": "b",
            "at": "t",
        },
        "proof": {
            "prompt": "p", "failed": ["e"], "times": 5, "before": version, "after": version, "by": "b",
            "at": "t",
        },
    })]
}

fn alerts() -> Vec<Value> {
    let rule = |condition: &str, limit: Value| {
        json!({
            "description": "D", "owner": "O", "runbook": "R", "user_impact": "U", "view": "slow",
            "where": "status = error", "per": "span", "metric": "error_rate", "statistic": "mean",
            "window": "1h", "minimum": 5, condition: limit,
        })
    };
    vec![
        rule("above", json!(0.1)),
        rule("below", json!(0.1)),
        rule("rises_by", json!("20%")),
        rule("falls_by", json!("20%")),
    ]
}

fn formats() -> Vec<Format> {
    vec![
        Format {
            name: "project",
            schema: schema(include_str!("../../../schemas/project.json")),
            has_null: false,
            read: |file| findings(read_project(&Source::new("pointsman.toml", toml(file)))),
            files: projects(),
        },
        Format {
            name: "prompt",
            schema: schema(include_str!("../../../schemas/prompt.json")),
            has_null: true,
            read: |file| {
                let id = PromptId::new("a").expect("a letter is a name");
                findings(read_prompt(&id, &Source::new(id.path(), yaml(file))))
            },
            files: prompts(),
        },
        Format {
            name: "dataset",
            schema: schema(include_str!("../../../schemas/dataset.json")),
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
            schema: schema(include_str!("../../../schemas/row.json")),
            has_null: true,
            read: read_row,
            files: rows(),
        },
        Format {
            name: "evaluator",
            schema: schema(include_str!("../../../schemas/evaluator.json")),
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
            files: evaluators(),
        },
        Format {
            name: "lane",
            schema: schema(include_str!("../../../schemas/lane.json")),
            has_null: false,
            read: |file| {
                let name = LaneName::new("a").expect("a letter is a name");
                findings(read_lane(&name, &Source::new(name.path(), toml(file))))
            },
            files: lanes(),
        },
        Format {
            name: "view",
            schema: schema(include_str!("../../../schemas/view.json")),
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
            schema: schema(include_str!("../../../schemas/alert.json")),
            has_null: false,
            read: |file| {
                let id = AlertId::new("a").expect("a letter is a name");
                findings(read_alert(&id, &Source::new("a.toml", toml(file))))
            },
            files: alerts(),
        },
        Format {
            name: "mapping",
            schema: schema(include_str!("../../../schemas/mapping.json")),
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
    let mut rows = RowReader::new(&dataset, Box::new(line), &MemoryTree::default());
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

/// Every key that stands in any of the files, with the values that it has there.
fn keys_and_values(formats: &[Format]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for file in formats.iter().flat_map(|format| &format.files) {
        for place in places_in(file) {
            let map = file.pointer(&place).and_then(Value::as_object);
            for (key, value) in map.into_iter().flatten() {
                found.insert((key.clone(), value.to_string()));
            }
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

/// A key is written into a mapping, with each value that it has anywhere. What a reader does not know
/// there, the schema refuses; what it knows, the schema takes with one of these values, where need be
/// in the place of another key.
#[test]
fn a_schema_knows_the_keys_that_its_reader_knows() {
    let formats = formats();
    let known = keys_and_values(&formats);
    let keys: BTreeSet<&str> = known
        .iter()
        .map(|(key, _)| key.as_str())
        .chain(["zzz"])
        .collect();
    let mut wrong = Vec::new();
    for format in &formats {
        let validator = format.validator();
        for file in &format.files {
            for place in places_in(file) {
                let Some(there) = file.pointer(&place).and_then(Value::as_object) else {
                    continue;
                };
                for key in keys.iter().filter(|key| !there.contains_key(**key)) {
                    let values = known.iter().filter(|(name, _)| name == key);
                    let values = values.map(|(_, text)| schema(text));
                    let values: Vec<Value> = values.chain([json!("zzz")]).collect();
                    let read = (format.read)(&with_key(file, &place, key, &values[0], None));
                    let mut others: Vec<Option<&str>> = vec![None];
                    others.extend(there.keys().map(|other| Some(other.as_str())));
                    let mut tried = values.iter().flat_map(|value| {
                        others
                            .iter()
                            .map(move |other| with_key(file, &place, key, value, *other))
                    });
                    let takes = !refuses_key(&read, key);
                    let alone = values
                        .iter()
                        .any(|value| validator.is_valid(&with_key(file, &place, key, value, None)));
                    if takes && !tried.any(|file| validator.is_valid(&file)) {
                        wrong.push(format!(
                            "{}: {place}/{key} is read, and not in the schema",
                            format.name
                        ));
                    }
                    if !takes && alone {
                        wrong.push(format!(
                            "{}: {place}/{key} is in the schema, and not read",
                            format.name
                        ));
                    }
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The file with a key more at a place, and perhaps another one less.
fn with_key(file: &Value, place: &str, key: &str, value: &Value, without: Option<&str>) -> Value {
    let mut file = file.clone();
    if let Some(map) = mapping_at(&mut file, place) {
        map.insert(key.to_owned(), value.clone());
        if let Some(other) = without {
            map.shift_remove(other);
        }
    }
    file
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
            for other in mutated(file, format.has_null) {
                tried += 1;
                let read = (format.read)(&other);
                let is_valid = validator.is_valid(&other);
                if !is_valid && read.is_empty() {
                    wrong.push(format!("{}: only the schema refuses {other}", format.name));
                }
                let plain = ["unknown-key", "wrong-type", "missing-key", "unknown-word"];
                let found = read
                    .iter()
                    .find(|finding| plain.contains(&finding.ident.as_str()));
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

fn mutated(file: &Value, has_null: bool) -> Vec<Value> {
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
            found.push(file);
        }
        let (above, key) = place.rsplit_once('/').expect("a place begins with a slash");
        let mut file = file.clone();
        let key = key.replace("~1", "/").replace("~0", "~");
        let removed = mapping_at(&mut file, above).and_then(|map| map.shift_remove(&key));
        found.extend(removed.map(|_| file));
    }
    found
}
