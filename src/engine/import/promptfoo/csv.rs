//! Tests written as CSV: columns are variables, but for the magic ones that begin with `__`.

use std::collections::BTreeMap;
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord};

use crate::domain::finding::{Finding, Span};
use crate::engine::workspace::document::{Node, Source, Value, saturate};

use super::fields::{comma_separated, is_type};
use super::files::{Item, Reader, map_node, text_node};

/// The threshold of `similar` where a cell gives none.
const SIMILAR_THRESHOLD: f64 = 0.8;

/// The threshold of every other type that has one, where a cell gives none.
const OTHER_THRESHOLD: f64 = 0.75;

/// Types whose threshold a cell always sets.
const WITH_THRESHOLD: [&str; 13] = [
    "answer-relevance",
    "classifier",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "latency",
    "levenshtein",
    "perplexity-score",
    "perplexity",
    "rouge-n",
    "similar",
    "starts-with",
];

/// Reads the tests of a CSV file, in the shape that tests have in YAML.
pub(super) fn csv_tests(reader: &mut Reader<'_>, source: Source) -> Vec<Item> {
    let source = Rc::new(source);
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(source.text.as_bytes());
    let mut header: Option<Vec<String>> = None;
    let mut tests = Vec::new();
    for (index, record) in records.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                let place = source.place(span(line, 1, 1));
                reader.left_out(place, "invalid-csv", error.to_string());
                break;
            }
        };
        let Some(names) = &header else {
            header = Some(record.iter().map(|name| name.trim().to_owned()).collect());
            continue;
        };
        let mut row = Row {
            reader: &mut *reader,
            source: &source,
            record: &record,
            names,
        };
        let node = row.test(index);
        let source = Rc::clone(&source);
        tests.push(Item { source, node });
    }
    tests
}

fn span(line: u64, column: usize, length: usize) -> Span {
    Span {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: saturate(column),
        length: saturate(length).max(1),
    }
}

struct Row<'r, 't> {
    reader: &'r mut Reader<'t>,
    source: &'r Source,
    record: &'r StringRecord,
    names: &'r [String],
}

impl Row<'_, '_> {
    /// Where a cell stands, counted as if no cell were quoted.
    fn span(&self, index: usize) -> Span {
        let cells = self.record.iter().take(index);
        let before: usize = cells.map(|cell| cell.chars().count() + 1).sum();
        let line = self.record.position().map_or(1, csv::Position::line);
        let length = self
            .record
            .get(index)
            .map_or(1, |cell| cell.chars().count());
        span(line, before + 1, length)
    }

    fn test(&mut self, number: usize) -> Node {
        let mut vars = BTreeMap::new();
        let mut test = BTreeMap::new();
        let mut options = BTreeMap::new();
        let mut metadata = BTreeMap::new();
        let mut metric = None;
        let mut assertions: Vec<BTreeMap<String, Node>> = Vec::new();
        let mut thresholds = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let (cell, span) = (self.record.get(index).unwrap_or_default(), self.span(index));
            let text = || text_node(cell, span);
            match name.as_str() {
                _ if name.starts_with("__expected") => {
                    if !cell.trim().is_empty() {
                        assertions.push(assertion(cell.trim(), span));
                    }
                }
                "__prefix" | "__suffix" => {
                    options.insert(name[2..].to_owned(), text());
                }
                "__description" | "__providerOutput" if cell.is_empty() => {}
                "__description" | "__providerOutput" => {
                    test.insert(name[2..].to_owned(), text());
                }
                "__metric" if cell.is_empty() => {}
                "__metric" => metric = Some(text()),
                "__threshold" => {
                    if let Some(number) = finite(cell) {
                        test.insert("threshold".to_owned(), number_node(number, span));
                    }
                }
                _ if name.starts_with("__metadata:") => {
                    let key = &name["__metadata:".len()..];
                    if !cell.trim().is_empty() {
                        metadata.insert(key.trim_end_matches("[]").to_owned(), text());
                    }
                }
                _ if name.starts_with("__config:") => thresholds.push((name.clone(), cell, span)),
                _ if name.starts_with("__") => {
                    let place = self.source.place(span);
                    let message = format!("the column `{name}` is not known");
                    self.reader.left_out(place, "unknown-column", message);
                }
                _ => {
                    vars.insert(name.clone(), text());
                }
            }
        }
        for (name, cell, span) in thresholds {
            self.set_threshold(&mut assertions, &name, cell, span);
        }
        let row = self.span(0);
        for assertion in &mut assertions {
            assertion.extend(metric.clone().map(|metric| ("metric".to_owned(), metric)));
        }
        let assertions = assertions.into_iter().map(|it| {
            let span = it.get("type").map_or(row, |node| node.span);
            map_node(it, span)
        });
        let list = Node {
            span: row,
            value: Value::List(assertions.collect()),
        };
        let description = test.entry("description".to_owned());
        description.or_insert_with(|| text_node(&format!("Row #{number}"), row));
        test.insert("assert".to_owned(), list);
        for (key, entries) in [
            ("vars", self.in_order(vars)),
            ("options", map_node(options, row)),
            ("metadata", map_node(metadata, row)),
        ] {
            test.insert(key.to_owned(), entries);
        }
        map_node(test, row)
    }

    /// The variables in the order of the columns.
    fn in_order(&self, mut vars: BTreeMap<String, Node>) -> Node {
        let names = self.names.iter();
        let entries = names.filter_map(|name| Some((name.clone(), vars.remove(name)?)));
        let entries = entries.map(|(key, node)| crate::engine::workspace::document::Entry {
            key,
            key_span: node.span,
            node,
        });
        Node {
            span: self.span(0),
            value: Value::Map(entries.collect()),
        }
    }

    /// `__config:__expected2:threshold` sets the threshold of the second assertion of the row.
    fn set_threshold(
        &mut self,
        assertions: &mut [BTreeMap<String, Node>],
        name: &str,
        cell: &str,
        span: Span,
    ) {
        let parts: Vec<&str> = name.split(':').collect();
        let index = match parts.as_slice() {
            [_, "__expected", "threshold"] => Some(0),
            [_, column, "threshold"] => column
                .strip_prefix("__expected")
                .and_then(|number| number.parse::<usize>().ok())
                .and_then(|number| number.checked_sub(1)),
            _ => None,
        };
        let number = finite(cell);
        let (Some(index), Some(number)) = (index, number) else {
            let place = self.source.place(span);
            let message = format!("the column `{name}` sets no threshold here");
            let finding = Finding::error("unknown-column", place, message)
                .with_help("write `__config:__expected2:threshold`, and a number in every cell");
            self.reader.remarks.push(finding);
            return;
        };
        if let Some(assertion) = assertions.get_mut(index) {
            assertion.insert("threshold".to_owned(), number_node(number, span));
        }
    }
}

