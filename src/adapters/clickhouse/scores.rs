//! Scores: the results of evaluations, in the events of spans and in the collector's table of logs.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::Level;
use crate::domain::trace::score::Score;
use crate::engine::ports::traces::{TraceBatch, TraceStoreError};

use super::ClickHouseStore;
use super::expression::Expressions;
use super::items::within;
use super::parameters::Parameters;
use super::schema::Schema;

/// How many traces are asked about at a time.
const TRACES_AT_ONCE: usize = 200;

/// The event that says what an evaluation found.
const EVENT: &str = "gen_ai.evaluation.result";

/// How scores come to the spans or traces of a question.
pub(super) struct ScoreJoins {
    /// The joins.
    pub(super) joins: String,
    /// For each column of scores its name and the mean.
    pub(super) means: Vec<(String, String)>,
}

/// All scores, each once: they are known by all that they say.
fn all(schema: &Schema) -> String {
    let fields = |attributes: &str, at: &str, source: &str| {
        format!(
            "TraceId AS trace, SpanId AS span, {attributes}['gen_ai.response.id'] AS response, \
             {attributes}['gen_ai.evaluation.name'] AS name, \
             arrayMap(it -> if(isFinite(it), it, NULL), [toFloat64OrNull(trimBoth(\
             {attributes}['gen_ai.evaluation.score.value']))])[1] AS value, \
             {attributes}['gen_ai.evaluation.score.label'] AS label, \
             {attributes}['gen_ai.evaluation.explanation'] AS explanation, \
             {attributes}['error.type'] AS error_type, \
             {source} AS source, toUnixTimestamp64Nano({at}) AS at"
        )
    };
    let events = format!(
        "SELECT {} FROM {} ARRAY JOIN Events.Timestamp AS stamp, Events.Name AS event, \
         Events.Attributes AS attributes WHERE event = '{EVENT}'",
        fields("attributes", "stamp", "''"),
        schema.table,
    );
    let found = match &schema.logs {
        None => events,
        Some(logs) => {
            let named = if logs.has_event_name {
                format!("(EventName = '{EVENT}' OR LogAttributes['event.name'] = '{EVENT}')")
            } else {
                format!("LogAttributes['event.name'] = '{EVENT}'")
            };
            format!(
                "{events} UNION ALL SELECT {} FROM {} WHERE {named}",
                fields("LogAttributes", "Timestamp", "ScopeName"),
                logs.table,
            )
        }
    };
    format!(
        "SELECT DISTINCT trace, span, response, name, value, label, explanation, error_type, source, \
         at FROM ({found}) WHERE name != '' AND (trace != '' OR response != '') \
         AND (isNotNull(value) OR label != '' OR explanation != '' OR error_type != '')"
    )
}

