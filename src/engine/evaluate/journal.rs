//! Keeps results as they come in, on a thread of its own: a slow disk must not hold up the calls
//! whose latency is measured. What piles up during one write is written by the next as one batch.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use jiff::Timestamp;

use crate::domain::run::CaseResult;
use crate::engine::ports::{RunWriter, StoreError};

/// How many results may wait to be written, and how many are written at once.
const BATCH: usize = 512;

/// Writes the results of one run.
pub(super) struct Journal {
    sender: Option<SyncSender<CaseResult>>,
    /// What was written comes back to be freed where it was made: a thread that frees the memory
    /// of another holds both up, for a quarter of the time that an evaluation takes.
    written: Receiver<Vec<CaseResult>>,
    thread: Option<JoinHandle<Result<Box<dyn RunWriter>, StoreError>>>,
}

impl Journal {
    /// Starts writing.
    pub(super) fn start(writer: Box<dyn RunWriter>) -> Self {
        let (sender, receiver) = sync_channel(BATCH);
        let (done, written) = channel();
        let write = move || write_all(writer, &receiver, &done);
        Self {
            sender: Some(sender),
            written,
            thread: Some(std::thread::spawn(write)),
        }
    }

    /// Hands over a result. False: writing failed, and [`Journal::close`] says why.
    pub(super) fn add(&self, result: CaseResult) -> bool {
        self.written.try_iter().for_each(drop);
        self.sender
            .as_ref()
            .is_some_and(|sender| sender.send(result).is_ok())
    }

    /// Waits until everything is on disk. The run stays open: it can be resumed.
    pub(super) fn close(mut self) -> Result<(), StoreError> {
        self.join().map(|_| ())
    }

    /// Waits until everything is on disk and marks the run as finished.
    pub(super) fn finish(mut self, at: Timestamp) -> Result<(), StoreError> {
        match self.join()? {
            Some(writer) => writer.finish(at),
            None => Ok(()),
        }
    }

    fn join(&mut self) -> Result<Option<Box<dyn RunWriter>>, StoreError> {
        self.sender = None;
        match self.thread.take() {
            None => Ok(None),
            Some(thread) => match thread.join() {
                Ok(written) => written.map(Some),
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }
}

impl Drop for Journal {
    /// A run that is cut off keeps what was handed over.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // Nobody is left to hear of an error, and the run shows that it did not finish.
            let _ = thread.join();
        }
    }
}

fn write_all(
    mut writer: Box<dyn RunWriter>,
    receiver: &Receiver<CaseResult>,
    done: &Sender<Vec<CaseResult>>,
) -> Result<Box<dyn RunWriter>, StoreError> {
    while let Ok(first) = receiver.recv() {
        let mut batch = vec![first];
        batch.extend(receiver.try_iter().take(BATCH - 1));
        writer.append(&batch)?;
        // At the end nobody takes it back, and it is freed here.
        let _ = done.send(batch);
    }
    Ok(writer)
}
