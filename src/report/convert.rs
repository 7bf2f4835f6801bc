//! What a prompt became in the format of another tool, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::id::PromptId;
use crate::domain::untrusted::Untrusted;
use crate::engine::convert::Converted;

use super::findings::{FindingStyles, render_finding};
use super::import::{changed, left_out, what_came_along};

/// What a conversion came to.
pub struct ConvertReport<'r> {
    /// The prompt.
    pub prompt: &'r PromptId,
    /// The tool, as it was named.
    pub target: &'r str,
    /// What the prompt became.
    pub converted: &'r Converted,
    /// The files that were written, by their paths.
    pub written: &'r [String],
}

impl ConvertReport<'_> {
    /// The report for people, where the result went into files.
    pub fn text(&self, color: bool) -> String {
        let styles = FindingStyles::new(color);
        let mut text = String::new();
        for remark in &self.converted.remarks {
            let _ = writeln!(text, "{}", render_finding(remark, &styles));
        }
        let _ = writeln!(text, "wrote {} file(s)", self.written.len());
        for path in self.written {
            let _ = writeln!(text, "  {}", Untrusted(path));
        }
        let _ = writeln!(text, "{}", what_came_along(&self.converted.remarks));
        text
    }

    /// The report for programs.
    pub fn json(&self) -> impl Serialize {
        ConvertV1 {
            schema: "pointsman/prompt-convert/v1",
            prompt: self.prompt,
            to: self.target,
            text: self.converted.text.as_deref(),
            partials: &self.converted.partials,
            written: self.written,
            left_out: left_out(&self.converted.remarks).collect(),
            changed: changed(&self.converted.remarks).collect(),
        }
    }
}

#[derive(Serialize)]
struct ConvertV1<'r> {
    schema: &'static str,
    prompt: &'r PromptId,
    to: &'r str,
    text: Option<&'r str>,
    partials: &'r BTreeMap<String, String>,
    written: &'r [String],
    left_out: Vec<&'r Finding>,
    changed: Vec<&'r Finding>,
}
