//! What was said in a call to a model beside what its prompt says by itself.

use crate::domain::prompt::{Prompt, Role};
use crate::domain::trace::messages::{Message, MessageRole, read_messages};
use crate::domain::trace::span::Span;

/// The messages of a call after those of its prompt, instructions left out. What the prompt itself says
/// is counted, not compared: the text in the span is that of the version that was live. Without the
/// prompt, everything was said by somebody.
pub fn after_prompt(prompt: Option<&Prompt>, span: &Span) -> Vec<Message> {
    let own = prompt.into_iter().flat_map(|prompt| &prompt.messages);
    let own = own.filter(|message| !matches!(message.role, Role::System | Role::Developer));
    let messages = span.content.input.as_deref().and_then(read_messages);
    let spoken = messages.into_iter().flatten();
    let spoken = spoken.filter(|message| message.role != MessageRole::System);
    spoken.skip(own.count()).collect()
}
