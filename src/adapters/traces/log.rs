//! The append log of one writer: what it took in, safe on disk, until it is rolled.
//!
//! ```text
//! "pointsman traces 1\n"          once, at the start
//! length, check, checksum         three numbers of 32 bits, little-endian, for each batch
//! {"redaction":…,"spans":[…]}     the batch as JSON, `length` bytes
//! ```
//!
//! `check` is the CRC-32 of `length`, `checksum` that of the JSON. What a crash left incomplete at the
//! end was never acknowledged and is passed over; anything else that does not fit is damage, and is
//! told.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::join::Waiting;
use super::layout::{failed, sync_folder};

const MAGIC: &[u8] = b"pointsman traces 1\n";
const HEADER: usize = 12;

/// One batch in a log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogBatch {
    /// The rules by which it was redacted.
    pub(super) redaction: Digest,
    pub(super) spans: Vec<Span>,
    pub(super) scores: Vec<Score>,
    #[serde(default)]
    pub(super) waiting: Vec<Waiting>,
}

/// A batch to be written.
#[derive(Serialize)]
struct NewBatch<'a> {
    redaction: &'a Digest,
    spans: &'a [Span],
    scores: &'a [Score],
    #[serde(skip_serializing_if = "<[Waiting]>::is_empty")]
    waiting: &'a [Waiting],
}

/// Writes one log, which it holds locked.
pub(super) struct LogWriter {
    path: PathBuf,
    file: File,
    length: u64,
    buffer: Vec<u8>,
}

impl LogWriter {
    /// Begins a log. To be called under the store's lock, so that nobody takes it for one that its
    /// writer left behind.
    pub(super) fn create(path: PathBuf) -> Result<Self, TraceStoreError> {
        let create = || -> io::Result<File> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?;
            file.try_lock().map_err(io::Error::other)?;
            file.write_all(MAGIC)?;
            file.sync_all()?;
            Ok(file)
        };
        let file = create().map_err(|error| failed("create", &path, &error))?;
        path.parent().map_or(Ok(()), sync_folder)?;
        Ok(Self {
            path,
            file,
            length: MAGIC.len() as u64,
            buffer: Vec::new(),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a batch, which is on disk when this returns. Where it cannot be, nothing of it stays.
    pub(super) fn append(
        &mut self,
        spans: &[Span],
        scores: &[Score],
        waiting: &[Waiting],
        redaction: &Digest,
    ) -> Result<(), TraceStoreError> {
        let written = self
            .encode(&NewBatch {
                redaction,
                spans,
                scores,
                waiting,
            })
            .and_then(|()| self.file.write_all(&self.buffer))
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += self.buffer.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.cut()
                    .map_err(|error| failed("cut", &self.path, &error))?;
                Err(failed("write", &self.path, &error))
            }
        }
    }

    fn encode(&mut self, batch: &NewBatch<'_>) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        serde_json::to_writer(&mut self.buffer, batch)?;
        let (header, json) = self.buffer.split_at_mut(HEADER);
        let length = u32::try_from(json.len())
            .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "a batch is above 4 GiB"))?;
        header.copy_from_slice(&header_of(length, crc32fast::hash(json)));
        Ok(())
    }

    /// Cuts off what could not be written.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        Ok(())
    }
}

fn header_of(length: u32, checksum: u32) -> [u8; HEADER] {
    let length = length.to_le_bytes();
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&length);
    header[4..8].copy_from_slice(&crc32fast::hash(&length).to_le_bytes());
    header[8..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// The batches of a log, up to what a crash left incomplete. `None`: there is no such log any more.
pub(super) fn read(path: &Path) -> Result<Option<Vec<LogBatch>>, TraceStoreError> {
    match File::open(path) {
        Ok(file) => read_open(&file, path).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

/// The same of a log that is open.
pub(super) fn read_open(mut file: &File, path: &Path) -> Result<Vec<LogBatch>, TraceStoreError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|error| failed("read", path, &error))?;
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        // A writer that died while it began.
        if MAGIC.starts_with(&bytes) {
            return Ok(Vec::new());
        }
        return Err(damaged(path, 0, "it is not a log of this version"));
    };
    let mut batches = Vec::new();
    while let Some(header) = rest.first_chunk::<HEADER>() {
        let offset = bytes.len() - rest.len();
        let word = |at: usize| {
            header[at..]
                .first_chunk()
                .map_or(0, |it| u32::from_le_bytes(*it))
        };
        if header_of(word(0), word(8)) != *header {
            // A power failure may leave a stretch of zeros where the last batch was to go.
            if rest.iter().all(|byte| *byte == 0) {
                break;
            }
            return Err(damaged(path, offset, "no batch begins here"));
        }
        let after = &rest[HEADER..];
        let Some((json, next)) = usize::try_from(word(0))
            .ok()
            .and_then(|length| after.split_at_checked(length))
        else {
            break;
        };
        if crc32fast::hash(json) != word(8) {
            return Err(damaged(path, offset, "the batch is not as it was written"));
        }
        let batch = serde_json::from_slice(json)
            .map_err(|error| damaged(path, offset, &error.to_string()))?;
        batches.push(batch);
        rest = next;
    }
    Ok(batches)
}

fn damaged(path: &Path, offset: usize, reason: &str) -> TraceStoreError {
    TraceStoreError {
        message: format!(
            "cannot read `{}`: damaged at byte {offset}: {reason}",
            path.display()
        ),
        hint: Some(
            "move the file away to go on without it, and import again what it held".to_owned(),
        ),
        remote: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str) -> Span {
        Span {
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            ..Span::default()
        }
    }

    fn ids(batches: &[LogBatch]) -> Vec<&str> {
        let spans = batches.iter().flat_map(|batch| &batch.spans);
        spans.map(|span| span.span_id.as_str()).collect()
    }

    /// A log of two batches, and where the second one begins.
    fn log_of_two(folder: &Path) -> (PathBuf, usize) {
        let path = folder.join("a.log");
        let mut log = LogWriter::create(path.clone()).unwrap();
        let rules = Digest::of(b"rules");
        log.append(&[span("a")], &[], &[], &rules).unwrap();
        let second = usize::try_from(log.length).unwrap();
        log.append(&[span("b")], &[], &[], &rules).unwrap();
        (path, second)
    }

    #[test]
    fn a_crash_at_any_byte_loses_only_the_batch_that_was_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = log_of_two(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let batches = read(&path).unwrap().unwrap();
            let kept: &[&str] = if length < second { &[] } else { &["a"] };
            assert_eq!(ids(&batches), kept, "{length}");
        }
        std::fs::write(&path, [&whole[..second], &[0; 100]].concat()).unwrap();
        assert_eq!(ids(&read(&path).unwrap().unwrap()), ["a"]);
    }

    #[test]
    fn a_byte_that_changed_is_damage_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = log_of_two(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for changed in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[changed] ^= 0x20;
            std::fs::write(&path, &bytes).unwrap();
            let error = read(&path).unwrap_err();
            let place = match changed {
                _ if changed < MAGIC.len() => 0,
                _ if changed < second => MAGIC.len(),
                _ => second,
            };
            let told = format!("a.log`: damaged at byte {place}: ");
            assert!(error.message.contains(&told), "{changed}: {error}");
        }
    }

    #[test]
    fn a_log_that_is_gone_is_no_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("a.log")).unwrap().is_none());
    }
}
