//! Takes spans and scores in.

use std::collections::HashSet;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::digest::{Digest, ShortDigest};
use crate::engine::ports::Clock;
use crate::engine::ports::traces::{Appended, TraceBatch, TraceSink, TraceStoreError};

use super::compact::compact;
use super::decode::moment;
use super::encode::nanoseconds;
use super::files::Files;
use super::known;
use super::layout::{Layout, StoreLock, Table, day_of, failed, remove};
use super::log::{self, LogBatch, LogWriter};
use super::roll::{Fresh, roll, weight};
use super::snapshot::{each_once, retain};

/// How many spans and scores wait in a log at most.
const MOST_WAITING: usize = 65_536;

/// About how many bytes of text wait in a log at most.
const MOST_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// A batch of so many spans, or bytes of text, becomes files of columns at once, without a log.
const LARGE: usize = 16_384;
const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// One writer of a store. What it took in is durable at once, and becomes files of columns when enough
/// came together, or when the writer is dropped; what is still in a log then, the next writer rolls.
///
/// Whoever has much to write hands over large batches: from 16,384 spans or 16 MiB on they are not
/// written twice.
///
/// What is stored already is found among what this writer took in and what is stored of the days
/// around a batch. Whatever else is stored already, in another writer's log or on another day, is found
/// when a log is rolled: then it does not count as a duplicate, but it is not stored twice either.
pub struct FileTraceSink<'a> {
    layout: Layout,
    clock: &'a dyn Clock,
    log: Option<LogWriter>,
    waiting: Fresh,
    waiting_bytes: usize,
    waiting_spans: HashSet<ShortDigest>,
    waiting_scores: HashSet<String>,
    span_files: Files,
    score_files: Files,
}

impl<'a> FileTraceSink<'a> {
    /// A writer of the store below a folder of ours. It takes over what others left behind.
    pub fn open(base: &Path, clock: &'a dyn Clock) -> Result<Self, TraceStoreError> {
        let layout = Layout::below(base);
        if !layout.logs()?.is_empty() {
            let lock = layout.lock()?;
            for path in layout.logs()? {
                take_over(&layout, &lock, &path, clock)?;
            }
        }
        Ok(Self {
            layout,
            clock,
            log: None,
            waiting: Fresh::default(),
            waiting_bytes: 0,
            waiting_spans: HashSet::new(),
            waiting_scores: HashSet::new(),
            span_files: Files::of(Table::Spans),
            score_files: Files::of(Table::Scores),
        })
    }

    /// Turns what waits in the log into files of columns.
    pub fn roll(&mut self) -> Result<(), TraceStoreError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let lock = self.layout.lock()?;
        publish(&self.layout, &lock, &self.waiting, self.clock)?;
        remove(log.path())?;
        self.log = None;
        self.waiting = Fresh::default();
        self.waiting_bytes = 0;
        self.waiting_spans.clear();
        self.waiting_scores.clear();
        Ok(())
    }

    /// The log, which begins with the first batch.
    fn log(&mut self) -> Result<&mut LogWriter, TraceStoreError> {
        let log = if let Some(log) = self.log.take() {
            log
        } else {
            let _lock = self.layout.lock()?;
            LogWriter::create(self.layout.new_log(self.clock.now())?)?
        };
        Ok(self.log.insert(log))
    }

    fn is_full(&self) -> bool {
        let waiting = self.waiting.spans.len() + self.waiting.scores.len();
        waiting >= MOST_WAITING || self.waiting_bytes >= MOST_WAITING_BYTES
    }

    /// Leaves what is new: neither twice in the batch, nor waiting, nor in files of columns.
    fn leave_new(&mut self, batch: &mut TraceBatch) -> Result<(), TraceStoreError> {
        each_once(&mut batch.spans, &mut batch.scores);
        let TraceBatch { spans, scores } = batch;
        spans.retain(|span| !self.waiting_spans.contains(&known::span_key(span)));
        scores.retain(|score| !self.waiting_scores.contains(&known::identity(score)));
        if let Some(days) = days_around(spans.iter().map(|span| span.started_at)) {
            let stored = self.span_files.of_days(&self.layout, &days)?;
            let known = known::spans(stored, &spans.iter().collect::<Vec<_>>())?;
            retain(spans, &known);
        }
        if let Some(days) = days_around(scores.iter().map(|score| score.recorded_at)) {
            let stored = self.score_files.of_days(&self.layout, &days)?;
            let known = known::scores(stored, &scores.iter().collect::<Vec<_>>())?;
            retain(scores, &known);
        }
        Ok(())
    }

    /// Writes a batch to the log.
    fn log_batch(
        &mut self,
        mut batch: TraceBatch,
        bytes: usize,
        redaction: &Digest,
    ) -> Result<(), TraceStoreError> {
        self.log()?.append(&batch.spans, &batch.scores, redaction)?;
        self.waiting_bytes += bytes;
        let spans = batch.spans.iter().map(known::span_key);
        self.waiting_spans.extend(spans);
        let scores = batch.scores.iter().map(known::identity);
        self.waiting_scores.extend(scores);
        self.waiting.spans.append(&mut batch.spans);
        self.waiting.scores.append(&mut batch.scores);
        self.waiting.redactions.insert(*redaction);
        Ok(())
    }
}

