//! The conversation that a row goes on with: what was said in a call after the prompt's own messages.

use crate::domain::message::{RenderedContent, RenderedMessage};
use crate::domain::prompt::{Prompt, Role};
use crate::domain::trace::messages::{Message, MessageRole, Part};
use crate::domain::trace::span::Span;
use crate::engine::traces::conversation::after_prompt;

/// The conversation of a call. The error says why no row can hold it.
pub(super) fn conversation(prompt: &Prompt, span: &Span) -> Result<Vec<RenderedMessage>, String> {
    let said = after_prompt(Some(prompt), span).into_iter();
    let said: Vec<RenderedMessage> = said.map(rendered).collect::<Result<_, _>>()?;
    match said.last() {
        Some(last) if last.role != Role::User => {
            Err("its conversation does not end with a message of the user".to_owned())
        }
        _ => Ok(said),
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
