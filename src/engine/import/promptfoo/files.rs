//! Reads the configuration and the files that it names: below its folder only, links never followed.

use std::collections::BTreeMap;
use std::rc::Rc;

use regex::Regex;
use serde_json::Value as Json;

use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};
use crate::engine::workspace::document::{Entry, Node, Source, Value};
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::json::parse_json;
use crate::engine::workspace::yaml::parse_yaml_with_aliases;

use super::references::resolve_references;
use super::scripts;
use super::value::json_of;

/// How a text begins that names a file.
const FILE_PREFIX: &str = "file://";

/// How many files one pattern may name.
const MAX_MATCHES: usize = 1000;

/// A value, and the file that it stands in.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) source: Rc<Source>,
    pub(super) node: Node,
}

/// A place of a file, told in full only where something is said of it.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    source: Rc<Source>,
    span: Span,
}

impl Spot {
    pub(super) fn place(&self) -> Place {
        self.source.place(self.span)
    }
}

impl Item {
    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.spot().place()
    }

    /// Where it stands, to be told later.
    pub(super) fn spot(&self) -> Spot {
        self.spot_of(self.node.span)
    }

    /// Another place of the same file.
    pub(super) fn spot_of(&self, span: Span) -> Spot {
        Spot {
            source: Rc::clone(&self.source),
            span,
        }
    }

    /// Another value of the same file.
    pub(super) fn beside(&self, node: &Node) -> Self {
        Self {
            source: Rc::clone(&self.source),
            node: node.clone(),
        }
    }

    /// The entries, where it is a mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.node.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value under a key, where it is a mapping.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        Some(self.beside(&entry.node))
    }

    /// The items of a list, or the value itself where it is none; nothing where it is null.
    pub(super) fn items(&self) -> Vec<Self> {
        match &self.node.value {
            Value::List(items) => items.iter().map(|item| self.beside(item)).collect(),
            Value::Null => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a mapping.
    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    /// The path that it names with `file://`.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.text()?.strip_prefix(FILE_PREFIX)
    }

    /// The value as JavaScript reads it.
    pub(super) fn json(&self) -> Json {
        json_of(&self.node)
    }
}

/// Reads files, and keeps what there is to say about them.
pub(super) struct Reader<'t> {
    tree: &'t dyn FileTree,
    pub(super) remarks: Vec<Finding>,
    /// What came of expressions that were tried in the sandbox.
    tried: BTreeMap<String, Result<(), String>>,
}

impl<'t> Reader<'t> {
    /// Reads below `tree`, the folder of the configuration.
    pub(super) fn new(tree: &'t dyn FileTree) -> Self {
        Self {
            tree,
            remarks: Vec::new(),
            tried: BTreeMap::new(),
        }
    }

    /// Whether an expression can be evaluated; each is tried once.
    pub(super) fn runs(&mut self, expression: &str) -> Result<(), String> {
        if let Some(known) = self.tried.get(expression) {
            return known.clone();
        }
        let result = scripts::runs(expression);
        self.tried.insert(expression.to_owned(), result.clone());
        result
    }

    /// Reads the configuration itself; what is wrong with it ends the import.
    pub(super) fn configuration(&mut self, file: &str) -> Result<Item, Findings> {
        let source = read_text(self.tree, file)?.ok_or_else(|| {
            Finding::error("missing-file", Place::file(file), "there is no such file")
                .with_help("name a promptfoo configuration, such as `promptfooconfig.yaml`")
        })?;
        let item = parsed(source)?;
        if item.is_map() {
            return Ok(item);
        }
        let found = item.node.value.kind();
        let message = format!("expected a mapping with `prompts` and `tests`, found {found}");
        Err(Finding::error("wrong-type", item.place(), message).into())
    }

    /// Says that something did not come along.
    pub(super) fn left_out(&mut self, place: Place, ident: &str, message: impl Into<String>) {
        self.remarks.push(Finding::error(ident, place, message));
    }

