//! Lists of traces and spans: a table for people, JSON lines for programs.

use serde_json::{Map, Value, json};

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::field::Field;
use crate::engine::traces::explore::list::{ListRow, ListValue};
use crate::report::json;
use crate::report::quantity::{duration, money};
use crate::report::release::seconds;

use super::fit::fitting_table;

/// The version of a line.
const SCHEMA: &str = "pointsman/trace-row/v1";

/// How much of an id a table shows.
const SHOWN_ID: usize = 12;

/// The rows as a table that fits a terminal of this width.
pub fn list_table(fields: &[Field], rows: &[ListRow], width: Option<usize>) -> String {
    let titles: Vec<String> = fields
        .iter()
        .map(|field| field.to_string().to_uppercase())
        .collect();
    let cells = rows.iter().map(|row| {
        let cells = fields.iter().zip(&row.values);
        cells
            .map(|(field, value)| cell(field, value.as_ref()))
            .collect()
    });
    let right = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| is_figure(field));
    let right: Vec<usize> = right.map(|(index, _)| index).collect();
    fitting_table(&titles, cells.collect(), &right, width)
}

pub(in crate::report) fn is_figure(field: &Field) -> bool {
    match field {
        Field::Column(column) => !matches!(column.kind(), ColumnKind::Text | ColumnKind::Time),
        Field::Spans => true,
        Field::Input | Field::Output => false,
    }
}

pub(in crate::report) fn cell(field: &Field, value: Option<&ListValue>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    match value {
        ListValue::Text(text) if is_id(field) => short_id(text),
        ListValue::Text(text) => text.clone(),
        ListValue::Labels(labels) => labels.join(","),
        ListValue::Time(time) => seconds(*time),
        ListValue::Number(kind, number) => figure(*kind, *number),
    }
}

fn is_id(field: &Field) -> bool {
    const IDS: [Column; 5] = [
        Column::Trace,
        Column::Span,
        Column::Parent,
        Column::Fingerprint,
        Column::Deployment,
    ];
    matches!(field, Field::Column(column) if IDS.contains(column))
}

/// The start of an id of hexadecimal digits; any other id as it is.
pub(in crate::report) fn short_id(id: &str) -> String {
    let digits = id.len() > SHOWN_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    id[..if digits { SHOWN_ID } else { id.len() }].to_owned()
}

pub(super) fn figure(kind: ColumnKind, number: f64) -> String {
    match kind {
        ColumnKind::Money => money(number),
        ColumnKind::Duration => duration(number),
        _ if number.fract() == 0.0 => format!("{number:.0}"),
        _ => format!("{number:.3}"),
    }
}

/// A row as a line of JSON: the trace, the span where rows are spans, and every field by its name.
pub fn list_line(fields: &[Field], row: &ListRow) -> String {
    let mut line = Map::new();
    line.insert("schema".to_owned(), json!(SCHEMA));
    line.insert("trace".to_owned(), json!(row.trace));
    if let Some(span) = &row.span {
        line.insert("span".to_owned(), json!(span));
    }
    for (field, value) in fields.iter().zip(&row.values) {
        let value = value.as_ref().map_or(Value::Null, plain);
        line.insert(field.to_string(), value);
    }
    json::line(&line)
}

/// A value as JSON.
pub(super) fn plain(value: &ListValue) -> Value {
    match value {
        ListValue::Text(text) => json!(text),
        ListValue::Labels(labels) => json!(labels),
        ListValue::Time(time) => json!(time),
        ListValue::Number(_, number) => whole_or_float(*number),
    }
}

/// Whole numbers without a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is whole and below 2^53"
)]
fn whole_or_float(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        json!(number as i64)
    } else {
        json!(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(names: &[&str]) -> Vec<Field> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_row_is_a_line_of_cells_and_a_line_of_json() {
        let fields = fields(&[
            "time", "trace", "name", "duration", "cost", "tag", "score", "spans",
        ]);
        let text = |text: &str| Some(ListValue::Text(text.to_owned()));
        let number = |kind, number| Some(ListValue::Number(kind, number));
        let row = ListRow {
            trace: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            span: None,
            failed: false,
            values: vec![
                Some(ListValue::Time("2026-03-02T09:00:00.5Z".parse().unwrap())),
                text("4bf92f3577b34da6a3ce929d0e0e4736"),
                text("=cmd|'/C'!A0\u{202e}"),
                number(ColumnKind::Duration, 2_410_000_000.0),
                None,
                Some(ListValue::Labels(vec!["eu".to_owned(), "vip".to_owned()])),
                number(ColumnKind::Number, 0.5),
                number(ColumnKind::Number, 14.0),
            ],
        };
        let table = list_table(&fields, std::slice::from_ref(&row), None);
        let line = table.lines().nth(1).unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            [
                "2026-03-02",
                "09:00:00Z",
                "4bf92f3577b3",
                "=cmd|'/C'!A0\\u{202e}",
                "2.41",
                "s",
                "eu,vip",
                "0.500",
                "14"
            ]
        );
        assert_eq!(
            list_line(&fields, &row),
            "{\"schema\":\"pointsman/trace-row/v1\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\
             \"time\":\"2026-03-02T09:00:00.5Z\",\"name\":\"=cmd|'/C'!A0\\u202e\",\
             \"duration\":2410000000,\"cost\":null,\"tag\":[\"eu\",\"vip\"],\"score\":0.5,\"spans\":14}\n"
        );
    }
}
