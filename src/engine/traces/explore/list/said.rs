//! What went into a step and came out of it, in a line.

use crate::domain::trace::messages::{Message, MessageRole, Part, read_messages};

use super::ListValue;

/// What was asked: of messages, the last that a user wrote.
pub(super) fn asked(text: &str) -> ListValue {
    ListValue::Text(last(text, &[MessageRole::User, MessageRole::Tool]))
}

/// What was told: of messages, the last that the model wrote.
pub(super) fn told(text: &str) -> ListValue {
    ListValue::Text(last(text, &[MessageRole::Assistant]))
}

fn last(text: &str, speakers: &[MessageRole]) -> String {
    let Some(messages) = read_messages(text) else {
        return text.to_owned();
    };
    let spoken = messages
        .iter()
        .rev()
        .filter(|it| speakers.contains(&it.role));
    let mut spoken = spoken.map(said).filter(|said| !said.is_empty());
    spoken.next().unwrap_or_else(|| text.to_owned())
}

fn said(message: &Message) -> String {
    let parts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::ToolResult(text) | Part::Media(text) => Some(text.clone()),
        Part::ToolCall { name, arguments } => Some(format!("{name} {arguments}")),
        Part::Reasoning(_) | Part::Other(_) => None,
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_count() {
        let input = r#"[{"role":"system","content":"Be kind."},
            {"role":"user","content":"Hi"}, {"role":"assistant","content":"Hello"},
            {"role":"user","content":"Where is it?"}, {"role":"system","content":"Again."}]"#;
        assert_eq!(asked(input), ListValue::Text("Where is it?".to_owned()));
        assert_eq!(told(input), ListValue::Text("Hello".to_owned()));
        let call = r#"[{"role":"assistant","parts":[{"type":"tool_call","name":"find","arguments":"{}"}]}]"#;
        assert_eq!(told(call), ListValue::Text("find {}".to_owned()));
        assert_eq!(asked(call), ListValue::Text(call.to_owned()));
        assert_eq!(told("plain"), ListValue::Text("plain".to_owned()));
    }
}
