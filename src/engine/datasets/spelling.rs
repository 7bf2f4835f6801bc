//! How a row is written: as a JSON line, with everything that a row can hold, or as a record of CSV.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use crate::domain::dataset::{Priority, ProvedVersion, Row, RowProof, RowSource, RowStatus};
use crate::engine::workspace::csv_rows::{RESERVED_COLUMNS, TAG_SEPARATOR};
use crate::engine::workspace::rows::{PRIORITIES, STATUSES};

/// The row as JSON, with the keys in the order that people read them; defaults are left out.
pub fn row_json(row: &Row) -> Value {
    let mut json = Map::new();
    let mut put = |key: &str, value: Value| {
        json.insert(key.to_owned(), value);
    };
    put("id", json!(row.id));
    if row.messages.is_empty() || !row.vars.is_empty() {
        put("vars", json!(row.vars));
    }
    if !row.messages.is_empty() {
        put("messages", json!(row.messages));
    }
    if let Some(expected) = &row.expected {
        put("expected", expected.clone());
    }
    if row.critical {
        put("critical", json!(true));
    }
    if row.priority != Priority::default() {
        put("priority", json!(word(&PRIORITIES, &row.priority)));
    }
    if row.status != RowStatus::default() {
        put("status", json!(word(&STATUSES, &row.status)));
    }
    if !row.tags.is_empty() {
        put("tags", json!(row.tags));
    }
    if let Some(cluster) = &row.cluster {
        put("cluster", json!(cluster));
    }
    if let Some(note) = &row.note {
        put("note", json!(note));
    }
    if let Some(source) = &row.source {
        put("source", source_json(source));
    }
    if let Some(proof) = &row.proof {
        put("proof", proof_json(proof));
    }
    Value::Object(json)
}

/// The row as one line of a JSONL file, with its line break.
pub fn row_line(row: &Row) -> String {
    format!("{}\n", row_json(row))
}

fn source_json(source: &RowSource) -> Value {
    let texts = [
        ("kind", Some(&source.kind)),
        ("trace_id", source.trace_id.as_ref()),
        ("span_id", source.span_id.as_ref()),
        ("deployment", source.deployment.as_ref()),
        ("commit", source.commit.as_ref()),
        ("by", source.by.as_ref()),
        ("at", source.at.as_ref()),
    ];
    let known = texts
        .into_iter()
        .filter_map(|(key, text)| text.map(|text| (key.to_owned(), json!(text))));
    Value::Object(known.collect())
}

/// A proof as it stands in a row.
pub fn proof_json(proof: &RowProof) -> Value {
    json!({
        "prompt": proof.prompt,
        "failed": proof.failed,
        "times": proof.times,
        "before": version_json(&proof.before),
        "after": version_json(&proof.after),
        "by": proof.by,
        "at": proof.at,
    })
}

fn version_json(version: &ProvedVersion) -> Value {
    let mut json = Map::new();
    if let Some(commit) = &version.commit {
        json.insert("commit".to_owned(), json!(commit));
    }
    for (key, text) in [
        ("fingerprint", &version.fingerprint),
        ("suite", &version.suite),
        ("run", &version.run),
    ] {
        json.insert(key.to_owned(), json!(text));
    }
    Value::Object(json)
}

/// How files spell a value.
pub fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    let found = words.iter().find(|(_, known)| known == value);
    found.map_or("", |(word, _)| word)
}

/// Why a row cannot be a record of CSV.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row `{row}` has {what}, which no column of CSV can hold")]
pub struct NotCsv {
    /// The row.
    pub row: String,
    /// What it has.
    pub what: &'static str,
}

/// The columns that rows need together, found row by row.
#[derive(Debug, Clone, Default)]
pub struct CsvColumns {
    reserved: BTreeSet<&'static str>,
    variables: IndexSet<String>,
}

impl CsvColumns {
    /// Adds what a row needs.
    pub fn add(&mut self, row: &Row) {
        let used = [
            ("id", true),
            ("expected", row.expected.is_some()),
            ("critical", row.critical),
            ("priority", row.priority != Priority::default()),
            ("tags", !row.tags.is_empty()),
            ("cluster", row.cluster.is_some()),
        ];
        let used = used.iter().filter(|(_, used)| *used);
        self.reserved.extend(used.map(|(name, _)| *name));
        for name in row.vars.keys() {
            if !self.variables.contains(name) {
                self.variables.insert(name.clone());
            }
        }
    }

    /// Those with a meaning first, then the variables in the order in which rows bring them.
    pub fn names(self) -> Vec<String> {
        let reserved = RESERVED_COLUMNS.iter();
        let reserved = reserved.filter(|name| self.reserved.contains(**name));
        let reserved = reserved.map(|name| (*name).to_owned());
        reserved.chain(self.variables).collect()
    }
}

/// The row's cells in these columns.
pub fn csv_record(row: &Row, columns: &[String]) -> Result<Vec<String>, NotCsv> {
    let not_csv = |what| NotCsv {
        row: row.id.clone(),
        what,
    };
    if !row.messages.is_empty() {
        return Err(not_csv("a conversation"));
    }
    if row.status != RowStatus::default() {
        return Err(not_csv("a status of its review"));
    }
    let is_reserved = |name: &String| RESERVED_COLUMNS.contains(&name.as_str());
    if row.vars.keys().any(is_reserved) {
        return Err(not_csv(
            "a variable with the name of a column that has a meaning",
        ));
    }
    if row.tags.iter().any(|tag| tag.contains(TAG_SEPARATOR)) {
        return Err(not_csv("a tag with `;` in it"));
    }
    Ok(columns.iter().map(|column| cell(row, column)).collect())
}

