//! What was said in a call after the prompt's own messages: the conversation that a row goes on with.

use crate::domain::message::{RenderedContent, RenderedMessage};
use crate::domain::prompt::{Prompt, Role};
use crate::domain::trace::messages::{Message, MessageRole, Part, read_messages};
use crate::domain::trace::span::Span;

/// The conversation of a call. What the prompt itself says is counted, not compared: the text in the
/// span is that of the version that was live. The error says why no row can hold it.
pub(super) fn conversation(prompt: &Prompt, span: &Span) -> Result<Vec<RenderedMessage>, String> {
    let is_instruction = |role: Role| matches!(role, Role::System | Role::Developer);
    let own = prompt.messages.iter();
    let own = own.filter(|message| !is_instruction(message.role)).count();
    let Some(messages) = span.content.input.as_deref().and_then(read_messages) else {
        return Ok(Vec::new());
    };
    let spoken = messages.into_iter();
    let spoken = spoken.filter(|message| message.role != MessageRole::System);
    let rest: Vec<RenderedMessage> = spoken.skip(own).map(rendered).collect::<Result<_, _>>()?;
    match rest.last() {
        Some(last) if last.role != Role::User => {
            Err("its conversation does not end with a message of the user".to_owned())
        }
        _ => Ok(rest),
    }
}

fn rendered(message: Message) -> Result<RenderedMessage, String> {
    let no_row = |what: &str| {
        Err(format!(
            "its conversation holds {what}, which no row can hold"
        ))
    };
    let role = match message.role {
        MessageRole::Assistant => Role::Assistant,
        MessageRole::Tool => return no_row("what a tool gave back"),
        MessageRole::User | MessageRole::System => Role::User,
    };
    let mut texts = Vec::new();
    for part in message.parts {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Reasoning(_) => {}
            Part::ToolCall { .. } => return no_row("a call to a tool"),
            Part::ToolResult(_) => return no_row("what a tool gave back"),
            Part::Media(_) => return no_row("a file that the span does not"),
            Part::Other(_) => return no_row("a piece that is not known here"),
        }
    }
    Ok(RenderedMessage {
        role,
        content: RenderedContent::Text(texts.join("\n")),
    })
}