    /// Says that something came along a little different.
    pub(super) fn changed(&mut self, place: Place, ident: &str, message: impl Into<String>) {
        self.remarks.push(Finding::warning(ident, place, message));
    }

    /// The value itself, or what stands in the file that it names.
    pub(super) fn resolved(&mut self, item: &Item) -> Option<Item> {
        match item.file_name() {
            None => Some(item.clone()),
            Some(name) => {
                let path = self.path(item, name)?;
                if is_data(&path) {
                    return self.parsed_file(item, &path);
                }
                let message = format!("`{path}` is not read: it is neither YAML nor JSON");
                self.left_out(item.place(), "unsupported-file", message);
                None
            }
        }
    }

    /// The path below the folder that a name means, or why there is none.
    pub(super) fn path(&mut self, at: &Item, name: &str) -> Option<String> {
        let name = name.strip_prefix(FILE_PREFIX).unwrap_or(name);
        let path = plain_path(name);
        if path.is_none() {
            let message = format!("`{name}` is not below the folder of the configuration");
            self.remarks.push(
                Finding::error("outside-file", at.place(), message)
                    .with_help("move the file there; nothing outside of the folder is read"),
            );
        }
        path
    }

    /// The text of a file that is named at `at`.
    pub(super) fn text(&mut self, at: &Item, path: &str) -> Option<Source> {
        match read_text(self.tree, path) {
            Ok(Some(source)) => Some(source),
            Ok(None) => {
                let message = format!("there is no file `{path}`");
                self.left_out(at.place(), "missing-file", message);
                None
            }
            Err(Findings(findings)) => {
                for finding in findings {
                    let message = format!("`{path}` cannot be read: {}", finding.message);
                    self.left_out(at.place(), &finding.ident, message);
                }
                None
            }
        }
    }

    /// What stands in a YAML or JSON file that is named at `at`.
    pub(super) fn parsed_file(&mut self, at: &Item, path: &str) -> Option<Item> {
        let source = self.text(at, path)?;
        match parsed(source) {
            Ok(item) => Some(item),
            Err(Findings(findings)) => {
                self.remarks.extend(findings);
                None
            }
        }
    }

    /// The paths that a name means: one, or those that fit it as a pattern, sorted.
    pub(super) fn paths(&mut self, at: &Item, name: &str) -> Vec<String> {
        if !name.contains(['*', '?', '{', '[']) {
            return self.path(at, name).into_iter().collect();
        }
        let Some(pattern) = self.path(at, name) else {
            return Vec::new();
        };
        let found = pattern_of(&pattern).map(|regex| self.matching(&pattern, &regex));
        let found = match found {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                self.left_out(at.place(), "missing-file", error.to_string());
                return Vec::new();
            }
            None => {
                let message = format!("`{name}` is no pattern that is known here");
                self.left_out(at.place(), "missing-file", message);
                return Vec::new();
            }
        };
        let (files, others): (Vec<TreeEntry>, Vec<TreeEntry>) = found
            .into_iter()
            .partition(|entry| entry.kind == EntryKind::File);
        for other in others {
            let message = format!(
                "`{}` is no plain file: links are never followed",
                other.path
            );
            self.left_out(at.place(), "unsupported-file", message);
        }
        if !(1..=MAX_MATCHES).contains(&files.len()) {
            let message = match files.len() {
                0 => format!("no file fits `{name}`"),
                _ => format!("more than {MAX_MATCHES} files fit `{name}`"),
            };
            self.left_out(at.place(), "missing-file", message);
            return Vec::new();
        }
        files.into_iter().map(|entry| entry.path).collect()
    }

    /// What stands at the paths that fit a pattern, but for hidden ones.
    fn matching(&self, pattern: &str, regex: &Regex) -> Result<Vec<TreeEntry>, TreeError> {
        let fixed = pattern.find(['*', '?', '{']).unwrap_or(pattern.len());
        let folder = pattern[..fixed]
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let entries = self.tree.list(folder)?.into_iter();
        let fits = entries.filter(|entry| {
            let mut segments = entry.path.split('/');
            !segments.any(|segment| segment.starts_with('.')) && regex.is_match(&entry.path)
        });
        Ok(fits.collect())
    }
}

