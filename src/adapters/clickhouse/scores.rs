//! Scores: the results of evaluations, in the events of spans and in the collector's table of logs.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::Level;
use crate::domain::trace::score::{EVALUATION_EVENT, Score};
use crate::engine::ports::traces::{TraceBatch, TraceStoreError};

use super::ClickHouseStore;
use super::expression::Expressions;
use super::items::within;
use super::parameters::Parameters;
use super::schema::Schema;

/// How many traces are asked about at a time.
const TRACES_AT_ONCE: usize = 200;

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
         Events.Attributes AS attributes WHERE event = '{EVALUATION_EVENT}'",
        fields("attributes", "stamp", "''"),
        schema.table,
    );
    let found = match &schema.logs {
        None => events,
        Some(logs) => {
            let named = if logs.has_event_name {
                format!(
                    "(EventName = '{EVALUATION_EVENT}' OR LogAttributes['event.name'] = '{EVALUATION_EVENT}')"
                )
            } else {
                format!("LogAttributes['event.name'] = '{EVALUATION_EVENT}'")
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

/// The mean scores by what they are of, as tables to join.
struct Sums<'s> {
    /// All scores.
    all: String,
    /// For each column of scores the sum and the count of those that it means.
    totals: String,
    columns: &'s [(String, &'s Column)],
}

impl Sums<'_> {
    /// The sums of those scores that a condition means, by some keys.
    fn by(&self, keys: &str, which: &str) -> String {
        let Self { all, totals, .. } = self;
        format!(
            "(SELECT {keys}, {totals} FROM ({all}) WHERE isNotNull(value) AND {which} GROUP BY {keys})"
        )
    }

    /// Those that name an answer only, which are in the table of logs.
    fn anywhere(&self) -> String {
        self.by("response", "trace = '' AND span = ''")
    }

    /// The names of the tables that hold a span's scores, each with its join.
    fn of_spans(&self, has_logs: bool) -> Vec<(&'static str, String)> {
        let by_span = self.by("trace, span", "trace != '' AND span != ''");
        let mut joins = vec![(
            "by_span",
            format!("{by_span} AS by_span ON s.trace = by_span.trace AND s.span = by_span.span"),
        )];
        if has_logs {
            let by_answer = self.by(
                "trace, response",
                "trace != '' AND span = '' AND response != ''",
            );
            joins.push((
                "by_answer",
                format!(
                    "{by_answer} AS by_answer ON s.trace = by_answer.trace \
                     AND s.response = by_answer.response"
                ),
            ));
            let anywhere = self.anywhere();
            joins.push((
                "anywhere",
                format!("{anywhere} AS anywhere ON s.response = anywhere.response"),
            ));
        }
        joins
    }

    /// The same for a trace: its own, those of its spans, and those of the answers in it. `answers`:
    /// the traces with the answers that they have, where there may be scores of those.
    fn of_traces(&self, answers: Option<String>) -> Vec<(&'static str, String)> {
        let by_trace = self.by("trace", "trace != ''");
        let mut joins = vec![(
            "by_trace",
            format!("{by_trace} AS by_trace ON s.trace = by_trace.trace"),
        )];
        if let Some(answers) = answers {
            let totals = self.columns.iter().map(|(name, _)| {
                format!("sum({name}_sum) AS {name}_sum, sum({name}_count) AS {name}_count")
            });
            joins.push((
                "anywhere",
                format!(
                    "(SELECT answers.trace AS trace, {} FROM ({answers}) AS answers INNER JOIN {} AS \
                     found ON answers.response = found.response GROUP BY trace) AS anywhere \
                     ON s.trace = anywhere.trace",
                    totals.collect::<Vec<_>>().join(", "),
                    self.anywhere(),
                ),
            ));
        }
        joins
    }
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
    let sums = columns.iter().map(|(name, column)| {
        let meant = match column {
            Column::Score(score) => format!("name = {}", parameters.text(score)),
            _ => "1".to_owned(),
        };
        format!(
            "sumIf(assumeNotNull(value), {meant}) AS {name}_sum, countIf({meant}) AS {name}_count"
        )
    });
    let sums = Sums {
        totals: sums.collect::<Vec<_>>().join(", "),
        all: all(expressions.schema),
        columns,
    };
    let has_logs = expressions.schema.logs.is_some();
    let tables = match level {
        Level::Span => sums.of_spans(has_logs),
        Level::Trace => sums.of_traces(has_logs.then(|| {
            format!(
                "SELECT DISTINCT TraceId AS trace, {} AS response FROM {} WHERE {}",
                expressions.response(),
                expressions.schema.table,
                within(range, parameters),
            )
        })),
    };
    let total = |name: &str, what: &str| {
        let parts = tables.iter();
        let parts = parts.map(|(table, _)| format!("{table}.{name}_{what}"));
        parts.collect::<Vec<_>>().join(" + ")
    };
    let means = columns.iter().map(|(name, _)| {
        let (sum, count) = (total(name, "sum"), total(name, "count"));
        let mean = format!("if({count} = 0, NULL, ({sum}) / ({count}))");
        (name.clone(), mean)
    });
    let means = means.collect();
    let joins = tables.iter().map(|(_, join)| format!("LEFT JOIN {join}"));
    Some(ScoreJoins {
        joins: joins.collect::<Vec<_>>().join(" "),
        means,
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
