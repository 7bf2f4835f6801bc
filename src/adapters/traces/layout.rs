//! Where the parts of a store are, and what new ones are called.
//!
//! ```text
//! traces/lock                                 held while files are published or removed
//! traces/log/<name>.log                       what one writer took in and did not roll yet
//! traces/spans/day=2026-03-02/<name>.parquet  spans that began on that day (UTC)
//! traces/scores/day=2026-03-02/<name>.parquet scores that were found on that day
//! ```
//!
//! No two writers share a file. A writer publishes its log as files of columns (it *rolls*) under the
//! lock, and only then removes the log; the same lock covers the merging of small files.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::ports::traces::TraceStoreError;

/// How the name of a file that is not complete yet begins.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// What is kept in files of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// Spans, by the day on which they began.
    Spans,
    /// Scores, by the day on which they were found.
    Scores,
}

/// The folder of a store.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

/// The right to publish and remove files, for as long as it is held.
pub(super) struct StoreLock(
    #[expect(dead_code, reason = "the lock ends when the file is closed")] File,
);

impl Table {
    fn folder(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Scores => "scores",
        }
    }
}

impl Layout {
    /// The store below a folder of ours. It need not exist.
    pub(super) fn below(base: &Path) -> Self {
        Self {
            root: base.join("traces"),
        }
    }

    /// Waits for the lock.
    pub(super) fn lock(&self) -> Result<StoreLock, TraceStoreError> {
        create_folder(&self.root)?;
        let path = self.root.join("lock");
        let failed = |error| failed("lock", &path, &error);
        let file = File::create(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(StoreLock(file))
    }

    /// The logs, in the order of their names.
    pub(super) fn logs(&self) -> Result<Vec<PathBuf>, TraceStoreError> {
        list(&self.root.join("log"), "log")
    }

    /// A path for a new log.
    pub(super) fn new_log(&self, now: Timestamp) -> Result<PathBuf, TraceStoreError> {
        let folder = self.root.join("log");
        create_folder(&folder)?;
        Ok(unused(&folder, now, "log"))
    }

    /// The days of which something is kept, the earliest first.
    pub(super) fn days(&self, table: Table) -> Result<Vec<Date>, TraceStoreError> {
        let folder = self.root.join(table.folder());
        let days = entries(&folder)?.into_iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            name.strip_prefix("day=")?.parse().ok()
        });
        let mut days: Vec<Date> = days.collect();
        days.sort_unstable();
        Ok(days)
    }

    /// The folder of a day.
    pub(super) fn day(&self, table: Table, day: Date) -> PathBuf {
        self.root.join(table.folder()).join(format!("day={day}"))
    }

    /// The files of a day, in the order of their names.
    pub(super) fn files(&self, table: Table, day: Date) -> Result<Vec<PathBuf>, TraceStoreError> {
        list(&self.day(table, day), "parquet")
    }

    /// The files of some days, by day and name.
    pub(super) fn files_of(
        &self,
        table: Table,
        days: &RangeInclusive<Date>,
    ) -> Result<Vec<PathBuf>, TraceStoreError> {
        let mut files = Vec::new();
        for day in self
            .days(table)?
            .into_iter()
            .filter(|day| days.contains(day))
        {
            files.extend(self.files(table, day)?);
        }
        Ok(files)
    }

    /// A path for a new file of a day, whose folder is there when this returns. To be called under the
    /// lock.
    pub(super) fn new_file(
        &self,
        table: Table,
        day: Date,
        now: Timestamp,
    ) -> Result<PathBuf, TraceStoreError> {
        let folder = self.day(table, day);
        create_folder(&folder)?;
        Ok(unused(&folder, now, "parquet"))
    }
}

/// The day on which a moment is.
pub(super) fn day_of(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment).date()
}

/// The days of some moments, with the day before and the day after; `None`: there are no moments.
pub(super) fn days_around(
    moments: impl Iterator<Item = Timestamp> + Clone,
) -> Option<RangeInclusive<Date>> {
    let (first, last) = (moments.clone().min()?, moments.max()?);
    let first = day_of(first).yesterday().unwrap_or(Date::MIN);
    let last = day_of(last).tomorrow().unwrap_or(Date::MAX);
    Some(first..=last)
}

/// A name that no file in the folder has or had: the time, the process and how many names it took.
fn unused(folder: &Path, now: Timestamp, ending: &str) -> PathBuf {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let process = std::process::id();
    let time = now.as_millisecond();
    loop {
        let number = TAKEN.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{time:013}-{process}-{number}.{ending}"));
        if !path.exists() {
            return path;
        }
    }
}

/// Creates a folder with those above it, so that it outlives a power failure.
fn create_folder(folder: &Path) -> Result<(), TraceStoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent();
    if let Some(above) = above {
        create_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(failed("create", folder, &error));
        }
        _ => {}
    }
    above.map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), TraceStoreError> {
    let synced = File::open(folder).and_then(|file| file.sync_all());
    synced.map_err(|error| failed("sync", folder, &error))
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), TraceStoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// What a folder holds with this ending, sorted.
fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, TraceStoreError> {
    let mut paths = entries(folder)?;
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort_unstable();
    Ok(paths)
}

/// What a folder holds; nothing where there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, TraceStoreError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    match read() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(|error| failed("read", folder, &error)),
    }
}

/// An error of the store: what could not be done with which file.
pub(super) fn failed(action: &str, path: &Path, error: &io::Error) -> TraceStoreError {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Some("make room on the disk and run the command again: what was taken in is kept")
        }
        ErrorKind::PermissionDenied => Some("let this user read and write the store"),
        _ => None,
    };
    TraceStoreError {
        message: format!("cannot {action} `{}`: {error}", path.display()),
        hint: hint.map(str::to_owned),
        remote: false,
    }
}
