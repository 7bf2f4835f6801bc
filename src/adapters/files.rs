//! The worktree as a tree of files: what stands on disk, links never followed.

use std::fs::{File, FileType, Metadata};
use std::io::{BufRead, BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

/// The files below a folder on disk.
#[derive(Debug, Clone)]
pub struct WorktreeTree {
    root: PathBuf,
}

impl WorktreeTree {
    /// The files below `root`, the workspace root.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// What stands at a path, without following a link at its end. A link before the end is an
    /// error: what lies behind it is not part of the tree.
    fn look(&self, path: &str) -> Result<Option<(PathBuf, Metadata)>, TreeError> {
        let mut place = self.root.clone();
        let mut metadata = metadata_of(&place, path)?;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            if matches!(segment, "." | "..") {
                return Err(error(path, "`.` and `..` are not part of a path"));
            }
            match &metadata {
                None => return Ok(None),
                Some(folder) if folder.is_symlink() => {
                    return Err(error(path, "it lies behind a symbolic link"));
                }
                Some(folder) if !folder.is_dir() => return Ok(None),
                Some(_) => {}
            }
            place.push(segment);
            metadata = metadata_of(&place, path)?;
        }
        Ok(metadata.map(|metadata| (place, metadata)))
    }

    fn open_file(&self, path: &str) -> Result<Option<(File, u64)>, TreeError> {
        let Some((place, metadata)) = self.look(path)? else {
            return Ok(None);
        };
        if !metadata.is_file() {
            return Err(error(path, not_a_file(&metadata)));
        }
        let file = File::open(&place).map_err(|cause| error(path, cause.to_string()))?;
        Ok(Some((file, metadata.len())))
    }
}

impl FileTree for WorktreeTree {
    fn label(&self) -> String {
        "worktree".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let mut entries = Vec::new();
        if let Some((place, metadata)) = self.look(folder)? {
            if metadata.is_dir() {
                collect(&place, folder, &mut entries)?;
            } else {
                entries.push(entry(folder.to_owned(), metadata.file_type()));
            }
        }
        entries.sort_by(|one, two| one.path.as_bytes().cmp(two.path.as_bytes()));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        let Some((file, length)) = self.open_file(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0));
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|cause| error(path, cause.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(error(path, format!("it is larger than {limit} bytes")));
        }
        Ok(Some(bytes))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let file = self.open_file(path)?;
        Ok(file.map(|(file, _)| Box::new(BufReader::new(file)) as Box<dyn BufRead + Send>))
    }
}

fn metadata_of(place: &Path, path: &str) -> Result<Option<Metadata>, TreeError> {
    match std::fs::symlink_metadata(place) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(error(path, cause.to_string())),
    }
}

fn collect(place: &Path, folder: &str, entries: &mut Vec<TreeEntry>) -> Result<(), TreeError> {
    let unreadable = |cause: std::io::Error| error(folder, cause.to_string());
    for item in std::fs::read_dir(place).map_err(unreadable)? {
        let item = item.map_err(unreadable)?;
        let name = item.file_name();
        if name == ".git" {
            continue;
        }
        let Some(name) = name.to_str() else {
            let shown = name.to_string_lossy();
            let message = format!("the name `{shown}` in this folder is not UTF-8");
            return Err(error(folder, message));
        };
        let path = match folder {
            "" => name.to_owned(),
            _ => format!("{folder}/{name}"),
        };
        // Of a link, this is the link itself. The folder knows it: no file is looked at.
        let file_type = item.file_type().map_err(unreadable)?;
        if file_type.is_dir() {
            collect(&item.path(), &path, entries)?;
        } else {
            entries.push(entry(path, file_type));
        }
    }
    Ok(())
}

fn entry(path: String, file_type: FileType) -> TreeEntry {
    let kind = if file_type.is_file() {
        EntryKind::File
    } else if file_type.is_symlink() {
        EntryKind::Symlink
    } else {
        EntryKind::Other
    };
    TreeEntry {
        path,
        kind,
        id: None,
    }
}

fn not_a_file(metadata: &Metadata) -> &'static str {
    if metadata.is_symlink() {
        "it is a symbolic link, and links are never followed"
    } else if metadata.is_dir() {
        "it is a folder"
    } else {
        "it is not a plain file"
    }
}

fn error(path: &str, message: impl Into<String>) -> TreeError {
    TreeError {
        path: path.to_owned(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> (tempfile::TempDir, WorktreeTree) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let place = folder.path().join(file);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, file).unwrap();
        }
        let tree = WorktreeTree::new(folder.path());
        (folder, tree)
    }

    fn paths(tree: &WorktreeTree, folder: &str) -> Vec<String> {
        let entries = tree.list(folder).unwrap();
        entries.into_iter().map(|entry| entry.path).collect()
    }

    #[test]
    fn entries_come_in_byte_order_of_their_paths_without_git_folders() {
        let (_folder, tree) = folder_with(&["p/a/x", "p/a.b", "p/Z", "p/.git/config", "other"]);
        assert_eq!(paths(&tree, "p"), ["p/Z", "p/a.b", "p/a/x"]);
        assert_eq!(paths(&tree, "other"), ["other"]);
        assert_eq!(paths(&tree, "absent"), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_listed_but_never_followed() {
        let (folder, tree) = folder_with(&["real/secret", "p/a"]);
        std::os::unix::fs::symlink("../real/secret", folder.path().join("p/link")).unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("alias")).unwrap();
        let entries = tree.list("p").unwrap();
        assert_eq!(entries[1].kind, EntryKind::Symlink);
        assert!(tree.read("p/link", 100).is_err());
        assert!(tree.read("alias/secret", 100).is_err());
        assert_eq!(tree.list("alias").unwrap()[0].kind, EntryKind::Symlink);
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_no_further() {
        let (_folder, tree) = folder_with(&["p/12345678"]);
        assert_eq!(
            tree.read("p/12345678", 10).unwrap(),
            Some(b"p/12345678".to_vec())
        );
        assert!(tree.read("p/12345678", 9).is_err());
        assert_eq!(tree.read("p/none", 9).unwrap(), None);
        assert!(tree.read("p/../p/12345678", 10).is_err());
        assert!(tree.read("p", 10).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStrExt as _;
        let (folder, tree) = folder_with(&["p/a"]);
        let name = std::ffi::OsStr::from_bytes(b"bad\xff");
        std::fs::write(folder.path().join("p").join(name), "").unwrap();
        let message = tree.list("p").unwrap_err().message;
        assert!(message.contains("is not UTF-8"), "{message}");
    }
}
