//! Runs on disk: a manifest, the results as they come in, and a mark at the end.
//!
//! ```text
//! runs/<run>/run.json        what the run set out to do
//! runs/<run>/cases.jsonl     one result a line, appended and synced in batches
//! runs/<run>/finished.json   when it finished
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::adapters::secrets::Secrets;
use crate::domain::run::{CaseResult, RunId, RunManifest};
use crate::engine::ports::{Results, RunStore, RunWriter, StoreError, StoredRun};

use super::whole::{store_error, sync_folder, write_durably};

pub(super) const MANIFEST: &str = "run.json";
pub(super) const CASES: &str = "cases.jsonl";
pub(super) const FINISHED: &str = "finished.json";

/// Keeps runs in `runs/` of a folder.
pub struct FileRunStore {
    pub(super) folder: PathBuf,
    secrets: Secrets,
}

/// The mark at the end of a run.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finished {
    pub(super) finished_at: Timestamp,
}

impl FileRunStore {
    /// The runs below a folder. Nothing is created before there is a run.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self {
            folder: base.into().join("runs"),
            secrets: Secrets::default(),
        }
    }

    /// The same, with these secrets cut out of every result that is kept: a row may hold them.
    #[must_use]
    pub fn hiding(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    pub(super) fn run(&self, id: &RunId) -> PathBuf {
        self.folder.join(id.as_str())
    }

    /// Writes what a run sets out to do, and opens it for its results.
    fn begin(&self, folder: &Path, manifest: &RunManifest) -> Result<FileRunWriter, StoreError> {
        let failed = |error: io::Error| store_error("create", folder, error.to_string());
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
        write_durably(&folder.join(MANIFEST), &text).map_err(failed)?;
        sync_folder(&self.folder).map_err(failed)?;
        FileRunWriter::open(folder.to_owned(), self.secrets.clone())
    }

    /// A run as it stands on disk; `None` where its manifest was never completed, or where the
    /// folder is none of ours.
    fn stored(&self, name: &str) -> Option<StoredRun> {
        let id = RunId::parse(name)?;
        let folder = self.run(&id);
        let manifest: RunManifest = read_json(&folder.join(MANIFEST))?;
        let finished: Option<Finished> = read_json(&folder.join(FINISHED));
        (manifest.schema == RunManifest::SCHEMA && manifest.id == id).then_some(StoredRun {
            manifest,
            finished_at: finished.map(|finished| finished.finished_at),
        })
    }
}

impl RunStore for FileRunStore {
    fn create(&self, manifest: &RunManifest) -> Result<Box<dyn RunWriter>, StoreError> {
        let folder = self.run(&manifest.id);
        let failed = |error: io::Error| store_error("create", &folder, error.to_string());
        fs::create_dir_all(&self.folder).map_err(failed)?;
        fs::create_dir(&folder).map_err(failed)?;
        let begun = self.begin(&folder, manifest);
        if begun.is_err() {
            // What never became a run stands in nobody's way. Nothing below opens another file: there may
            // be none to open any more.
            for name in [CASES, MANIFEST] {
                let _ = fs::remove_file(folder.join(name));
            }
            let _ = fs::remove_dir(&folder);
        }
        Ok(Box::new(begun?))
    }

    fn resume(&self, id: &RunId) -> Result<Box<dyn RunWriter>, StoreError> {
        let writer = FileRunWriter::open(self.run(id), self.secrets.clone())?;
        Ok(Box::new(writer))
    }

    fn list(&self) -> Result<Vec<StoredRun>, StoreError> {
        let failed = |error: io::Error| store_error("read", &self.folder, error.to_string());
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        names.sort_unstable_by(|one, two| two.cmp(one));
        Ok(names.iter().filter_map(|name| self.stored(name)).collect())
    }

