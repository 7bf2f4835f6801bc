//! One span as a page: what it was, what it used, what went in and came out.

use serde_json::Value;

use crate::domain::trace::messages::{Message, Part, read_messages, read_parts};
use crate::domain::trace::span::{Operation, Span, SpanStatus};
use crate::report::traces::list::short_id;
use crate::report::traces::span::{SpanPage, pretty};
use crate::report::traces::told::score_line;

use super::blocks::{Block, Cell, Facts, Page, Table, Tone};
use super::link;
use super::trace::live;

/// How many attributes, messages and events are shown.
const SHOWN_ITEMS: usize = 100;

/// The page, with what makes it less than it could be.
pub fn span_page(of: &SpanPage<'_>, doubt: Option<&str>) -> Page {
    let span = of.span;
    let mut page = Page::new(&span.name).below([
        Cell::link("Traces", "/traces".to_owned()),
        Cell::link(short_id(&span.trace_id), link::trace(&span.trace_id)),
    ]);
    if span.status == SpanStatus::Error {
        page = page.badge(Cell::badge("error", Tone::Bad));
    }
    let mut facts = Facts::default();
    facts.add("span", Cell::code(&span.span_id));
    for (name, value) in of.facts() {
        match name {
            "name" | "live" => {}
            "parent" => {
                let parent = link::span(&span.trace_id, &value);
                facts.add(name, Cell::link(value, parent));
            }
            _ => facts.add(name, value),
        }
    }
    facts.lines("live", of.live.map(live).into_iter().collect());
    let scores = of.scores.iter().take(SHOWN_ITEMS);
    let scores = scores.map(|score| vec![Cell::new(score_line(score))]);
    facts.lines("scores", scores.collect());
    page.add(facts);
    if let Some(doubt) = doubt {
        page.note(doubt);
    }
    content(span, &mut page);
    pairs("Variables", span.content.variables.iter(), &mut page);
    pairs("Attributes", span.attributes.iter(), &mut page);
    if let Some(events) = &span.content.events {
        self::events(events, &mut page);
    }
    page
}

fn content(span: &Span, page: &mut Page) {
    let content = &span.content;
    let titles = if span.operation == Operation::ExecuteTool {
        ["Called with", "Gave back"]
    } else {
        ["Input", "Output"]
    };
    if let Some(instructions) = &content.system_instructions {
        page.heading("System instructions");
        match read_parts(instructions) {
            Some(parts) => page.add(Block::said("", &texts(&parts))),
            None => said(instructions, page),
        }
    }
    for (title, text) in titles.iter().zip([&content.input, &content.output]) {
        if let Some(text) = text {
            page.heading(title);
            said(text, page);
        }
    }
    if let Some(tools) = &content.tool_definitions {
        page.heading("Tools that could be called");
        said(tools, page);
    }
}

fn said(text: &str, page: &mut Page) {
    let Some(messages) = read_messages(text) else {
        page.add(Block::text(&pretty(text)));
        return;
    };
    for Message { role, parts } in messages.iter().take(SHOWN_ITEMS) {
        page.add(Block::said(role.name(), &texts(parts)));
    }
    more(messages.len(), page);
}

fn texts(parts: &[Part]) -> Vec<String> {
    let text = |part: &Part| match part {
        Part::Text(text) | Part::Other(text) => text.clone(),
        Part::Reasoning(thought) => format!("thinks: {thought}"),
        Part::ToolCall { name, arguments } => format!("calls {name} with\n{}", pretty(arguments)),
        Part::ToolResult(result) => format!("result:\n{}", pretty(result)),
        Part::Media(what) => format!("shows {what}"),
    };
    parts.iter().take(SHOWN_ITEMS).map(text).collect()
}

fn pairs<'a>(
    title: &str,
    pairs: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
    page: &mut Page,
) {
    let count = pairs.len();
    if count == 0 {
        return;
    }
    page.heading(title);
    let mut table = Table::new(title, &["Name", "Value"]);
    for (name, value) in pairs.take(SHOWN_ITEMS) {
        table.row([Cell::code(name), Cell::new(value)]);
    }
    page.add(table);
    more(count, page);
}

fn more(count: usize, page: &mut Page) {
    if count > SHOWN_ITEMS {
        page.note(&format!("And {} more.", count - SHOWN_ITEMS));
    }
}

fn events(text: &str, page: &mut Page) {
    page.heading("Events");
    let Ok(Value::Array(events)) = serde_json::from_str(text) else {
        page.add(Block::text(text));
        return;
    };
    for event in events.iter().take(SHOWN_ITEMS) {
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let name = word(&event["name"]).unwrap_or_default();
        let time = word(&event["time"]).unwrap_or_default();
        let attributes = event["attributes"].as_object();
        let lines: Vec<String> = attributes
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                let value = word(value).unwrap_or_else(|| value.to_string());
                format!("{key}: {value}")
            })
            .collect();
        page.add(Block::said(&format!("{time} {name}"), &lines));
    }
    more(events.len(), page);
}
