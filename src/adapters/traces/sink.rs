//! Takes spans and scores in.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use arrow_schema::ArrowError;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::logged::LoggedContent;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
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
use super::roll::{Gathered, LARGE_BYTES, LARGE_ROWS, Rolled, roll};
use super::rows::{Rows, content_weight, weight};
use super::snapshot::{each_once, retain};

/// How many spans and scores wait at most, in a log or to be written.
const MOST_WAITING: usize = 65_536;

/// About how many bytes of text do.
const MOST_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// One writer of a store. What it took in at once is durable at once, in a log, and becomes files of
/// columns when enough came together, or when the writer is dropped; what is still in a log then, the next
/// writer rolls. A large batch, and what is added part by part, becomes files without a log.
///
/// What is stored already is found among what this writer took in and what is stored of the days
/// around it: the same span began at the same time. What is in another writer's log is found when
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
    added: Added,
    stored: Stored,
}

/// What is in a log and not in files of columns yet.
#[derive(Default)]
struct Fresh {
    spans: Vec<Span>,
    scores: Vec<Score>,
    /// Content that waits for its spans.
    waiting: Vec<Waiting>,
    /// The rules by which it was redacted.
    redactions: BTreeSet<Digest>,
}

/// What was added part by part and is not written yet.
#[derive(Default)]
struct Added {
    gathered: Gathered,
    /// Content that waits for its spans.
    waiting: Vec<Waiting>,
    /// The spans that came since there is such content, which may be theirs: they are no columns yet.
    spans: Vec<Span>,
    spans_bytes: usize,
    /// How many spans and records of content came.
    offered: u64,
    logged: u64,
}