    fn results(&self, id: &RunId) -> Result<Results, StoreError> {
        let path = self.run(id).join(CASES);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(StoredResults {
                path,
                reader: BufReader::new(file),
                line: Vec::new(),
                line_number: 0,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Box::new(std::iter::empty()))
            }
            Err(error) => Err(store_error("read", &path, error.to_string())),
        }
    }
}

/// Reads the results of one run.
struct StoredResults {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    line_number: usize,
}

impl Iterator for StoredResults {
    type Item = Result<CaseResult, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line.clear();
        self.line_number += 1;
        if let Err(error) = self.reader.read_until(b'\n', &mut self.line) {
            return Some(Err(store_error("read", &self.path, error.to_string())));
        }
        // A crash leaves a last line without its end.
        let line = self.line.strip_suffix(b"\n")?;
        Some(serde_json::from_slice(line).map_err(|error| {
            let message = format!("line {} is not a result: {error}", self.line_number);
            store_error("read", &self.path, message)
        }))
    }
}

/// Appends to one run. It holds the file's lock, so that no other process writes the same run.
struct FileRunWriter {
    folder: PathBuf,
    cases: File,
    lines: String,
    secrets: Secrets,
}

impl FileRunWriter {
    fn open(folder: PathBuf, secrets: Secrets) -> Result<Self, StoreError> {
        let path = folder.join(CASES);
        let failed = |error: io::Error| store_error("open", &path, error.to_string());
        let cases = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        cases.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                failed(io::Error::other("another process is writing this run"))
            }
            TryLockError::Error(error) => failed(error),
        })?;
        cut_torn_line(&cases).map_err(failed)?;
        sync_folder(&folder).map_err(failed)?;
        Ok(Self {
            folder,
            cases,
            lines: String::new(),
            secrets,
        })
    }
}

impl RunWriter for FileRunWriter {
    fn append(&mut self, results: &[CaseResult]) -> Result<(), StoreError> {
        let path = self.folder.join(CASES);
        let failed = |error: io::Error| store_error("write", &path, error.to_string());
        self.lines.clear();
        for result in results {
            let line = serde_json::to_string(result).map_err(|error| failed(error.into()))?;
            self.lines.push_str(&self.secrets.scrub_json(&line));
            self.lines.push('\n');
        }
        self.cases
            .write_all(self.lines.as_bytes())
            .map_err(failed)?;
        self.cases.sync_data().map_err(failed)
    }

    fn finish(self: Box<Self>, at: Timestamp) -> Result<(), StoreError> {
        let path = self.folder.join(FINISHED);
        let failed = |error: io::Error| store_error("write", &path, error.to_string());
        let finished = Finished { finished_at: at };
        let text = serde_json::to_vec(&finished).map_err(|error| failed(error.into()))?;
        write_durably(&path, &text).map_err(failed)
    }
}

