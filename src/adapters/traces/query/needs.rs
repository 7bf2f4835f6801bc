//! Which stored columns a question needs.

use std::collections::BTreeSet;

use crate::adapters::traces::columns::{
    ATTRIBUTE, COST, COUNTS, RESPONSE, SPAN, Sort, TAG, TEXTS, TIME, TRACE, VARIABLES,
};
use crate::adapters::traces::schema::SPANS;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::Filter;

/// The names of stored columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::adapters::traces) struct Needs(BTreeSet<&'static str>);

impl Needs {
    /// Nothing yet.
    pub(super) fn new(names: &[&'static str]) -> Self {
        Self(names.iter().copied().collect())
    }

    /// All columns, with or without what went in and came out.
    pub(in crate::adapters::traces) fn whole_spans(content: bool) -> Self {
        let names = [TIME, COST, TAG, ATTRIBUTE].into_iter();
        let counts = COUNTS.iter().map(|column| column.name);
        let texts = TEXTS.iter();
        let texts = texts.filter(|column| content || column.sort != Sort::Content);
        let variables = content.then_some(VARIABLES);
        let names = names.chain(counts).chain(variables);
        Self(names.chain(texts.map(|column| column.name)).collect())
    }

    /// What it takes to know a column.
    pub(super) fn add(&mut self, column: &Column) {
        match column {
            Column::Time => self.add_name(TIME),
            Column::Cost => self.add_name(COST),
            Column::Tag => self.add_name(TAG),
            Column::Attribute(_) => self.add_name(ATTRIBUTE),
            Column::TotalTokens => {
                self.add_name("input_tokens");
                self.add_name("output_tokens");
            }
            Column::AnyScore | Column::Score(_) => {
                for name in [TRACE, SPAN, RESPONSE] {
                    self.add_name(name);
                }
            }
            plain => {
                let name = plain.name();
                let texts = TEXTS.iter().map(|column| column.name);
                let mut names = texts.chain(COUNTS.iter().map(|column| column.name));
                self.0.extend(names.find(|known| *known == name));
            }
        }
    }

    /// What it takes to know whether a filter holds.
    pub(super) fn add_filter(&mut self, filter: &Filter) {
        for column in columns_of(filter) {
            self.add(column);
        }
    }

    fn add_name(&mut self, name: &'static str) {
        self.0.insert(name);
    }

    /// The names, in the order of the files.
    pub(in crate::adapters::traces) fn names(&self) -> Vec<&str> {
        let names = SPANS.fields().iter().map(|field| field.name().as_str());
        names.filter(|name| self.0.contains(name)).collect()
    }
}

/// The columns that a filter asks about.
pub(super) fn columns_of(filter: &Filter) -> Vec<&Column> {
    match filter {
        Filter::Everything => Vec::new(),
        Filter::All(filters) | Filter::Any(filters) => {
            filters.iter().flat_map(columns_of).collect()
        }
        Filter::Not(filter) => columns_of(filter),
        Filter::Present(column) | Filter::Text(column, _) | Filter::Number(column, _, _) => {
            vec![column]
        }
    }
}
