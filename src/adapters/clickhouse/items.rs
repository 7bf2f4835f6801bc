//! What is counted and measured, as a table in SQL: the spans that a filter means, or their traces.

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::span::SpanStatus;

use super::columns::Columns;
use super::expression::Expressions;
use super::filter::condition;
use super::parameters::{Parameters, literal};
use super::scores::{self, ScoreJoins};

/// Which spans or traces a question is about.
pub(super) struct Meant<'q> {
    pub(super) level: Level,
    pub(super) range: &'q TimeRange,
    pub(super) filter: &'q Filter,
    /// The columns that the question needs, those of the filter among them.
    pub(super) columns: &'q Columns,
    /// What more of the stored columns of spans is wanted, each with its name.
    pub(super) stored: &'q [(&'static str, String)],
}

impl Meant<'_> {
    /// A table with a row for each span or trace: `trace`, `span` (of spans), `at` in nanoseconds,
    /// `failed`, and the columns by their names.
    pub(super) fn table(
        &self,
        expressions: &Expressions<'_>,
        parameters: &mut Parameters,
    ) -> String {
        let spans = self.spans(expressions, parameters);
        match self.level {
            Level::Span => spans,
            Level::Trace => self.traces(&spans),
        }
    }

    fn spans(&self, expressions: &Expressions<'_>, parameters: &mut Parameters) -> String {
        let scored = self.columns.scores();
        let joins = scores::joins(expressions, self.level, self.range, &scored, parameters);
        let mut fields = vec![
            "TraceId AS trace".to_owned(),
            "SpanId AS span".to_owned(),
            format!("{} AS at", expressions.computed(&Column::Time)),
            "Duration AS length".to_owned(),
            format!(
                "isNull({}) AS is_root",
                expressions.computed(&Column::Parent)
            ),
            format!(
                "{} = {} AS failed",
                expressions.column(&Column::Status, parameters),
                literal(SpanStatus::Error.name())
            ),
        ];
        let named = self
            .columns
            .of_spans()
            .into_iter()
            .map(|(_, column)| column);
        let definitions = expressions.definitions(named.chain([&Column::Status]));
        for (name, expression) in definitions {
            fields.push(format!("{expression} AS {name}"));
        }
        if joins.is_some() {
            fields.push(format!(
                "ifNull({}, '') AS response",
                expressions.response()
            ));
        }
        for (name, column) in self.columns.of_spans() {
            let expression = expressions.column(column, parameters);
            fields.push(format!("{expression} AS {name}"));
        }
        for (name, expression) in self.stored {
            fields.push(format!("{expression} AS {name}"));
        }
        let spans = format!(
            "SELECT {} FROM {} WHERE {}",
            fields.join(", "),
            expressions.schema.table,
            within(self.range, parameters),
        );
        let with_scores = match joins {
            None => spans,
            Some(joins) => self.joined(&spans, &joins),
        };
        let meant = condition(self.filter, self.columns, parameters);
        format!("SELECT * FROM ({with_scores}) WHERE {meant}")
    }

    fn joined(&self, spans: &str, joins: &ScoreJoins) -> String {
        let own = ["trace", "span", "at", "length", "is_root", "failed"];
        let mut fields: Vec<String> = own.map(|name| format!("s.{name} AS {name}")).into();
        let stored = self.stored.iter().map(|(name, _)| (*name).to_owned());
        let columns = self.columns.of_spans().into_iter().map(|(name, _)| name);
        for name in columns.chain(stored) {
            fields.push(format!("s.{name} AS {name}"));
        }
        for (name, mean) in &joins.means {
            fields.push(format!("{mean} AS {name}"));
        }
        format!(
            "SELECT {} FROM ({spans}) AS s {}",
            fields.join(", "),
            joins.joins
        )
    }

    /// See [`Level::Trace`].
    fn traces(&self, spans: &str) -> String {
        let mut fields = vec![
            "trace".to_owned(),
            "min(at) AS t_at".to_owned(),
            "if(countIf(is_root) > 0, maxIf(failed, is_root), max(failed)) AS t_failed".to_owned(),
        ];
        let mut names = vec![
            "trace".to_owned(),
            "t_at AS at".to_owned(),
            "t_failed AS failed".to_owned(),
        ];
        for (name, column) in self.columns.iter() {
            fields.push(format!("{} AS t_{name}", of_trace(&name, column)));
            names.push(format!("t_{name} AS {name}"));
        }
        format!(
            "SELECT {} FROM (SELECT {} FROM ({spans}) GROUP BY trace)",
            names.join(", "),
            fields.join(", ")
        )
    }
}

/// A column of a trace, from those of its spans.
fn of_trace(name: &str, column: &Column) -> String {
    match column {
        Column::Time => "min(at)".to_owned(),
        Column::Duration => "toNullable(max(at + toInt64(length)) - min(at))".to_owned(),
        Column::Tag => format!("argMinIf({name}, (at, span), notEmpty({name}))"),
        Column::AnyScore | Column::Score(_) => format!("any({name})"),
        Column::TimeToFirstChunk => earliest(name),
        other if other.kind() == ColumnKind::Text => earliest(name),
        _ => format!("sum({name})"),
    }
}

/// What the earliest span says that says something.
fn earliest(name: &str) -> String {
    format!("argMin({name}, (at, span))")
}

/// Whether a span of the table began in a stretch of time.
pub(super) fn within(range: &TimeRange, parameters: &mut Parameters) -> String {
    let bounds = [(">=", range.from), ("<", range.until)];
    let mut conditions = vec!["1".to_owned()];
    for (comparison, moment) in bounds {
        // What lies beyond what the column can hold bounds nothing.
        if let Ok(nanoseconds) = i64::try_from(moment.as_nanosecond()) {
            let moment = parameters.whole(nanoseconds);
            conditions.push(format!(
                "Timestamp {comparison} fromUnixTimestamp64Nano({moment}, 'UTC')"
            ));
        }
    }
    conditions.join(" AND ")
}
