//! Cuts a file into the settings at its top, which are YAML, and the text below them.

use std::borrow::Cow;
use std::ops::Range;

use crate::domain::finding::{Finding, Findings};

use super::document::{Source, saturate};

/// The two parts of a file. Both know where they stand in it.
#[derive(Debug, Clone)]
pub struct FrontMatter {
    /// The settings; absent where the file has none.
    pub settings: Option<Source>,
    /// Where they stand, in bytes: from the line after the first delimiter up to the second.
    pub settings_bytes: Range<usize>,
    /// What stands below them.
    pub body: Source,
}

/// Cuts a file at lines that are nothing but a delimiter. Before the first there may be blank lines,
/// and lines of comments that begin with `#`.
pub fn cut(source: &Source, delimiters: &[&str]) -> Result<FrontMatter, Findings> {
    let mut lines = Lines::new(&source.text);
    let is_delimiter = |line: &str| delimiters.contains(&line.trim_end());
    let opening = loop {
        match lines.next() {
            Some(line) if is_delimiter(line.text.trim_start()) => break line,
            Some(line) if line.text.trim().is_empty() || line.text.starts_with('#') => {}
            _ => {
                return Ok(FrontMatter {
                    settings: None,
                    settings_bytes: 0..0,
                    body: source.clone(),
                });
            }
        }
    };
    let closing = lines.find(|line| is_delimiter(line.text));
    let Some(closing) = closing else {
        let span = source.span_of_bytes(opening.start..opening.start + opening.text.len());
        let message = "the settings that begin here do not end";
        let help = format!("end them with a line `{}`", delimiters[0]);
        return Err(
            Finding::error("unclosed-settings", source.place(span), message)
                .with_help(help)
                .into(),
        );
    };
    let part =
        |text: &str, first_line: usize| Source::part(&source.path, text, saturate(first_line));
    let settings_bytes = opening.end..closing.start;
    let settings = indented(&source.text[settings_bytes.clone()]);
    Ok(FrontMatter {
        settings: Some(part(&settings, opening.number + 1)),
        settings_bytes,
        body: part(&source.text[closing.end..], closing.number + 1),
    })
}

/// The settings with a space before each bracket that begins a line: JSON in YAML often ends like that,
/// which other readers take and ours does not.
fn indented(settings: &str) -> Cow<'_, str> {
    let is_bracket = |line: &str| line.starts_with([']', '}']);
    if !settings.lines().any(is_bracket) {
        return Cow::Borrowed(settings);
    }
    let lines = settings.split_inclusive('\n').map(|line| {
        if is_bracket(line) {
            format!(" {line}")
        } else {
            line.to_owned()
        }
    });
    Cow::Owned(lines.collect())
}

/// The lines of a text, each with its number and where it stands.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    number: usize,
}

struct Line<'t> {
    text: &'t str,
    number: usize,
    start: usize,
    end: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let (at, number) = (0, 0);
        Self { text, at, number }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let rest = &self.text[self.at..];
        let text = rest.split('\n').next().filter(|_| !rest.is_empty())?;
        let start = self.at;
        self.at = (start + text.len() + 1).min(self.text.len());
        self.number += 1;
        Some(Line {
            text,
            number: self.number,
            start,
            end: self.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<(String, u32)>, (String, u32)) {
        let cut = cut(&Source::new("a", text), &["---", "+++"]).unwrap();
        let settings = cut.settings.map(|part| (part.text, part.first_line));
        (settings, (cut.body.text, cut.body.first_line))
    }

    #[test]
    fn settings_and_template_know_their_lines() {
        let settings = |text: &str, line| Some((text.to_owned(), line));
        for (text, expected) in [
            (
                "---\na: 1\n---\nHi\n",
                (settings("a: 1\n", 2), ("Hi\n".to_owned(), 4)),
            ),
            ("---\n---\nHi", (settings("", 2), ("Hi".to_owned(), 3))),
            (
                "# licence\n\n  +++ \r\na: 1\r\n+++\r\nHi",
                (settings("a: 1\r\n", 4), ("Hi".to_owned(), 6)),
            ),
            (
                "---\na: 1\n---",
                (settings("a: 1\n", 2), (String::new(), 4)),
            ),
            (
                "---\na: [\n  1\n]\n---\n",
                (settings("a: [\n  1\n ]\n", 2), (String::new(), 6)),
            ),
            ("Hi\n---\n", (None, ("Hi\n---\n".to_owned(), 1))),
            ("", (None, (String::new(), 1))),
        ] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }

    #[test]
    fn settings_that_do_not_end_are_found_where_they_begin() {
        let Findings(findings) = cut(&Source::new("a", "\n---\na: 1\n"), &["---"]).unwrap_err();
        assert_eq!(findings[0].place.span.unwrap().line, 2);
    }
}
