//! What is known of one trace after some of its spans.

use arrow_array::UInt64Array;
use parquet::errors::ParquetError;

use crate::adapters::traces::columns::{SPAN, TRACE};
use crate::adapters::traces::texts::{Finder, Texts};
use crate::domain::trace::column::Column;
use crate::domain::trace::span::SpanStatus;

use super::batch::Rows;
use super::items::{Interner, TextLists, text_lists};
use super::needs::Needs;
use super::plan::Wanted;
use super::scan::Scan;
use super::select::Selected;
use super::traces::{Part, Traces};

/// When a span began, and its id: the order in which the spans of a trace speak for it.
type Rank = (i64, Box<str>);

/// What is known of one trace.
pub(super) struct TraceState {
    first: i64,
    /// When the last span ended.
    end: i128,
    /// Whether any root failed; `None`: no root was seen.
    root_failed: Option<bool>,
    any_failed: bool,
    /// The texts of the earliest span that has any, for each column of keys and then of texts.
    texts: Vec<(Option<Rank>, Vec<u32>)>,
    /// For each column of numbers that of the trace so far, and of which span it is, where it is that
    /// of the earliest.
    numbers: Vec<(Option<Rank>, f64)>,
}

impl TraceState {
    fn new(texts: usize, numbers: usize) -> Self {
        Self {
            first: i64::MAX,
            end: i128::MIN,
            root_failed: None,
            any_failed: false,
            texts: vec![(None, Vec::new()); texts],
            numbers: vec![(None, f64::NAN); numbers],
        }
    }

    /// When it began, in nanoseconds.
    pub(super) fn started_at(&self) -> i64 {
        self.first
    }

    /// Whether it ended with an error: that of its root, or where none passes, that of any span.
    pub(super) fn failed(&self) -> bool {
        self.root_failed.unwrap_or(self.any_failed)
    }

    /// The texts in a column: see [`TraceState::texts`].
    pub(super) fn texts(&self, place: usize) -> &[u32] {
        &self.texts[place].1
    }

    /// The number in a column.
    pub(super) fn number(&self, place: usize, column: &Column) -> f64 {
        if *column == Column::Duration {
            return nanoseconds(self.end - i128::from(self.first));
        }
        self.numbers[place].1
    }

    /// Takes in what was seen of the same trace elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.end = self.end.max(other.end);
        self.any_failed |= other.any_failed;
        if let Some(failed) = other.root_failed {
            self.root_failed = Some(self.root_failed.unwrap_or(false) || failed);
        }
        for (text, other) in self.texts.iter_mut().zip(other.texts) {
            if is_earlier(other.0.as_ref(), text.0.as_ref()) {
                *text = other;
            }
        }
        for (number, other) in self.numbers.iter_mut().zip(other.numbers) {
            if other.0.is_none() {
                number.1 = sum(number.1, other.1);
            } else if is_earlier(other.0.as_ref(), number.0.as_ref()) {
                *number = other;
            }
        }
    }

    /// Gives texts other numbers.
    pub(super) fn renumber(&mut self, numbers: &[u32]) {
        for text in self.texts.iter_mut().flat_map(|(_, texts)| texts) {
            *text = numbers[*text as usize];
        }
    }
}

/// Whether something that is there comes before something that may not be.
fn is_earlier(one: Option<&Rank>, other: Option<&Rank>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (one, _) => one.is_some(),
    }
}

/// The sum of two numbers, each of which may be none.
fn sum(one: f64, other: f64) -> f64 {
    match (one.is_nan(), other.is_nan()) {
        (true, _) => other,
        (_, true) => one,
        _ => one + other,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds below 104 days are exact"
)]
fn nanoseconds(nanoseconds: i128) -> f64 {
    nanoseconds as f64
}

/// Reads spans into the states of their traces.
pub(super) struct TraceReader<'a> {
    wanted: &'a Wanted,
    traces: Texts<'a>,
    spans: Texts<'a>,
    parents: Texts<'a>,
    failed: Finder<'a>,
    times: &'a [i64],
    durations: &'a UInt64Array,
    numbers: Vec<Vec<f64>>,
}

