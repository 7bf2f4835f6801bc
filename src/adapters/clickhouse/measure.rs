//! Each span or trace, as far as it is measured.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::trace::query::Measured;
use crate::engine::ports::traces::{MeasureRequest, TraceStoreError};

use super::client::Client;
use super::columns::Columns;
use super::expression::Expressions;
use super::items::Meant;
use super::parameters::Parameters;

/// Gives each span or trace that a request means.
pub(super) fn measure(
    client: &Client,
    expressions: &Expressions<'_>,
    request: &MeasureRequest,
    each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
) -> Result<(), TraceStoreError> {
    let columns = Columns::of(&request.filter, request.keys.iter().chain(&request.values));
    let meant = Meant {
        level: request.level,
        range: &request.range,
        filter: &request.filter,
        columns: &columns,
        stored: &[],
    };
    let mut parameters = Parameters::default();
    let table = meant.table(expressions, &mut parameters);
    let mut fields = vec![
        "trace".to_owned(),
        "toString(at)".to_owned(),
        "failed = 1".to_owned(),
    ];
    for column in &request.keys {
        fields.push(columns.value(column));
    }
    for column in &request.values {
        fields.push(format!("toFloat64({})", columns.name(column)));
    }
    let sql = format!("SELECT {} FROM ({table})", fields.join(", "));
    let (keys, values) = (request.keys.len(), request.values.len());
    client.rows(&sql, &parameters, &mut |row| {
        let text = |place: usize| row.get(place).and_then(Json::as_str).map(str::to_owned);
        let at = text(1).and_then(|at| at.parse().ok()).unwrap_or_default();
        let measured = Measured {
            trace: text(0).unwrap_or_default(),
            started_at: Timestamp::from_nanosecond(at).unwrap_or_default(),
            error: row.get(2).is_some_and(is_true),
            keys: (3..3 + keys).map(text).collect(),
            values: (3 + keys..3 + keys + values)
                .map(|place| row.get(place).and_then(Json::as_f64))
                .collect(),
        };
        Ok(each(measured))
    })
}

/// A truth is 1 or `true`, by the version of the server.
fn is_true(value: &Json) -> bool {
    value.as_bool().unwrap_or(false) || value.as_u64() == Some(1)
}