fn cell(row: &Row, column: &str) -> String {
    match column {
        "id" => row.id.clone(),
        "expected" => row.expected.as_ref().map(text_of).unwrap_or_default(),
        "critical" => if row.critical { "true" } else { "" }.to_owned(),
        "priority" => word(&PRIORITIES, &row.priority).to_owned(),
        "tags" => row.tags.join(&TAG_SEPARATOR.to_string()),
        "cluster" => row.cluster.clone().unwrap_or_default(),
        variable => row.vars.get(variable).map(text_of).unwrap_or_default(),
    }
}

/// A value as a cell: text as it is, anything else as JSON.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::{Dataset, DatasetKind, RowsFormat};
    use crate::domain::id::DatasetId;
    use crate::engine::workspace::media::tests::Files;
    use crate::engine::workspace::rows::RowReader;
    use proptest::prelude::*;

    fn read_back(format: RowsFormat, text: &str) -> Row {
        let dataset = Dataset {
            id: DatasetId::new("a").unwrap(),
            description: None,
            kind: DatasetKind::Golden,
            rows_path: "datasets/a".to_owned(),
            rows_format: format,
            cluster: None,
            media: None,
            split: None,
        };
        let input = std::io::Cursor::new(text.as_bytes().to_vec());
        let mut rows = RowReader::new(&dataset, Box::new(input), &Files::default())
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    fn columns_of(row: &Row) -> Vec<String> {
        let mut columns = CsvColumns::default();
        columns.add(row);
        columns.names()
    }

    prop_compose! {
        fn any_row()(
            id in "[a-z\"\\\\, é]{0,6}x",
            vars in prop::collection::vec(("v[a-z]{1,5}", "\\PC{0,12}"), 0..4),
            expected in prop::option::of("\\PC{1,8}"),
            critical: bool,
            advisory: bool,
            tags in prop::collection::vec("[a-z ]{0,3}t", 0..3),
            cluster in prop::option::of("[a-z,\"]{1,4}"),
        ) -> Row {
            Row {
                id: id.trim().to_owned(),
                vars: vars.into_iter().map(|(name, text)| (name, json!(text))).collect(),
                expected: expected.map(|text| json!(text)),
                critical,
                priority: if advisory { Priority::Advisory } else { Priority::Blocking },
                tags: tags.into_iter().map(|tag| tag.trim().to_owned()).collect(),
                cluster,
                line: 1,
                ..Row::default()
            }
        }
    }

    proptest! {
        #[test]
        fn a_line_is_read_back_as_the_row_that_it_was_written_from(row in any_row()) {
            prop_assert_eq!(read_back(RowsFormat::Jsonl, &row_line(&row)), row);
        }

        #[test]
        fn a_record_is_read_back_as_the_row_that_it_was_written_from(mut row in any_row()) {
            let columns = columns_of(&row);
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&columns).unwrap();
            writer.write_record(csv_record(&row, &columns).unwrap()).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            row.line = 2;
            prop_assert_eq!(read_back(RowsFormat::Csv, &text), row);
        }
    }

    #[test]
    fn a_row_with_everything_has_its_keys_in_the_order_that_people_read_them() {
        let row = Row {
            id: "a".to_owned(),
            vars: [("x".to_owned(), json!({"y": 1}))].into_iter().collect(),
            expected: Some(json!("z")),
            critical: true,
            priority: Priority::Advisory,
            status: RowStatus::Pending,
            tags: vec!["t".to_owned()],
            cluster: Some("c".to_owned()),
            note: Some("n".to_owned()),
            source: Some(RowSource {
                kind: "span".to_owned(),
                trace_id: Some("1".to_owned()),
                ..RowSource::default()
            }),
            proof: Some(RowProof {
                prompt: "p".to_owned(),
                failed: vec!["e".to_owned()],
                times: 2,
                before: ProvedVersion {
                    commit: Some("4".to_owned()),
                    ..ProvedVersion::default()
                },
                ..RowProof::default()
            }),
            line: 1,
            ..Row::default()
        };
        assert_eq!(
            row_line(&row),
            concat!(
                r#"{"id":"a","vars":{"x":{"y":1}},"expected":"z","critical":true,"#,
                r#""priority":"advisory","status":"pending","tags":["t"],"cluster":"c","note":"n","#,
                r#""source":{"kind":"span","trace_id":"1"},"proof":{"prompt":"p","failed":["e"],"#,
                r#""times":2,"before":{"commit":"4","fingerprint":"","suite":"","run":""},"#,
                r#""after":{"fingerprint":"","suite":"","run":""},"by":"","at":""}}"#,
                "\n"
            )
        );
        assert_eq!(read_back(RowsFormat::Jsonl, &row_line(&row)), row);
        assert!(csv_record(&row, &columns_of(&row)).is_err());
    }
}
