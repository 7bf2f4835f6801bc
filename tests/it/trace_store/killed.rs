//! A writer that is killed: what it was told is stored is stored, once.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use pointsman::domain::trace::span::Span;

use super::generated::Generated;
use super::{Store, append, by_id, read};

/// The file that tells a process of this test to be the writer.
const ORDER: &str = "write-here";

/// The name of the test that is the writer.
const WRITER: &str = "trace_store::killed::a_process_that_finds_the_order_writes";

const BATCH: usize = 5;

fn spans() -> Vec<Span> {
    Generated::new(11, 1_000).spans
}

#[test]
fn a_process_that_finds_the_order_writes() {
    if !Path::new(ORDER).exists() {
        return;
    }
    let store = Store::at(Path::new("."));
    for (number, batch) in spans().chunks(BATCH).enumerate() {
        // A writer after the other, so that some die as they roll or merge.
        append(&mut store.sink(), batch, &[]);
        writeln!(std::io::stdout(), "stored {number}").expect("somebody reads");
    }
}

/// Kills a writer after it said that so many batches are stored, and gives how many it said.
fn killed_after(store: &Store, batches: usize) -> usize {
    let program = std::env::current_exe().expect("this is a program");
    let mut writer = Command::new(program)
        .args(["--exact", WRITER, "--nocapture"])
        .current_dir(store.folder())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let output = BufReader::new(writer.stdout.take().expect("it is piped"));
    let mut told = 0;
    for line in output.lines() {
        let line = line.expect("it is text");
        told += usize::from(line.contains("stored "));
        if told == batches {
            writer.kill().expect("it is ours");
        }
    }
    writer.wait().expect("it is ours");
    told
}

#[test]
fn what_a_killed_writer_said_is_stored_is_stored_once() {
    let expected = spans();
    for batches in [1, 2, 9, 17, 33] {
        let store = Store::new();
        std::fs::write(store.folder().join(ORDER), "").expect("the folder is ours");
        let told = killed_after(&store, batches);
        assert!(told >= batches, "{told} of {batches}");
        let (found, contents) = read(&store.store()).expect("the store can be read");
        // The batch that was being written may be there too, but no part of it alone.
        let stored = found.len() / BATCH;
        assert!(
            stored == told || stored == told + 1,
            "{stored} stored, {told} told"
        );
        assert_eq!(found, by_id(expected[..stored * BATCH].to_vec()));
        assert_eq!(contents.spans, found.len() as u64);
        let again = store.import(&expected, &[]);
        assert_eq!(again.duplicates, found.len() as u64);
        let (found, _) = read(&store.store()).expect("the store can be read");
        assert_eq!(found, by_id(expected.clone()));
    }
}
