//! Production traffic over the releases of a lane: what the spans say follows what was live. It is
//! written as OTLP, and brought in by the command that brings in everybody's.

use jiff::{SignedDuration, Timestamp};

use super::Sandbox;
use super::traces::{Release, Traffic};

/// Where the file lies that is imported: beside the repository.
const FILE: &str = "../traffic.jsonl";

impl Sandbox {
    /// What the newest record of a lane tells an application to write into its spans.
    pub(crate) fn live_release(&self, lane: &str) -> Release {
        let record = self.record(lane);
        Release {
            lane: lane.to_owned(),
            deployment: self.tip(lane),
            sequence: record["sequence"].as_u64().expect("a record has a number"),
            ..Release::default()
        }
    }

    /// Traffic of a lane from a moment on, until another: a trace every 30 seconds, as where all is well.
    pub(crate) fn traffic(&self, lane: &str, from: Timestamp, until: Timestamp) -> Traffic {
        let every = SignedDuration::from_secs(30);
        let traces = until.duration_since(from).as_secs() / every.as_secs();
        let seed = from.as_second().unsigned_abs();
        Traffic {
            from,
            every,
            traces: usize::try_from(traces).expect("time goes on"),
            release: self.live_release(lane),
            ..Traffic::new(seed, 0)
        }
    }

    /// Brings traffic and its scores into the store.
    #[track_caller]
    pub(crate) fn imports(&self, traffic: &Traffic) {
        self.imports_text(&format!("{}{}", traffic.ndjson(), traffic.scores_ndjson()));
    }

    /// Brings traffic into the store with one text replaced by another wherever it stands.
    #[track_caller]
    pub(crate) fn imports_with(&self, traffic: &Traffic, from: &str, to: &str) {
        self.imports_text(&traffic.ndjson().replace(from, to));
    }

    /// Brings the traces that pass into the store: by their index, and as they are written.
    #[track_caller]
    pub(crate) fn imports_those(&self, traffic: &Traffic, passes: impl Fn(usize, &str) -> bool) {
        let requests = traffic.each().map(|trace| trace.request().to_string());
        let passing = requests
            .enumerate()
            .filter(|(index, request)| passes(*index, request));
        let lines: String = passing.map(|(_, request)| request + "\n").collect();
        self.imports_text(&lines);
    }

    /// Brings what a file exporter wrote into the store.
    #[track_caller]
    pub(crate) fn imports_text(&self, text: &str) {
        self.write(FILE, text);
        self.pointsman(&["--quiet", "traces", "import", FILE])
            .succeeds();
    }
}