impl Added {
    fn is_much(&self) -> bool {
        let Gathered { rows, scores, .. } = &self.gathered;
        let count = rows.len() + scores.len() + self.spans.len() + self.waiting.len();
        count >= MOST_WAITING || rows.bytes() + self.spans_bytes >= MOST_WAITING_BYTES
    }
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
            added: Added::default(),
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
        let waiting = publish_log(&self.layout, &lock, fresh, stored, self.clock)?;
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
        let times = spans.iter().map(|span| span.started_at);
        let ids: Vec<_> = spans.iter().map(known::id).collect();
        let known = stored.known_spans(&self.layout, times, &ids)?;
        retain(spans, &known);
        let known = stored.known_scores(&self.layout, &scores.iter().collect::<Vec<_>>())?;
        retain(scores, &known);
        Ok(())
    }

    /// What was added, with content joined to those of its spans that are new, and the content that goes on
    /// waiting. What waits in the log is left out.
    fn join_added(&mut self, added: Added) -> Result<(Gathered, Vec<Waiting>), TraceStoreError> {
        let Added {
            mut gathered,
            mut waiting,
            spans,
            ..
        } = added;
        if !self.waiting_spans.is_empty() {
            let ids = gathered.rows.ids().into_iter();
            let waits = ids.map(|(trace, span)| known::key(trace, span));
            let waits = waits.map(|key| self.waiting_spans.contains(&key));
            let waits: Vec<bool> = waits.collect();
            gathered.rows.leave(&waits);
        }
        if !self.waiting_scores.is_empty() {
            let waits = |score: &Score| self.waiting_scores.contains(&known::identity(score));
            gathered.scores.retain(|score| !waits(score));
        }
        if !spans.is_empty() {
            let mut batch = TraceBatch {
                spans,
                ..TraceBatch::default()
            };
            let came_before: HashSet<_> = gathered.rows.ids().into_iter().collect();
            let is_new = |span: &Span| !came_before.contains(&known::id(span));
            batch.spans.retain(is_new);
            self.leave_new(&mut batch)?;
            waiting = join(&mut batch.spans, waiting);
            let made = gathered.rows.add(&batch.spans);
            made.map_err(|error| unfit(&error))?;
        }
        Ok((gathered, waiting))
    }

    /// Content that came now.
    fn to_wait(&self, logged: Vec<LoggedContent>, redaction: &Digest) -> Vec<Waiting> {
        let taken_at = self.clock.now();
        let logged = logged.into_iter();
        logged
            .map(|logged| Waiting {
                taken_at,
                redaction: *redaction,
                logged,
            })
            .collect()
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
        let bytes: usize = batch.spans.iter().map(weight).sum();
        if batch.spans.len() >= LARGE_ROWS || bytes >= LARGE_BYTES {
            let before = self.add(batch, redaction)?;
            return Ok(before.and(self.settle()?));
        }
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
        if !batch.is_empty() {
            let fresh = Fresh {
                waiting: self.to_wait(batch.logged, redaction),
                spans: batch.spans,
                scores: batch.scores,
                redactions: [*redaction].into(),
            };
            self.log_batch(fresh, redaction)?;
        }
        Ok(appended)
    }

    fn add(
        &mut self,
        mut batch: TraceBatch,
        redaction: &Digest,
    ) -> Result<Appended, TraceStoreError> {
        normalize(&mut batch);
        batch
            .logged
            .retain(|logged| self.waiting_content.insert(identity(logged)));
        let waiting = self.to_wait(batch.logged, redaction);
        let added = &mut self.added;
        added.offered += batch.spans.len() as u64;
        added.logged += waiting.len() as u64;
        added.waiting.extend(waiting);
        if added.waiting.is_empty() {
            let made = added.gathered.rows.add(&batch.spans);
            made.map_err(|error| unfit(&error))?;
        } else {
            added.spans_bytes += batch.spans.iter().map(weight).sum::<usize>();
            added.spans.append(&mut batch.spans);
        }
        added.gathered.scores.append(&mut batch.scores);
        added.gathered.redactions.insert(*redaction);
        if added.is_much() {
            return self.settle();
        }
        Ok(Appended::default())
    }

    fn settle(&mut self) -> Result<Appended, TraceStoreError> {
        let added = std::mem::take(&mut self.added);
        let (offered, logged) = (added.offered, added.logged);
        let (gathered, waiting) = self.join_added(added)?;
        let mut appended = Appended {
            duplicates: offered,
            logged,
            ..Appended::default()
        };
        if gathered.is_empty() && waiting.is_empty() {
            return Ok(appended);
        }
        let lock = self.layout.lock()?;
        let stored = &mut self.stored;
        let (rolled, waiting) =
            publish(&self.layout, &lock, gathered, waiting, stored, self.clock)?;
        drop(lock);
        if let Some(redaction) = waiting.first().map(|it| it.redaction) {
            let fresh = Fresh {
                waiting,
                ..Fresh::default()
            };
            self.log_batch(fresh, &redaction)?;
        }
        appended.spans = rolled.spans;
        appended.duplicates -= rolled.spans;
        appended.scores = rolled.scores;
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
    publish_log(layout, lock, &mut fresh, stored, clock).map(Some)
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

/// Makes files of columns of what is in a log, and gives the content that still waits for its spans. Where
/// that fails, nothing was taken from it.
fn publish_log(
    layout: &Layout,
    lock: &StoreLock,
    fresh: &mut Fresh,
    stored: &mut Stored,
    clock: &dyn Clock,
) -> Result<Vec<Waiting>, TraceStoreError> {
    let waiting = join(&mut fresh.spans, fresh.waiting.clone());
    let gathered = Gathered {
        rows: Rows::of(&fresh.spans).map_err(|error| unfit(&error))?,
        scores: fresh.scores.clone(),
        redactions: fresh.redactions.clone(),
    };
    let (_, waiting) = publish(layout, lock, gathered, waiting, stored, clock)?;
    Ok(waiting)
}

/// Writes files of columns, and gives the content that still waits for its spans.
fn publish(
    layout: &Layout,
    lock: &StoreLock,
    mut gathered: Gathered,
    waiting: Vec<Waiting>,
    stored: &mut Stored,
    clock: &dyn Clock,
) -> Result<(Rolled, Vec<Waiting>), TraceStoreError> {
    let now = clock.now();
    gathered
        .redactions
        .extend(waiting.iter().map(|it| it.redaction));
    let mut rolled = roll(layout, lock, gathered, stored, now)?;
    let joined = join_stored(layout, lock, waiting, now)?;
    rolled.days.extend(joined.days);
    for day in &rolled.days {
        // What cannot be merged now is stored all the same, and merged another time.
        let _ = compact(layout, lock, *day, now);
    }
    Ok((rolled, still_waiting(joined.waiting, now)))
}

/// What came in does not fit into columns.
fn unfit(error: &ArrowError) -> TraceStoreError {
    TraceStoreError {
        message: format!("spans cannot be put into columns: {error}"),
        hint: None,
        remote: false,
    }
}

fn weight_of_waiting(waiting: &Waiting) -> usize {
    content_weight(&waiting.logged.content)
}
