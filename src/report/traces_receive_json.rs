//! What is received as JSON, version 1: a line for each event. The shape is frozen: fields and events
//! may be added, and nothing else changes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::digest::Digest;
use crate::engine::traces::receive::{ReceiveReport, Round};

use super::traces_import_json::{RefusedV1, refused};

const SCHEMA: &str = "pointsman/traces-receive/v1";

/// Requests can be sent.
#[derive(Debug, Serialize)]
pub struct ListeningV1<'r> {
    schema: &'static str,
    event: &'static str,
    url: &'r str,
}

/// Requests came in, and were stored or not.
#[derive(Debug, Serialize)]
pub struct ReceivedV1<'r> {
    schema: &'static str,
    event: &'static str,
    requests: u64,
    spans: u64,
    duplicate_spans: u64,
    scores: u64,
    duplicate_scores: u64,
    logged_content: u64,
    rejected: u64,
    error: Option<&'r str>,
}

/// No more requests are taken; what came in all in all.
#[derive(Debug, Serialize)]
pub struct StoppedV1<'r> {
    schema: &'static str,
    event: &'static str,
    requests: u64,
    bytes: u64,
    spans: u64,
    duplicate_spans: u64,
    scores: u64,
    duplicate_scores: u64,
    logged_content: u64,
    not_stored: u64,
    turned_away: u64,
    unpriced: u64,
    unmapped: u64,
    other_logs: u64,
    refused: Vec<RefusedV1<'r>>,
    redacted: &'r BTreeMap<String, u64>,
    redaction: Option<Digest>,
}

impl<'r> ListeningV1<'r> {
    /// Where to send requests.
    pub fn new(url: &'r str) -> Self {
        Self {
            schema: SCHEMA,
            event: "listening",
            url,
        }
    }
}

impl<'r> ReceivedV1<'r> {
    /// The counts of a round.
    pub fn new(round: &'r Round) -> Self {
        Self {
            schema: SCHEMA,
            event: "received",
            requests: round.requests,
            spans: round.written.spans,
            duplicate_spans: round.written.duplicates,
            scores: round.written.scores,
            duplicate_scores: round.duplicate_scores,
            logged_content: round.written.logged,
            rejected: round.rejected,
            error: round.trouble.as_ref().map(|it| it.message.as_str()),
        }
    }
}

impl<'r> StoppedV1<'r> {
    /// The counts of everything.
    pub fn new(report: &'r ReceiveReport) -> Self {
        let (read, written) = (&report.taken.read, &report.taken.written);
        Self {
            schema: SCHEMA,
            event: "stopped",
            requests: read.records,
            bytes: read.bytes,
            spans: written.spans,
            duplicate_spans: written.duplicates,
            scores: written.scores,
            duplicate_scores: report.taken.duplicate_scores,
            logged_content: written.logged,
            not_stored: report.not_stored,
            turned_away: report.turned_away,
            unpriced: read.unpriced,
            unmapped: read.unmapped,
            other_logs: read.other_logs,
            refused: read.refused.iter().map(refused).collect(),
            redacted: &read.replaced,
            redaction: report.taken.redaction,
        }
    }
}
