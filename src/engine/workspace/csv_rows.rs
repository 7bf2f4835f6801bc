//! Rows written as CSV (RFC 4180): a header line, then one record a row. Every column but the
//! reserved ones is a variable, and every cell is text.

use std::collections::HashSet;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{Reader, ReaderBuilder, StringRecord};

use crate::domain::dataset::Row;
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::suggest::did_you_mean;

use super::document::{LONGEST_EXCERPT, excerpt, saturate};
use super::problems::Problems;
use super::rows::{MAX_ROW_BYTES, PRIORITIES, ROW_ID_HELP, is_row_id};

/// Columns that are not variables.
pub const RESERVED_COLUMNS: [&str; 6] =
    ["id", "expected", "critical", "priority", "tags", "cluster"];

/// What separates tags in their cell.
pub const TAG_SEPARATOR: char = ';';

/// How many bytes are read ahead.
const READ_AHEAD: usize = 64 * 1024;

/// Reads records one by one.
pub struct CsvRows {
    path: String,
    reader: Reader<Bounded>,
    /// Up to which byte of the file may be read for the next record.
    until: Arc<AtomicU64>,
    header: Option<Vec<String>>,
    excerpt: String,
    ended: bool,
}

impl CsvRows {
    /// Reads from `input`, which stands at `path`.
    pub fn new(path: String, input: Box<dyn BufRead + Send>) -> Self {
        let until = Arc::default();
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(READ_AHEAD)
            .from_reader(Bounded {
                input,
                at: 0,
                until: Arc::clone(&until),
            });
        Self {
            path,
            reader,
            until,
            header: None,
            excerpt: String::new(),
            ended: false,
        }
    }

    /// The next row with its place.
    pub fn next_row(&mut self) -> Option<Result<(Row, Place), Findings>> {
        if self.ended {
            return None;
        }
        if self.header.is_none() {
            match self.read_header() {
                Ok(header) => self.header = Some(header),
                Err(findings) => {
                    self.ended = true;
                    return Some(Err(findings));
                }
            }
        }
        match self.read_record() {
            Ok(record) => record.map(|record| self.row(&record)),
            Err(findings) => {
                self.ended = true;
                Some(Err(findings))
            }
        }
    }

    /// The record that was read last, its cells joined by commas.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }

    fn read_record(&mut self) -> Result<Option<StringRecord>, Findings> {
        let mut record = StringRecord::new();
        let begins = self.reader.position().clone();
        let until = begins.byte() + MAX_ROW_BYTES + READ_AHEAD as u64;
        self.until.store(until, Ordering::Relaxed);
        match self.reader.read_record(&mut record) {
            Ok(true) => {
                self.excerpt = record.iter().collect::<Vec<_>>().join(",");
                Ok(Some(record))
            }
            Ok(false) => Ok(None),
            Err(error) => {
                let line = error.position().unwrap_or(&begins).line();
                let span = Span {
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    column: 1,
                    length: 1,
                };
                let place = Place {
                    path: self.path.clone(),
                    span: Some(span),
                    excerpt: None,
                };
                let csv::ErrorKind::Io(error) = error.kind() else {
                    return Err(Finding::error("invalid-csv", place, error.to_string()).into());
                };
                let ident = match error.kind() {
                    io::ErrorKind::FileTooLarge => "too-large",
                    _ => "unreadable",
                };
                Err(Finding::error(ident, place, error.to_string()).into())
            }
        }
    }

    fn read_header(&mut self) -> Result<Vec<String>, Findings> {
        let Some(record) = self.read_record()? else {
            let place = Place {
                span: Some(Span {
                    line: 1,
                    column: 1,
                    length: 1,
                }),
                ..Place::file(&self.path)
            };
            let message = "there is no header line";
            return Err(Finding::error("invalid-csv", place, message)
                .with_help("start with a line of column names, `id` among them")
                .into());
        };
        let names: Vec<String> = record
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let mut problems = Problems::default();
        let mut before = HashSet::new();
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() || !before.insert(name) {
                let message = format!("the column name `{name}` is empty or stands here twice");
                problems.add(|| Finding::error("invalid-csv", self.place(&record, index), message));
            }
        }
        if !before.contains(&"id".to_owned()) {
            let help = did_you_mean("id", names.iter().map(String::as_str));
            let place = self.place(&record, 0);
            let finding = Finding::error("missing-column", place, "there is no column `id`");
            problems.add(|| finding.with_help(help));
        }
        problems.unless_any(names)
    }

    /// Where a cell stands, counted as if no cell were quoted.
    fn place(&self, record: &StringRecord, index: usize) -> Place {
        let before: usize = record
            .iter()
            .take(index)
            .map(|cell| cell.chars().count() + 1)
            .sum();
        let line = record.position().map_or(1, csv::Position::line);
        Place {
            path: self.path.clone(),
            span: Some(Span {
                line: u32::try_from(line).unwrap_or(u32::MAX),
                column: saturate(before) + 1,
                length: saturate(record.get(index).map_or(1, |cell| cell.chars().count())).max(1),
            }),
            excerpt: line_of(record),
        }
    }

    fn row(&self, record: &StringRecord) -> Result<(Row, Place), Findings> {
        let header = self.header.as_deref().unwrap_or_default();
        if record.len() != header.len() {
            let message = format!(
                "this record has {} cells, the header has {}",
                record.len(),
                header.len()
            );
            let place = self.place(record, 0);
            return Err(Finding::error("invalid-csv", place, message)
                .with_help("put cells that hold commas or line breaks in double quotes")
                .into());
        }
        let mut row = empty_row(record);
        let mut id_place = None;
        for (index, (name, cell)) in header.iter().zip(record).enumerate() {
            if name == "id" {
                id_place = Some(self.place(record, index));
            }
            set_cell(&mut row, name, cell).map_err(|(message, help)| {
                Finding::error("invalid-cell", self.place(record, index), message).with_help(help)
            })?;
        }
        let place = id_place.unwrap_or_else(|| Place::file(&self.path));
        Ok((row, place))
    }
}

