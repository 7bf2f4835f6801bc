//! What an import wrote and what it left out, for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::untrusted::Untrusted;

use super::findings::{FindingStyles, render_finding};

/// What an import came to.
pub struct ImportReport<'r> {
    /// The workspace folder.
    pub root: &'r str,
    /// The paths of the new files.
    pub written: &'r [String],
    /// What did not come along, and what came along a little different.
    pub remarks: &'r [Finding],
    /// Whether nothing was written, because nothing was to be.
    pub dry_run: bool,
}

impl ImportReport<'_> {
    /// The report for people.
    pub fn text(&self, color: bool) -> String {
        let styles = FindingStyles::new(color);
        let mut text = String::new();
        for remark in self.remarks {
            let _ = writeln!(text, "{}", render_finding(remark, &styles));
        }
        let verb = if self.dry_run { "would write" } else { "wrote" };
        let _ = writeln!(text, "{verb} {} file(s)", self.written.len());
        for path in self.written {
            let _ = writeln!(text, "  {}", Untrusted(path));
        }
        let _ = writeln!(text, "{}", what_came_along(self.remarks));
        text
    }

    /// The report for programs.
    pub fn json(&self) -> impl Serialize {
        ImportV1 {
            schema: "pointsman/import/v1",
            root: self.root,
            dry_run: self.dry_run,
            written: self.written,
            left_out: left_out(self.remarks).collect(),
            changed: changed(self.remarks).collect(),
        }
    }
}

/// What did not come along.
pub(super) fn left_out(remarks: &[Finding]) -> impl Iterator<Item = &Finding> {
    remarks.iter().filter(|remark| remark.is_error())
}

/// What came along a little different.
pub(super) fn changed(remarks: &[Finding]) -> impl Iterator<Item = &Finding> {
    remarks.iter().filter(|remark| !remark.is_error())
}

/// How much came along, in one line.
pub fn what_came_along(remarks: &[Finding]) -> String {
    match (left_out(remarks).count(), changed(remarks).count()) {
        (0, 0) => "everything came along".to_owned(),
        (0, changed) => format!("everything came along, {changed} thing(s) a little different"),
        (left_out, 0) => format!("{left_out} thing(s) did not come along"),
        (left_out, changed) => format!(
            "{left_out} thing(s) did not come along, and {changed} came along a little different"
        ),
    }
}

#[derive(Serialize)]
struct ImportV1<'r> {
    schema: &'static str,
    root: &'r str,
    dry_run: bool,
    written: &'r [String],
    left_out: Vec<&'r Finding>,
    changed: Vec<&'r Finding>,
}
