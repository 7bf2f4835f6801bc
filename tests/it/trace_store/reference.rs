//! Answers questions span by span, in the plainest way: what every store must answer.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are far below 2^52"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use pointsman::domain::trace::column::Column;
use pointsman::domain::trace::filter::Filter;
use pointsman::domain::trace::query::{Level, Measure, Measured, TraceQuery, TraceRow, TraceTable};
use pointsman::domain::trace::score::Score;
use pointsman::domain::trace::span::{Span, SpanStatus};
use pointsman::engine::ports::traces::{MeasureRequest, SpanOrder, SpanRequest};

/// The scores of a store, by what they are about.
#[derive(Default)]
struct Scores<'a> {
    all: Vec<&'a Score>,
    by_trace: HashMap<&'a str, Vec<usize>>,
    by_response: HashMap<&'a str, Vec<usize>>,
    /// At the level of traces: which answers a trace has.
    responses: HashMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Scores<'a> {
    /// `spans`: all that began in the time that is asked about.
    fn new(scores: &'a [Score], spans: &'a [Span]) -> Self {
        let mut all = Self::default();
        for (index, score) in scores.iter().enumerate() {
            all.all.push(score);
            if score.trace_id.is_empty() {
                if let (None, Some(response)) = (&score.span_id, &score.response_id) {
                    all.by_response.entry(response).or_default().push(index);
                }
            } else {
                all.by_trace.entry(&score.trace_id).or_default().push(index);
            }
        }
        for span in spans {
            if let Some(response) = &span.call.response_id {
                let responses = all.responses.entry(&span.trace_id).or_default();
                responses.insert(response);
            }
        }
        all
    }

    fn of_span(&self, span: &Span, name: Option<&str>) -> Option<f64> {
        let response = span.call.response_id.as_deref();
        let of_trace = self.by_trace.get(span.trace_id.as_str());
        let of_trace = of_trace.into_iter().flatten().filter(|index| {
            let score = self.all[**index];
            match (&score.span_id, &score.response_id) {
                (Some(id), _) => *id == span.span_id,
                (None, Some(id)) => Some(id.as_str()) == response,
                (None, None) => false,
            }
        });
        let of_response = response.and_then(|response| self.by_response.get(response));
        self.mean(of_trace.chain(of_response.into_iter().flatten()), name)
    }

    fn of_trace(&self, trace: &str, name: Option<&str>) -> Option<f64> {
        let of_trace = self.by_trace.get(trace).into_iter().flatten();
        let responses = self.responses.get(trace).into_iter().flatten();
        let of_responses = responses.filter_map(|response| self.by_response.get(response));
        self.mean(of_trace.chain(of_responses.flatten()), name)
    }

    fn mean<'i>(
        &self,
        indices: impl Iterator<Item = &'i usize>,
        name: Option<&str>,
    ) -> Option<f64> {
        let scores = indices.map(|index| self.all[*index]);
        let scores = scores.filter(|score| name.is_none_or(|name| score.name == name));
        mean(&scores.filter_map(|score| score.value).collect::<Vec<f64>>())
    }
}

/// What is counted: a span, or a trace by its spans that pass.
enum Item<'a> {
    Span(&'a Span),
    Trace(Vec<&'a Span>),
}

/// A question's data: the spans in its range, and the scores.
pub(crate) struct Reference<'a> {
    level: Level,
    scores: Scores<'a>,
    items: Vec<Item<'a>>,
}

impl<'a> Reference<'a> {
    /// The spans must have begun in the range that is asked about.
    pub(crate) fn new(
        level: Level,
        filter: &Filter,
        spans: &'a [Span],
        scores: &'a [Score],
    ) -> Self {
        let mut reference = Self {
            level,
            scores: Scores::new(scores, spans),
            items: Vec::new(),
        };
        let passing = spans.iter().filter(|span| reference.passes(span, filter));
        let passing: Vec<&Span> = passing.collect();
        reference.items = match level {
            Level::Span => passing.into_iter().map(Item::Span).collect(),
            Level::Trace => {
                let mut traces: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
                for span in passing {
                    traces.entry(&span.trace_id).or_default().push(span);
                }
                let traces = traces.into_values().map(|mut spans| {
                    spans.sort_by_key(|span| (span.started_at, &span.span_id));
                    Item::Trace(spans)
                });
                traces.collect()
            }
        };
        reference
    }

    fn passes(&self, span: &Span, filter: &Filter) -> bool {
        filter.holds(span, &|column| self.number_of(span, column))
    }

