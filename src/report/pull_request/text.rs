//! The report about a pull request for a terminal.

use std::fmt::Write as _;

use crate::domain::untrusted::{Untrusted, UntrustedBlock};
use crate::report::table::TextTable;

use super::PullRequestReport;
use super::page::{Block, Page};

/// Renders the report.
pub fn render_text(report: &PullRequestReport<'_>) -> String {
    let page = Page::new(report);
    let mut text = format!("{}\n", page.headline);
    for section in &page.sections {
        let _ = writeln!(text, "\n{}", section.title.to_lowercase());
        for block in &section.blocks {
            match block {
                Block::Line(line) => {
                    let _ = writeln!(text, "  {}", Untrusted(line));
                }
                Block::Table(titles, rows) => {
                    let mut table = TextTable::new(titles);
                    for row in rows {
                        table.row(row);
                    }
                    text.push_str(&table.render());
                }
                Block::Output(name, said) => {
                    let said = UntrustedBlock(said).to_string();
                    let _ = writeln!(text, "    {name}: {}", said.replace('\n', "\n          "));
                }
            }
        }
    }
    text
}
