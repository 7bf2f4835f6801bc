//! One file of columns: written whole or not at all, and opened by its footer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::engine::ports::traces::TraceStoreError;

use super::columns::TIME;
use super::layout::{UNFINISHED, failed};
use super::schema::SCHEMA_VERSION;

/// The key in the footer under which a file says what it holds.
const NOTES: &str = "pointsman";

/// What a file says of itself, beside its columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    /// The version of the layout.
    pub(super) schema: u32,
    /// The rules by which its rows were redacted.
    pub(super) redactions: BTreeSet<Digest>,
    /// The names of files that this one was made from: they count no more.
    pub(super) replaces: BTreeSet<String>,
    /// The names of other attributes, with the number of spans that carry each.
    pub(super) attributes: BTreeMap<String, u64>,
    /// The names of scores.
    pub(super) scored: BTreeSet<String>,
}

/// A file that is open.
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) notes: Notes,
    file: File,
    metadata: ArrowReaderMetadata,
}

/// Writes a file that is on disk, whole and under its name, when the folder is synced.
pub(super) fn write(
    path: &Path,
    properties: WriterProperties,
    batches: impl IntoIterator<Item = Result<RecordBatch, TraceStoreError>>,
    notes: &Notes,
) -> Result<(), TraceStoreError> {
    let unwritten = |error: io::Error| failed("write", path, &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)
        .map_err(unwritten)?;
    let mut batches = batches.into_iter();
    let Some(first) = batches.next().transpose()? else {
        return Ok(());
    };
    let broken = |error| unwritten(io_error(error));
    let mut writer =
        ArrowWriter::try_new(file, first.schema(), Some(properties)).map_err(broken)?;
    writer.write(&first).map_err(broken)?;
    for batch in batches {
        writer.write(&batch?).map_err(broken)?;
    }
    let notes = serde_json::to_string(notes).map_err(|error| unwritten(error.into()))?;
    writer.append_key_value_metadata(KeyValue::new(NOTES.to_owned(), notes));
    let file = writer.into_inner().map_err(broken)?;
    file.as_file().sync_all().map_err(unwritten)?;
    let persisted = file.persist_noclobber(path);
    persisted.map_err(|error| unwritten(error.error))?;
    Ok(())
}

impl Segment {
    /// Opens a file. `None`: there is no such file any more.
    pub(super) fn open(path: PathBuf) -> Result<Option<Self>, TraceStoreError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, &error)),
        };
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| damaged(&path, &error))?;
        let notes = notes_of(&path, metadata.metadata())?;
        Ok(Some(Self {
            path,
            notes,
            file,
            metadata,
        }))
    }

    /// The name of the file.
    pub(super) fn name(&self) -> &str {
        let name = self.path.file_stem().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> u64 {
        let rows = self.metadata.metadata().file_metadata().num_rows();
        u64::try_from(rows).unwrap_or_default()
    }

    /// How many bytes its rows take before they are compressed.
    pub(super) fn bytes(&self) -> u64 {
        let groups = self.metadata.metadata().row_groups().iter();
        let bytes: i64 = groups.map(RowGroupMetaData::total_byte_size).sum();
        u64::try_from(bytes).unwrap_or_default()
    }

    /// The first and the last moment in it, in nanoseconds.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        let groups = self.metadata.metadata().row_groups().iter();
        let times = groups.filter_map(|group| {
            let mut columns = group.columns().iter();
            let time = columns.find(|column| column.column_path().string() == TIME)?;
            match time.statistics()? {
                Statistics::Int64(times) => Some((*times.min_opt()?, *times.max_opt()?)),
                _ => None,
            }
        });
        times.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// Which of these texts a column may hold. What is left out it does not hold.
    pub(super) fn may_hold(
        &self,
        column: &str,
        texts: &[&str],
    ) -> Result<Vec<usize>, TraceStoreError> {
        let filters = self.filters(column).map_err(|error| self.damaged(&error))?;
        let held = |text: &str| filters.iter().any(|filter| filter.check(text));
        let indices = texts.iter().enumerate();
        let indices = indices.filter(|(_, text)| held(text));
        Ok(indices.map(|(index, _)| index).collect())
    }

    fn filters(&self, column: &str) -> Result<Vec<Sbbf>, ParquetError> {
        let metadata = self.metadata.metadata();
        let columns = metadata.file_metadata().schema_descr().columns();
        let index = columns.iter().position(|it| it.path().string() == column);
        let index = index.ok_or_else(|| missing(column))?;
        let groups = metadata.row_groups().iter();
        groups
            .map(|group| {
                let filter = Sbbf::read_from_column_chunk(group.column(index), &self.file)?;
                filter.ok_or_else(|| missing(column))
            })
            .collect()
    }

    /// Reads the columns that are wanted; `None`: all of them.
    pub(super) fn read(
        &self,
        columns: Option<&[&str]>,
        batch_size: usize,
    ) -> Result<Batches<'_>, TraceStoreError> {
        let read = || -> Result<ParquetRecordBatchReader, ParquetError> {
            let file = self.file.try_clone()?;
            let schema = self.metadata.metadata().file_metadata().schema_descr();
            let mask = columns.map_or_else(ProjectionMask::all, |columns| {
                ProjectionMask::columns(schema, columns.iter().copied())
            });
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_batch_size(batch_size)
                .build()
        };
        Ok(Batches {
            segment: self,
            reader: read().map_err(|error| self.damaged(&error))?,
        })
    }

    /// An error about what is in this file.
    pub(super) fn damaged(&self, error: &ParquetError) -> TraceStoreError {
        damaged(&self.path, error)
    }
}

/// The rows of a file, some at a time.
pub(super) struct Batches<'s> {
    segment: &'s Segment,
    reader: ParquetRecordBatchReader,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch, TraceStoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.map_err(|error| self.segment.damaged(&error.into())))
    }
}

fn notes_of(path: &Path, metadata: &ParquetMetaData) -> Result<Notes, TraceStoreError> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let mut pairs = pairs.into_iter().flatten();
    let notes = pairs.find(|pair| pair.key == NOTES);
    let notes = notes.and_then(|pair| pair.value.as_deref());
    let notes = notes.ok_or_else(|| foreign(path, "it was not written by pointsman"))?;
    let notes: Notes = match serde_json::from_str::<Version>(notes) {
        Ok(Version { schema }) if schema > SCHEMA_VERSION => {
            return Err(TraceStoreError {
                hint: Some("use the pointsman that wrote it, or a newer one".to_owned()),
                ..foreign(path, "it was written by a newer pointsman")
            });
        }
        _ => serde_json::from_str(notes)
            .map_err(|error| foreign(path, &format!("its notes are damaged: {error}")))?,
    };
    Ok(notes)
}

/// What can be read of the notes of any version.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

fn foreign(path: &Path, reason: &str) -> TraceStoreError {
    TraceStoreError {
        message: format!("cannot read `{}`: {reason}", path.display()),
        hint: Some("move the file out of the store to go on without it".to_owned()),
        remote: false,
    }
}

fn damaged(path: &Path, error: &ParquetError) -> TraceStoreError {
    TraceStoreError {
        message: format!("cannot read `{}`: damaged: {error}", path.display()),
        hint: Some(
            "move the file away to go on without it, and import again what it held".to_owned(),
        ),
        remote: false,
    }
}

fn missing(column: &str) -> ParquetError {
    ParquetError::General(format!(
        "the column `{column}` or its bloom filter is missing"
    ))
}

/// The error of the system behind an error of the writer.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
