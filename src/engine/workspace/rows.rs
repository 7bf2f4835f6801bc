//! The rows of a dataset, read as a stream: memory does not grow with the file, but for what it
//! takes to notice a row id that stands there twice.

use std::collections::HashMap;
use std::io::BufRead;

use serde_json::Value;

use crate::domain::dataset::{Dataset, DatasetMedia, Priority, Row, RowStatus, RowsFormat};
use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::finding::{Finding, Findings, Place};
use crate::engine::ports::FileTree;

use super::conversation::RowFiles;
use super::csv_rows::CsvRows;
use super::jsonl_rows::JsonlRows;
use super::test_data_rows::TestDataRows;

/// The longest row, in bytes.
pub(super) const MAX_ROW_BYTES: u64 = 4 * 1024 * 1024;

/// How priorities are spelled in files.
pub const PRIORITIES: [(&str, Priority); 2] = [
    ("blocking", Priority::Blocking),
    ("advisory", Priority::Advisory),
];

/// How far reviews have come, as files spell it.
pub const STATUSES: [(&str, RowStatus); 3] = [
    ("pending", RowStatus::Pending),
    ("reviewed", RowStatus::Reviewed),
    ("accepted-risk", RowStatus::AcceptedRisk),
];

/// What a row id may be, for people.
pub const ROW_ID_HELP: &str =
    "use 1 to 200 characters without white space at the ends and without control characters";

/// Whether a text may name a row.
pub fn is_row_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 200 && id.trim() == id && !id.chars().any(char::is_control)
}

/// Yields the rows of a dataset in the order of the file. After a row that is wrong, the next ones
/// are still read.
pub struct RowReader<'t> {
    lines: Lines,
    tree: &'t dyn FileTree,
    media: Option<DatasetMedia>,
    cluster: Option<String>,
    seen: HashMap<ShortDigest, u32>,
}

enum Lines {
    Jsonl(JsonlRows),
    Csv(Box<CsvRows>),
    TestData(TestDataRows),
}

impl<'t> RowReader<'t> {
    /// Reads the rows of `dataset` from `input`, and the files that they name from `tree`.
    pub fn new(dataset: &Dataset, input: Box<dyn BufRead + Send>, tree: &'t dyn FileTree) -> Self {
        let path = dataset.rows_path.clone();
        let lines = match dataset.rows_format {
            RowsFormat::Jsonl => Lines::Jsonl(JsonlRows::new(path, input)),
            RowsFormat::Csv => Lines::Csv(Box::new(CsvRows::new(path, input))),
            RowsFormat::TestData => Lines::TestData(TestDataRows::new(dataset, input)),
        };
        Self {
            lines,
            tree,
            media: dataset.media.clone(),
            cluster: dataset.cluster.clone(),
            seen: HashMap::new(),
        }
    }

    /// The row that was read last, as it stands in the file, for excerpts.
    pub fn excerpt(&self) -> &str {
        match &self.lines {
            Lines::Jsonl(rows) => rows.excerpt(),
            Lines::Csv(rows) => rows.excerpt(),
            Lines::TestData(rows) => rows.excerpt(),
        }
    }

    /// Fills in the cluster and the files from their columns, and refuses an id that was there
    /// before.
    fn admit(&mut self, (mut row, place): (Row, Place)) -> Result<Row, Findings> {
        self.find_files(&mut row, &place)?;
        if row.cluster.is_none()
            && let Some(value) = self
                .cluster
                .as_ref()
                .and_then(|column| row.vars.get(column))
        {
            row.cluster = Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            );
        }
        let name = Digest::of(row.id.as_bytes()).shortened();
        match self.seen.insert(name, row.line) {
            None => Ok(row),
            Some(first) => {
                let message = format!("the row id `{}` stands here twice", row.id);
                let help =
                    format!("it stands first in line {first}; give each row an id of its own");
                Err(Finding::error("duplicate-row-id", place, message)
                    .with_help(help)
                    .into())
            }
        }
    }

    /// Looks at the files that the row's columns name. An empty cell names none.
    fn find_files(&self, row: &mut Row, place: &Place) -> Result<(), Findings> {
        let Some(media) = &self.media else {
            return Ok(());
        };
        let files = RowFiles {
            tree: self.tree,
            folder: Some(&media.folder),
        };
        let mut findings = Vec::new();
        for column in &media.columns {
            let name = match row.vars.get(column) {
                None => continue,
                Some(Value::String(name)) if name.is_empty() => continue,
                Some(Value::String(name)) => name,
                Some(_) => {
                    let message =
                        format!("`{column}` of row `{}` is not the path of a file", row.id);
                    let help = format!("write the path as text, from `{}/` on", media.folder);
                    let finding = Finding::error("wrong-type", place.clone(), message);
                    findings.push(finding.with_help(help));
                    continue;
                }
            };
            match files.find(name) {
                Ok(found) => {
                    row.files.insert(column.clone(), found);
                }
                Err(error) => findings.push(error.at(place.clone())),
            }
        }
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Findings(findings))
        }
    }
}