fn number_node(number: f64, span: Span) -> Node {
    Node {
        span,
        value: Value::Float(number),
    }
}

/// A number that is all of a cell.
fn finite(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let number: f64 = cell.parse().ok()?;
    (cell.bytes().all(plain) && number.is_finite()).then_some(number)
}

/// The assertion that a cell of `__expected` means.
fn assertion(cell: &str, span: Span) -> BTreeMap<String, Node> {
    let made = |kind: &str, value: Option<&str>| {
        let mut entries = BTreeMap::from([("type".to_owned(), text_node(kind, span))]);
        entries.extend(value.map(|value| ("value".to_owned(), text_node(value, span))));
        entries
    };
    for prefix in ["javascript:", "fn:", "eval:"] {
        if let Some(code) = cell.strip_prefix(prefix) {
            return made("javascript", Some(code.trim()));
        }
    }
    let script = |endings: &[&str]| {
        let path = cell.strip_prefix("file://").unwrap_or_default();
        let path = path.split(':').next().unwrap_or_default();
        endings.iter().any(|ending| path.ends_with(ending))
    };
    if script(&[".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"]) {
        return made("javascript", Some(cell));
    }
    if script(&[".py"]) {
        return made("python", Some(cell));
    }
    for prefix in ["grade:", "llm-rubric:"] {
        if let Some(rubric) = cell.strip_prefix(prefix) {
            return made("llm-rubric", Some(rubric));
        }
    }
    match typed(cell) {
        Some((kind, threshold, value)) => typed_assertion(&kind, threshold, value, span),
        None => made("equals", Some(cell)),
    }
}

fn typed_assertion(
    kind: &str,
    threshold: Option<f64>,
    value: Option<&str>,
    span: Span,
) -> BTreeMap<String, Node> {
    let base = kind.strip_prefix("not-").unwrap_or(kind);
    let mut entries = BTreeMap::from([("type".to_owned(), text_node(kind, span))]);
    let value = match base {
        "contains-all" | "contains-any" | "icontains-all" | "icontains-any" => {
            let values = value.map(|value| (value, comma_separated(value)));
            values.map(|(value, list)| match list {
                Ok(list) if !value.is_empty() => Node {
                    span,
                    value: Value::List(list.iter().map(|it| text_node(it, span)).collect()),
                },
                // What cannot be read is said where the assertion is.
                _ => text_node(value, span),
            })
        }
        "contains-json" | "is-json" => value.map(|value| text_node(value, span)),
        _ => value.map(|value| text_node(value.trim(), span)),
    };
    entries.extend(value.map(|value| ("value".to_owned(), value)));
    if WITH_THRESHOLD.contains(&base) {
        let otherwise = if base == "similar" {
            SIMILAR_THRESHOLD
        } else {
            OTHER_THRESHOLD
        };
        let number = threshold.unwrap_or(otherwise);
        entries.insert("threshold".to_owned(), number_node(number, span));
    }
    entries
}

/// `not-type(threshold):value`, where a cell says that.
fn typed(cell: &str) -> Option<(String, Option<f64>, Option<&str>)> {
    let splits = cell.match_indices(':');
    let splits = splits.map(|(at, _)| (&cell[..at], Some(&cell[at + 1..])));
    splits.chain([(cell, None)]).find_map(|(head, value)| {
        let (kind, threshold) = head_parts(head)?;
        Some((kind, threshold, value))
    })
}

fn head_parts(head: &str) -> Option<(String, Option<f64>)> {
    let (kind, threshold) = match head.strip_suffix(')').and_then(|head| head.split_once('(')) {
        Some((kind, number)) => (kind, Some(digits(number)?)),
        None => (head, None),
    };
    let base = kind.strip_prefix("not-").unwrap_or(kind);
    is_type(base).then(|| (kind.to_owned(), threshold))
}

fn digits(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && all_digits(part)).then(|| text.parse().ok())?
}