/// The joins that give the spans (`trace`, `span`, `response`) of a question their mean scores.
pub(super) fn joins(
    expressions: &Expressions<'_>,
    level: Level,
    range: &TimeRange,
    columns: &[(String, &Column)],
    parameters: &mut Parameters,
) -> Option<ScoreJoins> {
    if columns.is_empty() {
        return None;
    }
    let mut sums = Vec::new();
    for (name, column) in columns {
        let meant = match column {
            Column::Score(score) => format!("name = {}", parameters.text(score)),
            _ => "1".to_owned(),
        };
        sums.push(format!(
            "sumIf(assumeNotNull(value), {meant}) AS {name}_sum, countIf({meant}) AS {name}_count"
        ));
    }
    let sums = sums.join(", ");
    let all = all(expressions.schema);
    let by = |keys: &str, which: &str| {
        format!(
            "(SELECT {keys}, {sums} FROM ({all}) WHERE isNotNull(value) AND {which} GROUP BY {keys})"
        )
    };
    // What names an answer only is in the table of logs.
    let has_logs = expressions.schema.logs.is_some();
    let mut joins = Vec::new();
    match level {
        Level::Span => {
            let of_span = by("trace, span", "trace != '' AND span != ''");
            joins.push(format!(
                "LEFT JOIN {of_span} AS by_span ON s.trace = by_span.trace AND s.span = by_span.span"
            ));
            if has_logs {
                let of_answer = by(
                    "trace, response",
                    "trace != '' AND span = '' AND response != ''",
                );
                joins.push(format!(
                    "LEFT JOIN {of_answer} AS by_answer ON s.trace = by_answer.trace \
                     AND s.response = by_answer.response"
                ));
                let anywhere = by("response", "trace = '' AND span = ''");
                joins.push(format!(
                    "LEFT JOIN {anywhere} AS anywhere ON s.response = anywhere.response"
                ));
            }
        }
        Level::Trace => {
            let of_trace = by("trace", "trace != ''");
            joins.push(format!(
                "LEFT JOIN {of_trace} AS by_trace ON s.trace = by_trace.trace"
            ));
            if has_logs {
                let anywhere = by("response", "trace = '' AND span = ''");
                let totals = columns.iter().map(|(name, _)| {
                    format!("sum({name}_sum) AS {name}_sum, sum({name}_count) AS {name}_count")
                });
                joins.push(format!(
                    "LEFT JOIN (SELECT answers.trace AS trace, {} FROM (SELECT DISTINCT TraceId AS \
                     trace, {} AS response FROM {} WHERE {}) AS answers INNER JOIN {anywhere} AS \
                     found ON answers.response = found.response GROUP BY trace) AS anywhere \
                     ON s.trace = anywhere.trace",
                    totals.collect::<Vec<_>>().join(", "),
                    expressions.response(),
                    expressions.schema.table,
                    within(range, parameters),
                ));
            }
        }
    }
    let tables: &[&str] = match (level, has_logs) {
        (Level::Span, false) => &["by_span"],
        (Level::Span, true) => &["by_span", "by_answer", "anywhere"],
        (Level::Trace, false) => &["by_trace"],
        (Level::Trace, true) => &["by_trace", "anywhere"],
    };
    let total = |name: &str, what: &str| {
        let parts = tables.iter().map(|table| format!("{table}.{name}_{what}"));
        parts.collect::<Vec<_>>().join(" + ")
    };
    let means = columns.iter().map(|(name, _)| {
        let (sum, count) = (total(name, "sum"), total(name, "count"));
        (
            name.clone(),
            format!("if({count} = 0, NULL, ({sum}) / ({count}))"),
        )
    });
    Some(ScoreJoins {
        joins: joins.join(" "),
        means: means.collect(),
    })
}

/// The scores of some traces, their spans and their answers, by trace, name and time.
pub(super) fn scores_of(
    store: &ClickHouseStore,
    traces: &[String],
) -> Result<Vec<Score>, TraceStoreError> {
    let mut batch = TraceBatch::default();
    for traces in traces.chunks(TRACES_AT_ONCE) {
        let mut parameters = Parameters::default();
        let named = traces.iter().map(|trace| parameters.text(trace));
        let named = named.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT trace, span, response, name, value, label, explanation, error_type, source, \
             toString(at) FROM ({}) WHERE trace IN ({named}) OR (trace = '' AND response IN \
             (SELECT {} FROM {} WHERE TraceId IN ({named})))",
            all(&store.schema),
            store.expressions().response(),
            store.schema.table,
        );
        store.client.rows(&sql, &parameters, &mut |row| {
            batch.scores.push(score(&row));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    store.reader.borrow_mut().redactor.redact(&mut batch);
    let mut scores = batch.scores;
    scores.sort_by(|one, other| {
        let key = |score: &Score| {
            (
                score.trace_id.clone(),
                score.name.clone(),
                score.recorded_at,
            )
        };
        key(one).cmp(&key(other))
    });
    Ok(scores)
}

fn score(row: &[Json]) -> Score {
    let text = |place: usize| row.get(place).and_then(Json::as_str).unwrap_or_default();
    let some = |place: usize| Some(text(place).to_owned()).filter(|text| !text.is_empty());
    let at: i128 = text(9).parse().unwrap_or_default();
    Score {
        trace_id: text(0).to_owned(),
        span_id: some(1),
        response_id: some(2),
        name: text(3).to_owned(),
        value: row.get(4).and_then(Json::as_f64),
        label: some(5),
        explanation: some(6),
        error_type: some(7),
        source: some(8),
        recorded_at: Timestamp::from_nanosecond(at).unwrap_or_default(),
    }
}

/// The names of all scores.
pub(super) fn names(store: &ClickHouseStore) -> Result<(u64, Vec<String>), TraceStoreError> {
    let sql = format!(
        "SELECT name, count() FROM ({}) GROUP BY name ORDER BY name LIMIT 1000",
        all(&store.schema)
    );
    let rows = store.client.all(&sql, &Parameters::default())?;
    let mut names = Vec::new();
    let mut count = 0;
    for row in rows {
        count += super::schema::count(row.get(1));
        names.extend(row.first().and_then(Json::as_str).map(str::to_owned));
    }
    Ok((count, names))
}
