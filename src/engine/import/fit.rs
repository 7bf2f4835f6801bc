//! Holds what is imported against the workspace that it is to join: no file may be in the way, every
//! provider must be declared, and the whole must pass its check.

use std::collections::BTreeMap;

use crate::domain::finding::{Finding, Findings};
use crate::domain::project::PROJECT_FILE;
use crate::engine::check::check;
use crate::engine::ports::{FileTree, TreeError};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::document::MAX_FILE_BYTES;

use super::Import;
use super::joined::JoinedTree;
use super::providers::{Proposal, toml_table};

/// An import that fits, with all that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The new files by path, `pointsman.toml` among them where there was none.
    pub files: BTreeMap<String, String>,
    /// See [`Import::remarks`].
    pub remarks: Vec<Finding>,
}

/// Why an import does not fit. Nothing was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Files of these names are there already.
    #[error("{} of the files to write exist already: {}", .0.len(), .0.join(", "))]
    Exists(Vec<String>),
    /// The settings do not declare the providers of the new prompts. Holds the lines to add.
    #[error("`pointsman.toml` does not declare what the imported prompts ask")]
    MissingProviders(String),
    /// A place to write to cannot be used.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The workspace, or what would be written, is not right.
    #[error(transparent)]
    Findings(#[from] Findings),
}

/// Makes an import fit the workspace in `tree`. Where nothing is imported, nothing is to be written.
pub fn fit(import: Import, tree: &dyn FileTree) -> Result<Fitted, FitError> {
    let Import {
        mut files,
        providers,
        remarks,
    } = import;
    if files.is_empty() {
        // Where nothing comes in, no workspace begins.
        return Ok(Fitted { files, remarks });
    }
    let in_the_way: Vec<String> = occupied(tree, files.keys())?;
    if !in_the_way.is_empty() {
        return Err(FitError::Exists(in_the_way));
    }
    if tree.read(PROJECT_FILE, MAX_FILE_BYTES)?.is_none() {
        files.insert(PROJECT_FILE.to_owned(), new_project(&providers));
    } else {
        let project = Workspace::new(tree).project()?;
        let missing = providers.iter().filter(|(name, _)| !project.knows(name));
        let missing: Vec<String> = missing.map(|(name, it)| toml_table(name, it)).collect();
        if !missing.is_empty() {
            return Err(FitError::MissingProviders(missing.join("\n")));
        }
    }
    let joined = JoinedTree { tree, new: &files };
    let mut findings = check(&Workspace::new(&joined)).findings;
    findings.retain(|finding| finding.is_error() && files.contains_key(&finding.place.path));
    if findings.is_empty() {
        Ok(Fitted { files, remarks })
    } else {
        Err(Findings(findings).into())
    }
}

/// Those of the paths where something stands already. A path behind a link is an error.
fn occupied<'p>(
    tree: &dyn FileTree,
    paths: impl Iterator<Item = &'p String>,
) -> Result<Vec<String>, TreeError> {
    let mut occupied = Vec::new();
    for path in paths {
        if !tree.list(path)?.is_empty() {
            occupied.push(path.clone());
        }
    }
    Ok(occupied)
}

/// The settings of a workspace that begins with an import.
fn new_project(providers: &BTreeMap<String, Proposal>) -> String {
    let mut text = "schema = 1\n".to_owned();
    for (name, proposal) in providers {
        text.push('\n');
        text.push_str(&toml_table(name, proposal));
    }
    text
}