/// Cuts off what follows the last line break, and goes to the end of what is left.
fn cut_torn_line(mut file: &File) -> io::Result<()> {
    const STEP: u64 = 64 * 1024;
    let mut end = file.metadata()?.len();
    let whole = loop {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        file.take(end - start).read_to_end(&mut piece)?;
        match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(position) => break start + position as u64 + 1,
            None if start == 0 => break 0,
            None => end = start,
        }
    };
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok(())
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::digest::Digest;
    use crate::domain::run::{CaseError, CaseErrorKind, CaseKey};

    fn manifest(second: i64) -> RunManifest {
        let started_at = Timestamp::from_second(second).unwrap();
        RunManifest {
            schema: RunManifest::SCHEMA,
            id: RunId::new(started_at, Digest::of(b"plan")),
            started_at,
            source: "worktree".to_owned(),
            suites: Vec::new(),
            cases: 3,
            suite_cases: Vec::new(),
            advisory: BTreeSet::new(),
        }
    }

    fn result(row: &str) -> CaseResult {
        CaseResult {
            key: CaseKey {
                suite: Digest::of(b"suite"),
                row: row.to_owned(),
                repeat: 0,
            },
            row_digest: Digest::of(row.as_bytes()),
            critical: false,
            gates: true,
            tags: Vec::new(),
            cluster: None,
            columns: BTreeMap::new(),
            expected: None,
            shown: Vec::new(),
            request: None,
            answer: Err(CaseError {
                kind: CaseErrorKind::Provider,
                message: "down".to_owned(),
            }),
            reused: false,
            grades: BTreeMap::new(),
            judged: BTreeMap::new(),
        }
    }

    fn rows(store: &FileRunStore, id: &RunId) -> Vec<String> {
        let results = store.results(id).unwrap();
        results.map(|result| result.unwrap().key.row).collect()
    }

    #[test]
    fn a_run_is_listed_newest_first_and_says_whether_it_finished() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        assert_eq!(store.list().unwrap(), []);
        let (old, new) = (manifest(1_000), manifest(2_000));
        let writer = store.create(&old).unwrap();
        writer
            .finish(Timestamp::from_second(1_500).unwrap())
            .unwrap();
        drop(store.create(&new).unwrap());
        let listed: Vec<_> = store.list().unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!((&listed[0].manifest, listed[0].finished_at), (&new, None));
        assert_eq!(listed[1].finished_at, Timestamp::from_second(1_500).ok());
    }

    #[test]
    fn one_name_is_one_run() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        let _writer = store.create(&manifest(1)).unwrap();
        assert!(store.create(&manifest(1)).is_err());
    }

    #[test]
    fn a_crash_at_any_byte_loses_at_most_the_line_that_was_being_written() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        let id = manifest(1).id;
        let mut writer = store.create(&manifest(1)).unwrap();
        writer.append(&[result("a"), result("b")]).unwrap();
        drop(writer);
        let path = store.run(&id).join(CASES);
        let whole = fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in (0..whole.len())
            .step_by(7)
            .chain([first - 1, first, first + 1])
        {
            fs::write(&path, &whole[..length]).unwrap();
            let kept = if length < first { vec![] } else { vec!["a"] };
            assert_eq!(rows(&store, &id), kept, "cut to {length} bytes");
            let mut writer = store.resume(&id).unwrap();
            writer.append(&[result("c")]).unwrap();
            drop(writer);
            assert_eq!(rows(&store, &id), [kept, vec!["c"]].concat());
        }
    }

    #[test]
    fn a_torn_line_longer_than_one_step_of_the_search_is_cut() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        let id = manifest(1).id;
        let mut writer = store.create(&manifest(1)).unwrap();
        writer.append(&[result("a")]).unwrap();
        writer.append(&[result(&"x".repeat(300_000))]).unwrap();
        drop(writer);
        let path = store.run(&id).join(CASES);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        drop(store.resume(&id).unwrap());
        assert_eq!(rows(&store, &id), ["a"]);
        assert!(fs::metadata(&path).unwrap().len() < 1_000);
    }

    #[test]
    fn a_line_that_is_broken_in_the_middle_is_an_error_with_its_number() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        let id = manifest(1).id;
        let mut writer = store.create(&manifest(1)).unwrap();
        writer.append(&[result("a"), result("b")]).unwrap();
        let path = store.run(&id).join(CASES);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("\"b\"", "b", 1)).unwrap();
        let error = store.results(&id).unwrap().find_map(Result::err).unwrap();
        assert!(error.message.starts_with("line 2 "), "{error}");
    }

    #[test]
    fn two_processes_cannot_write_one_run() {
        let base = tempfile::tempdir().unwrap();
        let store = FileRunStore::new(base.path());
        let writer = store.create(&manifest(1)).unwrap();
        let Err(error) = store.resume(&manifest(1).id) else {
            panic!("the run was opened twice");
        };
        assert!(error.message.contains("another process"), "{error}");
        drop(writer);
        assert!(store.resume(&manifest(1).id).is_ok());
    }
}
