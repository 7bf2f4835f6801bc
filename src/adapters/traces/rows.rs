//! Spans on their way into files: they become columns while they are at hand, and are put in order when
//! they are written.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch, new_null_array};
use arrow_schema::ArrowError;
use arrow_select::interleave::interleave;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::trace::span::{Content, Span};

use super::columns::{SPAN, TRACE};
use super::decode::moment;
use super::encode::{self, nanoseconds};
use super::layout::day_of;
use super::schema::{MOST_ROWS, SPANS_AS_MADE};
use super::texts::Texts;

/// About how many bytes of text one file holds at most.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Spans as columns, in parts, as they came.
#[derive(Default)]
pub(super) struct Rows {
    parts: Vec<RecordBatch>,
    order: Vec<Row>,
    bytes: usize,
}

/// A span in one of the parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// When it began, in nanoseconds since 1970.
    time: i64,
    /// About how many bytes of text it has.
    bytes: usize,
    part: usize,
    place: usize,
}

impl Row {
    /// The day on which it began, counted from 1970.
    fn day(&self) -> i64 {
        const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;
        self.time.div_euclid(DAY_NS)
    }

    /// When it began, in nanoseconds since 1970.
    pub(super) fn time(&self) -> i64 {
        self.time
    }
}

impl Rows {
    /// These spans.
    pub(super) fn of(spans: &[Span]) -> Result<Self, ArrowError> {
        let mut rows = Self::default();
        rows.add(spans)?;
        Ok(rows)
    }

    /// Adds spans.
    pub(super) fn add(&mut self, spans: &[Span]) -> Result<(), ArrowError> {
        if spans.is_empty() {
            return Ok(());
        }
        let part = self.parts.len();
        let columns = encode::spans(&spans.iter().collect::<Vec<_>>())?;
        self.parts.push(columns);
        let first = self.order.len();
        self.order
            .extend(spans.iter().enumerate().map(|(place, span)| Row {
                time: nanoseconds(span.started_at),
                bytes: weight(span),
                part,
                place,
            }));
        self.bytes += self.order[first..]
            .iter()
            .map(|row| row.bytes)
            .sum::<usize>();
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// About how many bytes of text they have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The ids of their traces and their own.
    pub(super) fn ids(&self) -> Vec<(&str, &str)> {
        let traces = self.texts(TRACE);
        let spans = self.texts(SPAN);
        let id = |row: &Row| {
            let trace = traces[row.part].get(row.place)?;
            Some((trace, spans[row.part].get(row.place)?))
        };
        let rows = self.order.iter();
        rows.map(|row| id(row).unwrap_or_default()).collect()
    }

    /// A column of each part.
    fn texts(&self, name: &str) -> Vec<Texts<'_>> {
        let parts = self.parts.iter();
        parts
            .map(|part| Texts::column(part, name).unwrap_or(Texts::None))
            .collect()
    }

    /// Leaves what is not known.
    pub(super) fn leave(&mut self, known: &[bool]) {
        let mut known = known.iter();
        self.order.retain(|_| known.next() == Some(&false));
    }

    /// When they began.
    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> + Clone {
        self.order.iter().map(|row| moment(row.time))
    }

    /// Them by day, and those of a day by time and id.
    pub(super) fn by_day(&self) -> Vec<(Date, Vec<Row>)> {
        let mut sorted: Vec<(&Row, (&str, &str))> = self.order.iter().zip(self.ids()).collect();
        sorted.sort_unstable_by_key(|(row, id)| (row.time, *id));
        let days = sorted.chunk_by(|(one, _), (other, _)| one.day() == other.day());
        days.map(|rows| {
            let day = day_of(moment(rows[0].0.time));
            (day, rows.iter().map(|(row, _)| **row).collect())
        })
        .collect()
    }

    /// Some of them as columns, in the order in which they are named.
    pub(super) fn columns(&self, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
        let places: Vec<(usize, usize)> = rows.iter().map(|row| (row.part, row.place)).collect();
        let columns = SPANS_AS_MADE.fields().iter().enumerate();
        let columns = columns.map(|(index, field)| {
            let parts = self.parts.iter();
            let parts: Vec<&dyn Array> = parts.map(|part| part.column(index).as_ref()).collect();
            // Many a column says nothing of any span.
            if parts.iter().all(|part| part.null_count() == part.len()) {
                return Ok(new_null_array(field.data_type(), rows.len()));
            }
            interleave(&parts, &places)
        });
        RecordBatch::try_new(
            Arc::clone(&SPANS_AS_MADE),
            columns.collect::<Result<_, _>>()?,
        )
    }
}

/// Rows in stretches that fit into a file each.
pub(super) fn stretches(rows: &[Row]) -> Vec<&[Row]> {
    let mut stretches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        bytes += row.bytes;
        if index - start == MOST_ROWS || (bytes > MOST_BYTES && index > start) {
            stretches.push(&rows[start..index]);
            (start, bytes) = (index, row.bytes);
        }
    }
    stretches.push(&rows[start..]);
    stretches
}

/// About how many bytes of text a span has.
pub(super) fn weight(span: &Span) -> usize {
    let message = span.status_message.as_ref().map_or(0, String::len);
    let pairs = span.attributes.iter();
    let pairs = pairs.map(|(key, value)| key.len() + value.len());
    content_weight(&span.content) + message + pairs.sum::<usize>() + 500
}

/// About how many bytes of text content has.
pub(super) fn content_weight(content: &Content) -> usize {
    let texts = [
        &content.system_instructions,
        &content.input,
        &content.output,
        &content.tool_definitions,
        &content.events,
    ];
    let texts = texts.into_iter().flatten().map(String::len);
    let pairs = content.variables.iter();
    let pairs = pairs.map(|(key, value)| key.len() + value.len());
    texts.chain(pairs).sum()
}