/// The ending of a path, in lower case.
pub(super) fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// Whether a file is YAML or JSON, by its name.
pub(super) fn is_data(path: &str) -> bool {
    ["yaml", "yml", "json"].contains(&ending(path).as_str())
}

/// What stands in a YAML or JSON file, its references to itself followed.
fn parsed(source: Source) -> Result<Item, Findings> {
    let node = match ending(&source.path).as_str() {
        "json" => parse_json(&source)?,
        _ => parse_yaml_with_aliases(&source)?,
    };
    let node = resolve_references(&source, node)?;
    let source = Rc::new(source);
    Ok(Item { source, node })
}

/// A path without `.` and `..`; `None` where it leaves the folder.
fn plain_path(name: &str) -> Option<String> {
    let absolute = name.starts_with('/') || name.contains('\\') || name.contains("://");
    let mut segments: Vec<&str> = Vec::new();
    for segment in name.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            plain => segments.push(plain),
        }
    }
    (!absolute && !segments.is_empty()).then(|| segments.join("/"))
}

/// The pattern of a glob; `None` where it says more than is known here.
fn pattern_of(glob: &str) -> Option<Regex> {
    let mut pattern = String::from("^");
    let mut rest = glob;
    let mut in_braces = false;
    while let Some(first) = rest.chars().next() {
        let (text, taken) = match first {
            _ if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
            _ if rest.starts_with("**") => (".*".to_owned(), 2),
            '*' => ("[^/]*".to_owned(), 1),
            '?' => ("[^/]".to_owned(), 1),
            '{' if !in_braces => {
                in_braces = true;
                ("(?:".to_owned(), 1)
            }
            '}' if in_braces => {
                in_braces = false;
                (")".to_owned(), 1)
            }
            ',' if in_braces => ("|".to_owned(), 1),
            '[' | ']' | '{' | '}' | '!' | '+' | '@' | '(' | ')' => return None,
            plain => (
                regex::escape(plain.encode_utf8(&mut [0; 4])),
                plain.len_utf8(),
            ),
        };
        pattern.push_str(&text);
        rest = &rest[taken..];
    }
    pattern.push('$');
    if in_braces {
        return None;
    }
    Regex::new(&pattern).ok()
}

/// A text that stands at a place of a file.
pub(super) fn text_node(text: &str, span: Span) -> Node {
    Node {
        span,
        value: Value::Text(text.to_owned()),
    }
}

/// A mapping at a place of a file, of entries whose keys stand at the places of their values.
pub(super) fn map_node(entries: BTreeMap<String, Node>, span: Span) -> Node {
    let entry = |(key, node): (String, Node)| Entry {
        key,
        key_span: node.span,
        node,
    };
    Node {
        span,
        value: Value::Map(entries.into_iter().map(entry).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_folder_is_none() {
        assert_eq!(plain_path("./a/../b.txt").as_deref(), Some("b.txt"));
        for name in [
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a\\b",
            "http://x",
            "",
            ".",
        ] {
            assert_eq!(plain_path(name), None, "{name}");
        }
    }

    #[test]
    fn patterns_fit_the_files_that_they_mean() {
        for (glob, path, fits) in [
            ("a/*.txt", "a/b.txt", true),
            ("a/*.txt", "a/b/c.txt", false),
            ("a/**/*.txt", "a/b/c.txt", true),
            ("a/**/*.txt", "a/c.txt", true),
            ("a.{yml,yaml}", "a.yaml", true),
            ("a?.txt", "ab.txt", true),
            ("a.txt", "abtxt", false),
        ] {
            assert_eq!(
                pattern_of(glob).unwrap().is_match(path),
                fits,
                "{glob} {path}"
            );
        }
        assert!(pattern_of("[ab]").is_none());
    }
}
