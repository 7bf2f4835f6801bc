//! What a dataset holds already, so that nothing comes in twice.

use std::collections::HashMap;

use crate::domain::dataset::{Dataset, Row};
use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::finding::Findings;
use crate::engine::workspace::Workspace;

use super::asked::asked;

/// The rows of a dataset by what they are called, what they ask and which span they are from: a few
/// bytes a row.
#[derive(Debug, Default)]
pub struct Taken {
    ids: Vec<String>,
    by_id: HashMap<ShortDigest, usize>,
    by_question: HashMap<ShortDigest, usize>,
    by_span: HashMap<ShortDigest, usize>,
}

impl Taken {
    /// What the dataset holds.
    pub fn of(workspace: &Workspace<'_>, dataset: &Dataset) -> Result<Self, Findings> {
        let mut taken = Self::default();
        for row in workspace.rows(dataset)? {
            taken.add(&row?);
        }
        Ok(taken)
    }

    /// Holds a row from now on.
    pub fn add(&mut self, row: &Row) {
        let index = self.ids.len();
        self.by_id.insert(of_text(&row.id), index);
        let question = asked(row).shortened();
        self.by_question.entry(question).or_insert(index);
        let source = row.source.as_ref();
        if let Some(trace) = source.and_then(|source| source.trace_id.as_ref())
            && let Some(span) = source.and_then(|source| source.span_id.as_ref())
        {
            self.by_span.entry(of_span(trace, span)).or_insert(index);
        }
        self.ids.push(row.id.clone());
    }

    /// Whether a row is called so.
    pub fn has_id(&self, id: &str) -> bool {
        self.by_id.contains_key(&of_text(id))
    }

    /// The row that asks the same.
    pub fn asks_the_same(&self, row: &Row) -> Option<&str> {
        let index = self.by_question.get(&asked(row).shortened())?;
        Some(&self.ids[*index])
    }

    /// The row that is from this span.
    pub fn is_from(&self, trace: &str, span: &str) -> Option<&str> {
        let index = self.by_span.get(&of_span(trace, span))?;
        Some(&self.ids[*index])
    }
}

fn of_text(text: &str) -> ShortDigest {
    Digest::of(text.as_bytes()).shortened()
}

fn of_span(trace: &str, span: &str) -> ShortDigest {
    of_text(&format!("{trace}/{span}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::RowSource;
    use serde_json::json;

    fn row(id: &str, text: &str, span: &str) -> Row {
        Row {
            id: id.to_owned(),
            vars: [("ticket".to_owned(), json!(text))].into_iter().collect(),
            source: Some(RowSource {
                trace_id: Some("7f".to_owned()),
                span_id: Some(span.to_owned()),
                ..RowSource::default()
            }),
            ..Row::default()
        }
    }

    #[test]
    fn a_row_is_known_by_its_name_by_what_it_asks_and_by_its_span() {
        let mut taken = Taken::default();
        taken.add(&row("a", "Where is it?", "01"));
        taken.add(&row("b", "where is  it?", "02"));
        assert!(taken.has_id("b") && !taken.has_id("c"));
        assert_eq!(
            taken.asks_the_same(&row("c", "WHERE is it?", "03")),
            Some("a")
        );
        assert_eq!(taken.asks_the_same(&row("c", "Who is it?", "03")), None);
        assert_eq!(taken.is_from("7f", "02"), Some("b"));
        assert_eq!(taken.is_from("7f", "03"), None);
        assert_eq!(taken.is_from("70", "02"), None);
    }
}
