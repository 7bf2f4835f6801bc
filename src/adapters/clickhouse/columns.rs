//! The columns that one question needs, by the names that its SQL gives them.

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::Filter;

/// The columns that a question needs, each once.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Those that a filter tests, and some more.
    pub(super) fn of<'c>(filter: &Filter, more: impl IntoIterator<Item = &'c Column>) -> Self {
        let mut columns = Self::default();
        for column in filter.columns() {
            columns.add(column);
        }
        for column in more {
            columns.add(column);
        }
        columns
    }

    fn add(&mut self, column: &Column) {
        if !self.0.contains(column) {
            self.0.push(column.clone());
        }
    }

    /// The columns with their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, &Column)> {
        let columns = self.0.iter().enumerate();
        columns.map(|(place, column)| (format!("c{place}"), column))
    }

    /// The columns that scores fill, with their names.
    pub(super) fn scores(&self) -> Vec<(String, &Column)> {
        self.iter().filter(|(_, column)| is_score(column)).collect()
    }

    /// The columns that spans fill, with their names.
    pub(super) fn of_spans(&self) -> Vec<(String, &Column)> {
        self.iter()
            .filter(|(_, column)| !is_score(column))
            .collect()
    }

    /// The name of a column that is among them.
    pub(super) fn name(&self, column: &Column) -> String {
        let place = self.0.iter().position(|known| known == column);
        let place = place.expect("a question's columns are gathered before it is spelled out");
        format!("c{place}")
    }
    /// A column as one value: labels are one text.
    pub(super) fn value(&self, column: &Column) -> String {
        let name = self.name(column);
        match column {
            Column::Tag => format!("if(empty({name}), NULL, arrayStringConcat({name}, ','))"),
            _ => name,
        }
    }
}

fn is_score(column: &Column) -> bool {
    matches!(column, Column::AnyScore | Column::Score(_))
}
