//! A tree with one file of its own: a candidate on top of what is committed, before anything is.

use std::io::{BufRead, Cursor};

use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

/// The files of a tree, with another text in one of them.
pub struct WithFile<'t> {
    /// All other files.
    pub base: &'t dyn FileTree,
    /// The file.
    pub path: String,
    /// Its text.
    pub text: &'t str,
}

impl FileTree for WithFile<'_> {
    fn label(&self) -> String {
        format!("{} with another `{}`", self.base.label(), self.path)
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let mut entries = self.base.list(folder)?;
        for entry in entries.iter_mut().filter(|entry| entry.path == self.path) {
            entry.kind = EntryKind::File;
            entry.id = None;
        }
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        if path != self.path {
            return self.base.read(path, limit);
        }
        if self.text.len() as u64 > limit {
            return Err(TreeError {
                path: path.to_owned(),
                message: format!("it is larger than {limit} bytes"),
            });
        }
        Ok(Some(self.text.as_bytes().to_vec()))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        if path != self.path {
            return self.base.open(path);
        }
        Ok(Some(Box::new(Cursor::new(self.text.as_bytes().to_vec()))))
    }
}
