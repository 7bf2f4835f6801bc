//! A workspace with new files that are not on disk yet.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};

use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

/// The files of a workspace and new ones beside them, none of which stands there already.
pub(super) struct JoinedTree<'t> {
    pub(super) tree: &'t dyn FileTree,
    pub(super) new: &'t BTreeMap<String, String>,
}

impl FileTree for JoinedTree<'_> {
    fn label(&self) -> String {
        format!("{} with what is imported", self.tree.label())
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let mut entries = self.tree.list(folder)?;
        let is_below = |path: &str| {
            let rest = path.strip_prefix(folder);
            folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let new = self.new.keys().filter(|path| is_below(path));
        entries.extend(new.map(|path| TreeEntry {
            path: path.clone(),
            kind: EntryKind::File,
            id: None,
        }));
        entries.sort_by(|one, two| one.path.as_bytes().cmp(two.path.as_bytes()));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        match self.new.get(path) {
            None => self.tree.read(path, limit),
            Some(text) if text.len() as u64 <= limit => Ok(Some(text.clone().into_bytes())),
            Some(_) => Err(TreeError {
                path: path.to_owned(),
                message: format!("it is larger than {limit} bytes"),
            }),
        }
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        match self.new.get(path) {
            None => self.tree.open(path),
            Some(text) => Ok(Some(Box::new(Cursor::new(text.clone().into_bytes())))),
        }
    }
}
