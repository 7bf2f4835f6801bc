//! Files that bend a gate by where they stand, not by what they say as part of the workspace.

use std::collections::BTreeMap;

use crate::domain::finding::Finding;
use crate::domain::project::WORKSPACE_PATHS;
use crate::engine::diff::changed_below;
use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

use super::against;

/// What decides, from the top of the repository, whether and how a gate runs and who must look.
const GUARDED: [&str; 11] = [
    ".github/workflows",
    ".github/actions",
    ".github/CODEOWNERS",
    ".gitlab",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitattributes",
    ".gitmodules",
    "action.yml",
];

/// Files at the top of the repository that say whether a gate runs, and that the head changes.
/// `fork` and `head` are the trees of the whole repository.
pub fn guarded_files(fork: &dyn FileTree, head: &dyn FileTree) -> Result<Vec<Finding>, TreeError> {
    let changed = changed_below(fork, head, &GUARDED)?;
    let complain = |path: String| {
        let message = format!("`{path}` decides whether and how the gate runs, and is changed");
        against("gate-workflow", path, message)
    };
    Ok(changed.into_keys().map(complain).collect())
}

/// Whether a file tells git how to treat others.
pub(super) fn steers_git(path: &str) -> bool {
    matches!(
        path.rsplit('/').next(),
        Some(".gitattributes" | ".gitmodules")
    )
}

/// Entries of the head that are no plain files, and files whose names differ by case alone: on the
/// disk of a reviewer one stands for the other.
pub(super) fn disguised(
    fork: &dyn FileTree,
    head: &dyn FileTree,
) -> Result<Vec<Finding>, TreeError> {
    let known = entries(fork)?;
    let entries = entries(head)?;
    let mut findings = Vec::new();
    let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
    for (path, entry) in &entries {
        if entry.kind != EntryKind::File && known.get(path) != Some(entry) {
            let message = "a link or a submodule stands where a plain file must";
            findings.push(against("gate-not-a-file", path, message));
        }
        if let Some(twin) = spellings.insert(path.to_lowercase(), path) {
            let message = format!("`{path}` and `{twin}` differ by case alone");
            findings.push(against("gate-case-twin", path, message));
        }
    }
    Ok(findings)
}

fn entries(tree: &dyn FileTree) -> Result<BTreeMap<String, TreeEntry>, TreeError> {
    let mut entries = BTreeMap::new();
    for folder in WORKSPACE_PATHS {
        let below = tree.list(folder)?.into_iter();
        entries.extend(below.map(|entry| (entry.path.clone(), entry)));
    }
    Ok(entries)
}
