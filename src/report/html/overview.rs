//! The loop at a glance, as a page.

use crate::report::status::{LaneAtAGlance, StatusReport, ToDo, Urgency, in_words};

use super::blocks::{Cell, Page, Table, Tone};
use super::lanes::lane_table;

/// The page.
pub fn overview_page(report: &StatusReport) -> Page {
    let mut page = Page::new("Overview");
    page.heading("Lanes");
    lanes(&report.lanes, &mut page);
    page.heading("To do");
    if report.to_do.is_empty() {
        page.note("Nothing waits.");
        return page;
    }
    let mut table = Table::new("what is to be done", &["What", "-When", "How"]);
    for it in &report.to_do {
        table.pieces([vec![what(it)], vec![when(it.urgency)], commands(it)]);
    }
    page.add(table);
    page
}

fn lanes(lanes: &[LaneAtAGlance], page: &mut Page) {
    if lanes.is_empty() {
        page.note("There are no lanes; declare one in `environments/<lane>.toml`.");
    } else {
        page.add(lane_table(lanes));
    }
}

/// What is to be done, with the page that has more of it.
fn what(it: &ToDo) -> Cell {
    let href = match it.situation {
        "incident" => "/incidents",
        "failure-repeats" => "/behaviors",
        "hold" | "prompt-ready" => "/lanes",
        "alert-fires" | "latency-rises" | "cost-rises" | "release-failed" | "watch-due"
        | "watch-undecided" => "/monitor",
        _ => return Cell::new(&it.what),
    };
    Cell::link(&it.what, href.to_owned())
}

fn when(urgency: Urgency) -> Cell {
    let tone = match urgency {
        Urgency::Now => Tone::Bad,
        Urgency::Next => Tone::Warn,
        Urgency::Later => Tone::Plain,
    };
    Cell::badge(in_words(urgency), tone)
}

/// The commands that lead on, each on a line.
fn commands(it: &ToDo) -> Vec<Cell> {
    let commands = it.next.iter();
    commands
        .map(|command| Cell::new(command).toned(Tone::Line))
        .collect()
}
