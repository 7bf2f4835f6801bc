//! One span for people: what it was, what it used, what went in and came out.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::trace::embedded;
use crate::domain::trace::messages::{Message, Part, read_messages, read_parts};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::{Operation, Span};
use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::traces::explore::lineage::Live;
use crate::report::quantity::{duration, money};
use crate::report::release::{field, seconds};

use super::told::{live_line, score_line, tokens};

/// How much of a text is shown, in characters.
const SHOWN: usize = 2_000;

/// How much of a value in a line is shown, in characters.
const SHOWN_LINE: usize = 300;

/// How many attributes, messages and events are shown.
const SHOWN_ITEMS: usize = 50;

/// A span, with what is known of it elsewhere.
pub struct SpanPage<'p> {
    /// The span, with its content.
    pub span: &'p Span,
    /// Its scores.
    pub scores: &'p [Score],
    /// What was live when it ran.
    pub live: Option<&'p Live>,
    /// Whether texts are shown whole, however long they are.
    pub all: bool,
}

impl SpanPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut text = self.head();
        self.pairs("attributes", self.span.attributes.iter(), &mut text);
        self.pairs("variables", self.span.content.variables.iter(), &mut text);
        self.content(&mut text);
        self.events(&mut text);
        if !self.scores.is_empty() {
            text.push_str("\nscores\n");
            for score in self.scores {
                let _ = writeln!(text, "  {}", score_line(score));
            }
        }
        text
    }

    fn head(&self) -> String {
        let span = self.span;
        let mut text = format!(
            "span {} of trace {}\n",
            self.line(&span.span_id),
            self.line(&span.trace_id)
        );
        for (name, value) in self.facts() {
            field(&mut text, name, self.line(&value));
        }
        text
    }

    /// What the span was and what it used, as it is.
    pub(in crate::report) fn facts(&self) -> Vec<(&'static str, String)> {
        let span = self.span;
        let mut facts: Vec<(&'static str, String)> = Vec::new();
        let mut told = |name: &'static str, value: Option<String>| {
            facts.extend(value.filter(|it| !it.is_empty()).map(|it| (name, it)));
        };
        let (call, lineage, origin) = (&span.call, &span.lineage, &span.origin);
        told("name", Some(span.name.clone()));
        told(
            "kind",
            Some(format!(
                "{}, status {}",
                span.operation.name(),
                span.status.name()
            )),
        );
        told("parent", span.parent_span_id.clone());
        told("began", Some(self.time()));
        told("model", joined(&[&call.provider, &call.model], " "));
        told("tokens", self.tokens());
        told(
            "cost",
            call.cost_usd.map(|cost| {
                let source = call.cost_source.as_ref();
                source.map_or_else(
                    || money(cost),
                    |source| format!("{} ({source})", money(cost)),
                )
            }),
        );
        told("stopped", call.finish_reason.clone());
        told(
            "prompt",
            joined(&[&lineage.prompt, &lineage.version], " at "),
        );
        told("print", lineage.fingerprint.clone());
        told("lane", lineage.lane.clone());
        told("deployed", lineage.deployment.clone());
        told("live", self.live.map(live_line));
        told("service", origin.service.clone());
        told("route", origin.route.clone());
        told("session", origin.session.clone());
        told("user", origin.user.clone());
        told("tool", origin.tool.clone());
        told("tags", Some(origin.tags.join(", ")));
        told(
            "error",
            joined(&[&span.error_type, &span.status_message], ": "),
        );
        facts
    }

    fn line(&self, value: &str) -> String {
        let limit = if self.all { usize::MAX } else { SHOWN_LINE };
        Untrusted(&shorten(value, limit)).to_string()
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    fn time(&self) -> String {
        let span = self.span;
        let mut time = format!(
            "{}, took {}",
            seconds(span.started_at),
            duration(span.duration_ns as f64)
        );
        if let Some(first) = span.call.time_to_first_chunk_ns {
            let _ = write!(time, ", the first piece after {}", duration(first as f64));
        }
        time
    }

    fn tokens(&self) -> Option<String> {
        let call = &self.span.call;
        let mut told = tokens(call.input_tokens, call.output_tokens)?;
        for (count, what) in [
            (call.cache_read_tokens, "from the cache"),
            (call.cache_write_tokens, "put into the cache"),
            (call.reasoning_tokens, "of reasoning"),
        ] {
            if let Some(count) = count.filter(|count| *count > 0) {
                let _ = write!(told, ", {count} {what}");
            }
        }
        Some(told)
    }

    fn pairs<'a>(
        &self,
        title: &str,
        pairs: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
        text: &mut String,
    ) {
        let count = pairs.len();
        if count == 0 {
            return;
        }
        let _ = writeln!(text, "\n{title}");
        for (key, value) in pairs.take(self.items()) {
            let _ = writeln!(text, "  {}  {}", self.line(key), self.line(value));
        }
        self.more(count, text);
    }

    /// How many items of one sort are shown.
    fn items(&self) -> usize {
        if self.all { usize::MAX } else { SHOWN_ITEMS }
    }

    fn more(&self, count: usize, text: &mut String) {
        if count > self.items() {
            let more = count - self.items();
            let _ = writeln!(text, "  and {more} more; `--all` shows them");
        }
    }

    fn content(&self, text: &mut String) {
        let content = &self.span.content;
        let is_tool = self.span.operation == Operation::ExecuteTool;
        let titles = if is_tool {
            ["called with", "gave back"]
        } else {
            ["input", "output"]
        };
        if let Some(instructions) = &content.system_instructions {
            if let Some(parts) = read_parts(instructions) {
                text.push_str("\nsystem instructions\n");
                self.parts(&parts, text);
            } else {
                self.said("system instructions", instructions, text);
            }
        }
        for (title, said) in titles.iter().zip([&content.input, &content.output]) {
            if let Some(said) = said {
                self.said(title, said, text);
            }
        }
        if let Some(tools) = &content.tool_definitions {
            self.said("tools that could be called", tools, text);
        }
    }

    fn said(&self, title: &str, said: &str, text: &mut String) {
        let _ = writeln!(text, "\n{title}");
        let Some(messages) = read_messages(said) else {
            self.block(&pretty(said), "  ", text);
            return;
        };
        for message in messages.iter().take(self.items()) {
            self.message(message, text);
        }
        self.more(messages.len(), text);
    }

    fn message(&self, message: &Message, text: &mut String) {
        let _ = writeln!(text, "  {}:", message.role.name());
        self.parts(&message.parts, text);
    }

    fn parts(&self, parts: &[Part], text: &mut String) {
        for part in parts {
            match part {
                Part::Text(said) => self.block(said, "    ", text),
                Part::Reasoning(thought) => {
                    text.push_str("    thinks:\n");
                    self.block(thought, "      ", text);
                }
                Part::ToolCall { name, arguments } => {
                    let _ = writeln!(text, "    calls {} with", self.line(name));
                    self.block(&pretty(arguments), "      ", text);
                }
                Part::ToolResult(result) => {
                    text.push_str("    result:\n");
                    self.block(&pretty(result), "      ", text);
                }
                Part::Media(what) => {
                    let _ = writeln!(text, "    shows {}", self.line(what));
                }
                Part::Other(json) => self.block(json, "    ", text),
            }
        }
    }

    /// A text of several lines, each after some white space.
    fn block(&self, said: &str, indent: &str, text: &mut String) {
        let limit = if self.all { usize::MAX } else { SHOWN };
        let shown = shorten(said, limit);
        for line in UntrustedBlock(&shown).to_string().lines() {
            let _ = writeln!(text, "{}", format!("{indent}{line}").trim_end());
        }
        if shown.len() < said.len() {
            let more = said.chars().count().saturating_sub(limit);
            let _ = writeln!(text, "{indent}({more} more characters; `--all` shows them)");
        }
    }

    fn events(&self, text: &mut String) {
        let Some(events) = &self.span.content.events else {
            return;
        };
        text.push_str("\nevents\n");
        let Ok(Value::Array(events)) = embedded::read(events) else {
            self.block(events, "  ", text);
            return;
        };
        for event in events.iter().take(self.items()) {
            let word = |value: &Value| value.as_str().map(str::to_owned);
            let name = word(&event["name"]).unwrap_or_default();
            let time = word(&event["time"]).unwrap_or_default();
            let _ = writeln!(text, "  {} {}", self.line(&time), self.line(&name));
            let attributes = event["attributes"].as_object();
            for (key, value) in attributes.into_iter().flatten() {
                let value = word(value).unwrap_or_else(|| value.to_string());
                let _ = writeln!(text, "    {}", self.line(key));
                self.block(&value, "      ", text);
            }
        }
        self.more(events.len(), text);
    }
}

fn joined(parts: &[&Option<String>], between: &str) -> Option<String> {
    let known: Vec<&str> = parts.iter().filter_map(|part| part.as_deref()).collect();
    (!known.is_empty()).then(|| known.join(between))
}

/// JSON with line breaks; any other text as it is.
pub(in crate::report) fn pretty(text: &str) -> String {
    let json: Option<Value> = embedded::read(text).ok();
    let json = json.filter(|json| json.is_object() || json.is_array());
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    pretty.unwrap_or_else(|| text.to_owned())
}
