//! The way in: bytes of any known format become batches that may be written.

use std::fmt;
use std::io::{self, BufRead};

use crate::domain::digest::Digest;
use crate::domain::trace::mapping::Mapping;
use crate::engine::ports::traces::TraceBatch;

use super::import::{ImportError, OpenFile, ReadCounts};
use super::map::{Mapped, Mapper};
use super::otlp::exchange::{Encoding, Signal};
use super::otlp::{Export, JsonError, from_protobuf};
use super::redact::Redactor;
use super::source::{Framing, Record, RecordPlace, Records, inflate, sniff};
use super::tools::Format;

/// How many spans and scores of a file are handed on at once, and how many bytes of records: few enough
/// that all of them are at hand.
const PART_ITEMS: usize = 1_024;
const PART_BYTES: u64 = 2 * 1024 * 1024;

/// What is known to be wrong with a record, as reports count it.
pub(super) const NOT_JSON: &str = "it is not JSON of the expected shape";
const NOT_PROTOBUF: &str = "it is not a message of OTLP";
const INCOMPLETE_SCORE: &str =
    "a score does not say what was evaluated, of what, or what was found";
const UNREADABLE: &str = "the file cannot be read to its end";
const UNKNOWN: &str =
    "the file is none that is known here (JSON of a known format, or OTLP as protobuf)";
const ROWS: &str = "rows of CSV and Parquet are not read: write them as JSON lines first, as with \
                    `duckdb -c \"copy (from 'runs.parquet') to 'runs.jsonl'\"`";
const BROKEN: &str = "it is damaged";

/// Something that is not kept, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file, or the path that a request was sent to.
    pub file: String,
    /// Where in it; absent: it is about the file as a whole.
    pub place: Option<RecordPlace>,
    /// The column in the line, from 1, where that is known.
    pub column: Option<u64>,
    /// What is wrong, in more words than the reason.
    pub detail: Option<String>,
}

