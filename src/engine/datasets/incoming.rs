//! Rows from a file that is no dataset yet: CSV with a header, or JSON lines. A line is either a row
//! as datasets spell it, or one flat object whose keys are columns.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use crate::domain::cell::original;
use crate::domain::dataset::{Dataset, DatasetKind, Row, RowsFormat};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::id::DatasetId;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::FileTree;
use crate::engine::workspace::csv_rows::{RESERVED_COLUMNS, set_cell};
use crate::engine::workspace::document::{Source, saturate};
use crate::engine::workspace::json::parse_json;
use crate::engine::workspace::rows::RowReader;

use super::asked::id_of;
use super::spelling::text_of;

/// The longest line of JSON that is read, in bytes.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// A file that rows come in from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its path, for messages.
    pub path: String,
    /// How it is written.
    pub format: RowsFormat,
    /// New names for its columns, by the old ones.
    pub renamed: BTreeMap<String, String>,
}

impl Incoming {
    /// Reads the rows, each with the number of its line. A row without an id gets one from what it
    /// asks. Every problem is found.
    pub fn read(
        &self,
        mut file: Box<dyn BufRead + Send>,
        tree: &dyn FileTree,
    ) -> Result<Vec<Row>, Findings> {
        let first = first_line(file.as_mut()).map_err(|error| self.unreadable(&error))?;
        let mut rest: Box<dyn BufRead + Send> =
            Box::new(std::io::Cursor::new(first.clone()).chain(file));
        let spelled = self.format == RowsFormat::Jsonl && is_row(&first);
        let mut rows = match self.format {
            _ if spelled => self.spelled(rest, tree)?,
            RowsFormat::Jsonl => self.objects(rest.as_mut())?,
            RowsFormat::Csv | RowsFormat::TestData => self.records(rest)?,
        };
        for row in rows.iter_mut().filter(|row| row.id.is_empty()) {
            row.id = id_of(row);
        }
        Ok(rows)
    }

    /// Rows as datasets spell them.
    fn spelled(
        &self,
        file: Box<dyn BufRead + Send>,
        tree: &dyn FileTree,
    ) -> Result<Vec<Row>, Findings> {
        let dataset = Dataset {
            id: DatasetId::new("incoming").expect("this is a name"),
            description: None,
            kind: DatasetKind::Golden,
            rows_path: self.path.clone(),
            rows_format: RowsFormat::Jsonl,
            cluster: None,
            media: None,
            split: None,
        };
        let mut collected = Collected::default();
        for row in RowReader::new(&dataset, file, tree) {
            collected.add(row.map(|mut row| {
                let vars = std::mem::take(&mut row.vars).into_iter();
                row.vars = vars
                    .map(|(name, value)| (self.name(&name), value))
                    .collect();
                row
            }));
        }
        collected.finish()
    }

