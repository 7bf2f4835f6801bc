//! What is wrong with an answer, as far as its form says: it was cut off, stopped, refused or empty, or
//! has not the shape that was asked for.

use crate::domain::trace::messages::{Message, MessageRole, Part};
use crate::domain::trace::span::{Span, SpanStatus};

use super::formats::Formats;

/// Something wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The model had no more tokens.
    CutOff,
    /// A filter of the provider stopped it.
    Filtered,
    /// It says that it will not or cannot.
    Refused,
    /// There is nothing in it.
    Empty,
    /// It has not the shape that was asked for.
    Format(String),
    /// It calls a tool that it was not offered.
    NotOffered(String),
}

/// Why providers say that an answer is cut off.
const CUT_OFF: [&str; 4] = ["length", "max_tokens", "max_output_tokens", "model_length"];

/// Why providers say that an answer was stopped.
const FILTERED: [&str; 6] = [
    "content_filter",
    "content_filtered",
    "refusal",
    "safety",
    "prohibited_content",
    "recitation",
];

/// Where in an answer a refusal stands, in characters.
const START: usize = 160;

/// How answers begin that refuse, in English.
const REFUSALS: [&str; 17] = [
    "i can't help with",
    "i cannot help with",
    "i can't assist",
    "i cannot assist",
    "i can't provide",
    "i cannot provide",
    "i can't comply",
    "i cannot comply",
    "i can't fulfill",
    "i cannot fulfill",
    "i'm unable to",
    "i am unable to",
    "i'm not able to",
    "i am not able to",
    "i won't be able to",
    "as an ai language model",
    "i must decline",
];

/// What is wrong with the answer of a call to a model. Of a call that failed, nothing is said.
pub(super) fn faults(span: &Span, output: &[Message], formats: &Formats) -> Vec<Fault> {
    if span.status == SpanStatus::Error {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let reasons = span.call.finish_reason.as_deref().unwrap_or_default();
    let reasons = reasons.to_lowercase();
    let stopped = |known: &[&str]| reasons.split(',').any(|it| known.contains(&it.trim()));
    let is_cut_off = stopped(&CUT_OFF);
    if is_cut_off {
        faults.push(Fault::CutOff);
    }
    if stopped(&FILTERED) {
        faults.push(Fault::Filtered);
    }
    let parts = output
        .iter()
        .filter(|message| message.role == MessageRole::Assistant)
        .flat_map(|message| &message.parts);
    let has_more = parts
        .clone()
        .any(|part| !matches!(part, Part::Text(_) | Part::Reasoning(_)));
    if output.is_empty() || has_more || !faults.is_empty() {
        return faults;
    }
    let texts = parts.filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let text = texts.collect::<String>();
    let text = text.trim();
    if text.is_empty() {
        faults.push(Fault::Empty);
    } else if refuses(text) {
        faults.push(Fault::Refused);
    } else if let Some(fault) = formats.broken(span, text) {
        faults.push(Fault::Format(fault));
    }
    faults
}

fn refuses(text: &str) -> bool {
    let start: String = text.chars().take(START).collect();
    let start = start.to_lowercase().replace('’', "'");
    REFUSALS.iter().any(|phrase| start.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(answer: &str, reason: &str) -> Vec<Fault> {
        let mut span = Span::default();
        span.call.finish_reason = Some(reason.to_owned());
        let output = [Message {
            role: MessageRole::Assistant,
            parts: vec![Part::Text(answer.to_owned())],
        }];
        faults(&span, &output, &Formats::default())
    }

    #[test]
    fn the_form_of_an_answer_says_what_is_wrong_with_it() {
        for (answer, reason, expected) in [
            ("billing", "stop", vec![]),
            ("The order", "length", vec![Fault::CutOff]),
            ("The order", "stop,MAX_TOKENS", vec![Fault::CutOff]),
            ("", "content_filter", vec![Fault::Filtered]),
            (" \n", "stop", vec![Fault::Empty]),
            (
                "I’m sorry, but I can’t help with that.",
                "stop",
                vec![Fault::Refused],
            ),
            ("I am sorry for the trouble.", "stop", vec![]),
        ] {
            assert_eq!(faults_of(answer, reason), expected, "{answer}");
        }
    }

    #[test]
    fn a_call_of_a_tool_is_no_empty_answer_and_a_failed_one_is_none() {
        let mut span = Span::default();
        let output = [Message {
            role: MessageRole::Assistant,
            parts: vec![
                Part::Text(String::new()),
                Part::ToolCall {
                    name: "find".to_owned(),
                    arguments: String::new(),
                },
            ],
        }];
        assert_eq!(faults(&span, &output, &Formats::default()), []);
        let empty = [Message {
            role: MessageRole::Assistant,
            parts: Vec::new(),
        }];
        assert_eq!(faults(&span, &empty, &Formats::default()), [Fault::Empty]);
        span.status = SpanStatus::Error;
        assert_eq!(faults(&span, &empty, &Formats::default()), []);
    }
}
