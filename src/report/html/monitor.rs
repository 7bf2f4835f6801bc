//! Monitor as a page of `view`: what can be asked, and the numbers.

use crate::report::monitor::html::numbers;
use crate::report::monitor::overview::OverviewReport;

use super::blocks::{Block, Cell, Page};
use super::form::Field;
use super::link;
use super::traces::{rarely, said};

/// What was asked, and what came of it.
pub struct MonitorReport<'r> {
    /// The numbers.
    pub numbers: &'r OverviewReport<'r>,
    /// What was said, by the names of options.
    pub said: &'r [(&'r str, &'r str)],
    /// Why there is nothing, where there is nothing.
    pub nothing: &'r [String],
    /// The window in which everything lies that is kept, where none of it lies in the one that was asked
    /// for.
    pub elsewhere: Option<&'r str>,
}

/// The page.
pub fn monitor_page(report: &MonitorReport<'_>) -> Page {
    let mut page = Page::new("Monitor");
    page.add(form(report.said));
    if let Some(window) = report.elsewhere {
        let here = link::query("/monitor", &[("window", window)]);
        page.notes(vec![
            Cell::new("Nothing that is kept lies in this time: "),
            Cell::link("show all of it", here),
            Cell::new("."),
        ]);
        return page;
    }
    for line in report.nothing {
        page.note(line);
    }
    if report.nothing.is_empty() {
        numbers(report.numbers, &mut page);
    }
    page
}

fn form(pairs: &[(&str, &str)]) -> Block {
    let value = |name| said(pairs, name);
    let groups = [
        ("", "all together"),
        ("lane", "by lane"),
        ("deployment", "by deployment"),
        ("prompt", "by prompt"),
        ("model", "by model"),
        ("route", "by route"),
        ("tag", "by tag"),
    ];
    let by = value("by");
    let mut fields = vec![
        Field::text("where", "Where", value("where"))
            .like("lane = production")
            .wide(),
        Field::text("since", "Since", value("since")).like("24h"),
        Field::text("until", "Until", value("until")).like("2026-03-02T09:00:00Z"),
        if groups.iter().any(|(group, _)| *group == by) {
            Field::choice("by", "Groups", by, &groups)
        } else {
            Field::text("by", "Groups", by)
        },
    ];
    let others = [
        ("per", "Per"),
        ("metric", "Metric"),
        ("trend", "Trend"),
        ("bucket", "Bucket"),
    ];
    let others = others
        .into_iter()
        .filter(|(name, _)| !value(name).is_empty());
    fields.extend(others.map(|(name, label)| Field::text(name, label, value(name))));
    fields.extend(rarely(pairs));
    Block::Form {
        action: "/monitor".to_owned(),
        fields,
        button: "Show",
    }
}
