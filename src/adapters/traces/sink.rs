//! Takes spans and scores in.

use std::collections::HashSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::domain::digest::{Digest, ShortDigest};
use crate::engine::ports::Clock;
use crate::engine::ports::traces::{Appended, TraceBatch, TraceSink, TraceStoreError};

use super::compact::compact;
use super::decode::moment;
use super::encode::nanoseconds;
use super::files::Stored;
use super::join::{Waiting, identity, join, join_stored, still_waiting};
use super::known;
use super::layout::{Layout, StoreLock, failed, remove};
use super::log::{self, LogBatch, LogWriter};
use super::roll::{Fresh, LARGE_BYTES, LARGE_ROWS, content_weight, roll, weight};
use super::snapshot::{each_once, retain};

/// How many spans and scores wait in a log at most.
const MOST_WAITING: usize = 65_536;

/// About how many bytes of text wait in a log at most.
const MOST_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// One writer of a store. What it took in is durable at once, and becomes files of columns when enough
/// came together, or when the writer is dropped; what is still in a log then, the next writer rolls.
///
/// Whoever has much to write hands over large batches: from 16,384 spans or 16 MiB on they are not
/// written twice.
///
/// What is stored already is found among what this writer took in and what is stored of the days
/// around a batch: the same span began at the same time. What is in another writer's log is found when
/// that log is rolled: then it does not count as a duplicate, but it is not stored twice either.
pub struct FileTraceSink<'a> {
    layout: Layout,
    clock: &'a dyn Clock,
    log: Option<LogWriter>,
    waiting: Fresh,
    waiting_bytes: usize,
    waiting_spans: HashSet<ShortDigest>,
    waiting_scores: HashSet<String>,
    waiting_content: HashSet<ShortDigest>,
    stored: Stored,
}

impl<'a> FileTraceSink<'a> {
    /// A writer of the store below a folder of ours. It takes over what others left behind.
    pub fn open(base: &Path, clock: &'a dyn Clock) -> Result<Self, TraceStoreError> {
        let layout = Layout::below(base);
        let mut sink = Self {
            layout,
            clock,
            log: None,
            waiting: Fresh::default(),
            waiting_bytes: 0,
            waiting_spans: HashSet::new(),
            waiting_scores: HashSet::new(),
            waiting_content: HashSet::new(),
            stored: Stored::new(),
        };
        if !sink.layout.logs()?.is_empty() {
            sink.take_over_logs()?;
        }
        Ok(sink)
    }

    /// Rolls what writers left behind that are gone. Content that waits for its spans waits here from now on.
    fn take_over_logs(&mut self) -> Result<(), TraceStoreError> {
        let lock = self.layout.lock()?;
        let (mut taken, mut waiting) = (Vec::new(), Vec::new());
        for path in self.layout.logs()? {
            if let Some(left) = take_over(&self.layout, &lock, &path, &mut self.stored, self.clock)?
            {
                waiting.extend(left);
                taken.push(path);
            }
        }
        let waiting = still_waiting(waiting, self.clock.now());
        self.log = carry_over(&self.layout, &lock, &waiting, self.clock)?;
        for path in taken {
            remove(&path)?;
        }
        drop(lock);
        self.wait_for(waiting);
        Ok(())
    }

