//! Findings as GitLab's code quality report, which a merge request shows beside the lines.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde_json::{Value, json};

use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Severity};
use crate::domain::untrusted::Untrusted;

use super::json;

/// Renders findings whose paths start at the top of the repository.
pub fn render_code_quality(findings: &[Finding]) -> String {
    let findings: Vec<Value> = findings.iter().map(finding).collect();
    json::pretty(&findings)
}

fn finding(finding: &Finding) -> Value {
    let path = &finding.place.path;
    let description = match &finding.help {
        Some(help) => format!("{}. Help: {}", Untrusted(&finding.message), Untrusted(help)),
        None => Untrusted(&finding.message).to_string(),
    };
    // GitLab knows a finding again by this: the place in the file is not part of it.
    let fingerprint = Digest::of_json(&json!([finding.ident, path, finding.message]));
    json!({
        "description": description,
        "check_name": finding.ident,
        "fingerprint": fingerprint,
        "severity": match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "info",
        },
        "location": {
            "path": Untrusted(path).to_string(),
            "lines": { "begin": finding.place.span.map_or(1, |span| span.line) },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Place, Span};

    #[test]
    fn a_finding_is_known_again_wherever_its_line_moves() {
        let at = |line| {
            let span = Span {
                line,
                column: 1,
                length: 1,
            };
            let place = Place {
                span: Some(span),
                ..Place::file("prompts/a.prompt.yml")
            };
            let finding = Finding::error("unknown-key", place, "what\u{1b}").with_help("look");
            let text = render_code_quality(&[finding]);
            serde_json::from_str::<Value>(&text).unwrap()[0].clone()
        };
        let found = at(7);
        assert_eq!(found["fingerprint"], at(8)["fingerprint"]);
        assert_eq!(found["description"], "what\\u{1b}. Help: look");
        assert_eq!(found["check_name"], "unknown-key");
        assert_eq!(found["severity"], "major");
        assert_eq!(
            found["location"],
            json!({ "path": "prompts/a.prompt.yml", "lines": { "begin": 7 } })
        );
    }
}