impl TraceSink for FileTraceSink<'_> {
    fn append(
        &mut self,
        mut batch: TraceBatch,
        redaction: &Digest,
    ) -> Result<Appended, TraceStoreError> {
        if self.is_full() {
            self.roll()?;
        }
        normalize(&mut batch);
        let offered = batch.spans.len();
        self.leave_new(&mut batch)?;
        let TraceBatch { spans, scores } = &batch;
        let appended = Appended {
            spans: spans.len() as u64,
            duplicates: (offered - spans.len()) as u64,
            scores: scores.len() as u64,
        };
        if spans.is_empty() && scores.is_empty() {
            return Ok(appended);
        }
        let bytes = spans.iter().map(weight).sum();
        if spans.len() < LARGE && bytes < LARGE_BYTES {
            self.log_batch(batch, bytes, redaction)?;
            return Ok(appended);
        }
        let fresh = Fresh {
            spans: batch.spans,
            scores: batch.scores,
            redactions: [*redaction].into(),
        };
        let lock = self.layout.lock()?;
        publish(&self.layout, &lock, &fresh, self.clock)?;
        Ok(appended)
    }
}

impl Drop for FileTraceSink<'_> {
    fn drop(&mut self) {
        // What cannot be rolled now is safe in the log.
        if !std::thread::panicking() {
            let _ = self.roll();
        }
    }
}

/// What no file has a place for: numbers that are none are left out, and times beyond the years that
/// nanoseconds reach are the nearest that they do.
fn normalize(batch: &mut TraceBatch) {
    for span in &mut batch.spans {
        span.started_at = moment(nanoseconds(span.started_at));
        span.call.cost_usd = span.call.cost_usd.filter(|cost| cost.is_finite());
    }
    for score in &mut batch.scores {
        score.recorded_at = moment(nanoseconds(score.recorded_at));
        score.value = score.value.filter(|value| value.is_finite());
    }
}

/// The days of some moments, with the day before and the day after; `None`: there are no moments.
fn days_around(moments: impl Iterator<Item = Timestamp> + Clone) -> Option<RangeInclusive<Date>> {
    let (first, last) = (moments.clone().min()?, moments.max()?);
    let first = day_of(first).yesterday().unwrap_or(Date::MIN);
    let last = day_of(last).tomorrow().unwrap_or(Date::MAX);
    Some(first..=last)
}

/// Rolls a log whose writer is gone. One that cannot be read is left to whoever reads the store, and
/// is told there.
fn take_over(
    layout: &Layout,
    lock: &StoreLock,
    path: &Path,
    clock: &dyn Clock,
) -> Result<(), TraceStoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", path, &error)),
    };
    if file.try_lock().is_err() {
        return Ok(());
    }
    let Ok(batches) = log::read_open(&file, path) else {
        return Ok(());
    };
    let mut fresh = Fresh::default();
    for LogBatch {
        redaction,
        spans,
        scores,
    } in batches
    {
        fresh.redactions.insert(redaction);
        fresh.spans.extend(spans);
        fresh.scores.extend(scores);
    }
    publish(layout, lock, &fresh, clock)?;
    remove(path)
}

fn publish(
    layout: &Layout,
    lock: &StoreLock,
    fresh: &Fresh,
    clock: &dyn Clock,
) -> Result<(), TraceStoreError> {
    let now = clock.now();
    for day in roll(layout, lock, fresh, now)? {
        // What cannot be merged now is stored all the same, and merged another time.
        let _ = compact(layout, lock, day, now);
    }
    Ok(())
}
