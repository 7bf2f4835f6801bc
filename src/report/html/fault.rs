//! Why there is no page of what was asked for, as a page.

use crate::domain::finding::Finding;
use crate::report::findings::{FindingStyles, render_finding};

use super::blocks::{Block, Cell, Page};

/// What went wrong.
#[derive(Debug)]
pub struct FaultReport<'f> {
    /// In a few words.
    pub title: &'f str,
    /// The message.
    pub message: &'f str,
    /// What is wrong with which files, or with what was typed.
    pub findings: &'f [Finding],
    /// What to do next.
    pub hints: &'f [String],
}

/// The page.
pub fn fault_page(report: &FaultReport<'_>) -> Page {
    let mut page = Page::new(report.title);
    page.add(Block::Note {
        class: "",
        cells: vec![Cell::new(report.message)],
    });
    let styles = FindingStyles::default();
    for finding in report.findings {
        page.add(Block::text(render_finding(finding, &styles).trim_end()));
    }
    if !report.hints.is_empty() {
        page.add(Block::list(report.hints));
    }
    page
}
