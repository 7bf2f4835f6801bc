//! The scores that a question asks about, by what they are about.

use std::collections::{BTreeSet, HashMap};

use parquet::errors::ParquetError;

use crate::adapters::traces::columns::{RESPONSE, SPAN, TRACE};
use crate::adapters::traces::decode;
use crate::adapters::traces::snapshot::Snapshot;
use crate::adapters::traces::texts::Texts;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::Level;
use crate::domain::trace::score::Score;
use crate::engine::ports::traces::TraceStoreError;

use super::batch::Rows;
use super::needs::Needs;
use super::source::{Source, overlap};

/// The most scores that one question looks at.
const MOST_SCORES: usize = 5_000_000;

/// How many rows are read at a time.
const STEP: usize = 16_384;

/// Scores that have a value.
#[derive(Default)]
pub(in crate::adapters::traces) struct ScoreIndex {
    names: HashMap<String, u32>,
    /// Those that name their trace.
    by_trace: HashMap<String, Vec<Entry>>,
    /// Those that name an answer only.
    by_response: HashMap<String, Vec<Entry>>,
    /// At the level of traces: the answers of a trace that scores name so.
    responses: HashMap<String, BTreeSet<String>>,
}

struct Entry {
    span: Option<String>,
    response: Option<String>,
    name: u32,
    value: f64,
}

impl ScoreIndex {
    /// The scores that these columns ask about; `None`: they ask about none. At the level of traces,
    /// the answers of spans that began in the range are those of their traces.
    pub(super) fn load(
        snapshot: &Snapshot,
        columns: &[&Column],
        level: Level,
        range: &TimeRange,
    ) -> Result<Option<Self>, TraceStoreError> {
        let any = columns.contains(&&Column::AnyScore);
        let named = columns.iter().filter_map(|column| match column {
            Column::Score(name) => Some(name.as_str()),
            _ => None,
        });
        let named: BTreeSet<&str> = named.collect();
        if !any && named.is_empty() {
            return Ok(None);
        }
        let mut index = Self::default();
        let mut count = 0;
        each_score(snapshot, &mut |score| {
            if any || named.contains(score.name.as_str()) {
                count += 1;
                index.add(score);
            }
            if count > MOST_SCORES {
                Err(too_many())
            } else {
                Ok(())
            }
        })?;
        if level == Level::Trace && !index.by_response.is_empty() {
            index.find_responses(snapshot, range)?;
        }
        Ok(Some(index))
    }

    fn add(&mut self, score: Score) {
        let Some(value) = score.value else { return };
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let entry = Entry {
            span: score.span_id,
            response: score.response_id,
            name: *self.names.entry(score.name).or_insert(next),
            value,
        };
        if !score.trace_id.is_empty() {
            self.by_trace.entry(score.trace_id).or_default().push(entry);
        } else if let (None, Some(response)) = (&entry.span, &entry.response) {
            self.by_response
                .entry(response.clone())
                .or_default()
                .push(entry);
        }
    }

    fn find_responses(
        &mut self,
        snapshot: &Snapshot,
        range: &TimeRange,
    ) -> Result<(), TraceStoreError> {
        for source in Source::of(snapshot) {
            if overlap(source.times(), range).is_none() {
                continue;
            }
            source.read(&Needs::new(&["time", TRACE, RESPONSE]), |batch| {
                let damaged = |error| source.damaged(&error);
                let times = Rows {
                    batch,
                    scores: None,
                    level: Level::Trace,
                };
                let times = times.times().map_err(damaged)?;
                let traces = Texts::column(batch, TRACE).map_err(damaged)?;
                let responses = Texts::column(batch, RESPONSE).map_err(damaged)?;
                for (row, time) in times.iter().enumerate() {
                    let response = responses.get(row);
                    let response = response.filter(|it| self.by_response.contains_key(*it));
                    if let (Some(response), Some(trace)) = (response, traces.get(row))
                        && range.contains(decode::moment(*time))
                    {
                        let responses = self.responses.entry(trace.to_owned()).or_default();
                        responses.insert(response.to_owned());
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The mean score of each row; not a number: it has none.
    pub(super) fn numbers(
        &self,
        rows: &Rows<'_>,
        column: &Column,
    ) -> Result<Vec<f64>, ParquetError> {
        let traces = Texts::column(rows.batch, TRACE)?;
        let trace = |row| traces.get(row).unwrap_or_default();
        let all = 0..rows.count();
        if rows.level == Level::Trace {
            return Ok(all.map(|row| self.of_trace(trace(row), column)).collect());
        }
        let spans = Texts::column(rows.batch, SPAN)?;
        let responses = Texts::column(rows.batch, RESPONSE)?;
        let numbers = all.map(|row| {
            let span = spans.get(row).unwrap_or_default();
            self.of_span(trace(row), span, responses.get(row), column)
        });
        Ok(numbers.collect())
    }

    fn of_span(&self, trace: &str, span: &str, response: Option<&str>, column: &Column) -> f64 {
        let of_trace = self.by_trace.get(trace).into_iter().flatten();
        let of_trace = of_trace.filter(|entry| match &entry.span {
            Some(id) => id == span,
            None => entry.response.is_some() && entry.response.as_deref() == response,
        });
        let of_response = response.and_then(|response| self.by_response.get(response));
        self.mean(of_trace.chain(of_response.into_iter().flatten()), column)
    }

    /// The mean score of a trace and all its spans; not a number: it has none.
    pub(super) fn of_trace(&self, trace: &str, column: &Column) -> f64 {
        let of_trace = self.by_trace.get(trace).into_iter().flatten();
        let responses = self.responses.get(trace).into_iter().flatten();
        let of_responses = responses.filter_map(|response| self.by_response.get(response));
        self.mean(of_trace.chain(of_responses.flatten()), column)
    }

    fn mean<'e>(&self, entries: impl Iterator<Item = &'e Entry>, column: &Column) -> f64 {
        let name = match column {
            Column::Score(name) => match self.names.get(name) {
                Some(name) => Some(*name),
                None => return f64::NAN,
            },
            _ => None,
        };
        let entries = entries.filter(|entry| name.is_none_or(|name| entry.name == name));
        let (sum, count) = entries.fold((0.0, 0.0), |(sum, count), entry| {
            (sum + entry.value, count + 1.0)
        });
        if count > 0.0 { sum / count } else { f64::NAN }
    }
}

/// Hands over every stored score, in the order of the store.
pub(in crate::adapters::traces) fn each_score(
    snapshot: &Snapshot,
    each: &mut dyn FnMut(Score) -> Result<(), TraceStoreError>,
) -> Result<(), TraceStoreError> {
    for segment in &snapshot.scores {
        for batch in segment.read(&decode::SCORE_COLUMNS, None, STEP)? {
            let scores = decode::scores(&batch?).map_err(|error| segment.damaged(&error))?;
            scores.into_iter().try_for_each(&mut *each)?;
        }
    }
    let fresh = snapshot.fresh_scores.iter().cloned();
    fresh.into_iter().try_for_each(each)
}

fn too_many() -> TraceStoreError {
    TraceStoreError {
        message: format!("there are more than {MOST_SCORES} scores to look at"),
        hint: Some("ask about one score by its name: `score.<name>`".to_owned()),
        remote: false,
    }
}
