//! Spans in one file of columns, for other engines: the columns of the store, in as many row groups as
//! there is memory for one at a time.

use std::sync::Arc;

use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;

use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::encode;
use super::schema::{SPANS, SPANS_AS_MADE, properties};
use super::segment::writer;

/// How large a row group grows before the next one begins, in bytes.
const MOST_GROUP_BYTES: usize = 64 * 1024 * 1024;

/// Spans on their way into a Parquet file. What it gives is the file, piece by piece.
pub struct SpanParquet {
    writer: ArrowWriter<Vec<u8>>,
}

impl SpanParquet {
    /// A file without rows yet.
    pub fn new() -> Result<Self, TraceStoreError> {
        let properties = properties(&SPANS).build();
        let writer = writer(Arc::clone(&SPANS_AS_MADE), properties);
        Ok(Self {
            writer: writer.map_err(|error| failed(&error))?,
        })
    }

    /// Adds spans, and gives what of the file is ready.
    pub fn add(&mut self, spans: &[Span]) -> Result<Vec<u8>, TraceStoreError> {
        let spans: Vec<&Span> = spans.iter().collect();
        let batch = encode::spans(&spans).map_err(|error| failed(&error.into()))?;
        self.writer.write(&batch).map_err(|error| failed(&error))?;
        if self.writer.in_progress_size() >= MOST_GROUP_BYTES {
            self.writer.flush().map_err(|error| failed(&error))?;
        }
        self.ready()
    }

    /// Ends the file, and gives the rest of it.
    pub fn finish(mut self) -> Result<Vec<u8>, TraceStoreError> {
        self.writer.finish().map_err(|error| failed(&error))?;
        self.ready()
    }

    /// Takes the bytes that are written. The writer knows where in the file it is without them.
    fn ready(&mut self) -> Result<Vec<u8>, TraceStoreError> {
        self.writer.sync().map_err(|error| failed(&error.into()))?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }
}

fn failed(error: &ParquetError) -> TraceStoreError {
    TraceStoreError {
        message: format!("cannot make a file of columns: {error}"),
        hint: None,
        remote: false,
    }
}
