//! A list of traces or spans: which come first, with what of each.

mod order;
mod said;
mod spans;
mod traces;

use jiff::Timestamp;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::field::{Field, RowOrder};
use crate::domain::trace::query::Level;
use crate::domain::trace::score::Score;
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{TraceStore, TraceStoreError};

/// What is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRequest {
    /// Which spans are meant; a trace is listed where one of its spans is.
    pub selection: Selection,
    /// What a row is.
    pub level: Level,
    /// By what rows are put in order.
    pub order: RowOrder,
    /// How many rows.
    pub limit: usize,
    /// What is wanted of each.
    pub fields: Vec<Field>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRow {
    /// The trace.
    pub trace: String,
    /// The span, where rows are spans.
    pub span: Option<String>,
    /// Whether it ended with an error.
    pub failed: bool,
    /// What was asked for, in that order.
    pub values: Vec<Option<ListValue>>,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq)]
pub enum ListValue {
    /// Text.
    Text(String),
    /// Labels.
    Labels(Vec<String>),
    /// A number of this sort; durations are in nanoseconds.
    Number(ColumnKind, f64),
    /// A point in time.
    Time(Timestamp),
}

/// The first rows of a list.
pub fn list(
    store: &dyn TraceStore,
    request: &ListRequest,
) -> Result<Vec<ListRow>, TraceStoreError> {
    match request.level {
        Level::Span => spans::list(store, request),
        Level::Trace => traces::list(store, request),
    }
}

/// What fields say of one span, with the scores that stand with it.
pub fn span_values(span: &Span, fields: &[Field], scores: &[&Score]) -> Vec<Option<ListValue>> {
    let mean = |name: Option<&str>| {
        let named = scores
            .iter()
            .filter(|it| name.is_none_or(|name| it.name == name));
        let values: Vec<f64> = named.filter_map(|score| score.value).collect();
        #[expect(clippy::cast_precision_loss, reason = "no span has 2^52 scores")]
        let count = values.len() as f64;
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
    };
    let columns = fields.iter().filter_map(|field| match field {
        Field::Column(column @ Column::AnyScore) => Some((column.clone(), mean(None))),
        Field::Column(column @ Column::Score(name)) => Some((column.clone(), mean(Some(name)))),
        _ => None,
    });
    let means: Vec<(Column, Option<f64>)> = columns.collect();
    let values = fields.iter();
    values
        .map(|field| spans::span_value(span, field, &means))
        .collect()
}

impl ListRequest {
    /// The columns that are asked for.
    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.fields.iter().filter_map(|field| match field {
            Field::Column(column) => Some(column),
            _ => None,
        })
    }

    /// Whether what went in or came out is asked for.
    fn wants_content(&self) -> bool {
        let content = |field: &Field| matches!(field, Field::Input | Field::Output);
        self.fields.iter().any(content)
    }
}
