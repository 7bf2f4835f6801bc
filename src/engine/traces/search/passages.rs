//! The texts of a span, each with where it comes from: who said it, or what it is.

use std::str::FromStr;

use serde_json::Value;

use crate::domain::suggest::did_you_mean;
use crate::domain::trace::messages::{Message, MessageRole, Part, read_messages, read_parts};
use crate::domain::trace::span::{Operation, Span};

/// Where a text of a span comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// What the span and its tool are called.
    Name,
    /// What a model was told by whoever runs it.
    System,
    /// What somebody asked.
    User,
    /// What was answered.
    Assistant,
    /// What a model wrote for itself.
    Reasoning,
    /// Which tool was called, with what.
    ToolCall,
    /// What a tool gave back.
    ToolResult,
    /// What was searched, and what was found.
    Retrieval,
    /// What a check was given, and what it said.
    Guardrail,
    /// What the prompt was rendered with.
    Variable,
    /// What went wrong.
    Error,
}

impl Source {
    /// All of them, with their names in options and results.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Name, "name"),
        (Self::System, "system"),
        (Self::User, "user"),
        (Self::Assistant, "assistant"),
        (Self::Reasoning, "reasoning"),
        (Self::ToolCall, "tool-call"),
        (Self::ToolResult, "tool-result"),
        (Self::Retrieval, "retrieval"),
        (Self::Guardrail, "guardrail"),
        (Self::Variable, "variable"),
        (Self::Error, "error"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(known, _)| *known == self);
        found.map_or("", |(_, name)| name)
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(source, _)| *source).ok_or_else(|| {
            let names = Self::ALL.iter().map(|(_, name)| *name);
            format!("no text comes from there; {}", did_you_mean(text, names))
        })
    }
}

/// A text of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it comes from.
    pub source: Source,
    /// The text.
    pub text: String,
}

/// Every text of a span, in the order in which it came to be.
pub fn passages(span: &Span) -> Vec<Passage> {
    let mut found = Passages(Vec::new());
    found.add(Source::Name, &span.name);
    found.add_option(Source::Name, span.origin.tool.as_deref());
    let content = &span.content;
    for value in content.variables.values() {
        found.add(Source::Variable, value);
    }
    if let Some(text) = &content.system_instructions {
        found.system(text);
    }
    let (input, output) = sources(span.operation);
    for (text, plain) in [(&content.input, input), (&content.output, output)] {
        if let Some(text) = text {
            found.said(text, plain);
        }
    }
    found.add_option(Source::Error, span.error_type.as_deref());
    found.add_option(Source::Error, span.status_message.as_deref());
    if let Some(events) = &content.events {
        found.exceptions(events);
    }
    found.0
}

/// Where text comes from that goes into a step and out of it, if it is no list of messages.
fn sources(operation: Operation) -> (Source, Source) {
    match operation {
        Operation::ExecuteTool => (Source::ToolCall, Source::ToolResult),
        Operation::Retrieval => (Source::Retrieval, Source::Retrieval),
        Operation::Guardrail => (Source::Guardrail, Source::Guardrail),
        _ => (Source::User, Source::Assistant),
    }
}

struct Passages(Vec<Passage>);

impl Passages {
    fn add(&mut self, source: Source, text: &str) {
        if !text.is_empty() {
            self.0.push(Passage {
                source,
                text: text.to_owned(),
            });
        }
    }

    fn add_option(&mut self, source: Source, text: Option<&str>) {
        self.add(source, text.unwrap_or_default());
    }

    /// Instructions are text, or a list of parts.
    fn system(&mut self, text: &str) {
        match read_parts(text) {
            Some(parts) => self.parts(Source::System, &parts),
            None => self.said(text, Source::System),
        }
    }

    fn said(&mut self, text: &str, plain: Source) {
        match read_messages(text) {
            Some(messages) => self.messages(&messages),
            None => self.add(plain, text),
        }
    }

    fn messages(&mut self, messages: &[Message]) {
        for message in messages {
            let speaker = match message.role {
                MessageRole::System => Source::System,
                MessageRole::User => Source::User,
                MessageRole::Assistant => Source::Assistant,
                MessageRole::Tool => Source::ToolResult,
            };
            self.parts(speaker, &message.parts);
        }
    }