impl Refusal {
    fn of_request(signal: Signal, detail: Option<String>) -> Self {
        Self {
            file: format!("a request to {}", signal.path()),
            place: None,
            column: None,
            detail,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        match self.place {
            Some(RecordPlace {
                line: Some(line), ..
            }) => write!(formatter, ":{line}")?,
            Some(place) => write!(
                formatter,
                ", record {} at byte {}",
                place.record, place.offset
            )?,
            None => {}
        }
        if let Some(column) = self.column {
            write!(formatter, ":{column}")?;
        }
        match &self.detail {
            Some(detail) => write!(formatter, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// Reads, maps and redacts.
pub struct Intake {
    mapper: Mapper,
    redactor: Redactor,
    pub(super) reading: Reading,
    pub(super) counts: ReadCounts,
}

/// How records of JSON are read.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reading {
    /// As each file's first record tells.
    #[default]
    Detected,
    /// All alike.
    As(Format),
    /// As somebody's own log.
    Mapped(Mapping),
}

/// What of an export is not kept.
pub(super) struct Unkept {
    /// By the reason.
    pub(super) unkept: Vec<(String, u64)>,
    /// Log records that are about something else than scores and content of spans.
    pub(super) other_logs: u64,
}

/// Takes a batch, and how many bytes were read so far; `false`: no more are wanted.
pub(super) type Emit<'e> = dyn FnMut(TraceBatch, u64) -> bool + 'e;

/// A batch that is being made of a file.
pub(super) struct Making<'m> {
    file: &'m str,
    strict: bool,
    /// What its records are, as soon as one of them tells.
    pub(super) format: Option<Format>,
    batch: TraceBatch,
    bytes: u64,
    emit: &'m mut Emit<'m>,
}

impl Intake {
    /// An intake that maps and redacts so.
    pub fn new(mapper: Mapper, redactor: Redactor) -> Self {
        Self {
            mapper,
            redactor,
            reading: Reading::default(),
            counts: ReadCounts::default(),
        }
    }

    /// The same intake, for files that are read so.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// The rules by which it redacts.
    pub fn redaction(&self) -> &Digest {
        self.redactor.digest()
    }

    /// What was read since it was last asked.
    pub(super) fn take_counts(&mut self) -> ReadCounts {
        let mut counts = std::mem::take(&mut self.counts);
        counts.replaced = self.redactor.take_replaced();
        counts
    }

    /// Reads a file; whether more is wanted. What it gives goes to `emit`.
    pub(super) fn read(
        &mut self,
        file: &str,
        open: Box<OpenFile<'_>>,
        strict: bool,
        emit: &mut Emit<'_>,
    ) -> Result<bool, ImportError> {
        self.counts.files += 1;
        let mut making = Making {
            file,
            strict,
            format: None,
            batch: TraceBatch::default(),
            bytes: 0,
            emit,
        };
        let opened = open().and_then(inflate);
        let read = match opened {
            Ok(input) => self.read_records(input, &mut making)?,
            Err(error) => Err(error),
        };
        let goes_on = match read {
            Ok(goes_on) => goes_on,
            Err(error) => {
                let refusal = making.refusal(None, Some(error.to_string()));
                self.refuse(&making, UNREADABLE, refusal, 1)?;
                true
            }
        };
        if let Some(format) = making.format {
            *self.counts.formats.entry(format).or_default() += 1;
        }
        Ok(goes_on && self.flush(&mut making))
    }

    /// The outer error ends everything, the inner one this file.
    fn read_records(
        &mut self,
        mut input: Box<dyn BufRead + Send + '_>,
        making: &mut Making<'_>,
    ) -> Result<io::Result<bool>, ImportError> {
        let framing = match input.fill_buf() {
            Ok(start) => sniff(start),
            Err(error) => return Ok(Err(error)),
        };
        let mut records = match framing {
            Some(Framing::Json) => Records::json(input),
            Some(Framing::Frames) => Records::frames(input),
            Some(Framing::Message) => Records::message(input),
            Some(Framing::Empty) => return Ok(Ok(true)),
            Some(Framing::Csv | Framing::Parquet) => {
                self.refuse(making, ROWS, making.refusal(None, None), 1)?;
                return Ok(Ok(true));
            }
            None => {
                self.refuse(making, UNKNOWN, making.refusal(None, None), 1)?;
                return Ok(Ok(true));
            }
        };
        loop {
            match records.next_record() {
                Err(error) => return Ok(Err(error)),
                Ok(None) => return Ok(Ok(true)),
                Ok(Some(Err(broken))) => {
                    let refusal = making.refusal(Some(broken.place), Some(broken.message));
                    self.refuse(making, BROKEN, refusal, 1)?;
                }
                Ok(Some(Ok(record))) => self.record(record, making)?,
            }
            let full = making.batch.len() >= PART_ITEMS || making.bytes >= PART_BYTES;
            if full && !self.flush(making) {
                return Ok(Ok(false));
            }
        }
    }

    fn record(&mut self, record: Record<'_>, making: &mut Making<'_>) -> Result<(), ImportError> {
        self.counts.records += 1;
        self.counts.bytes += record.bytes.len() as u64;
        making.bytes += record.bytes.len() as u64;
        if record.bytes.first() == Some(&b'{') {
            return self.json(record, making);
        }
        let place = record.place;
        match from_protobuf(record.bytes) {
            Ok(export) => {
                making.format = Some(Format::Otlp);
                self.export(export, place, making)
            }
            Err(error) => {
                let refusal = making.refusal(Some(place), Some(error.to_string()));
                self.refuse(making, NOT_PROTOBUF, refusal, 1)
            }
        }
    }

    pub(super) fn export(
        &mut self,
        export: Export<'_>,
        place: RecordPlace,
        making: &mut Making<'_>,
    ) -> Result<(), ImportError> {
        let before = making.batch.size();
        let unkept = self.map(export, &mut making.batch).unkept;
        // What was just read is at hand: later it would have to be fetched from memory again.
        self.redactor.redact_after(before, &mut making.batch);
        for (reason, count) in unkept {
            let refusal = making.refusal(Some(place), None);
            self.refuse(making, &reason, refusal, count)?;
        }
        Ok(())
    }

    /// Maps what is in an export into a batch, and says what of it is not kept.
    fn map(&mut self, export: Export<'_>, batch: &mut TraceBatch) -> Unkept {
        let mut mapped = Mapped::default();
        self.mapper.map(export, batch, &mut mapped);
        self.counts.unpriced += mapped.unpriced;
        self.counts.unmapped += mapped.unmapped;
        self.counts.other_logs += mapped.other_logs;
        let reasons = mapped.unusable.into_iter();
        let mut unkept: Vec<(String, u64)> = reasons
            .map(|(reason, count)| (reason.to_string(), count))
            .collect();
        if mapped.incomplete_scores > 0 {
            unkept.push((INCOMPLETE_SCORE.to_owned(), mapped.incomplete_scores));
        }
        Unkept {
            unkept,
            other_logs: mapped.other_logs,
        }
    }

    /// Maps a request that was received into a batch, which is still to be redacted. The error says why
    /// it is none; what is not kept is counted.
    pub(super) fn request(
        &mut self,
        signal: Signal,
        encoding: Encoding,
        body: &[u8],
        batch: &mut TraceBatch,
    ) -> Result<Unkept, String> {
        self.counts.bytes += body.len() as u64;
        match signal.read(encoding, body) {
            Ok(export) => {
                self.counts.records += 1;
                let unkept = self.map(export, batch);
                for (reason, count) in &unkept.unkept {
                    self.counts
                        .refuse(reason, Refusal::of_request(signal, None), *count);
                }
                Ok(unkept)
            }
            Err(error) => {
                let reason = match encoding {
                    Encoding::Json => NOT_JSON,
                    Encoding::Protobuf => NOT_PROTOBUF,
                };
                Err(self.refuse_request(signal, reason, error))
            }
        }
    }

    /// Counts a request that gives nothing, and says why.
    pub(super) fn refuse_request(
        &mut self,
        signal: Signal,
        reason: &str,
        detail: String,
    ) -> String {
        let why = format!("{reason}: {detail}");
        self.counts.records += 1;
        self.counts
            .refuse(reason, Refusal::of_request(signal, Some(detail)), 1);
        why
    }

    /// How many bytes of records were read since [`Self::take_counts`] was last asked.
    pub(super) fn bytes(&self) -> u64 {
        self.counts.bytes
    }

    /// Takes out of a batch what must not be kept.
    pub(super) fn redact(&mut self, batch: &mut TraceBatch) {
        self.redactor.redact(batch);
    }

    pub(super) fn refuse(
        &mut self,
        making: &Making<'_>,
        reason: &str,
        first: Refusal,
        count: u64,
    ) -> Result<(), ImportError> {
        if making.strict {
            let reason = reason.to_owned();
            return Err(ImportError::Refused { reason, first });
        }
        self.counts.refuse(reason, first, count);
        Ok(())
    }

    /// Hands the batch on; whether more is wanted.
    fn flush(&mut self, making: &mut Making<'_>) -> bool {
        making.bytes = 0;
        if making.batch.is_empty() {
            return true;
        }
        (making.emit)(making.batch.take(), self.counts.bytes)
    }
}

impl Making<'_> {
    pub(super) fn refusal(&self, place: Option<RecordPlace>, detail: Option<String>) -> Refusal {
        Refusal {
            file: self.file.to_owned(),
            place,
            column: None,
            detail,
        }
    }

    /// With the place in the file, not in the record.
    pub(super) fn not_json(&self, mut place: RecordPlace, wrong: WrongJson) -> Refusal {
        let line = place.line.get_or_insert(1);
        *line += wrong.line.saturating_sub(1);
        Refusal {
            column: Some(wrong.column),
            ..self.refusal(Some(place), Some(wrong.said))
        }
    }
}

/// What is wrong with a record that should be JSON, and where in it.
pub(super) struct WrongJson {
    line: u64,
    column: u64,
    said: String,
}

impl From<JsonError> for WrongJson {
    fn from(error: JsonError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            said: error.reason.to_string(),
        }
    }
}

impl From<serde_json::Error> for WrongJson {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let said = text.split(" at line ").next().unwrap_or_default();
        Self {
            line: error.line() as u64,
            column: error.column() as u64,
            said: said.to_owned(),
        }
    }
}
