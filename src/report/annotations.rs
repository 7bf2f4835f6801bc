//! Findings as workflow commands of GitHub Actions, which shows them beside the lines.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write as _;

use crate::domain::finding::{Finding, Severity};
use crate::domain::untrusted::Untrusted;

/// Renders findings whose paths start at the top of the repository, one command a line.
pub fn render_annotations(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = write!(text, "::{level} file={}", property(&finding.place.path));
        if let Some(span) = finding.place.span {
            let end = span.column + span.length.saturating_sub(1);
            let _ = write!(
                text,
                ",line={},col={},endColumn={end}",
                span.line, span.column
            );
        }
        let _ = write!(text, ",title={}", property(&finding.ident));
        let _ = write!(text, "::{}", data(&finding.message));
        if let Some(help) = &finding.help {
            let _ = write!(text, "%0Ahelp: {}", data(help));
        }
        text.push('\n');
    }
    text
}

/// A text as the message of a command: it stays on its line and starts no other one.
fn data(text: &str) -> String {
    Untrusted(text).to_string().replace('%', "%25")
}

/// A text as the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Place;

    #[test]
    fn what_a_file_says_starts_no_command_of_its_own() {
        let hostile = "x\n::stop-commands::y\r\n::error::% z";
        let finding = Finding::error("a-b", Place::file("a,b:c\n::d"), hostile).with_help("h%0A");
        assert_eq!(
            render_annotations(&[finding]),
            "::error file=a%2Cb%3Ac\\n%3A%3Ad,title=a-b\
             ::x\\n::stop-commands::y\\r\\n::error::%25 z%0Ahelp: h%250A\n"
        );
    }
}