/// Reads no further for one record than the longest one goes: a quote that nobody closes would take the
/// whole file.
struct Bounded {
    input: Box<dyn BufRead + Send>,
    at: u64,
    until: Arc<AtomicU64>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.until.load(Ordering::Relaxed) {
            let message = format!("this row is longer than {MAX_ROW_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let count = self.input.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The line that a record would be without quotes, where it is short enough to be repeated.
fn line_of(record: &StringRecord) -> Option<String> {
    if record.as_slice().len() + record.len().saturating_sub(1) > LONGEST_EXCERPT {
        return None;
    }
    excerpt(&record.iter().collect::<Vec<_>>().join(","))
}

fn empty_row(record: &StringRecord) -> Row {
    let line = record.position().map_or(1, csv::Position::line);
    Row {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        ..Row::default()
    }
}

/// Puts a cell into its column of the row. The error says what is wrong and what helps.
pub fn set_cell(row: &mut Row, column: &str, cell: &str) -> Result<(), (String, String)> {
    match column {
        "id" if is_row_id(cell) => cell.clone_into(&mut row.id),
        "id" => return Err(("this is not a row id".to_owned(), ROW_ID_HELP.to_owned())),
        "expected" => row.expected = (!cell.is_empty()).then(|| cell.into()),
        "critical" => {
            row.critical = match cell {
                "true" => true,
                "" | "false" => false,
                _ => {
                    return Err((
                        format!("`{cell}` is neither true nor false"),
                        "write `true` or `false`".to_owned(),
                    ));
                }
            }
        }
        "priority" if cell.is_empty() => {}
        "priority" => {
            let words = PRIORITIES.iter();
            let found = words.clone().find(|(word, _)| *word == cell);
            row.priority = found.map(|(_, priority)| *priority).ok_or_else(|| {
                let help = did_you_mean(cell, words.map(|(word, _)| *word));
                (format!("`{cell}` is not a priority"), help)
            })?;
        }
        "tags" => {
            let tags = cell
                .split(TAG_SEPARATOR)
                .map(str::trim)
                .filter(|tag| !tag.is_empty());
            row.tags = tags.map(str::to_owned).collect();
        }
        "cluster" => row.cluster = (!cell.is_empty()).then(|| cell.to_owned()),
        variable => {
            row.vars.insert(variable.to_owned(), cell.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Row, Findings>> {
        let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let mut rows = CsvRows::new("datasets/a.csv".to_owned(), input);
        std::iter::from_fn(|| rows.next_row())
            .map(|row| row.map(|(row, _)| row))
            .collect()
    }

    #[test]
    fn columns_are_variables_but_for_the_reserved_ones() {
        let rows = read(
            "id,ticket,expected,critical,tags\na,\"one, two\nthree\",bug,true,x; y\nb,four,,,\n",
        );
        let first = rows[0].as_ref().unwrap();
        assert_eq!(first.vars["ticket"], "one, two\nthree");
        assert_eq!(first.tags, ["x", "y"]);
        assert!(first.critical);
        let second = rows[1].as_ref().unwrap();
        assert_eq!((second.line, second.expected.as_ref()), (4, None));
    }

    #[test]
    fn what_is_wrong_with_a_cell_is_found_where_it_stands() {
        for (text, ident, line, column) in [
            ("", "invalid-csv", 1, 1),
            ("key,x\n", "missing-column", 1, 1),
            ("id,x,x\n", "invalid-csv", 1, 6),
            ("id,x\na,1,2\n", "invalid-csv", 2, 1),
            ("id,critical\na,yes\n", "invalid-cell", 2, 3),
            ("id,priority\na,blokcing\n", "invalid-cell", 2, 3),
            ("id,x\n,1\n", "invalid-cell", 2, 1),
        ] {
            let finding = read(text)[0].clone().unwrap_err().0.remove(0);
            let span = finding.place.span.unwrap_or_default();
            assert_eq!(
                (finding.ident.as_str(), span.line, span.column),
                (ident, line, column),
                "{text:?}"
            );
        }
    }
}