    /// Turns what waits in the log into files of columns.
    pub fn roll(&mut self) -> Result<(), TraceStoreError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let lock = self.layout.lock()?;
        let (fresh, stored) = (&mut self.waiting, &mut self.stored);
        let waiting = publish(&self.layout, &lock, fresh, stored, self.clock)?;
        let old = log.path().to_owned();
        self.log = carry_over(&self.layout, &lock, &waiting, self.clock)?;
        remove(&old)?;
        self.wait_for(waiting);
        self.waiting_spans.clear();
        self.waiting_scores.clear();
        Ok(())
    }

    /// Nothing waits in the log but content for its spans.
    fn wait_for(&mut self, waiting: Vec<Waiting>) {
        self.waiting_bytes = waiting.iter().map(weight_of_waiting).sum();
        self.waiting_content = waiting.iter().map(|it| identity(&it.logged)).collect();
        self.waiting = Fresh {
            waiting,
            ..Fresh::default()
        };
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
        let waiting = &self.waiting;
        let waiting = waiting.spans.len() + waiting.scores.len() + waiting.waiting.len();
        waiting >= MOST_WAITING || self.waiting_bytes >= MOST_WAITING_BYTES
    }

    /// Leaves what is new: neither twice in the batch, nor waiting, nor in files of columns.
    fn leave_new(&mut self, batch: &mut TraceBatch) -> Result<(), TraceStoreError> {
        each_once(&mut batch.spans, &mut batch.scores);
        let TraceBatch {
            spans,
            scores,
            logged,
        } = batch;
        logged.retain(|logged| self.waiting_content.insert(identity(logged)));
        if !self.waiting_spans.is_empty() {
            spans.retain(|span| !self.waiting_spans.contains(&known::span_key(span)));
        }
        if !self.waiting_scores.is_empty() {
            scores.retain(|score| !self.waiting_scores.contains(&known::identity(score)));
        }
        let stored = &mut self.stored;
        let known = stored.known_spans(&self.layout, &spans.iter().collect::<Vec<_>>())?;
        retain(spans, &known);
        let known = stored.known_scores(&self.layout, &scores.iter().collect::<Vec<_>>())?;
        retain(scores, &known);
        Ok(())
    }

    /// Writes a batch to the log.
    fn log_batch(&mut self, mut fresh: Fresh, redaction: &Digest) -> Result<(), TraceStoreError> {
        let Fresh {
            spans,
            scores,
            waiting,
            ..
        } = &fresh;
        self.log()?.append(spans, scores, waiting, redaction)?;
        self.waiting_bytes += spans.iter().map(weight).sum::<usize>();
        self.waiting_bytes += waiting.iter().map(weight_of_waiting).sum::<usize>();
        self.waiting_spans.extend(spans.iter().map(known::span_key));
        self.waiting_scores
            .extend(scores.iter().map(known::identity));
        self.waiting.spans.append(&mut fresh.spans);
        self.waiting.scores.append(&mut fresh.scores);
        self.waiting.waiting.append(&mut fresh.waiting);
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
        let appended = Appended {
            spans: batch.spans.len() as u64,
            duplicates: (offered - batch.spans.len()) as u64,
            scores: batch.scores.len() as u64,
            logged: batch.logged.len() as u64,
        };
        if batch.is_empty() {
            return Ok(appended);
        }
        let taken_at = self.clock.now();
        let logged = batch.logged.into_iter();
        let mut fresh = Fresh {
            spans: batch.spans,
            scores: batch.scores,
            waiting: logged
                .map(|logged| Waiting {
                    taken_at,
                    redaction: *redaction,
                    logged,
                })
                .collect(),
            redactions: [*redaction].into(),
        };
        let bytes: usize = fresh.spans.iter().map(weight).sum();
        if fresh.spans.len() >= LARGE_ROWS || bytes >= LARGE_BYTES {
            let lock = self.layout.lock()?;
            let stored = &mut self.stored;
            let waiting = publish(&self.layout, &lock, &mut fresh, stored, self.clock)?;
            drop(lock);
            fresh = Fresh {
                waiting,
                ..Fresh::default()
            };
            if fresh.waiting.is_empty() {
                return Ok(appended);
            }
        }
        self.log_batch(fresh, redaction)?;
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

/// Rolls a log whose writer is gone, and gives the content that still waits for its spans; `None`: nothing
/// was done. A log that cannot be read is left to whoever reads the store, and is told there.
fn take_over(
    layout: &Layout,
    lock: &StoreLock,
    path: &Path,
    stored: &mut Stored,
    clock: &dyn Clock,
) -> Result<Option<Vec<Waiting>>, TraceStoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let Ok(batches) = log::read_open(&file, path) else {
        return Ok(None);
    };
    let mut fresh = Fresh::default();
    for LogBatch {
        redaction,
        spans,
        scores,
        waiting,
    } in batches
    {
        fresh.redactions.insert(redaction);
        fresh.spans.extend(spans);
        fresh.scores.extend(scores);
        fresh.waiting.extend(waiting);
    }
    publish(layout, lock, &mut fresh, stored, clock).map(Some)
}

/// Begins a log with content that still waits for its spans; `None`: none does.
fn carry_over(
    layout: &Layout,
    _lock: &StoreLock,
    waiting: &[Waiting],
    clock: &dyn Clock,
) -> Result<Option<LogWriter>, TraceStoreError> {
    let Some(first) = waiting.first() else {
        return Ok(None);
    };
    let mut log = LogWriter::create(layout.new_log(clock.now())?)?;
    log.append(&[], &[], waiting, &first.redaction)?;
    Ok(Some(log))
}

/// Writes files of columns, and gives the content that still waits for its spans.
fn publish(
    layout: &Layout,
    lock: &StoreLock,
    fresh: &mut Fresh,
    stored: &mut Stored,
    clock: &dyn Clock,
) -> Result<Vec<Waiting>, TraceStoreError> {
    let now = clock.now();
    let redactions = fresh.waiting.iter().map(|it| it.redaction);
    fresh.redactions.extend(redactions);
    let waiting = join(&mut fresh.spans, std::mem::take(&mut fresh.waiting));
    let mut days = roll(layout, lock, fresh, stored, now)?;
    let joined = join_stored(layout, lock, waiting, now)?;
    days.extend(joined.days);
    for day in days {
        // What cannot be merged now is stored all the same, and merged another time.
        let _ = compact(layout, lock, day, now);
    }
    Ok(still_waiting(joined.waiting, now))
}

fn weight_of_waiting(waiting: &Waiting) -> usize {
    content_weight(&waiting.logged.content)
}