impl Iterator for RowReader<'_> {
    type Item = Result<Row, Findings>;

    fn next(&mut self) -> Option<Self::Item> {
        let files = RowFiles {
            tree: self.tree,
            folder: self.media.as_ref().map(|media| media.folder.as_str()),
        };
        let found = match &mut self.lines {
            Lines::Jsonl(rows) => rows.next_row(files)?,
            Lines::Csv(rows) => rows.next_row()?,
            Lines::TestData(rows) => rows.next_row()?,
        };
        Some(found.and_then(|row| self.admit(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::DatasetKind;
    use crate::domain::id::DatasetId;
    use crate::engine::workspace::media::tests::{Files, HOSTILE, PNG};
    use serde_json::json;

    fn read(format: RowsFormat, text: &str) -> Vec<Result<Row, Findings>> {
        read_beside(&Files::default(), format, text)
    }

    /// Reads rows whose column `photo` names files of `tree`.
    fn read_beside(tree: &Files, format: RowsFormat, text: &str) -> Vec<Result<Row, Findings>> {
        let dataset = Dataset {
            id: DatasetId::new("a").unwrap(),
            description: None,
            kind: DatasetKind::Golden,
            rows_path: "datasets/a.rows".to_owned(),
            rows_format: format,
            cluster: Some("customer".to_owned()),
            media: Some(DatasetMedia {
                folder: "datasets/photos".to_owned(),
                columns: vec!["photo".to_owned()],
            }),
            split: None,
        };
        RowReader::new(
            &dataset,
            Box::new(std::io::Cursor::new(text.as_bytes().to_vec())),
            tree,
        )
        .collect()
    }

    #[test]
    fn jsonl_rows_are_read_with_their_lines_and_blank_lines_are_skipped() {
        let rows = read(
            RowsFormat::Jsonl,
            "{\"id\":\"a\",\"vars\":{\"x\":1,\"customer\":\"c1\"},\"expected\":\"y\",\"critical\":true}\n\n{\"id\":\"b\",\"vars\":{}}",
        );
        let first = rows[0].as_ref().unwrap();
        assert_eq!(
            (first.id.as_str(), first.line, first.critical),
            ("a", 1, true)
        );
        assert_eq!(first.cluster.as_deref(), Some("c1"));
        assert_eq!(first.expected, Some(json!("y")));
        assert_eq!(rows[1].as_ref().unwrap().line, 3);
    }

    #[test]
    fn a_wrong_row_does_not_hide_the_ones_after_it() {
        let rows = read(
            RowsFormat::Jsonl,
            "{\"id\":\"a\",\"vars\":{}}\n{\"id\":\"a\",\"vars\":{}}\n{\"id\":\"b\"}\n{\"id\":\"c\",\"vars\":{},\"tag\":[]}\nnonsense\n{\"id\":\"d\",\"vars\":{}}\n",
        );
        let idents: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Ok(row) => format!("row {}", row.id),
                Err(findings) => {
                    let place = &findings.0[0].place;
                    format!(
                        "{} in line {}",
                        findings.0[0].ident,
                        place.span.unwrap().line
                    )
                }
            })
            .collect();
        assert_eq!(
            idents,
            [
                "row a",
                "duplicate-row-id in line 2",
                "missing-key in line 3",
                "unknown-key in line 4",
                "invalid-json in line 5",
                "row d"
            ]
        );
    }

    #[test]
    fn a_conversation_is_of_user_and_model_ends_with_the_user_and_is_part_of_the_digest() {
        let row = |messages: &str| {
            let text = format!("{{\"id\":\"a\",\"messages\":{messages}}}");
            read(RowsFormat::Jsonl, &text).remove(0)
        };
        let one =
            row(r#"[{"role":"assistant","content":"Hi"},{"role":"user","content":"{{ x }}"}]"#);
        let one = one.unwrap();
        assert_eq!(one.messages[1].content, "{{ x }}".into());
        assert!(one.vars.is_empty());
        let other = row(r#"[{"role":"user","content":"Hi"}]"#).unwrap();
        assert_ne!(one.digest(), other.digest());
        for (messages, ident) in [
            (r#"[{"role":"system","content":"Obey"}]"#, "unknown-word"),
            (
                r#"[{"role":"assistant","content":"Hi"}]"#,
                "open-conversation",
            ),
            ("[]", "open-conversation"),
            (r#"[{"role":"user"}]"#, "missing-key"),
            (r#""Hi""#, "wrong-type"),
        ] {
            assert_eq!(row(messages).unwrap_err().0[0].ident, ident, "{messages}");
        }
    }

    #[test]
    fn the_digest_of_a_row_sees_what_is_tested_and_not_labels() {
        let digest = |text: &str| read(RowsFormat::Jsonl, text)[0].as_ref().unwrap().digest();
        let base = digest("{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\"}");
        assert_eq!(
            base,
            digest(
                "{\"expected\":\"y\",\"id\":\"a\",\"vars\":{\"x\":1},\"tags\":[\"t\"],\"note\":\"n\"}"
            )
        );
        for other in [
            "{\"id\":\"b\",\"vars\":{\"x\":1},\"expected\":\"y\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":2},\"expected\":\"y\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"z\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\",\"critical\":true}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\",\"priority\":\"advisory\"}",
        ] {
            assert_ne!(base, digest(other), "{other}");
        }
    }

    #[test]
    fn a_column_names_files_and_an_empty_cell_names_none() {
        let files = Files::new(&[("datasets/photos/a.png", PNG)]);
        let rows = read_beside(&files, RowsFormat::Csv, "id,photo\na,a.png\nb,\nc,c.png\n");
        let media = &rows[0].as_ref().unwrap().files["photo"];
        assert_eq!(
            (media.path.as_str(), media.bytes),
            ("datasets/photos/a.png", 9)
        );
        assert!(rows[1].as_ref().unwrap().files.is_empty());
        let finding = rows[2].clone().unwrap_err().0.remove(0);
        assert_eq!(finding.ident, "missing-media");
        assert_eq!(finding.place.span.unwrap().line, 4);
        let rows = read_beside(
            &files,
            RowsFormat::Jsonl,
            r#"{"id":"a","vars":{"photo":["a.png"]}}"#,
        );
        assert_eq!(rows[0].clone().unwrap_err().0[0].ident, "wrong-type");
    }

    #[test]
    fn another_picture_is_another_row_and_another_place_of_a_message_is_not() {
        let other = [PNG, b"x"].concat();
        let digest = |text: &str, bytes: &[u8]| {
            let files = Files::new(&[("datasets/photos/a.png", bytes)]);
            let rows = read_beside(&files, RowsFormat::Jsonl, text);
            rows[0].as_ref().unwrap().digest()
        };
        let in_column = r#"{"id":"a","vars":{"photo":"a.png"}}"#;
        assert_eq!(digest(in_column, PNG), digest(in_column, PNG));
        assert_ne!(digest(in_column, PNG), digest(in_column, &other));
        let in_message = r#"{"id":"a","messages":[{"role":"user","content":[{"type":"image","path":"a.png"}]}]}"#;
        assert_eq!(digest(in_message, PNG), digest(in_message, PNG));
        assert_ne!(digest(in_message, PNG), digest(in_message, &other));
    }

    #[test]
    fn hostile_spellings_of_paths_read_nothing() {
        for name in HOSTILE.into_iter().filter(|name| !name.is_empty()) {
            let files = Files::default();
            let image = json!({"type": "image", "path": name});
            for row in [
                json!({"id": "a", "vars": {"photo": name}}),
                json!({"id": "a", "messages": [{"role": "user", "content": [image]}]}),
            ] {
                let rows = read_beside(&files, RowsFormat::Jsonl, &row.to_string());
                let findings = rows[0].clone().unwrap_err().0;
                assert_eq!(findings[0].ident, "invalid-media-path", "{name:?}");
            }
            assert_eq!(files.asked(), [""; 0], "{name:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_part_of_a_conversation_is_found() {
        let files = Files::new(&[
            ("datasets/photos/a.png", PNG),
            ("datasets/photos/a.txt", b"text"),
        ]);
        for (role, content, ident) in [
            ("user", json!([]), "no-parts"),
            (
                "user",
                json!([{"type": "image_url", "image_url": {"url": "x"}}]),
                "unknown-word",
            ),
            (
                "user",
                json!([{"type": "image", "path": "b.png"}]),
                "missing-media",
            ),
            (
                "user",
                json!([{"type": "image", "path": "a.txt"}]),
                "wrong-media",
            ),
            (
                "user",
                json!([{"type": "file", "path": "a.png"}]),
                "wrong-media",
            ),
            ("user", json!([{"type": "image"}]), "missing-key"),
            (
                "user",
                json!([{"type": "image", "variable": "photo"}]),
                "missing-key",
            ),
            ("user", json!([{"type": "text", "text": 5}]), "wrong-type"),
            ("user", json!(["text"]), "wrong-type"),
            (
                "assistant",
                json!([{"type": "image", "path": "a.png"}]),
                "media-in-role",
            ),
        ] {
            let last = json!({"role": "user", "content": "hi"});
            let row = json!({"id": "a", "messages": [{"role": role, "content": content}, last]});
            let rows = read_beside(&files, RowsFormat::Jsonl, &row.to_string());
            assert_eq!(rows[0].clone().unwrap_err().0[0].ident, ident, "{content}");
        }
    }
}
