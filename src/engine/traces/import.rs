//! Import: files of telemetry are read, mapped, redacted and written, one after the other and in
//! bounded memory, and what came of them is counted.
//!
//! One thread reads and redacts while another writes. What is written was redacted; what could not be
//! read is told with its place and costs nothing else.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::domain::digest::Digest;
use crate::engine::ports::traces::{Appended, TraceBatch, TraceSink, TraceStoreError};

use super::intake::{Intake, Refusal};
use super::tools::Format;

/// How many parts wait to be written at most.
const MOST_WAITING: usize = 32;

/// A file that is to be imported.
pub struct ImportFile<'a> {
    /// What it is called, for people.
    pub name: String,
    /// Opens it.
    pub open: Box<OpenFile<'a>>,
}

/// Opens a file.
pub type OpenFile<'a> = dyn FnOnce() -> io::Result<Box<dyn Read + Send + 'a>> + Send + 'a;

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// What was read.
    pub read: ReadCounts,
    /// What was written.
    pub written: Appended,
    /// Scores that were stored before.
    pub duplicate_scores: u64,
    /// The rules by which it was redacted.
    pub redaction: Option<Digest>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadCounts {
    /// Files.
    pub files: u64,
    /// What the files were, with how many of each format.
    pub formats: BTreeMap<Format, u64>,
    /// Fields that nobody understands and that are kept as attributes, under the names that they have
    /// there.
    pub unmapped_fields: BTreeMap<String, u64>,
    /// Records of files: requests to export, observations, rows.
    pub records: u64,
    /// Bytes of records, when they are not compressed.
    pub bytes: u64,
    /// What is not kept, by the reason.
    pub refused: BTreeMap<String, Refused>,
    /// Calls to a model of which nobody knows what they cost.
    pub unpriced: u64,
    /// Spans of which no convention says more than their names.
    pub unmapped: u64,
    /// Log records that are about something else than scores and content of spans.
    pub other_logs: u64,
    /// How often each rule of redaction replaced something.
    pub replaced: BTreeMap<String, u64>,
}

/// What is not kept for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Refusal,
}

impl ReadCounts {
    /// Counts what is not kept.
    pub fn refuse(&mut self, reason: &str, first: Refusal, count: u64) {
        let refused = self.refused.entry(reason.to_owned());
        let refused = refused.or_insert(Refused { count: 0, first });
        refused.count += count;
    }

    /// How much is not kept.
    pub fn refused_count(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }
}

/// Why an import ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] TraceStoreError),
    /// Something cannot be kept, and everything is to be.
    #[error("{first}: {reason}")]
    Refused {
        /// Why not.
        reason: String,
        /// What.
        first: Refusal,
    },
}

/// What the reading thread tells.
enum Told {
    Batch(TraceBatch),
    Progress(u64),
}

/// Imports files. `progress` hears how many bytes were read and how many spans are written.
pub fn import<'a>(
    files: impl Iterator<Item = ImportFile<'a>> + Send,
    mut intake: Intake,
    strict: bool,
    sink: &mut dyn TraceSink,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ImportReport, ImportError> {
    let redaction = *intake.redaction();
    let mut written = Appended::default();
    let mut scores = 0;
    let read = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(MOST_WAITING);
        let reading = scope.spawn(move || read_files(files, &mut intake, strict, &sender));
        for told in receiver {
            match told {
                Told::Progress(bytes) => progress(bytes, written.spans),
                Told::Batch(batch) => {
                    scores += batch.scores.len() as u64;
                    // Leaving ends the reading thread: nobody listens to it any more.
                    written = written.and(sink.add(batch, &redaction)?);
                }
            }
        }
        match reading.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    let written = written.and(sink.settle()?);
    Ok(ImportReport {
        read,
        written,
        duplicate_scores: scores - written.scores,
        redaction: Some(redaction),
    })
}

fn read_files<'a>(
    files: impl Iterator<Item = ImportFile<'a>>,
    intake: &mut Intake,
    strict: bool,
    sender: &SyncSender<Told>,
) -> Result<ReadCounts, ImportError> {
    for file in files {
        let mut emit = |batch: TraceBatch, bytes: u64| {
            let told = [Told::Batch(batch), Told::Progress(bytes)];
            told.into_iter().all(|told| sender.send(told).is_ok())
        };
        let goes_on = intake.read(&file.name, file.open, strict, &mut emit)?;
        if !goes_on {
            break;
        }
    }
    Ok(intake.take_counts())
}
