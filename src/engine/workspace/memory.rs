//! A workspace in memory, for unit tests.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};

use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

/// Plain files by path.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryTree(pub(crate) BTreeMap<String, String>);

impl MemoryTree {
    /// A tree of these files.
    pub(crate) fn new<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let files = files.into_iter();
        Self(
            files
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect(),
        )
    }
}

impl FileTree for MemoryTree {
    fn label(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let below = |path: &&String| {
            let rest = path.strip_prefix(folder);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let entry = |path: &String| TreeEntry {
            path: path.clone(),
            kind: EntryKind::File,
            id: None,
        };
        Ok(self.0.keys().filter(below).map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let text = self.0.get(path).cloned();
        Ok(text.map(|text| Box::new(Cursor::new(text)) as Box<dyn BufRead + Send>))
    }
}