    /// Records of CSV, whose columns are named by the first of them.
    fn records(&self, file: Box<dyn BufRead + Send>) -> Result<Vec<Row>, Findings> {
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(file);
        let mut record = StringRecord::new();
        let mut header: Vec<String> = Vec::new();
        let mut collected = Collected::default();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return collected.finish(),
                Ok(true) if header.is_empty() => header = self.header(&record)?,
                Ok(true) => {
                    let line = record.position().map_or(1, csv::Position::line);
                    collected.add(self.record(&header, &record, line));
                }
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    collected.add(Err(self.error(line, "invalid-csv", error.to_string())));
                    return collected.finish();
                }
            }
        }
    }

    fn header(&self, record: &StringRecord) -> Result<Vec<String>, Findings> {
        let names = record
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'));
        let names: Vec<&str> = names.collect();
        if let Some(unknown) = self
            .renamed
            .keys()
            .find(|old| !names.contains(&old.as_str()))
        {
            let message = format!("there is no column `{unknown}` to rename");
            let help = did_you_mean(unknown, names.iter().copied());
            let mut findings = self.error(1, "missing-column", message);
            findings.0[0].help = Some(help);
            return Err(findings);
        }
        let names: Vec<String> = names.into_iter().map(|name| self.name(name)).collect();
        let twice = names.iter().enumerate();
        let twice = twice.filter(|(index, name)| name.is_empty() || names[..*index].contains(name));
        if let Some((_, name)) = twice.into_iter().next() {
            let message = format!("the column name `{name}` is empty or stands here twice");
            return Err(self.error(1, "invalid-csv", message));
        }
        Ok(names)
    }

    fn record(&self, header: &[String], record: &StringRecord, line: u64) -> Result<Row, Findings> {
        let mut row = row_in(line);
        for (name, cell) in header.iter().zip(record) {
            self.set(&mut row, name, original(cell), line)?;
        }
        Ok(row)
    }

    /// Objects whose keys are columns.
    fn objects(&self, file: &mut (dyn BufRead + Send)) -> Result<Vec<Row>, Findings> {
        let mut collected = Collected::default();
        for line in 1_u64.. {
            let mut bytes = Vec::new();
            let count = file
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| self.unreadable(&error))?;
            if count == 0 {
                break;
            }
            if bytes.len() as u64 > LONGEST_LINE {
                let message = format!("this line is longer than {LONGEST_LINE} bytes");
                return Err(self.error(line, "too-large", message));
            }
            match String::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => collected.add(self.object(text, line)),
                Err(_) => {
                    let message = "this is not UTF-8 text".to_owned();
                    collected.add(Err(self.error(line, "not-utf-8", message)));
                }
            }
        }
        collected.finish()
    }

    fn object(&self, text: String, line: u64) -> Result<Row, Findings> {
        let source = Source::part(&self.path, text, u32::try_from(line).unwrap_or(u32::MAX));
        let node = parse_json(&source)?;
        let Value::Object(columns) = node.to_json() else {
            let message = format!("this is {}, not an object", node.value.kind());
            return Err(self.error(line, "wrong-type", message));
        };
        let mut row = row_in(line);
        for (name, value) in columns {
            let name = self.name(&name);
            match name.as_str() {
                "expected" => row.expected = Some(value),
                "tags" if value.is_array() => {
                    row.tags = value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(text_of)
                        .collect();
                }
                reserved if RESERVED_COLUMNS.contains(&reserved) => {
                    self.set(&mut row, reserved, &text_of(&value), line)?;
                }
                _ => {
                    row.vars.insert(name, value);
                }
            }
        }
        Ok(row)
    }

    fn set(&self, row: &mut Row, column: &str, cell: &str, line: u64) -> Result<(), Findings> {
        set_cell(row, column, cell).map_err(|(message, help)| {
            let mut findings = self.error(line, "invalid-cell", format!("`{column}`: {message}"));
            findings.0[0].help = Some(help);
            findings
        })
    }

    fn name(&self, column: &str) -> String {
        let renamed = self.renamed.get(column).map(String::as_str);
        renamed.unwrap_or(column).to_owned()
    }

    fn error(&self, line: u64, ident: &str, message: String) -> Findings {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let place = Place {
            path: self.path.clone(),
            span: Some(Span {
                line: saturate(line),
                column: 1,
                length: 1,
            }),
            excerpt: None,
        };
        Finding::error(ident, place, message).into()
    }

    fn unreadable(&self, error: &std::io::Error) -> Findings {
        Finding::error("unreadable", Place::file(&self.path), error.to_string()).into()
    }
}

/// The rows that could be read, and what is wrong with the others.
#[derive(Default)]
struct Collected {
    rows: Vec<Row>,
    findings: Vec<Finding>,
}

impl Collected {
    fn add(&mut self, row: Result<Row, Findings>) {
        match row {
            Ok(row) => self.rows.push(row),
            Err(Findings(findings)) => self.findings.extend(findings),
        }
    }

    fn finish(self) -> Result<Vec<Row>, Findings> {
        if self.findings.is_empty() {
            Ok(self.rows)
        } else {
            Err(Findings(self.findings))
        }
    }
}

fn row_in(line: u64) -> Row {
    Row {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        ..Row::default()
    }
}

/// Whether a line of JSON is a row as datasets spell it.
fn is_row(line: &[u8]) -> bool {
    let object: Result<Map<String, Value>, _> = serde_json::from_slice(line);
    object.is_ok_and(|object| object.contains_key("vars") || object.contains_key("messages"))
}

/// The first line that holds something, and the empty ones before it.
fn first_line(file: &mut (dyn BufRead + Send)) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = file.take(LONGEST_LINE);
    while limited.read_until(b'\n', &mut bytes)? > 0 {
        if !bytes.trim_ascii().is_empty() {
            break;
        }
    }
    Ok(bytes)
}
