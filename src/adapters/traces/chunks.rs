//! The parts of a file that are read: each is loaded once, and verified by its checksum before anybody
//! makes sense of it.

use std::fs::File;
use std::io::{self, Cursor};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

/// The parts of one file that were loaded.
#[derive(Default)]
pub(super) struct Chunks {
    length: u64,
    loaded: Vec<(u64, Bytes)>,
}

/// Where a column is in its file; `None`: its footer says nothing that could be.
pub(super) fn column(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let first = column.dictionary_page_offset();
    let start = u64::try_from(first.unwrap_or_else(|| column.data_page_offset())).ok()?;
    let length = u64::try_from(column.compressed_size()).ok()?;
    Some(start..start.checked_add(length)?)
}

/// Where the bloom filter of a column is; `None`: it has none.
pub(super) fn filter(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = u64::try_from(column.bloom_filter_offset()?).ok()?;
    let length = u64::try_from(column.bloom_filter_length()?).ok()?;
    Some(start..start.checked_add(length)?)
}

/// A part of some bytes; `None`: they do not have it.
pub(super) fn slice(bytes: &[u8], range: Option<Range<u64>>) -> Option<&[u8]> {
    let range = range?;
    let place = |offset| usize::try_from(offset).ok();
    bytes.get(place(range.start)?..place(range.end)?)
}

impl Chunks {
    /// Loads a part of the file, which must have this checksum.
    pub(super) fn load(
        &mut self,
        file: &File,
        range: Option<Range<u64>>,
        checksum: u32,
    ) -> Result<(), ParquetError> {
        let outside = || ParquetError::EOF("a column is not within the file".to_owned());
        let Range { start, end } = range.ok_or_else(outside)?;
        self.length = file.metadata()?.len();
        if end > self.length {
            return Err(outside());
        }
        let mut bytes = vec![0; usize::try_from(end - start).map_err(|_| outside())?];
        file.read_exact_at(&mut bytes, start)?;
        if crc32fast::hash(&bytes) != checksum {
            let reason = format!("bytes {start} to {end} are not as they were written");
            return Err(ParquetError::General(reason));
        }
        self.loaded.push((start, bytes.into()));
        Ok(())
    }

    /// What was loaded from a place on.
    fn from(&self, start: u64) -> io::Result<Bytes> {
        let within =
            |(first, bytes): &&(u64, Bytes)| (*first..first + bytes.len() as u64).contains(&start);
        let found = self.loaded.iter().find(within).and_then(|(first, bytes)| {
            let skipped = usize::try_from(start - first).ok()?;
            Some(bytes.slice(skipped..))
        });
        found.ok_or_else(|| io::Error::other(format!("byte {start} is in no column that is read")))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Chunks {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Cursor::new(self.from(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!(
                "byte {start} begins no such page"
            )));
        }
        Ok(bytes.slice(..length))
    }
}
