//! Findings as SARIF 2.1.0, which code scanning services show beside the lines.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::finding::{Finding, Severity};
use crate::domain::untrusted::Untrusted;

use super::json;

/// Renders findings whose paths start at the top of the repository.
pub fn render_sarif(findings: &[Finding]) -> String {
    let idents: BTreeSet<&str> = findings.iter().map(|it| it.ident.as_str()).collect();
    let rules: Vec<Value> = idents.iter().map(|ident| json!({ "id": ident })).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pointsman",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    json::pretty(&log)
}

fn result(finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = Untrusted(&finding.message).to_string();
    if let Some(help) = &finding.help {
        let _ = write!(text, ". Help: {}", Untrusted(help));
    }
    let mut place = json!({ "artifactLocation": { "uri": uri(&finding.place.path) } });
    if let Some(span) = finding.place.span {
        place["region"] = json!({
            "startLine": span.line,
            "startColumn": span.column,
            "endColumn": span.column + span.length,
        });
    }
    json!({
        "ruleId": finding.ident,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": place }],
    })
}

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Place, Span};

    #[test]
    fn a_finding_has_its_rule_its_level_and_its_place() {
        let place = Place {
            path: "prompts/ä b.prompt.yml".to_owned(),
            span: Some(Span {
                line: 7,
                column: 3,
                length: 5,
            }),
            excerpt: None,
        };
        let finding = Finding::error("unknown-key", place, "unknown key\u{1b}").with_help("look");
        let log: Value = serde_json::from_str(&render_sarif(&[finding])).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "unknown-key");
        assert_eq!(
            run["results"][0],
            json!({
                "ruleId": "unknown-key",
                "level": "error",
                "message": { "text": "unknown key\\u{1b}. Help: look" },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": "prompts/%C3%A4%20b.prompt.yml" },
                    "region": { "startLine": 7, "startColumn": 3, "endColumn": 8 },
                } }],
            })
        );
    }
}
