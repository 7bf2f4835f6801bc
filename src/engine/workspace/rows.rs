//! The rows of a dataset, read as a stream.

use crate::domain::dataset::Row;
use crate::domain::finding::Findings;

/// Yields the rows of a dataset in the order of the file.
pub struct RowReader {}

impl Iterator for RowReader {
    type Item = Result<Row, Findings>;

    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}
