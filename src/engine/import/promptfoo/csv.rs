//! Tests written as CSV: columns are variables, but for the magic ones that begin with `__`.

use std::collections::BTreeMap;
use std::rc::Rc;

use csv::{ReaderBuilder, StringRecord};

use crate::domain::finding::{Finding, Span};
use crate::engine::workspace::document::{Entry, Node, Source, Value, saturate};

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

/// The cells of a row, by what their columns mean.
#[derive(Default)]
struct Cells {
    vars: BTreeMap<String, Node>,
    entries: BTreeMap<String, Node>,
    options: BTreeMap<String, Node>,
    metadata: BTreeMap<String, Node>,
    metric: Option<Node>,
    assertions: Vec<BTreeMap<String, Node>>,
    /// Columns that set the threshold of an assertion.
    thresholds: Vec<(String, Node)>,
}

impl Cells {
    fn take(&mut self, name: &str, cell: &str, span: Span) -> Result<(), String> {
        let node = text_node(cell, span);
        let magic = name.strip_prefix("__").unwrap_or_default();
        match magic {
            "" => {
                self.vars.insert(name.to_owned(), node);
            }
            _ if magic.starts_with("expected") => {
                if !cell.trim().is_empty() {
                    self.assertions.push(assertion(cell.trim(), span));
                }
            }
            "prefix" | "suffix" => {
                self.options.insert(magic.to_owned(), node);
            }
            "threshold" => {
                let number = finite(cell).map(|number| number_node(number, span));
                self.entries
                    .extend(number.map(|node| (magic.to_owned(), node)));
            }
            "description" | "providerOutput" | "metric" if cell.is_empty() => {}
            "metric" => self.metric = Some(node),
            "description" | "providerOutput" => {
                self.entries.insert(magic.to_owned(), node);
            }
            _ if magic.starts_with("config:") => self.thresholds.push((name.to_owned(), node)),
            _ => {
                let key = magic.strip_prefix("metadata:");
                let key = key.ok_or_else(|| format!("the column `{name}` is not known"))?;
                if cell.trim().is_empty() {
                    return Ok(());
                }
                let (key, node) = match key.strip_suffix("[]") {
                    Some(key) => (key, list_node(cell, span)),
                    None => (key, node),
                };
                self.metadata.insert(key.to_owned(), node);
            }
        }
        Ok(())
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
        let mut cells = Cells::default();
        for (index, name) in self.names.iter().enumerate() {
            let (cell, span) = (self.record.get(index).unwrap_or_default(), self.span(index));
            if let Err(message) = cells.take(name, cell, span) {
                let place = self.source.place(span);
                self.reader.left_out(place, "unknown-column", message);
            }
        }
        let thresholds = std::mem::take(&mut cells.thresholds);
        for (name, node) in thresholds {
            self.set_threshold(&mut cells.assertions, &name, &node);
        }
        let row = self.span(0);
        let assertions = cells.assertions.into_iter().map(|mut it| {
            let metric = cells.metric.clone();
            it.extend(metric.map(|metric| ("metric".to_owned(), metric)));
            let span = it.get("type").map_or(row, |node| node.span);
            map_node(it, span)
        });
        let list = Node {
            span: row,
            value: Value::List(assertions.collect()),
        };
        let mut entries = cells.entries;
        let description = entries.entry("description".to_owned());
        description.or_insert_with(|| text_node(&format!("Row #{number}"), row));
        let vars = self.in_order(cells.vars);
        entries.extend([
            ("assert".to_owned(), list),
            ("vars".to_owned(), vars),
            ("options".to_owned(), map_node(cells.options, row)),
            ("metadata".to_owned(), map_node(cells.metadata, row)),
        ]);
        map_node(entries, row)
    }

    /// The variables in the order of the columns.
    fn in_order(&self, mut vars: BTreeMap<String, Node>) -> Node {
        let names = self.names.iter();
        let entries = names.filter_map(|name| Some((name.clone(), vars.remove(name)?)));
        let entries = entries.map(|(key, node)| Entry {
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
        cell: &Node,
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
        let number = match &cell.value {
            Value::Text(text) => finite(text),
            _ => None,
        };
        let (Some(index), Some(number)) = (index, number) else {
            let place = self.source.place(cell.span);
            let message = format!("the column `{name}` sets no threshold here");
            let finding = Finding::error("unknown-column", place, message)
                .with_help("write `__config:__expected2:threshold`, and a number in every cell");
            self.reader.remarks.push(finding);
            return;
        };
        if let Some(assertion) = assertions.get_mut(index) {
            assertion.insert("threshold".to_owned(), number_node(number, cell.span));
        }
    }
}

/// The items between commas; one with a backslash before it belongs to its item.
fn list_node(cell: &str, span: Span) -> Node {
    const COMMA: &str = "\u{0}";
    let cell = cell.replace("\\,", COMMA);
    let items = cell.split(',').map(|item| item.trim().replace(COMMA, ","));
    Node {
        span,
        value: Value::List(items.map(|item| text_node(&item, span)).collect()),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn meant(cell: &str) -> Json {
        map_node(assertion(cell, Span::default()), Span::default()).to_json()
    }

    #[test]
    fn a_cell_names_a_type_with_its_threshold_and_value_or_is_what_equals() {
        for (cell, wanted) in [
            (
                "Paris: the city",
                json!({"type": "equals", "value": "Paris: the city"}),
            ),
            ("contains: a b", json!({"type": "contains", "value": "a b"})),
            ("not-is-json", json!({"type": "not-is-json"})),
            (
                "contains-all:a, \"b, c\"",
                json!({"type": "contains-all", "value": ["a", "b, c"]}),
            ),
            (
                "similar(0.9):x",
                json!({"type": "similar", "value": "x", "threshold": 0.9}),
            ),
            (
                "similar:x",
                json!({"type": "similar", "value": "x", "threshold": 0.8}),
            ),
            ("latency", json!({"type": "latency", "threshold": 0.75})),
            (
                "levenshtein(5):a:b",
                json!({"type": "levenshtein", "value": "a:b", "threshold": 5.0}),
            ),
            (
                "rouge-n(x):a",
                json!({"type": "equals", "value": "rouge-n(x):a"}),
            ),
            (
                "fn: output > 1",
                json!({"type": "javascript", "value": "output > 1"}),
            ),
            (
                "grade:is kind",
                json!({"type": "llm-rubric", "value": "is kind"}),
            ),
            (
                "file://a.py:f",
                json!({"type": "python", "value": "file://a.py:f"}),
            ),
            (
                "trajectory:tool-used:x",
                json!({"type": "trajectory:tool-used", "value": "x"}),
            ),
        ] {
            assert_eq!(meant(cell), wanted, "{cell}");
        }
    }

    #[test]
    fn labels_of_a_list_are_split_at_commas_without_a_backslash() {
        let list = list_node("a, b\\, c", Span::default());
        assert_eq!(list.to_json(), json!(["a", "b, c"]));
    }
}
