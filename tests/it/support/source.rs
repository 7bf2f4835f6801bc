//! The repository's own files, as the rules of the house read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file of this repository.
pub(crate) struct SourceFile {
    /// The path below the repository's root, with `/` between segments.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    /// A file that a test makes up.
    pub(crate) fn imagined(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// The lines of code with their numbers: comments left out.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The lines of code before the unit tests.
    pub(crate) fn code_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code().take_while(|(_, line)| *line != "#[cfg(test)]")
    }

    /// Every line of `lines` in which one of `words` stands, as a complaint.
    pub(crate) fn complaints<'a>(
        &self,
        lines: impl Iterator<Item = (usize, &'a str)>,
        words: &[&str],
        reason: &str,
    ) -> Vec<String> {
        let found = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        found
            .map(|(number, line)| format!("{}:{number}: {reason}: {}", self.path, line.trim()))
            .collect()
    }
}

/// Whether whoever runs the tests wants pages written anew.
pub(crate) fn update_is_wanted() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for the developer who runs the tests, not for the program"
    )]
    std::env::var_os("UPDATE").is_some()
}

/// Holds a page to what it is made from, or with `UPDATE` writes it down.
pub(crate) fn is_page(page: &str, text: &str) {
    let path = root().join(page);
    if update_is_wanted() {
        std::fs::write(&path, text).expect("our own pages can be written");
        return;
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        shown, text,
        "{page} is not what it is made from: UPDATE=1 writes it anew"
    );
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below the given folders of the repository, sorted by path.
pub(crate) fn rust_files(folders: &[&str]) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root().join(folder), "rs", &mut paths);
    }
    files(paths)
}

/// The pages of the documentation, sorted by path.
pub(crate) fn pages() -> Vec<SourceFile> {
    let mut paths = Vec::new();
    collect(&root().join("docs"), "md", &mut paths);
    files(paths)
}

fn files(mut paths: Vec<PathBuf>) -> Vec<SourceFile> {
    paths.sort();
    let file = |path: PathBuf| SourceFile {
        text: fs::read_to_string(&path).expect("our own files are text"),
        path: path
            .strip_prefix(root())
            .expect("the file was found below the root")
            .to_str()
            .expect("our own files have plain names")
            .replace('\\', "/"),
    };
    paths.into_iter().map(file).collect()
}

fn collect(folder: &Path, ending: &str, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, ending, paths);
        } else if path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
}