    fn parts(&mut self, speaker: Source, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(text) | Part::Media(text) | Part::Other(text) => {
                    self.add(speaker, text);
                }
                Part::Reasoning(text) => self.add(Source::Reasoning, text),
                Part::ToolResult(text) => self.add(Source::ToolResult, text),
                Part::ToolCall { name, arguments } => {
                    self.add(Source::ToolCall, &format!("{name} {arguments}"));
                }
            }
        }
    }

    fn exceptions(&mut self, events: &str) {
        let Ok(Value::Array(events)) = serde_json::from_str(events) else {
            return;
        };
        for event in events {
            if event["name"] != "exception" {
                continue;
            }
            for key in [
                "exception.type",
                "exception.message",
                "exception.stacktrace",
            ] {
                self.add_option(Source::Error, event["attributes"][key].as_str());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(span: &Span) -> Vec<(&'static str, String)> {
        let passages = passages(span).into_iter();
        passages
            .map(|passage| (passage.source.name(), passage.text))
            .collect()
    }

    fn said(source: &'static str, text: &str) -> (&'static str, String) {
        (source, text.to_owned())
    }

    #[test]
    fn a_call_to_a_model_is_told_by_who_said_what() {
        let mut span = Span {
            name: "chat m".to_owned(),
            operation: Operation::Chat,
            error_type: Some("timeout".to_owned()),
            ..Span::default()
        };
        let content = &mut span.content;
        content
            .variables
            .insert("ticket".to_owned(), "Where?".to_owned());
        content.system_instructions = Some(r#"[{"type":"text","content":"Be kind."}]"#.to_owned());
        content.input = Some(
            r#"[{"role":"user","parts":[{"type":"text","content":"Hi"}]},
                {"role":"tool","parts":[{"type":"tool_call_response","response":"found"}]}]"#
                .to_owned(),
        );
        content.output = Some(
            r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"Hm"},
                {"type":"tool_call","name":"find","arguments":{"id":1}},
                {"type":"text","content":"Yes"}]}]"#
                .to_owned(),
        );
        content.events = Some(
            r#"[{"name":"exception","attributes":{"exception.message":"too slow"}},
                {"name":"retry","attributes":{"exception.message":"not this"}}]"#
                .to_owned(),
        );
        assert_eq!(
            told(&span),
            [
                said("name", "chat m"),
                said("variable", "Where?"),
                said("system", "Be kind."),
                said("user", "Hi"),
                said("tool-result", "found"),
                said("reasoning", "Hm"),
                said("tool-call", "find {\"id\":1}"),
                said("assistant", "Yes"),
                said("error", "timeout"),
                said("error", "too slow"),
            ]
        );
    }

    #[test]
    fn plain_text_is_told_by_the_sort_of_step() {
        for (operation, sources) in [
            (Operation::Chat, ["user", "assistant"]),
            (Operation::ExecuteTool, ["tool-call", "tool-result"]),
            (Operation::Retrieval, ["retrieval", "retrieval"]),
            (Operation::Guardrail, ["guardrail", "guardrail"]),
        ] {
            let mut span = Span {
                operation,
                ..Span::default()
            };
            span.content.input = Some("in".to_owned());
            span.content.output = Some("{\"state\":\"out\"}".to_owned());
            span.content.events = Some("no events".to_owned());
            let expected = [
                said(sources[0], "in"),
                said(sources[1], "{\"state\":\"out\"}"),
            ];
            assert_eq!(told(&span), expected);
        }
    }

    #[test]
    fn instructions_that_are_text_are_what_the_system_said() {
        let mut span = Span::default();
        span.content.system_instructions = Some("Be \"kind\".".to_owned());
        assert_eq!(told(&span), [said("system", "Be \"kind\".")]);
        span.content.system_instructions = Some("[not json".to_owned());
        assert_eq!(told(&span), [said("system", "[not json")]);
    }

    #[test]
    fn sources_have_names_and_an_unknown_one_is_told_the_nearest() {
        for (source, name) in Source::ALL {
            assert_eq!(name.parse(), Ok(source));
        }
        assert!(
            "tool-calls"
                .parse::<Source>()
                .unwrap_err()
                .contains("`tool-call`")
        );
    }
}
