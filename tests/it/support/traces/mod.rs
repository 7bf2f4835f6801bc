//! Traffic as a support service sends it to a collector: OTLP as JSON, the same bytes for the same
//! seed. It stands on nothing else of the tests, so that benches can use it too.

mod story;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use story::{Story, attributes};

/// Requests to a service that routes tickets with one prompt, answers them with another after a look
/// into the orders, and answers questions from a search.
#[derive(Debug, Clone)]
pub(crate) struct Traffic {
    /// Other seeds give other ids, texts, durations and errors.
    pub(crate) seed: u64,
    /// How many traces.
    pub(crate) traces: usize,
    /// When the first trace begins.
    pub(crate) from: Timestamp,
    /// How long after it the next one begins.
    pub(crate) every: SignedDuration,
    /// What is live.
    pub(crate) release: Release,
    /// The share of traces in which a call to the model fails.
    pub(crate) error_rate: f64,
    /// By how much every step takes longer than usual.
    pub(crate) slowness: f64,
    /// The share of triages that a person or an evaluator grades `pass`, of those that are graded.
    pub(crate) pass_rate: f64,
}

/// What is live, as the spans of calls to a model say it.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// The lane.
    pub(crate) lane: String,
    /// The id of the deployment record: 40 hexadecimal digits.
    pub(crate) deployment: String,
    /// Its number.
    pub(crate) sequence: u64,
    /// The fingerprint of every prompt: 64 hexadecimal digits, of which the first 12 are the version.
    pub(crate) fingerprint: String,
    /// The model that is asked.
    pub(crate) model: String,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            lane: "production".to_owned(),
            deployment: "1f".repeat(20),
            sequence: 1,
            fingerprint: "a0".repeat(32),
            model: "gpt-4.1-mini".to_owned(),
        }
    }
}

impl Traffic {
    /// A trace every ten seconds from 2026-03-01T08:00:00Z on, one in twenty with an error.
    pub(crate) fn new(seed: u64, traces: usize) -> Self {
        Self {
            seed,
            traces,
            from: Timestamp::from_second(1_772_352_000).expect("this is within the calendar"),
            every: SignedDuration::from_secs(10),
            release: Release::default(),
            error_rate: 0.05,
            slowness: 1.0,
            pass_rate: 0.9,
        }
    }

    /// The spans as a file exporter writes them: one export request a line, one trace a request.
    pub(crate) fn ndjson(&self) -> String {
        let mut lines = String::new();
        for trace in self.each() {
            let _ = writeln!(lines, "{}", trace.request());
        }
        lines
    }

    /// The scores as a file exporter writes them: one export request of log records a line.
    pub(crate) fn scores_ndjson(&self) -> String {
        let mut lines = String::new();
        for trace in self.each().filter(|trace| !trace.logs.is_empty()) {
            let _ = writeln!(lines, "{}", trace.logs_request());
        }
        lines
    }

    /// How many spans there are.
    pub(crate) fn span_count(&self) -> usize {
        self.each().map(|trace| trace.spans.len()).sum()
    }

    /// How many scores there are.
    pub(crate) fn score_count(&self) -> usize {
        self.each().map(|trace| trace.logs.len()).sum()
    }

    /// The traces, one after the other.
    pub(crate) fn each(&self) -> impl Iterator<Item = Trace> + '_ {
        (0..self.traces).map(|index| Trace::new(self, index))
    }
}

/// One request from its arrival to its answer.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    /// Its id.
    pub(crate) id: String,
    /// Its spans, as OTLP writes them, the root first.
    pub(crate) spans: Vec<Value>,
    /// The log records that hold its scores.
    pub(crate) logs: Vec<Value>,
    resource: Value,
}

impl Trace {
    fn new(traffic: &Traffic, index: usize) -> Self {
        let story = Story::told(traffic, index);
        let resource = json!({ "attributes": attributes(&[
            ("service.name", json!("support-api")),
            ("service.version", json!("2026.3.1")),
            ("deployment.environment.name", json!(traffic.release.lane)),
        ])});
        Self {
            id: story.id,
            spans: story.spans,
            logs: story.logs,
            resource,
        }
    }

    /// An export request with the spans of this trace.
    pub(crate) fn request(&self) -> Value {
        json!({ "resourceSpans": [{
            "resource": self.resource,
            "scopeSpans": [{ "scope": { "name": "support", "version": "1.4.0" }, "spans": self.spans }],
        }]})
    }

    /// An export request with the log records of this trace.
    pub(crate) fn logs_request(&self) -> Value {
        json!({ "resourceLogs": [{
            "resource": self.resource,
            "scopeLogs": [{ "scope": { "name": "grading" }, "logRecords": self.logs }],
        }]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_traffic_and_another_gives_another() {
        let traffic = Traffic::new(7, 20);
        assert_eq!(traffic.ndjson(), traffic.ndjson());
        assert_eq!(traffic.scores_ndjson(), traffic.scores_ndjson());
        assert_ne!(traffic.ndjson(), Traffic::new(8, 20).ndjson());
        assert_eq!(traffic.ndjson().lines().count(), 20);
    }

    #[test]
    fn every_span_but_the_root_has_a_parent_that_lasts_longer() {
        for trace in Traffic::new(1, 50).each() {
            let time =
                |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
            assert!(trace.spans[0].get("parentSpanId").is_none());
            for span in &trace.spans[1..] {
                let same = |it: &&Value| it["spanId"] == span["parentSpanId"];
                let parent = trace.spans.iter().find(same).unwrap();
                let [start, end] = ["startTimeUnixNano", "endTimeUnixNano"];
                assert!(time(parent, start) < time(span, start));
                assert!(time(span, end) < time(parent, end));
                assert_eq!(span["traceId"], json!(trace.id));
            }
        }
    }

    #[test]
    fn errors_scores_and_durations_follow_the_settings() {
        let usual = Traffic::new(3, 200);
        let failing = Traffic {
            error_rate: 1.0,
            slowness: 2.0,
            ..usual.clone()
        };
        let failed = |traffic: &Traffic| {
            let fails = |trace: &Trace| trace.spans[0]["status"]["code"] == 2;
            traffic.each().filter(fails).count()
        };
        assert_eq!(failed(&failing), 200);
        assert!((1..40).contains(&failed(&usual)));
        assert!(usual.score_count() > 20);
        assert_eq!(usual.score_count(), usual.scores_ndjson().lines().count());
        assert_eq!(usual.span_count(), failing.span_count());
    }
}
