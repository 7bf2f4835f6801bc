//! Conditions on spans, in SQL over columns that have their names already.

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::{Comparison, Filter, TextTest};

use super::columns::Columns;
use super::parameters::Parameters;

/// Whether a filter holds: 0 or 1, never null.
pub(super) fn condition(filter: &Filter, columns: &Columns, parameters: &mut Parameters) -> String {
    match filter {
        Filter::Everything => "1".to_owned(),
        Filter::All(filters) => joined(filters, " AND ", "1", columns, parameters),
        Filter::Any(filters) => joined(filters, " OR ", "0", columns, parameters),
        Filter::Not(inner) => format!("NOT {}", condition(inner, columns, parameters)),
        Filter::Present(column) => present(column, columns),
        Filter::Text(column, test) => text(column, test, columns, parameters),
        Filter::Number(column, comparison, other) => {
            number(column, *comparison, *other, columns, parameters)
        }
    }
}

fn joined(
    filters: &[Filter],
    by: &str,
    of_none: &str,
    columns: &Columns,
    parameters: &mut Parameters,
) -> String {
    let conditions = filters.iter().map(|it| condition(it, columns, parameters));
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() {
        return of_none.to_owned();
    }
    format!("({})", conditions.join(by))
}

fn present(column: &Column, columns: &Columns) -> String {
    let name = columns.name(column);
    match column {
        Column::Time => "1".to_owned(),
        Column::Tag => format!("notEmpty({name})"),
        _ => format!("isNotNull({name})"),
    }
}

fn text(
    column: &Column,
    test: &TextTest,
    columns: &Columns,
    parameters: &mut Parameters,
) -> String {
    if column.kind() != ColumnKind::Text {
        return "0".to_owned();
    }
    let name = columns.name(column);
    if *column == Column::Tag {
        return format!(
            "arrayExists(tag -> {}, {name})",
            holds("tag", test, parameters)
        );
    }
    format!("ifNull({}, 0)", holds(&name, test, parameters))
}

fn holds(value: &str, test: &TextTest, parameters: &mut Parameters) -> String {
    match test {
        TextTest::OneOf(texts) if texts.is_empty() => "0".to_owned(),
        TextTest::OneOf(texts) => {
            let equal = texts.iter().map(|text| {
                let bound = parameters.text(text);
                format!("{value} = {bound}")
            });
            format!("({})", equal.collect::<Vec<_>>().join(" OR "))
        }
        TextTest::StartsWith(start) => {
            format!("startsWith({value}, {})", parameters.text(start))
        }
        TextTest::Contains(part) => {
            let part = parameters.text(&part.to_lowercase());
            format!("(position(lowerUTF8({value}), {part}) > 0)")
        }
    }
}

fn number(
    column: &Column,
    comparison: Comparison,
    other: f64,
    columns: &Columns,
    parameters: &mut Parameters,
) -> String {
    if matches!(column.kind(), ColumnKind::Text | ColumnKind::Time) {
        return "0".to_owned();
    }
    let other = parameters.number(other);
    let name = columns.name(column);
    format!(
        "ifNull(toFloat64({name}) {} {other}, 0)",
        comparison.symbol()
    )
}
