//! Questions with numbers for an answer.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::query::{Measure, TraceQuery, TraceRow, TraceTable};
use crate::engine::ports::traces::TraceStoreError;

use super::client::Client;
use super::columns::Columns;
use super::expression::Expressions;
use super::items::Meant;
use super::parameters::Parameters;

/// The most groups of an answer, as in the store of our own.
const MOST_GROUPS: usize = 1_000_000;

/// Answers a question with numbers.
pub(super) fn aggregate(
    client: &Client,
    expressions: &Expressions<'_>,
    query: &TraceQuery,
) -> Result<TraceTable, TraceStoreError> {
    let measured = query.measures.iter().filter_map(measured);
    let columns = Columns::of(&query.filter, query.group_by.iter().chain(measured));
    let meant = Meant {
        level: query.level,
        range: &query.range,
        filter: &query.filter,
        columns: &columns,
        stored: &[],
    };
    let mut parameters = Parameters::default();
    let table = meant.table(expressions, &mut parameters);
    let (mut fields, mut groups) = (Vec::new(), Vec::new());
    if let Some(bucket) = query.bucket {
        let length = parameters.whole(bucket.seconds.max(1));
        let second = "intDiv(at - positiveModulo(at, 1000000000), 1000000000)";
        fields.push(format!(
            "toString({second} - positiveModulo({second}, {length})) AS bucket"
        ));
        groups.push("bucket".to_owned());
    }
    for (place, column) in query.group_by.iter().enumerate() {
        let name = columns.name(column);
        let key = match column {
            Column::Tag => format!(
                "arrayJoin(if(empty({name}), [NULL], arrayMap(tag -> toNullable(tag), {name})))"
            ),
            _ => name,
        };
        fields.push(format!("{key} AS k{place}"));
        groups.push(format!("k{place}"));
    }
    let keys = fields.len();
    for measure in &query.measures {
        fields.push(value(measure, &columns));
    }
    let by = if groups.is_empty() {
        "HAVING count() > 0".to_owned()
    } else {
        format!("GROUP BY {}", groups.join(", "))
    };
    let sql = format!(
        "SELECT {} FROM ({table}) {by} LIMIT {}",
        fields.join(", "),
        MOST_GROUPS + 1
    );
    let mut rows = Vec::new();
    for row in client.all(&sql, &parameters)? {
        rows.push(decoded(query, &row, keys));
    }
    if rows.len() > MOST_GROUPS {
        return Err(TraceStoreError {
            message: format!("the answer has more than {MOST_GROUPS} groups"),
            hint: Some("group by fewer columns, or ask about less time".to_owned()),
            remote: false,
        });
    }
    Ok(TraceTable::of(rows, query.top))
}

/// The column that a measure reads.
fn measured(measure: &Measure) -> Option<&Column> {
    match measure {
        Measure::Count | Measure::ErrorRate => None,
        Measure::Known(column)
        | Measure::Distinct(column)
        | Measure::Sum(column)
        | Measure::Mean(column)
        | Measure::Quantile(column, _) => Some(column),
    }
}

/// A measure in SQL, as a number or null.
fn value(measure: &Measure, columns: &Columns) -> String {
    let is_number = |column: &Column| !matches!(column.kind(), ColumnKind::Text | ColumnKind::Time);
    let number = |column: &Column| format!("toFloat64({})", columns.name(column));
    match measure {
        Measure::Count | Measure::Known(Column::Time) => "toFloat64(count())".to_owned(),
        Measure::ErrorRate => "countIf(failed) / count()".to_owned(),
        Measure::Known(Column::Tag) => {
            format!(
                "toFloat64(countIf(notEmpty({})))",
                columns.name(&Column::Tag)
            )
        }
        Measure::Known(column) => format!("toFloat64(count({}))", columns.name(column)),
        Measure::Distinct(Column::Time) => "toFloat64(uniqExact(at))".to_owned(),
        Measure::Distinct(Column::Tag) => {
            format!("toFloat64(uniqExactArray({}))", columns.name(&Column::Tag))
        }
        Measure::Distinct(column) => format!("toFloat64(uniqExact({}))", columns.name(column)),
        Measure::Sum(column) if is_number(column) => format!("sumOrNull({})", number(column)),
        Measure::Mean(column) if is_number(column) => format!("avgOrNull({})", number(column)),
        // The nearest rank: none of ClickHouse's own quantiles is defined so.
        Measure::Quantile(column, share) if is_number(column) => {
            let name = columns.name(column);
            format!(
                "if(count({name}) = 0, NULL, arraySort(groupArray({}))[greatest(1, toUInt64(ceil(\
                 {share:?} * count({name}))))])",
                number(column)
            )
        }
        Measure::Sum(_) | Measure::Mean(_) | Measure::Quantile(..) => "NULL".to_owned(),
    }
}

fn decoded(query: &TraceQuery, row: &[Json], keys: usize) -> TraceRow {
    let bucket = query.bucket.and_then(|_| {
        let second: i64 = row.first()?.as_str()?.parse().ok()?;
        Timestamp::from_second(second).ok()
    });
    let texts = row[usize::from(query.bucket.is_some()).min(row.len())..keys.min(row.len())].iter();
    TraceRow {
        bucket,
        keys: texts.map(|key| key.as_str().map(str::to_owned)).collect(),
        values: row.iter().skip(keys).map(Json::as_f64).collect(),
    }
}
