//! Receiving: requests to export come in one by one, are mapped and redacted as files are, and are
//! acknowledged when what they hold is durable.
//!
//! Requests that wait are written together, so that a slow disk costs many of them one write. What
//! cannot be stored is not acknowledged: whoever sent it sends it again, and what is stored already is
//! not stored twice.

use std::sync::mpsc::Receiver;

use crate::engine::ports::traces::{Appended, TraceBatch, TraceSink, TraceStoreError};

use super::import::ImportReport;
use super::intake::{Intake, Unkept};
use super::otlp::exchange::{Encoding, Rejected, Signal};
use super::source::{Compression, InflateError, inflate_whole};

/// How many spans and scores make a batch, and how many bytes of records.
const BATCH_ITEMS: usize = 65_536;
const BATCH_BYTES: u64 = 32 * 1024 * 1024;

/// What is wrong with a body that cannot be inflated.
const NO_BODY: &str = "its body cannot be read";

/// A request to export, as it came.
pub struct Delivery {
    /// What is exported.
    pub signal: Signal,
    /// How it is spelled.
    pub encoding: Encoding,
    /// What it is compressed with.
    pub compression: Compression,
    /// It.
    pub body: Vec<u8>,
    /// Whom to tell what came of it.
    pub acknowledge: Box<dyn FnOnce(Acknowledgement) + Send>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledgement {
    /// What it holds is durable, but for what was rejected.
    Stored(Option<Rejected>),
    /// It cannot be read, and never will be.
    Unreadable(String),
    /// It is larger than any request.
    TooLarge(String),
    /// It could not be stored, and is to be sent again.
    NotStored,
}

/// What came of requests that were written together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// How many requests.
    pub requests: u64,
    /// Bytes of all requests so far, when they are not compressed.
    pub bytes: u64,
    /// What was written.
    pub written: Appended,
    /// Scores that were stored before.
    pub duplicate_scores: u64,
    /// What is not kept.
    pub rejected: u64,
    /// Why nothing could be stored.
    pub trouble: Option<TraceStoreError>,
}

/// What came of everything that was received.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiveReport {
    /// What was taken in. Its records are requests.
    pub taken: ImportReport,
    /// Requests that could not be stored, and are to be sent again.
    pub not_stored: u64,
    /// Requests that came when too many were waiting, and are to be sent again.
    pub turned_away: u64,
}

/// Takes in what is delivered, until nobody can deliver any more. `heard` hears of each round.
pub fn receive(
    deliveries: &Receiver<Delivery>,
    intake: Intake,
    sink: &mut dyn TraceSink,
    heard: &mut dyn FnMut(&Round),
) -> ReceiveReport {
    let mut report = ReceiveReport::default();
    report.taken.redaction = Some(*intake.redaction());
    let mut reception = Reception {
        intake,
        sink,
        report,
    };
    while let Ok(first) = deliveries.recv() {
        let mut making = Making::default();
        let mut next = Some(first);
        while let Some(delivery) = next {
            reception.take(delivery, &mut making);
            next = if making.is_full() {
                None
            } else {
                deliveries.try_recv().ok()
            };
        }
        heard(&reception.commit(making));
    }
    let Reception {
        mut intake,
        mut report,
        ..
    } = reception;
    report.taken.read = intake.take_counts();
    report
}

struct Reception<'s> {
    intake: Intake,
    sink: &'s mut dyn TraceSink,
    report: ReceiveReport,
}

/// What is to be written together, and whom to tell.
#[derive(Default)]
struct Making {
    batch: TraceBatch,
    bytes: u64,
    waiting: Vec<Waiting>,
    round: Round,
}

struct Waiting {
    acknowledge: Box<dyn FnOnce(Acknowledgement) + Send>,
    rejected: Option<Rejected>,
}

impl Making {
    fn is_full(&self) -> bool {
        self.batch.len() >= BATCH_ITEMS || self.bytes >= BATCH_BYTES
    }
}

impl Reception<'_> {
    /// Reads a request. One that cannot be read is told at once.
    fn take(&mut self, delivery: Delivery, making: &mut Making) {
        making.round.requests += 1;
        let Delivery {
            signal,
            encoding,
            compression,
            body,
            acknowledge,
        } = delivery;
        let body = match inflate_whole(body, compression) {
            Ok(body) => body,
            Err(error) => {
                let detail = error.to_string();
                let why = self.intake.refuse_request(signal, NO_BODY, detail);
                making.round.rejected += 1;
                return acknowledge(match error {
                    InflateError::TooLarge => Acknowledgement::TooLarge(why),
                    InflateError::Damaged(_) => Acknowledgement::Unreadable(why),
                });
            }
        };
        making.bytes += body.len() as u64;
        let batch = &mut making.batch;
        match self.intake.request(signal, encoding, &body, batch) {
            Ok(unkept) => {
                let rejected = rejected(unkept);
                making.round.rejected += rejected.as_ref().map_or(0, |rejected| rejected.count);
                making.waiting.push(Waiting {
                    acknowledge,
                    rejected,
                });
            }
            Err(why) => {
                making.round.rejected += 1;
                acknowledge(Acknowledgement::Unreadable(why));
            }
        }
    }

    /// Stores what was read and tells whoever sent it.
    fn commit(&mut self, making: Making) -> Round {
        let Making {
            mut batch,
            waiting,
            mut round,
            ..
        } = making;
        self.intake.redact(&mut batch);
        let scores = batch.scores.len() as u64;
        let redaction = *self.intake.redaction();
        let appended = if batch.is_empty() {
            Ok(Appended::default())
        } else {
            self.sink.append(batch, &redaction)
        };
        let stored = match appended {
            Ok(appended) => {
                round.written = appended;
                round.duplicate_scores = scores - appended.scores;
                let taken = &mut self.report.taken;
                taken.written.spans += appended.spans;
                taken.written.duplicates += appended.duplicates;
                taken.written.scores += appended.scores;
                taken.written.logged += appended.logged;
                taken.duplicate_scores += round.duplicate_scores;
                true
            }
            Err(trouble) => {
                self.report.not_stored += waiting.len() as u64;
                round.trouble = Some(trouble);
                false
            }
        };
        round.bytes = self.intake.bytes();
        for Waiting {
            acknowledge,
            rejected,
        } in waiting
        {
            acknowledge(if stored {
                Acknowledgement::Stored(rejected)
            } else {
                Acknowledgement::NotStored
            });
        }
        round
    }
}

/// What of a request is not kept, in the words of one sentence.
fn rejected(unkept: Unkept) -> Option<Rejected> {
    let Unkept {
        mut unkept,
        other_logs,
    } = unkept;
    if other_logs > 0 {
        let reason = "it is neither the result of an evaluation nor content of a span, and other log records are not kept";
        unkept.push((reason.to_owned(), other_logs));
    }
    let count = unkept.iter().map(|(_, count)| count).sum();
    let reasons: Vec<String> = unkept
        .iter()
        .map(|(reason, count)| format!("{count}: {reason}"))
        .collect();
    (count > 0).then(|| Rejected {
        count,
        why: reasons.join("; "),
    })
}
