//! Findings for people: message, place, the line itself with a marker under it, and help.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::domain::finding::{Finding, Severity};
use crate::domain::untrusted::Untrusted;

/// The styles of a finding; all plain where colour is off.
#[derive(Debug, Clone, Copy, Default)]
pub struct FindingStyles {
    error: Style,
    warning: Style,
    frame: Style,
    help: Style,
}

impl FindingStyles {
    /// The styles for a terminal with or without colour.
    pub fn new(color: bool) -> Self {
        if !color {
            return Self::default();
        }
        Self {
            error: AnsiColor::Red.on_default().bold(),
            warning: AnsiColor::Yellow.on_default().bold(),
            frame: AnsiColor::Blue.on_default(),
            help: AnsiColor::Cyan.on_default(),
        }
    }
}

/// Renders one finding, with a line break at the end.
pub fn render_finding(finding: &Finding, styles: &FindingStyles) -> String {
    let mut text = String::new();
    let (word, style) = match finding.severity {
        Severity::Error => ("error", styles.error),
        Severity::Warning => ("warning", styles.warning),
    };
    let _ = writeln!(
        text,
        "{style}{word}[{}]{style:#}: {}",
        finding.ident,
        Untrusted(&finding.message)
    );
    render_place(finding, styles, style, &mut text);
    if let Some(help) = &finding.help {
        let style = styles.help;
        let _ = writeln!(text, "  {style}= help{style:#}: {}", Untrusted(help));
    }
    text
}

fn render_place(finding: &Finding, styles: &FindingStyles, marker: Style, text: &mut String) {
    let frame = styles.frame;
    let path = Untrusted(&finding.place.path);
    let Some(span) = finding.place.span else {
        let _ = writeln!(text, "  {frame}-->{frame:#} {path}");
        return;
    };
    let _ = writeln!(
        text,
        "  {frame}-->{frame:#} {path}:{}:{}",
        span.line, span.column
    );
    let Some(excerpt) = &finding.place.excerpt else {
        return;
    };
    let (line, offset, width) = window(excerpt, span.column, span.length);
    let number = span.line.to_string();
    let gutter = " ".repeat(number.len());
    let _ = writeln!(text, "{frame}{gutter} |{frame:#}");
    let _ = writeln!(text, "{frame}{number} |{frame:#} {line}");
    let _ = writeln!(
        text,
        "{frame}{gutter} |{frame:#} {}{marker}{}{marker:#}",
        " ".repeat(offset),
        "^".repeat(width)
    );
}

/// The part of a line that is shown, neutralised, with the marker's offset and width in columns.
fn window(line: &str, column: u32, length: u32) -> (String, usize, usize) {
    const BEFORE: usize = 60;
    const SHOWN: usize = 110;
    let start = column.saturating_sub(1) as usize;
    let first = start.saturating_sub(BEFORE);
    let shown: Vec<char> = line.chars().skip(first).take(SHOWN).collect();
    let marked = (start - first).min(shown.len());
    let marked_end = (marked + length as usize).min(shown.len());
    let part = |characters: &[char]| {
        let text: String = characters.iter().collect();
        Untrusted(&text).to_string()
    };
    let before = part(&shown[..marked]);
    let within = part(&shown[marked..marked_end]);
    let after = part(&shown[marked_end..]);
    let lead = if first > 0 { "…" } else { "" };
    let tail = if line.chars().count() > first + SHOWN {
        "…"
    } else {
        ""
    };
    let offset = lead.width() + before.width();
    let width = within.width().max(1);
    (
        format!("{lead}{before}{within}{after}{tail}"),
        offset,
        width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Place, Span};

    fn finding(excerpt: &str, column: u32, length: u32) -> Finding {
        let place = Place {
            path: "prompts/a.prompt.yml".to_owned(),
            span: Some(Span {
                line: 7,
                column,
                length,
            }),
            excerpt: Some(excerpt.to_owned()),
        };
        Finding::error("unknown-key", place, "unknown key `modle`")
            .with_help("did you mean `model`?")
    }

    #[test]
    fn a_finding_shows_its_line_and_marks_the_place() {
        let text = render_finding(
            &finding("modle: openai/x", 1, 5),
            &FindingStyles::new(false),
        );
        assert_eq!(
            text,
            "error[unknown-key]: unknown key `modle`\n  --> prompts/a.prompt.yml:7:1\n  |\n7 | modle: openai/x\n  | ^^^^^\n  = help: did you mean `model`?\n"
        );
    }

    #[test]
    fn wide_and_hostile_characters_do_not_move_the_marker() {
        let text = render_finding(&finding("你: \u{1b}x", 4, 2), &FindingStyles::new(false));
        assert!(
            text.contains("7 | 你: \\u{1b}x\n  |     ^^^^^^^\n"),
            "{text}"
        );
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let line = "x".repeat(5_000);
        let text = render_finding(&finding(&line, 2_000, 3), &FindingStyles::new(false));
        assert!(
            text.lines().all(|line| line.chars().count() < 130),
            "{text}"
        );
        assert!(text.contains("^^^"));
    }
}
