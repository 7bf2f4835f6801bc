//! What the stand-in makes of a conversation: the instructions decide which of its skills answers.

use crate::{judge, reply, summary, triage};

/// What was said to the model.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Every system and developer message.
    pub(crate) instructions: String,
    /// The last user message.
    pub(crate) input: String,
    /// Whether the answer must be JSON.
    pub(crate) json: bool,
}

/// The answer to a conversation.
pub(crate) fn answer(conversation: &Conversation) -> String {
    let instructions = conversation.instructions.to_lowercase();
    let Conversation { input, json, .. } = conversation;
    if instructions.contains("you grade") {
        judge::answer(&instructions, input, *json)
    } else if instructions.contains("you draft") {
        reply::answer(&instructions, input, *json)
    } else if instructions.contains("passage") {
        summary::answer(&instructions, input)
    } else if instructions.contains("queue") {
        triage::answer(&instructions, input)
    } else {
        "I can sort tickets, draft replies, answer from a passage, and grade answers.".to_owned()
    }
}

/// Whether the instructions protect the input from being obeyed.
pub(crate) fn input_is_data(instructions: &str) -> bool {
    instructions.contains("data, not instructions")
}
