//! The store of traces on disk: what is kept, once each, and what is answered.

pub(crate) mod answers;
pub(crate) mod generated;
mod killed;
pub(crate) mod questions;
mod reference;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use pointsman::adapters::clock::FixedClock;
use pointsman::adapters::traces::{FileTraceSink, FileTraceStore};
use pointsman::domain::digest::Digest;
use pointsman::domain::trace::column::Column;
use pointsman::domain::trace::filter::{Filter, TimeRange};
use pointsman::domain::trace::score::Score;
use pointsman::domain::trace::span::{Content, Span};
use pointsman::engine::ports::traces::{
    Appended, SpanOrder, SpanRequest, StoreContents, TraceBatch, TraceSink as _, TraceStore as _,
    TraceStoreError,
};
use tempfile::TempDir;

use generated::Generated;

/// A store in a temporary folder.
pub(crate) struct Store {
    folder: PathBuf,
    temporary: Option<TempDir>,
    clock: FixedClock,
}

impl Store {
    pub(crate) fn new() -> Self {
        let temporary = TempDir::new().expect("the system has a place for temporary folders");
        let mut store = Self::at(temporary.path());
        store.temporary = Some(temporary);
        store
    }

    /// The store in a folder that stays.
    fn at(folder: &Path) -> Self {
        let noon: Timestamp = "2026-03-02T12:00:00Z".parse().expect("it is a time");
        Self {
            folder: folder.to_owned(),
            temporary: None,
            clock: FixedClock(noon),
        }
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("traces")
    }

    pub(crate) fn sink(&self) -> FileTraceSink<'_> {
        FileTraceSink::open(&self.folder, &self.clock).expect("the store can be opened")
    }

    pub(crate) fn store(&self) -> FileTraceStore {
        FileTraceStore::new(&self.folder)
    }

    /// Takes in a batch as a process of its own that ends well.
    fn import(&self, spans: &[Span], scores: &[Score]) -> Appended {
        append(&mut self.sink(), spans, scores)
    }

    /// Every span, by trace and id.
    fn spans(&self, content: bool) -> Vec<Span> {
        let mut spans = Vec::new();
        let request = SpanRequest {
            range: TimeRange::ALWAYS,
            filter: Filter::Everything,
            content,
            order: SpanOrder::Ascending(Column::Trace),
            limit: None,
        };
        let read = self.store().spans(&request, &mut |span| {
            spans.push(span);
            ControlFlow::Continue(())
        });
        read.expect("the store can be read");
        spans
    }

    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.path(), &mut found);
        found.retain(|path| path.extension().is_some_and(|it| it == ending));
        found.sort();
        found
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn append(sink: &mut FileTraceSink<'_>, spans: &[Span], scores: &[Score]) -> Appended {
    let batch = TraceBatch {
        spans: spans.to_vec(),
        scores: scores.to_vec(),
        logged: Vec::new(),
    };
    let rules = Digest::of(b"rules");
    sink.append(batch, &rules).expect("the disk has room")
}

#[track_caller]
fn assert_same(found: &[Span], expected: Vec<Span>) {
    let expected = by_id(expected);
    let ids = |spans: &[Span]| -> Vec<String> {
        let spans = spans.iter();
        spans
            .map(|it| format!("{}:{}", it.trace_id, it.span_id))
            .collect()
    };
    assert_eq!(ids(found), ids(&expected));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
}

fn by_id(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|one, other| {
        let order = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
        order(one).cmp(&order(other))
    });
    spans
}

#[test]
fn what_goes_in_comes_out() {
    let store = Store::new();
    let Generated { spans, scores } = Generated::new(7, 500);
    let appended = store.import(&spans, &scores);
    assert_eq!(appended.spans, 500);
    assert_eq!(appended.scores, scores.len() as u64);
    assert_same(&store.spans(true), spans.clone());
    let without_content = spans.into_iter().map(|span| Span {
        content: Content::default(),
        ..span
    });
    assert_same(&store.spans(false), without_content.collect());
    assert!(store.files("log").is_empty());
    assert!(!store.files("parquet").is_empty());
}

#[test]
fn a_span_counts_once_however_often_it_is_sent() {
    let store = Store::new();
    let Generated { spans, scores } = Generated::new(7, 300);
    store.import(&spans[..200], &scores);
    let again = store.import(&spans, &scores);
    assert_eq!(
        again,
        Appended {
            spans: 100,
            duplicates: 200,
            scores: 0,
            logged: 0,
        }
    );
    let twice = [spans.as_slice(), &spans].concat();
    assert_eq!(store.import(&twice, &[]).duplicates, 600);
    assert_same(&store.spans(true), spans);
    let contents = store.store().contents().expect("the store can be read");
    assert_eq!(
        (contents.spans, contents.scores),
        (300, scores.len() as u64)
    );
}

