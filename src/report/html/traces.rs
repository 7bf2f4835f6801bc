//! A list of traces or spans, as a page.

use crate::domain::trace::column::Column;
use crate::domain::trace::field::Field as TraceField;
use crate::domain::trace::query::Level;
use crate::engine::traces::explore::list::{ListRequest, ListRow, ListValue};
use crate::report::traces::list::{cell, is_figure, short_id};

use super::blocks::{Block, Cell, Page, Table, Tone};
use super::form::Field;
use super::link;

/// A stretch of a list.
#[derive(Debug)]
pub struct TracesReport<'r> {
    /// What is asked for.
    pub request: &'r ListRequest,
    /// The rows.
    pub rows: &'r [ListRow],
    /// What was said, by the names of options.
    pub said: &'r [(&'r str, &'r str)],
    /// Why there is nothing, where there is nothing.
    pub nothing: &'r [String],
    /// How many rows come before.
    pub from: usize,
    /// How many stand on a page.
    pub count: usize,
    /// Whether there are more.
    pub more: bool,
    /// Whether no more than these are looked at.
    pub is_last: bool,
}

/// The page.
pub fn traces_page(report: &TracesReport<'_>) -> Page {
    let what = match report.request.level {
        Level::Trace => "Traces",
        Level::Span => "Spans",
    };
    let mut page = Page::new(what);
    page.add(form(report.said));
    for line in report.nothing {
        page.note(line);
    }
    if !report.rows.is_empty() {
        page.add(table(what, report));
    }
    if report.is_last && report.more {
        page.note("Only the first of them are shown: narrow the question to see others.");
    }
    page.add(pager(report));
    page
}

/// The value that was said of an option.
pub(super) fn said<'s>(said: &[(&str, &'s str)], name: &str) -> &'s str {
    let found = said.iter().find(|(it, _)| *it == name);
    found.map_or("", |(_, value)| value)
}

fn form(pairs: &[(&str, &str)]) -> Block {
    let value = |name| said(pairs, name);
    let levels = [("", "traces"), ("trace", "traces"), ("span", "spans")];
    let levels = if value("by").is_empty() {
        [levels[0], levels[2]]
    } else {
        [levels[1], levels[2]]
    };
    let orders = [
        ("", "newest first"),
        ("-duration", "slowest first"),
        ("-cost", "dearest first"),
        ("-total_tokens", "most tokens first"),
        ("time", "oldest first"),
    ];
    let mut fields = vec![
        Field::text("where", "Where", value("where"))
            .like("status = error and duration > 2s")
            .wide(),
        Field::text("since", "Since", value("since")).like("24h"),
        Field::text("until", "Until", value("until")).like("2026-03-02T09:00:00Z"),
        Field::choice("by", "Rows", value("by"), &levels),
    ];
    let sort = value("sort");
    fields.push(if orders.iter().any(|(order, _)| *order == sort) {
        Field::choice("sort", "Order", sort, &orders)
    } else {
        Field::text("sort", "Order", sort)
    });
    fields.extend(rarely(pairs));
    Block::Form {
        action: "/traces".to_owned(),
        fields,
        button: "Show",
    }
}

/// Fields that stand in a form only where something was said of them.
pub(super) fn rarely(pairs: &[(&str, &str)]) -> Vec<Field> {
    let fields = [
        ("window", "Window"),
        ("around", "Around"),
        ("view", "View"),
        ("columns", "Columns"),
    ];
    let fields = fields.into_iter().filter_map(|(name, label)| {
        let value = said(pairs, name);
        (!value.is_empty()).then(|| Field::text(name, label, value))
    });
    fields.collect()
}

fn table(what: &str, report: &TracesReport<'_>) -> Table {
    let fields = &report.request.fields;
    let titles: Vec<String> = fields
        .iter()
        .map(|field| {
            let mark = match field {
                field if is_figure(field) => "#",
                TraceField::Column(Column::Time | Column::Trace | Column::Span) => "-",
                _ => "",
            };
            format!("{mark}{}", field.to_string().replace('_', " "))
        })
        .collect();
    let mut table = Table::new(what, &titles);
    for row in report.rows {
        let cells = fields.iter().zip(&row.values);
        table.row(cells.map(|(field, value)| shown(row, field, value.as_ref())));
    }
    table
}

fn shown(row: &ListRow, field: &TraceField, value: Option<&ListValue>) -> Cell {
    let text = cell(field, value);
    match (field, &row.span) {
        (TraceField::Column(Column::Trace), _) => {
            Cell::link(short_id(&row.trace), link::trace(&row.trace)).toned(Tone::Code)
        }
        (TraceField::Column(Column::Span), Some(span)) => {
            Cell::link(short_id(span), link::span(&row.trace, span)).toned(Tone::Code)
        }
        (TraceField::Column(Column::Status), _) => match text.as_str() {
            "error" => Cell::badge(text, Tone::Bad),
            "ok" => Cell::badge(text, Tone::Good),
            _ => Cell::soft(text),
        },
        _ => Cell::new(text),
    }
}

fn pager(report: &TracesReport<'_>) -> Block {
    let at = |from: usize| {
        let from = from.to_string();
        let mut pairs = report.said.to_vec();
        pairs.push(("from", from.as_str()));
        link::query("/traces", &pairs)
    };
    let (from, count) = (report.from, report.count);
    Block::pager(
        (from > 0).then(|| ("Previous", at(from.saturating_sub(count)))),
        (report.more && !report.is_last).then(|| ("Next", at(from + count))),
    )
}
