//! A file of telemetry as records, one after the other: whatever it is compressed with and however its
//! records are framed, in bounded memory.

mod frames;
mod inflate;
mod json_records;
mod sniff;

use std::io::{self, BufRead};

pub use inflate::{Compression, InflateError, MOST_RECORD_BYTES, inflate, inflate_whole};
pub use sniff::{Framing, sniff};

use frames::FrameRecords;
use json_records::JsonRecords;

/// A record as it stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'r> {
    /// Its bytes, not compressed.
    pub bytes: &'r [u8],
    /// Where it begins.
    pub place: RecordPlace,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RecordPlace {
    /// The line, from 1, of a file of text.
    pub line: Option<u64>,
    /// Which record it is, from 1.
    pub record: u64,
    /// The first byte, from 0, of what the file holds when it is not compressed.
    pub offset: u64,
}

/// A stretch of a file that gives no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRecord {
    /// Where it begins.
    pub place: RecordPlace,
    /// What is wrong.
    pub message: String,
    /// Nothing behind it can be read.
    pub is_last: bool,
}

/// The records of a file.
pub enum Records<R> {
    /// JSON: one value a line, values one after the other, or the items of a list.
    Json(JsonRecords<R>),
    /// Messages with their lengths before them, or one message.
    Frames(FrameRecords<R>),
}

impl<R: BufRead> Records<R> {
    /// The records of JSON.
    pub fn json(input: R) -> Self {
        Self::Json(JsonRecords::new(input))
    }

    /// Messages, each with its length before it.
    pub fn frames(input: R) -> Self {
        Self::Frames(FrameRecords::new(input))
    }

    /// One message, which is all that the file holds.
    pub fn message(input: R) -> Self {
        Self::Frames(FrameRecords::one(input))
    }

    /// The next record; `None`: there are no more. An error is one of the reader.
    pub fn next_record(&mut self) -> io::Result<Option<Result<Record<'_>, BrokenRecord>>> {
        match self {
            Self::Json(records) => records.next_record(),
            Self::Frames(records) => records.next_record(),
        }
    }
}