#[test]
fn two_writers_that_take_in_the_same_count_it_once() {
    let store = Store::new();
    let Generated { spans, scores } = Generated::new(7, 300);
    let (mut one, mut other) = (store.sink(), store.sink());
    append(&mut one, &spans, &scores);
    append(&mut other, &spans, &scores);
    assert_eq!(store.files("log").len(), 2);
    for rolled in 0..3 {
        assert_same(&store.spans(true), spans.clone());
        let contents = store.store().contents().expect("the store can be read");
        assert_eq!(
            (contents.spans, contents.scores),
            (300, scores.len() as u64)
        );
        let sink = if rolled == 0 { &mut one } else { &mut other };
        sink.roll().expect("the disk has room");
    }
    assert!(store.files("log").is_empty());
}

#[test]
fn what_a_dead_writer_left_is_read_and_rolled_by_the_next_one() {
    let store = Store::new();
    let Generated { spans, .. } = Generated::new(7, 100);
    let mut dead = store.sink();
    append(&mut dead, &spans[..60], &[]);
    let log = store.files("log").remove(0);
    let bytes = fs::read(&log).expect("it is ours");
    append(&mut dead, &spans[60..90], &[]);
    drop(dead);
    // The writer died before it could roll, and as it wrote its second batch.
    for parquet in store.files("parquet") {
        fs::remove_file(parquet).expect("it is ours");
    }
    fs::write(&log, [bytes.as_slice(), &[7; 5]].concat()).expect("it is ours");
    assert_same(&store.spans(true), spans[..60].to_vec());
    let mut next = store.sink();
    assert!(store.files("log").is_empty());
    append(&mut next, &spans, &[]);
    assert_same(&store.spans(true), spans);
}

#[test]
fn small_files_are_merged_and_nothing_is_lost() {
    let store = Store::new();
    let Generated { mut spans, scores } = Generated::new(7, 200);
    for (span, minute) in spans.iter_mut().zip(0_i64..) {
        span.started_at = Timestamp::from_second(1_772_442_000 + 60 * minute).expect("it is near");
    }
    for (index, part) in spans.chunks(4).enumerate() {
        let scores: Vec<Score> = scores.iter().skip(index).step_by(50).cloned().collect();
        store.import(part, &scores);
    }
    assert_same(&store.spans(true), spans);
    let contents = store.store().contents().expect("the store can be read");
    assert_eq!(contents.scores, scores.len() as u64);
    let files = store.files("parquet");
    let spans = files
        .iter()
        .filter(|path| path.display().to_string().contains("/spans/"));
    assert!(spans.count() < 20, "{files:?}");
}

/// All that is stored, or why it cannot be read.
fn read(store: &FileTraceStore) -> Result<(Vec<Span>, StoreContents), TraceStoreError> {
    let mut spans = Vec::new();
    let request = SpanRequest {
        range: TimeRange::ALWAYS,
        filter: Filter::Everything,
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    store.spans(&request, &mut |span| {
        spans.push(span);
        ControlFlow::Continue(())
    })?;
    Ok((by_id(spans), store.contents()?))
}

#[test]
fn a_file_that_is_cut_is_named() {
    let store = Store::new();
    store.import(&Generated::new(7, 100).spans, &[]);
    let file = store.files("parquet").remove(0);
    let whole = fs::read(&file).expect("it is ours");
    for bytes in [&whole[..0], &whole[..100], &whole[..whole.len() - 1]] {
        fs::write(&file, bytes).expect("it is ours");
        let error = read(&store.store()).expect_err("the file is damaged");
        assert!(
            error.message.contains(&file.display().to_string()),
            "{error}"
        );
        assert!(error.hint.is_some());
    }
}

#[test]
fn a_byte_that_changed_is_told_or_does_not_matter() {
    let store = Store::new();
    let Generated { mut spans, scores } = Generated::new(7, 40);
    for span in &mut spans {
        span.started_at = store.clock.0;
    }
    store.import(&spans, &scores);
    let file = store.files("parquet").pop().expect("there are some");
    let expected = read(&store.store()).expect("nothing is damaged yet");
    let whole = fs::read(&file).expect("it is ours");
    let mut told = 0;
    for place in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&file, bytes).expect("it is ours");
        match read(&store.store()) {
            Ok(found) => assert_eq!(found, expected, "byte {place} of {}", whole.len()),
            Err(error) => {
                told += 1;
                let name = file.display().to_string();
                assert!(error.message.contains(&name), "byte {place}: {error}");
            }
        }
    }
    assert!(told > 30, "{told} times told");
}

#[test]
fn whoever_reads_while_others_write_sees_each_span_once() {
    let store = Store::new();
    let Generated { spans, .. } = Generated::new(7, 300);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (store, spans, done) = (&store, &spans, &done);
            scope.spawn(move || {
                for part in spans.chunks(10).skip(writer) {
                    store.import(part, &[]);
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        let mut before = 0;
        let mut looks = 0;
        while done.load(Ordering::SeqCst) < 2 || looks < 3 {
            let (found, contents) = read(&store.store()).expect("the store can be read");
            let mut ids: Vec<_> = found.iter().map(|it| (&it.trace_id, &it.span_id)).collect();
            ids.dedup();
            assert_eq!(ids.len(), found.len());
            assert!(before <= found.len() && found.len() as u64 <= contents.spans);
            before = found.len();
            looks += 1;
        }
    });
    assert_same(&store.spans(true), spans);
}