    fn number_of(&self, span: &Span, column: &Column) -> Option<f64> {
        let name = match column {
            Column::AnyScore => None,
            Column::Score(name) => Some(name.as_str()),
            column => return span.number(column),
        };
        match self.level {
            Level::Span => self.scores.of_span(span, name),
            Level::Trace => self.scores.of_trace(&span.trace_id, name),
        }
    }

    fn number(&self, item: &Item<'_>, column: &Column) -> Option<f64> {
        let spans = match item {
            Item::Span(span) => return self.number_of(span, column),
            Item::Trace(spans) => spans,
        };
        match column {
            Column::AnyScore | Column::Score(_) => self.number_of(spans[0], column),
            Column::Duration => {
                let end =
                    |span: &&Span| span.started_at.as_nanosecond() + i128::from(span.duration_ns);
                let end = spans.iter().map(end).max()?;
                Some((end - spans[0].started_at.as_nanosecond()) as f64)
            }
            Column::TimeToFirstChunk => spans.iter().find_map(|span| span.number(column)),
            _ => {
                let numbers = spans.iter().filter_map(|span| span.number(column));
                numbers.reduce(|one, other| one + other)
            }
        }
    }

    fn error(item: &Item<'_>) -> bool {
        let failed = |span: &&Span| span.status == SpanStatus::Error;
        match item {
            Item::Span(span) => failed(span),
            Item::Trace(spans) => {
                let mut roots = spans
                    .iter()
                    .filter(|span| span.parent_span_id.is_none())
                    .peekable();
                if roots.peek().is_some() {
                    roots.any(failed)
                } else {
                    spans.iter().any(failed)
                }
            }
        }
    }

    fn texts(item: &'a Item<'a>, column: &Column) -> Vec<Option<&'a str>> {
        match item {
            Item::Span(span) => texts(span, column),
            Item::Trace(spans) => {
                let texts = spans.iter().map(|span| texts(span, column));
                let mut known = texts.filter(|texts| texts.iter().any(Option::is_some));
                known.next().unwrap_or_else(|| vec![None])
            }
        }
    }

    fn started_at(item: &Item<'_>) -> Timestamp {
        match item {
            Item::Span(span) => span.started_at,
            Item::Trace(spans) => spans[0].started_at,
        }
    }

    /// The answer to a question with numbers.
    pub(crate) fn aggregate(&'a self, query: &TraceQuery) -> TraceTable {
        type Key = (Option<i64>, Vec<Option<String>>);
        let mut groups: BTreeMap<Key, Vec<&'a Item<'a>>> = BTreeMap::new();
        for item in &self.items {
            let bucket = query.bucket.map(|period| {
                let length = i128::from(period.seconds.max(1)) * 1_000_000_000;
                let begins = Self::started_at(item).as_nanosecond().div_euclid(length) * length;
                i64::try_from(begins / 1_000_000_000).unwrap_or_default()
            });
            let mut keys: Vec<Vec<Option<String>>> = vec![Vec::new()];
            for column in &query.group_by {
                let texts = Self::texts(item, column);
                let longer = keys.iter().flat_map(|key| {
                    let texts = texts.iter().map(|text| text.map(str::to_owned));
                    texts.map(|text| [key.as_slice(), &[text]].concat())
                });
                keys = longer.collect();
            }
            for key in keys {
                groups.entry((bucket, key)).or_default().push(item);
            }
        }
        let rows = groups.into_iter().map(|((bucket, keys), items)| TraceRow {
            bucket: bucket.and_then(|second| Timestamp::from_second(second).ok()),
            keys,
            values: query
                .measures
                .iter()
                .map(|it| self.measure_group(it, &items))
                .collect(),
        });
        let mut rows: Vec<TraceRow> = rows.collect();
        if let Some(top) = query.top {
            let value = |index: usize| rows[index].values.get(top.measure).copied().flatten();
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by(|one, other| match (value(*one), value(*other)) {
                (Some(one), Some(other)) => other.total_cmp(&one),
                (one, other) => other.is_some().cmp(&one.is_some()),
            });
            let kept: BTreeSet<usize> = order.into_iter().take(top.limit).collect();
            let mut index = 0..;
            rows.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
        }
        TraceTable { rows }
    }

    fn measure_group(&self, measure: &Measure, items: &[&'a Item<'a>]) -> Option<f64> {
        let numbers = |column| -> Vec<f64> {
            let numbers = items.iter().filter_map(|item| self.number(item, column));
            numbers.collect()
        };
        match measure {
            Measure::Count | Measure::Known(Column::Time) => Some(items.len() as f64),
            Measure::ErrorRate => {
                let errors = items.iter().filter(|item| Self::error(item)).count();
                Some(errors as f64 / items.len() as f64)
            }
            Measure::Known(column) => {
                let texts = items
                    .iter()
                    .filter(|item| Self::texts(item, column)[0].is_some());
                Some((texts.count() + numbers(column).len()) as f64)
            }
            Measure::Distinct(Column::Time) => {
                let times: BTreeSet<_> = items.iter().map(|item| Self::started_at(item)).collect();
                Some(times.len() as f64)
            }
            Measure::Distinct(column) => {
                let texts = items.iter().flat_map(|item| Self::texts(item, column));
                let texts: BTreeSet<&str> = texts.flatten().collect();
                let bits: BTreeSet<u64> = numbers(column).into_iter().map(bits).collect();
                Some((texts.len() + bits.len()) as f64)
            }
            Measure::Sum(column) => numbers(column).into_iter().reduce(|one, other| one + other),
            Measure::Mean(column) => mean(&numbers(column)),
            Measure::Quantile(column, share) => nearest_rank(numbers(column), *share),
        }
    }

    /// Each span or trace, as far as it is measured.
    pub(crate) fn measured(&'a self, request: &MeasureRequest) -> Vec<Measured> {
        let measured = self.items.iter().map(|item| Measured {
            trace: match item {
                Item::Span(span) => span.trace_id.clone(),
                Item::Trace(spans) => spans[0].trace_id.clone(),
            },
            started_at: Self::started_at(item),
            error: Self::error(item),
            keys: request
                .keys
                .iter()
                .map(|column| joined(&Self::texts(item, column)))
                .collect(),
            values: request
                .values
                .iter()
                .map(|column| self.number(item, column))
                .collect(),
        });
        measured.collect()
    }
}

