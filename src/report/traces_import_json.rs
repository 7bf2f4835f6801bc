//! What came of an import as JSON, version 1. The shape is frozen: fields may be added, and nothing else
//! changes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::digest::Digest;
use crate::engine::traces::import::{ImportReport, Refused};

const SCHEMA: &str = "pointsman/traces-import/v1";

/// What came of an import.
#[derive(Debug, Serialize)]
pub struct ImportV1<'r> {
    schema: &'static str,
    files: u64,
    formats: BTreeMap<&'static str, u64>,
    records: u64,
    bytes: u64,
    spans: u64,
    duplicate_spans: u64,
    scores: u64,
    duplicate_scores: u64,
    logged_content: u64,
    unpriced: u64,
    unmapped: u64,
    other_logs: u64,
    unmapped_fields: &'r BTreeMap<String, u64>,
    refused: Vec<RefusedV1<'r>>,
    redacted: &'r BTreeMap<String, u64>,
    redaction: Option<Digest>,
}

/// What is not kept for one reason.
#[derive(Debug, Serialize)]
pub(super) struct RefusedV1<'r> {
    reason: &'r str,
    count: u64,
    first: FirstV1<'r>,
}

#[derive(Debug, Serialize)]
struct FirstV1<'r> {
    file: &'r str,
    line: Option<u64>,
    column: Option<u64>,
    record: Option<u64>,
    offset: Option<u64>,
    detail: Option<&'r str>,
}

impl<'r> ImportV1<'r> {
    /// The counts of an import.
    pub fn new(report: &'r ImportReport) -> Self {
        let (read, written) = (&report.read, &report.written);
        Self {
            schema: SCHEMA,
            files: read.files,
            formats: read
                .formats
                .iter()
                .map(|(format, files)| (format.name(), *files))
                .collect(),
            records: read.records,
            bytes: read.bytes,
            spans: written.spans,
            duplicate_spans: written.duplicates,
            scores: written.scores,
            duplicate_scores: report.duplicate_scores,
            logged_content: written.logged,
            unpriced: read.unpriced,
            unmapped: read.unmapped,
            other_logs: read.other_logs,
            unmapped_fields: &read.unmapped_fields,
            refused: read.refused.iter().map(refused).collect(),
            redacted: &read.replaced,
            redaction: report.redaction,
        }
    }
}

pub(super) fn refused<'r>((reason, refused): (&'r String, &'r Refused)) -> RefusedV1<'r> {
    let first = &refused.first;
    RefusedV1 {
        reason,
        count: refused.count,
        first: FirstV1 {
            file: &first.file,
            line: first.place.and_then(|place| place.line),
            column: first.column,
            record: first.place.map(|place| place.record),
            offset: first.place.map(|place| place.offset),
            detail: first.detail.as_deref(),
        },
    }
}
