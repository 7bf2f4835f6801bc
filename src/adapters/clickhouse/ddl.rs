//! Statements that give the collector's table columns of ours, so that questions need not read its
//! maps of attributes, in which all that was said lies beside each number.

use crate::domain::trace::column::{Column, ColumnKind};
use crate::engine::traces::map::cost::TracePrices;
use crate::engine::traces::map::table::AttributeTable;

use super::expression::{Expressions, ready_name};
use super::parameters::literal;
use super::schema::Schema;

/// What a column of ours carries as its comment: another version of the attributes has other columns.
pub(super) fn comment() -> String {
    format!(
        "pointsman attributes {}",
        AttributeTable::built_in().version
    )
}

/// The statements for a table. Costs are computed by the prices of this day.
pub fn ddl(table: &str, prices: &TracePrices) -> String {
    let schema = Schema::of_table(table);
    let expressions = Expressions::new(&schema, prices);
    let columns: Vec<Column> = Column::plain()
        .filter(|column| *column != Column::AnyScore)
        .collect();
    let definitions = expressions.definitions(&columns);
    let kind_of = |name: &str| {
        let column = columns.iter().find(|column| ready_name(column) == name);
        column.map_or("Nullable(String)", kind)
    };
    let add = definitions.iter().map(|(name, expression)| {
        format!(
            "ALTER TABLE {} ADD COLUMN IF NOT EXISTS {name} {}\n  MATERIALIZED {expression}\n  \
             COMMENT {};\n",
            schema.table,
            kind_of(name),
            literal(&comment()),
        )
    });
    let fill = definitions
        .iter()
        .map(|(name, _)| format!("ALTER TABLE {} MATERIALIZE COLUMN {name};\n", schema.table));
    add.chain(fill).collect()
}

/// The type of a column in ClickHouse.
fn kind(column: &Column) -> &'static str {
    match (column, column.kind()) {
        (Column::Tag, _) => "Array(String)",
        (Column::Session | Column::User, _) => "Nullable(String)",
        (_, ColumnKind::Text | ColumnKind::Time) => "LowCardinality(Nullable(String))",
        (Column::TimeToFirstChunk, _) | (_, ColumnKind::Money) => "Nullable(Float64)",
        (_, ColumnKind::Number | ColumnKind::Duration) => "Nullable(UInt64)",
    }
}
