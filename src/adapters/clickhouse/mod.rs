//! Traces that live in ClickHouse, in the tables that OpenTelemetry's collector writes.
//!
//! The same questions as to the files of our own get the same answers. Questions with numbers for an
//! answer are asked in SQL, so that what comes back is the answer and not the spans; spans that are to
//! be shown come back as they were stored, and go through the same mapping and the same redaction as
//! those that are imported. Values are bound as parameters: no text of a user is part of an SQL text.
//! The table is only read.

mod aggregate;
mod client;
mod columns;
mod ddl;
mod expression;
mod filter;
mod items;
mod measure;
mod parameters;
mod prices;
mod schema;
mod scores;
mod spans;

use std::cell::RefCell;
use std::ops::ControlFlow;

use crate::domain::project::ClickHouseSettings;
use crate::domain::trace::query::{Measured, TraceQuery, TraceTable};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{
    MeasureRequest, SpanRequest, StoreContents, TraceStore, TraceStoreError,
};
use crate::engine::traces::map::Mapper;
use crate::engine::traces::map::cost::TracePrices;
use crate::engine::traces::redact::Redactor;

use client::Client;
use expression::Expressions;
use schema::Schema;

pub use client::Access;
pub use ddl::ddl;

/// Reads traces from ClickHouse.
pub struct ClickHouseStore {
    client: Client,
    schema: Schema,
    prices: TracePrices,
    reader: RefCell<Reader>,
}

/// Makes of stored spans what may be shown.
struct Reader {
    mapper: Mapper,
    redactor: Redactor,
}

impl ClickHouseStore {
    /// Connects, and looks at what tables and columns there are.
    pub fn open(
        settings: &ClickHouseSettings,
        access: &Access,
        prices: TracePrices,
        redactor: Redactor,
    ) -> Result<Self, TraceStoreError> {
        let client = Client::new(settings, access)?;
        let schema = Schema::read(&client, settings)?;
        let mapper = Mapper::new(prices.clone());
        Ok(Self {
            client,
            schema,
            prices,
            reader: RefCell::new(Reader { mapper, redactor }),
        })
    }

    fn expressions(&self) -> Expressions<'_> {
        Expressions::new(&self.schema, &self.prices)
    }
}

impl TraceStore for ClickHouseStore {
    fn aggregate(&self, query: &TraceQuery) -> Result<TraceTable, TraceStoreError> {
        aggregate::aggregate(&self.client, &self.expressions(), query)
    }

    fn measure(
        &self,
        request: &MeasureRequest,
        each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        measure::measure(&self.client, &self.expressions(), request, each)
    }

    fn spans(
        &self,
        request: &SpanRequest,
        each: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        spans::spans(self, request, each)
    }

    fn trace(&self, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
        spans::trace(self, trace)
    }

    fn scores_of(&self, traces: &[String]) -> Result<Vec<Score>, TraceStoreError> {
        scores::scores_of(self, traces)
    }

    fn contents(&self) -> Result<StoreContents, TraceStoreError> {
        schema::contents(self)
    }
}
