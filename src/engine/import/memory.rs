//! For the tests of importers: files in memory, and what an imported prompt says.

use std::collections::BTreeMap;
use std::io::BufRead;

use indexmap::IndexMap;
use serde_json::Value;

use crate::domain::id::PromptId;
use crate::domain::message::RenderedContent;
use crate::engine::ports::{FileTree, TreeEntry, TreeError};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Inputs;

use super::Import;
use super::joined::JoinedTree;

/// A folder without files.
pub(super) struct Nothing;

impl FileTree for Nothing {
    fn label(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, _folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        Ok(Vec::new())
    }

    fn read(&self, _path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(None)
    }

    fn open(&self, _path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        Ok(None)
    }
}

/// Files by path.
pub(super) fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    files.iter().map(owned).collect()
}

/// The messages of a prompt that was imported, as roles and texts. It must pass its check.
pub(super) fn rendered(import: &Import, id: &str, values: &Value) -> Vec<(String, String)> {
    let tree = JoinedTree {
        tree: &Nothing,
        new: &import.files,
    };
    let workspace = Workspace::new(&tree);
    let id = PromptId::new(id).expect("tests name prompts");
    let shown = || import.files.get(&id.path()).cloned().unwrap_or_default();
    let closure = workspace.closure(&id);
    let closure = closure.unwrap_or_else(|findings| panic!("{:?}\n{}", findings.0, shown()));
    let unused = closure.unused_variables().count();
    assert_eq!(unused, 0, "{}", shown());
    let values: IndexMap<String, Value> =
        serde_json::from_value(values.clone()).expect("values are an object");
    let inputs = Inputs {
        values: &values,
        files: &BTreeMap::new(),
        tree: &tree,
    };
    let request = closure.render(&inputs, 0);
    let request = request.unwrap_or_else(|error| panic!("{error}\n{values:?}\n{}", shown()));
    let messages = request.messages.into_iter().map(|message| {
        let content = match message.content {
            RenderedContent::Text(text) => text,
            RenderedContent::Parts(_) => message.content.texts().collect(),
        };
        (message.role.name().to_owned(), content)
    });
    messages.collect()
}

/// The idents of the remarks, with their lines and columns.
pub(super) fn remarks(import: &Import) -> Vec<(&str, u32, u32)> {
    let remark = |finding: &'_ crate::domain::finding::Finding| {
        let span = finding.place.span.unwrap_or_default();
        (span.line, span.column)
    };
    let all = import.remarks.iter();
    all.map(|finding| {
        let (line, column) = remark(finding);
        (finding.ident.as_str(), line, column)
    })
    .collect()
}
