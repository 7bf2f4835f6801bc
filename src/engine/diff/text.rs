//! The difference of two texts, line by line, with the changed words marked.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The difference of two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextDifference {
    /// Stretches of changed lines with some lines around them.
    pub hunks: Vec<Hunk>,
}

/// One stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// On which sides it stands.
    pub kind: LineKind,
    /// The line in pieces: the text, and whether it is what changed within the line.
    pub pieces: Vec<(String, bool)>,
}

/// On which sides a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// On both.
    Context,
    /// Only on the old one.
    Removed,
    /// Only on the new one.
    Added,
}

impl TextDifference {
    /// Compares two texts.
    pub fn new(old: &str, new: &str) -> Self {
        let diff = TextDiff::from_lines(old, new);
        let mut hunks = Vec::new();
        for group in diff.grouped_ops(CONTEXT) {
            let mut lines = Vec::new();
            for op in group {
                for change in diff.iter_inline_changes(&op) {
                    let pieces = change.iter_strings_lossy();
                    let pieces = pieces.map(|(emphasised, text)| {
                        (text.trim_end_matches(['\r', '\n']).to_owned(), emphasised)
                    });
                    lines.push(Line {
                        kind: line_kind(change.tag()),
                        pieces: pieces.filter(|(text, _)| !text.is_empty()).collect(),
                    });
                }
            }
            hunks.push(Hunk { lines });
        }
        Self { hunks }
    }
}

fn line_kind(tag: ChangeTag) -> LineKind {
    match tag {
        ChangeTag::Equal => LineKind::Context,
        ChangeTag::Delete => LineKind::Removed,
        ChangeTag::Insert => LineKind::Added,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changed_words_of_a_line_are_marked() {
        let difference = TextDifference::new("a\nbe short please\n", "a\nbe brief please\n");
        let [hunk] = difference.hunks.as_slice() else {
            panic!("{difference:?}");
        };
        let kinds: Vec<_> = hunk.lines.iter().map(|line| line.kind).collect();
        assert_eq!(
            kinds,
            [LineKind::Context, LineKind::Removed, LineKind::Added]
        );
        let marked: Vec<_> = hunk.lines[2]
            .pieces
            .iter()
            .filter(|(_, emphasised)| *emphasised)
            .collect();
        assert_eq!(marked, [&("brief".to_owned(), true)]);
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert_eq!(TextDifference::new("a\n", "a\n").hunks, []);
    }
}
