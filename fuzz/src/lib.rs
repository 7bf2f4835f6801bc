//! What the targets read: one file of a workspace, or bytes that came from outside. Each returns what it
//! made of them, or nothing; a panic, a hang or memory without end is a finding.

use std::io::{BufRead, Cursor};

use jiff::Timestamp;
use pointsman::domain::attestation::Attestation;
use pointsman::domain::deployment::Deployment;
use pointsman::domain::trace::language;
use pointsman::engine::ports::traces::TraceBatch;
use pointsman::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};
use pointsman::engine::traces::map::cost::TracePrices;
use pointsman::engine::traces::map::{Mapped, Mapper};
use pointsman::engine::traces::otlp::{Export, from_json, from_protobuf};
use pointsman::engine::workspace::Workspace;

/// A workspace whose files all hold the same bytes.
struct Everywhere<'b> {
    paths: &'static [&'static str],
    bytes: &'b [u8],
}

impl FileTree for Everywhere<'_> {
    fn label(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let below = self.paths.iter().filter(|path| path.starts_with(folder));
        let entry = |path: &&str| TreeEntry {
            path: (*path).to_owned(),
            kind: EntryKind::File,
            id: None,
        };
        Ok(below.map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(self.paths.contains(&path).then(|| self.bytes.to_vec()))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let bytes = self.paths.contains(&path).then(|| self.bytes.to_vec());
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead + Send>))
    }
}

/// A prompt, with what it includes and its templates.
pub fn prompt(bytes: &[u8]) {
    let paths = &["prompts/a.prompt.yml"];
    let tree = Everywhere { paths, bytes };
    let id = "a".parse().expect("it is a name");
    let _ = Workspace::new(&tree).closure(&id);
}

/// A dataset's description, and the same bytes as its rows.
pub fn dataset(bytes: &[u8]) {
    let paths = &["datasets/a.yml", "datasets/a.jsonl", "datasets/a.csv"];
    let tree = Everywhere { paths, bytes };
    let workspace = Workspace::new(&tree);
    let id = "a".parse().expect("it is a name");
    let Ok(dataset) = workspace.dataset(&id) else {
        return;
    };
    if let Ok(rows) = workspace.rows(&dataset) {
        rows.for_each(drop);
    }
}

/// An evaluator.
pub fn evaluator(bytes: &[u8]) {
    let paths = &["evaluators/a.yml"];
    let tree = Everywhere { paths, bytes };
    let id = "a".parse().expect("it is a name");
    let _ = Workspace::new(&tree).evaluator(&id);
}

/// A lane with its policy.
pub fn lane(bytes: &[u8]) {
    let paths = &["environments/a.toml"];
    let tree = Everywhere { paths, bytes };
    let name = "a".parse().expect("it is a name");
    let _ = Workspace::new(&tree).lane(&name);
}

/// A filter, as it is typed.
pub fn filter(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = language::parse(text, Timestamp::UNIX_EPOCH);
    }
}

/// An export of telemetry as JSON, as far as spans and scores.
pub fn otlp_json(bytes: &[u8]) {
    let _ = from_json(bytes).map(map);
}

/// The same as protobuf.
pub fn otlp_protobuf(bytes: &[u8]) {
    let _ = from_protobuf(bytes).map(map);
}

fn map(export: Export<'_>) {
    let (mut batch, mut mapped) = (TraceBatch::default(), Mapped::default());
    Mapper::new(TracePrices::default()).map(export, &mut batch, &mut mapped);
}

/// A signed envelope.
pub fn envelope(bytes: &[u8]) {
    let _ = Attestation::parse(bytes);
}

/// The record of a deployment.
pub fn deployment(bytes: &[u8]) {
    let _ = serde_json::from_slice::<Deployment>(bytes);
}