impl<'a> TraceReader<'a> {
    /// The stored columns that it takes.
    pub(super) fn needs(scan: &Scan<'_>) -> Needs {
        let mut needs = scan.needs();
        for column in [
            Column::Trace,
            Column::Span,
            Column::Parent,
            Column::Status,
            Column::Time,
            Column::Duration,
        ] {
            needs.add(&column);
        }
        needs
    }

    /// Reads some rows.
    pub(super) fn new(rows: &Rows<'a>, wanted: &'a Wanted) -> Result<Self, ParquetError> {
        let numbers = wanted.numbers.iter().map(|column| rows.numbers(column));
        Ok(Self {
            wanted,
            traces: Texts::column(rows.batch, TRACE)?,
            spans: Texts::column(rows.batch, SPAN)?,
            parents: rows.texts(&Column::Parent)?.texts(),
            failed: rows
                .texts(&Column::Status)?
                .texts()
                .finder(SpanStatus::Error.name()),
            times: rows.times()?,
            durations: rows.counts(&Column::Duration)?,
            numbers: numbers.collect::<Result<_, _>>()?,
        })
    }

    /// Adds the rows that are meant, as far as their traces are in a part.
    pub(super) fn add(
        &self,
        rows: &Rows<'_>,
        selected: &Selected,
        part: Part,
        found: &mut Traces,
    ) -> Result<(), ParquetError> {
        let columns = self.wanted.keys.iter().chain(&self.wanted.texts);
        let texts = columns.enumerate().map(|(place, column)| {
            let one = place < self.wanted.keys.len() && !self.wanted.once_a_label;
            if one && *column == Column::Tag {
                return joined_labels(rows, selected, &mut found.interner);
            }
            text_lists(rows, selected, column, &mut found.interner)
        });
        let texts = texts.collect::<Result<Vec<TextLists>, _>>()?;
        let mut texts: Vec<_> = texts.iter().map(TextLists::each).collect();
        let columns = (texts.len(), self.numbers.len());
        for row in selected.rows() {
            let texts = texts.iter_mut().map(|it| it.next().unwrap_or_default());
            let texts: Vec<&[u32]> = texts.collect();
            let trace = self.traces.get(row).unwrap_or_default();
            if part.has(trace) {
                let place = found.place(trace, || TraceState::new(columns.0, columns.1));
                self.add_row(row, &texts, &mut found.states[place]);
            }
        }
        Ok(())
    }

    fn add_row(&self, row: usize, texts: &[&[u32]], state: &mut TraceState) {
        let time = self.times[row];
        let id = self.spans.get(row).unwrap_or_default();
        let failed = self.failed.is_at(row);
        state.first = state.first.min(time);
        let end = i128::from(time) + i128::from(self.durations.value(row));
        state.end = state.end.max(end);
        state.any_failed |= failed;
        if !self.parents.is_at(row) {
            state.root_failed = Some(state.root_failed.unwrap_or(false) || failed);
        }
        let comes_before = |known: &Option<Rank>| {
            known
                .as_ref()
                .is_none_or(|(first, first_id)| (time, id) < (*first, &**first_id))
        };
        for (known, texts) in state.texts.iter_mut().zip(texts) {
            if !texts.is_empty() && comes_before(&known.0) {
                *known = (Some((time, id.into())), texts.to_vec());
            }
        }
        let columns = self.wanted.numbers.iter().zip(&self.numbers);
        for (known, (column, numbers)) in state.numbers.iter_mut().zip(columns) {
            if *column != Column::TimeToFirstChunk {
                known.1 = sum(known.1, numbers[row]);
            } else if !numbers[row].is_nan() && comes_before(&known.0) {
                *known = (Some((time, id.into())), numbers[row]);
            }
        }
    }
}

/// The labels of each row that is meant, as one text.
fn joined_labels(
    rows: &Rows<'_>,
    selected: &Selected,
    interner: &mut Interner,
) -> Result<TextLists, ParquetError> {
    let labels = rows.texts(&Column::Tag)?;
    let mut lists = TextLists::default();
    for row in selected.rows() {
        lists.push(labels.joined(row).map(|text| interner.intern(&text)));
    }
    Ok(lists)
}
