//! Takes spans and scores in.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use crate::domain::digest::{Digest, ShortDigest};
use crate::engine::ports::Clock;
use crate::engine::ports::traces::{Appended, TraceBatch, TraceSink, TraceStoreError};

use super::compact::compact;
use super::decode::moment;
use super::encode::nanoseconds;
use super::known;
use super::layout::{Layout, StoreLock, Table, failed, remove};
use super::log::{self, LogBatch, LogWriter};
use super::roll::{Fresh, MOST_BYTES, roll, weight};
use super::snapshot::{each_once, retain, settled};

/// How many spans and scores wait in a log at most.
const MOST_WAITING: usize = 65_536;

/// One writer of a store. What it took in is durable at once, and becomes files of columns when enough
/// came together, or when the writer is dropped; what is still in a log then, the next writer rolls.
pub struct FileTraceSink<'a> {
    layout: Layout,
    clock: &'a dyn Clock,
    log: Option<LogWriter>,
    waiting: Fresh,
    weight: usize,
    spans: HashSet<ShortDigest>,
    scores: HashSet<String>,
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
            weight: 0,
            spans: HashSet::new(),
            scores: HashSet::new(),
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
        self.weight = 0;
        self.spans.clear();
        self.scores.clear();
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
        waiting >= MOST_WAITING || self.weight >= MOST_BYTES
    }

    /// Leaves what is new: neither twice in the batch, nor waiting, nor in files of columns.
    fn leave_new(&self, batch: &mut TraceBatch) -> Result<(), TraceStoreError> {
        each_once(&mut batch.spans, &mut batch.scores);
        let TraceBatch { spans, scores } = batch;
        spans.retain(|span| !self.spans.contains(&known::span_key(span)));
        scores.retain(|score| !self.scores.contains(&known::identity(score)));
        if !spans.is_empty() {
            let stored = settled(&self.layout, Table::Spans)?;
            let known = known::spans(&stored, &spans.iter().collect::<Vec<_>>())?;
            retain(spans, &known);
        }
        if !scores.is_empty() {
            let stored = settled(&self.layout, Table::Scores)?;
            let known = known::scores(&stored, &scores.iter().collect::<Vec<_>>())?;
            retain(scores, &known);
        }
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
        let appended = Appended {
            spans: batch.spans.len() as u64,
            duplicates: (offered - batch.spans.len()) as u64,
            scores: batch.scores.len() as u64,
        };
        if batch.spans.is_empty() && batch.scores.is_empty() {
            return Ok(appended);
        }
        let log = self.log()?;
        log.append(&batch.spans, &batch.scores, redaction)?;
        self.weight += batch.spans.iter().map(weight).sum::<usize>();
        self.spans.extend(batch.spans.iter().map(known::span_key));
        self.scores.extend(batch.scores.iter().map(known::identity));
        self.waiting.spans.append(&mut batch.spans);
        self.waiting.scores.append(&mut batch.scores);
        self.waiting.redactions.insert(*redaction);
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
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
        compact(layout, lock, day, now)?;
    }
    Ok(())
}
