//! Reads the rows that stand as `testData` in a prompt's own file.

use std::collections::VecDeque;
use std::io::{BufRead, Read as _};

use crate::domain::dataset::{Dataset, Row};
use crate::domain::finding::{Finding, Findings, Place, Span};

use super::document::{MAX_FILE_BYTES, Source};
use super::prompt::read_prompt;

/// The rows of a prompt's own file. They are read at once: such a file is small.
pub(super) struct TestDataRows {
    source: Source,
    rows: VecDeque<Row>,
    failed: Option<Findings>,
    excerpt: String,
}

impl TestDataRows {
    pub(super) fn new(dataset: &Dataset, input: Box<dyn BufRead + Send>) -> Self {
        let mut text = String::new();
        let read = input.take(MAX_FILE_BYTES).read_to_string(&mut text);
        let text = text.trim_start_matches('\u{feff}');
        let source = Source::new(&dataset.rows_path, text);
        let place = || Place::file(&dataset.rows_path);
        let rows = match (read, dataset.id.owner()) {
            (Err(error), _) => Err(Finding::error("unreadable", place(), error.to_string()).into()),
            (Ok(_), Some(prompt)) => read_prompt(&prompt, &source).map(|prompt| prompt.own.rows),
            (Ok(_), None) => Ok(Vec::new()),
        };
        let (rows, failed) = match rows {
            Ok(rows) => (rows, None),
            Err(findings) => (Vec::new(), Some(findings)),
        };
        Self {
            source,
            rows: rows.into(),
            failed,
            excerpt: String::new(),
        }
    }

    pub(super) fn excerpt(&self) -> &str {
        &self.excerpt
    }

    pub(super) fn next_row(&mut self) -> Option<Result<(Row, Place), Findings>> {
        if let Some(findings) = self.failed.take() {
            return Some(Err(findings));
        }
        let row = self.rows.pop_front()?;
        let place = self.source.place(Span {
            line: row.line,
            column: 1,
            length: 1,
        });
        self.excerpt = place.excerpt.clone().unwrap_or_default();
        Some(Ok((row, place)))
    }
}
