//! One file of columns: written whole or not at all, opened by its footer, and verified as far as it
//! is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::engine::ports::traces::TraceStoreError;

use super::chunks::{self, Chunks};
use super::layout::{UNFINISHED, failed};
use super::schema::SCHEMA_VERSION;

/// The keys in the footer under which a file says what it holds, and the checksum of that.
const NOTES: &str = "pointsman";
const CHECKSUM: &str = "pointsman.checksum";

/// What a file says of itself, beside its columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    /// The version of the layout.
    pub(super) schema: u32,
    /// How many rows it has.
    pub(super) rows: u64,
    /// When its first row began, in nanoseconds since 1970.
    pub(super) first: i64,
    /// When its last row began.
    pub(super) last: i64,
    /// The rules by which its rows were redacted.
    pub(super) redactions: BTreeSet<Digest>,
    /// The names of files that this one was made from: they count no more.
    pub(super) replaces: BTreeSet<String>,
    /// The names of other attributes, with the number of spans that carry each.
    pub(super) attributes: BTreeMap<String, u64>,
    /// The names of scores.
    pub(super) scored: BTreeSet<String>,
    /// The CRC-32 of each column, in the order of the file, with that of its bloom filter.
    pub(super) checksums: Vec<[u32; 2]>,
}

/// A file that is open.
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) notes: Notes,
    file: File,
    metadata: ArrowReaderMetadata,
    /// What texts of its column of ids it may hold.
    filter: OnceLock<Sbbf>,
}

/// Writes a file that is on disk, whole and under its name, when its folder is synced. It has one row
/// group, which is made in memory.
pub(super) fn write(
    path: &Path,
    properties: WriterProperties,
    batches: Vec<RecordBatch>,
    notes: Notes,
) -> Result<(), TraceStoreError> {
    let Some(first) = batches.first() else {
        return Ok(());
    };
    let refused = |error: ParquetError| failed("write", path, &io::Error::other(error));
    let mut writer = writer(first.schema(), properties).map_err(refused)?;
    for batch in batches {
        writer.write(&batch).map_err(refused)?;
    }
    let bytes = finish(writer, notes).map_err(refused)?;
    publish(path, &bytes).map_err(|error| failed("write", path, &error))
}

/// A writer of columns as they are made. What whoever reads them gets, the properties say.
pub(super) fn writer(
    as_made: SchemaRef,
    properties: WriterProperties,
) -> Result<ArrowWriter<Vec<u8>>, ParquetError> {
    let options = ArrowWriterOptions::new().with_properties(properties);
    let options = options.with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(Vec::new(), as_made, options)
}

/// Adds the notes, with the checksums of all that was written.
fn finish(mut writer: ArrowWriter<Vec<u8>>, mut notes: Notes) -> Result<Vec<u8>, ParquetError> {
    writer.flush()?;
    writer.sync()?;
    let written = writer.inner();
    let groups = writer.flushed_row_groups().iter();
    notes.checksums = groups
        .flat_map(RowGroupMetaData::columns)
        .map(|column| {
            let checksum = |range| chunks::slice(written, range).map_or(0, crc32fast::hash);
            [
                checksum(chunks::column(column)),
                checksum(chunks::filter(column)),
            ]
        })
        .collect();
    let json =
        serde_json::to_string(&notes).map_err(|error| ParquetError::External(error.into()))?;
    let checksum = format!("{:08x}", crc32fast::hash(json.as_bytes()));
    writer.append_key_value_metadata(KeyValue::new(NOTES.to_owned(), json));
    writer.append_key_value_metadata(KeyValue::new(CHECKSUM.to_owned(), checksum));
    writer.into_inner()
}

fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder);
    let mut file = unfinished?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
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
            filter: OnceLock::new(),
        }))
    }

    /// The name of the file.
    pub(super) fn name(&self) -> &str {
        let name = self.path.file_stem().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    /// How many bytes its rows take before they are compressed.
    pub(super) fn bytes(&self) -> u64 {
        u64::try_from(self.group().total_byte_size()).unwrap_or_default()
    }

    /// Its one row group: [`notes_of`] made sure that there is no other.
    fn group(&self) -> &RowGroupMetaData {
        self.metadata.metadata().row_group(0)
    }

    /// Which of these texts its column of ids may hold, by their place in the list. The others it
    /// does not hold.
    pub(super) fn may_hold(&self, texts: &[&str]) -> Result<Vec<usize>, TraceStoreError> {
        let filter = if let Some(filter) = self.filter.get() {
            filter
        } else {
            let filter = self.read_filter().map_err(|error| self.damaged(&error))?;
            self.filter.get_or_init(|| filter)
        };
        let indices = texts.iter().enumerate();
        let indices = indices.filter(|(_, text)| filter.check(**text));
        Ok(indices.map(|(index, _)| index).collect())
    }

    fn read_filter(&self) -> Result<Sbbf, ParquetError> {
        let missing = || general("its bloom filter is missing");
        let mut columns = self.group().columns().iter().zip(&self.notes.checksums);
        let found = columns.find(|(column, _)| column.bloom_filter_offset().is_some());
        let (column, [_, checksum]) = found.ok_or_else(missing)?;
        let mut chunks = Chunks::default();
        chunks.load(&self.file, chunks::filter(column), *checksum)?;
        let filter = Sbbf::read_from_column_chunk(column, &chunks)?;
        filter.ok_or_else(missing)
    }

    /// Reads the columns that are wanted, of the rows that are wanted (`None`: of all), so many at a
    /// time.
    pub(super) fn read(
        &self,
        wanted: &[&str],
        rows: Option<RowSelection>,
        step: usize,
    ) -> Result<Batches<'_>, TraceStoreError> {
        let reader = self.reader(wanted, rows, step);
        Ok(Batches {
            segment: self,
            reader: reader.map_err(|error| self.damaged(&error))?,
        })
    }

    fn reader(
        &self,
        wanted: &[&str],
        rows: Option<RowSelection>,
        step: usize,
    ) -> Result<ParquetRecordBatchReader, ParquetError> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let mask = ProjectionMask::columns(schema, wanted.iter().copied());
        let mut chunks = Chunks::default();
        let columns = self.group().columns().iter().zip(&self.notes.checksums);
        for (index, (column, [checksum, _])) in columns.enumerate() {
            if mask.leaf_included(index) {
                chunks.load(&self.file, chunks::column(column), *checksum)?;
            }
        }
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone());
        let reader = reader.with_projection(mask).with_batch_size(step);
        match rows {
            Some(rows) => reader.with_row_selection(rows).build(),
            None => reader.build(),
        }
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

/// What a file says of itself, as far as it agrees with its footer.
fn notes_of(path: &Path, metadata: &ParquetMetaData) -> Result<Notes, TraceStoreError> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let value = |key: &str| {
        let pair = pairs.into_iter().flatten().find(|pair| pair.key == key);
        pair.and_then(|pair| pair.value.as_deref())
    };
    let json = value(NOTES).ok_or_else(|| foreign(path, "it was not written by pointsman"))?;
    let version = serde_json::from_str(json).map_or(0, |Version { schema }| schema);
    if version > SCHEMA_VERSION {
        return Err(TraceStoreError {
            hint: Some("use the pointsman that wrote it, or a newer one".to_owned()),
            ..foreign(path, "it was written by a newer pointsman")
        });
    }
    let disagree = || general("its footer does not agree with itself");
    let checksum = format!("{:08x}", crc32fast::hash(json.as_bytes()));
    if value(CHECKSUM) != Some(checksum.as_str()) {
        return Err(damaged(path, &disagree()));
    }
    let notes: Notes = serde_json::from_str(json)
        .map_err(|error| damaged(path, &ParquetError::External(error.into())))?;
    let agrees = match metadata.row_groups() {
        [group] => {
            u64::try_from(group.num_rows()) == Ok(notes.rows)
                && metadata.file_metadata().num_rows() == group.num_rows()
                && group.num_columns() == notes.checksums.len()
        }
        _ => false,
    };
    if agrees {
        Ok(notes)
    } else {
        Err(damaged(path, &disagree()))
    }
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

fn general(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}