/// Equal numbers have equal bits.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

/// Several labels in one text.
fn joined(texts: &[Option<&str>]) -> Option<String> {
    let texts: Vec<&str> = texts.iter().copied().flatten().collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// The texts of a span in a column: one or none, or any number of labels.
fn texts<'s>(span: &'s Span, column: &Column) -> Vec<Option<&'s str>> {
    match column {
        Column::Tag if !span.origin.tags.is_empty() => {
            let tags = span.origin.tags.iter();
            tags.map(|tag| Some(tag.as_str())).collect()
        }
        column => vec![span.text(column)],
    }
}

fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / count)
}

/// The value at the rank of a share.
fn nearest_rank(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let rank = (share * numbers.len() as f64).ceil() as usize;
    numbers
        .get(rank.clamp(1, numbers.len().max(1)) - 1)
        .copied()
}

/// What spans are put in order by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Time(Timestamp),
    Number(i64),
    Text(String),
}

impl Reference<'_> {
    /// The ids of the spans that a request means, in its order.
    pub(crate) fn order(spans: &[Span], scores: &[Score], request: &SpanRequest) -> Vec<String> {
        let reference = Reference::new(Level::Span, &request.filter, spans, scores);
        let (column, descending) = match &request.order {
            SpanOrder::Stored => (&Column::Time, false),
            SpanOrder::Ascending(column) => (column, false),
            SpanOrder::Descending(column) => (column, true),
        };
        let mut passing: Vec<(Option<Key>, &Span)> = spans
            .iter()
            .filter(|span| reference.passes(span, &request.filter))
            .map(|span| (reference.key(span, column), span))
            .collect();
        passing.sort_by(|(one_key, one), (other_key, other)| {
            let keys = match (one_key, other_key) {
                (Some(one), Some(other)) if descending => other.cmp(one),
                (Some(one), Some(other)) => one.cmp(other),
                (one, other) => other.is_some().cmp(&one.is_some()),
            };
            let ids = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
            keys.then_with(|| ids(one).cmp(&ids(other)))
        });
        let limit = request.limit.unwrap_or(usize::MAX);
        let passing = passing.into_iter().take(limit);
        passing
            .map(|(_, span)| format!("{}:{}", span.trace_id, span.span_id))
            .collect()
    }

    fn key(&self, span: &Span, column: &Column) -> Option<Key> {
        if *column == Column::Time {
            return Some(Key::Time(span.started_at));
        }
        if let Some(number) = self.number_of(span, column) {
            // None of the numbers is negative, so that their bits have their order.
            return Some(Key::Number(number.to_bits().cast_signed()));
        }
        joined(&texts(span, column)).map(Key::Text)
    }
}
