//! What a lane deploys, named by content.
//!
//! The canonical manifest of a snapshot is one line for each file of the workspace, in byte order
//! of the paths:
//!
//! ```text
//! <sha256 of the file, 64 lower-case hexadecimal digits><two spaces><path><line feed>
//! ```
//!
//! Paths are relative to the workspace root, with `/` between segments. Only what stands at
//! [`WORKSPACE_PATHS`] counts: `.lane/` is no part of a snapshot. The snapshot's digest is the
//! SHA-256 of the manifest. `sha256sum --check` reads the format, so that anybody can verify a
//! checked-out snapshot without pointsman. Every record carries its manifest at
//! [`MANIFEST_PATH`], so that the next one need not read what did not change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufRead;

use crate::domain::digest::{Digest, DigestWriter};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::project::WORKSPACE_PATHS;
use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

use super::graft::Edits;
use super::standing::Standing;

/// Where a record carries the manifest of its snapshot.
pub const MANIFEST_PATH: &str = ".lane/manifest.sha256";

/// The largest manifest that is read.
pub(super) const MANIFEST_LIMIT: u64 = 256 * 1024 * 1024;

/// The files of a snapshot and their digests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest(BTreeMap<String, Digest>);

impl Manifest {
    /// The manifest of a tree, every file read.
    pub fn of_tree(tree: &dyn FileTree) -> Result<Self, TreeError> {
        Self::of_files(tree, |entry| digest_of_file(tree, &entry.path))
    }

    /// The manifest of a tree whose files have the digests that `digest` says.
    pub(super) fn of_files(
        tree: &dyn FileTree,
        digest: impl Fn(&TreeEntry) -> Result<Digest, TreeError>,
    ) -> Result<Self, TreeError> {
        let mut files = BTreeMap::new();
        for folder in WORKSPACE_PATHS {
            for entry in tree.list(folder)? {
                let digest = digest(&entry)?;
                files.insert(entry.path, digest);
            }
        }
        Ok(Self(files))
    }

    /// The manifest that a record's tree carries, if it is the one that `digest` names.
    fn carried_by(tree: &dyn FileTree, digest: Digest) -> Option<Self> {
        let bytes = tree.read(MANIFEST_PATH, MANIFEST_LIMIT).ok()??;
        if Digest::of(&bytes) != digest {
            return None;
        }
        let text = String::from_utf8(bytes).ok()?;
        let line = |line: &str| {
            let (digest, path) = line.split_once("  ")?;
            Some((path.to_owned(), digest.parse().ok()?))
        };
        let files: Option<BTreeMap<_, _>> = text.lines().map(line).collect();
        files.map(Self)
    }

    /// The manifest of a record's tree: the one that it carries, or else every file is read.
    pub fn of_record(tree: &dyn FileTree, digest: Digest) -> Result<Self, TreeError> {
        match Self::carried_by(tree, digest) {
            Some(manifest) => Ok(manifest),
            None => Self::of_tree(tree),
        }
    }

    /// The manifest of a candidate: the one that the lane's record carries, edited; where it carries
    /// none that can be trusted, every file is read.
    pub(super) fn of_candidate(
        standing: &Standing,
        files: &dyn FileTree,
        edits: &Edits,
    ) -> Result<Self, TreeError> {
        let mut manifest = match &standing.current {
            Some(record) => Self::of_record(standing.tree(), record.deployment.snapshot.sha256)?,
            None => Self::default(),
        };
        for (path, change) in edits {
            match change.new {
                Some(_) => manifest.insert(path, digest_of_file(files, path)?),
                None => manifest.remove(path),
            }
        }
        Ok(manifest)
    }

    /// Takes a file in, or another content of it.
    fn insert(&mut self, path: &str, digest: Digest) {
        self.0.insert(path.to_owned(), digest);
    }

    /// Takes a file out.
    fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// The digest of a file.
    pub fn digest_of(&self, path: &str) -> Option<Digest> {
        self.0.get(path).copied()
    }

    /// The canonical text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (path, digest) in &self.0 {
            let _ = writeln!(text, "{digest}  {path}");
        }
        text
    }

    /// The digest that names the snapshot.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
}

/// The digest of a file's bytes, read as a stream.
pub(super) fn digest_of_file(tree: &dyn FileTree, path: &str) -> Result<Digest, TreeError> {
    let error = |message: String| TreeError {
        path: path.to_owned(),
        message,
    };
    let mut file: Box<dyn BufRead + Send> = tree
        .open(path)?
        .ok_or_else(|| error("it is not there any more".to_owned()))?;
    let mut digest = DigestWriter::default();
    loop {
        let bytes = file.fill_buf().map_err(|cause| error(cause.to_string()))?;
        let count = bytes.len();
        if count == 0 {
            return Ok(digest.finish());
        }
        digest.update(bytes);
        file.consume(count);
    }
}

/// Refuses what cannot be part of a snapshot: links, submodules, and names that would break a line
/// of the manifest.
pub(super) fn check_entries<'e>(
    entries: impl Iterator<Item = &'e TreeEntry>,
) -> Result<(), Findings> {
    let mut findings = Vec::new();
    for entry in entries {
        if entry.kind != EntryKind::File {
            let message = "a link or a submodule cannot be released";
            findings.push(
                Finding::error("not-a-file", Place::file(&entry.path), message)
                    .with_help("put the file itself there"),
            );
        }
        if entry.path.chars().any(char::is_control) {
            let message = "a name with control characters cannot be released";
            findings.push(
                Finding::error("invalid-name", Place::file(&entry.path), message)
                    .with_help("rename the file"),
            );
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Findings(findings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_what_sha256sum_reads() {
        let mut manifest = Manifest::default();
        manifest.insert("prompts/b", Digest::of(b"abc"));
        manifest.insert("prompts/B", Digest::of(b""));
        assert_eq!(
            manifest.text(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  prompts/B\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  prompts/b\n"
        );
        manifest.remove("prompts/B");
        let line = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  prompts/b\n";
        assert_eq!(manifest.digest(), Digest::of(line.as_bytes()));
    }
}
