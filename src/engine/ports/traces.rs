//! What the engine needs of a store of traces.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::logged::LoggedContent;
use crate::domain::trace::query::{Level, Measured, TraceQuery, TraceTable};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;

/// Spans, scores and content of spans, as far as redaction let them through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceBatch {
    /// The spans.
    pub spans: Vec<Span>,
    /// The scores.
    pub scores: Vec<Score>,
    /// Content of spans that came beside them.
    pub logged: Vec<LoggedContent>,
}

impl TraceBatch {
    /// How much it holds.
    pub fn len(&self) -> usize {
        self.spans.len() + self.scores.len() + self.logged.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much of each it holds.
    pub fn size(&self) -> BatchSize {
        BatchSize {
            spans: self.spans.len(),
            scores: self.scores.len(),
            logged: self.logged.len(),
        }
    }

    /// Gives all that it holds. It has room for as much again.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let spans = Vec::with_capacity(self.spans.len());
        std::mem::replace(
            self,
            Self {
                spans,
                ..Self::default()
            },
        )
    }
}

/// How much a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchSize {
    /// How many spans.
    pub spans: usize,
    /// How many scores.
    pub scores: usize,
    /// How many records of content.
    pub logged: usize,
}

/// Where traces are written to. Each batch was redacted by the rules of a digest.
///
/// A span that is stored already, known by its trace and span id and by beginning within a day of it, is
/// left as it is, but for content that it lacks.
pub trait TraceSink {
    /// Takes in a batch, which is durable when this returns.
    fn append(
        &mut self,
        batch: TraceBatch,
        redaction: &Digest,
    ) -> Result<Appended, TraceStoreError>;

    /// Takes in a part of what comes at once, and gives what became durable by it. The rest is when
    /// [`Self::settle`] returns.
    fn add(&mut self, batch: TraceBatch, redaction: &Digest) -> Result<Appended, TraceStoreError>;

    /// Makes durable what was added.
    fn settle(&mut self) -> Result<Appended, TraceStoreError>;
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Spans that are new.
    pub spans: u64,
    /// Spans that were stored before.
    pub duplicates: u64,
    /// Scores that are new.
    pub scores: u64,
    /// Records of content that are new.
    pub logged: u64,
}

impl Appended {
    /// With what became of another batch.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            spans: self.spans + other.spans,
            duplicates: self.duplicates + other.duplicates,
            scores: self.scores + other.scores,
            logged: self.logged + other.logged,
        }
    }
}

/// Where traces are read from. Every store answers alike, span for span and digit for digit but for
/// the order in which floating-point numbers are added up.
pub trait TraceStore {
    /// Answers a question with numbers.
    fn aggregate(&self, query: &TraceQuery) -> Result<TraceTable, TraceStoreError>;

    /// Gives each span or trace that a query means, as far as it is measured, in no special order.
    fn measure(
        &self,
        request: &MeasureRequest,
        each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError>;

    /// Gives the spans that are meant, in the order that is asked for.
    fn spans(
        &self,
        request: &SpanRequest,
        each: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError>;

    /// All spans of a trace with their content, by start and id; empty where there is no such trace.
    fn trace(&self, trace: &str) -> Result<Vec<Span>, TraceStoreError>;

    /// The scores of these traces and their spans, by trace, name and time.
    fn scores_of(&self, traces: &[String]) -> Result<Vec<Score>, TraceStoreError>;

    /// What the store holds: for messages, "did you mean" and whoever wonders why a window is empty.
    fn contents(&self) -> Result<StoreContents, TraceStoreError>;
}

/// Which spans or traces are to be measured one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureRequest {
    /// What is measured.
    pub level: Level,
    /// When the spans began.
    pub range: TimeRange,
    /// Which spans are meant.
    pub filter: Filter,
    /// The columns of texts to give.
    pub keys: Vec<Column>,
    /// The columns of numbers to give.
    pub values: Vec<Column>,
}

/// Which spans are to be given whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRequest {
    /// When the spans began.
    pub range: TimeRange,
    /// Which spans are meant.
    pub filter: Filter,
    /// Whether their content is wanted: it is most of what is stored.
    pub content: bool,
    /// In which order.
    pub order: SpanOrder,
    /// How many at most; absent: all. With an order, memory grows with this number.
    pub limit: Option<usize>,
}

/// In which order spans are given. Equal ones are in the order of trace and span id.
#[derive(Debug, Clone, PartialEq)]
pub enum SpanOrder {
    /// As they are stored: the one order in which any number of spans fits into memory.
    Stored,
    /// The smallest first; a span without a value comes last.
    Ascending(Column),
    /// The greatest first; a span without a value comes last.
    Descending(Column),
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoreContents {
    /// How many spans.
    pub spans: u64,
    /// How many scores.
    pub scores: u64,
    /// When the first of the spans began.
    pub first: Option<Timestamp>,
    /// When the last of the spans began.
    pub last: Option<Timestamp>,
    /// The names of other attributes, with the number of spans that carry each. A store may leave
    /// out rare ones.
    pub attributes: BTreeMap<String, u64>,
    /// The names of scores.
    pub scored: Vec<String>,
}

/// A store could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TraceStoreError {
    /// What went wrong, with the file or address.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether it lies with a server or the network.
    pub remote: bool,
}
