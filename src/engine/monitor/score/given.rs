//! A recorded call as something that evaluators can grade: the answer, and what was asked.

use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::message::{RenderedContent, RenderedMessage};
use crate::domain::prompt::{Prompt, Role};
use crate::domain::run::Answer;
use crate::domain::trace::messages::{Message, MessageRole, Part, read_messages};
use crate::domain::trace::span::{ModelCall, Span};
use crate::engine::evaluate::elsewhere::Given;
use crate::engine::traces::conversation::after_prompt;
use crate::engine::workspace::closure::coerce;

/// The call's answer in its context, as far as it was recorded; `None`: it holds no answer. `prompt` is
/// what this workspace has under the name that the span gives.
pub(super) fn given(span: &Span, prompt: Option<&Prompt>) -> Option<Given> {
    let output = span.content.output.as_deref().filter(|it| !it.is_empty())?;
    let (text, tool_calls) = said(output);
    let output = match text {
        text if text.is_empty() && !tool_calls.is_empty() => json!(tool_calls).to_string(),
        text => text,
    };
    let call = &span.call;
    #[expect(
        clippy::cast_precision_loss,
        reason = "no call takes the 104 days from which on nanoseconds are rounded"
    )]
    let latency_ms = span.duration_ns as f64 / 1e6;
    Some(Given {
        row: row(span, prompt),
        prompt: prompt.map(|prompt| prompt.id.clone()),
        answer: Answer {
            output,
            tool_calls,
            latency_ms: Some(latency_ms),
            ..counted(call)
        },
    })
}

fn counted(call: &ModelCall) -> Answer {
    Answer {
        input_tokens: call.input_tokens,
        cached_input_tokens: call.cache_read_tokens,
        cache_write_tokens: call.cache_write_tokens,
        output_tokens: call.output_tokens,
        reasoning_tokens: call.reasoning_tokens,
        cost_usd: call.cost_usd,
        finish_reason: call.finish_reason.clone(),
        ..Answer::default()
    }
}

/// The text of an answer, and the tools that it calls in the shape of the OpenAI wire format.
fn said(output: &str) -> (String, Vec<Value>) {
    let Some(messages) = read_messages(output) else {
        return (output.to_owned(), Vec::new());
    };
    let mut texts = Vec::new();
    let mut calls = Vec::new();
    for part in messages.into_iter().flat_map(|message| message.parts) {
        match part {
            Part::Text(text) => texts.push(text),
            Part::ToolCall { name, arguments } => calls.push(json!({
                "type": "function",
                "function": { "name": name, "arguments": arguments },
            })),
            _ => {}
        }
    }
    (texts.join("\n"), calls)
}

/// What was asked. A variable that the prompt declares with another type than text is of that type.
fn row(span: &Span, prompt: Option<&Prompt>) -> Row {
    let typed = |name: &String, text: &String| -> Value {
        let variable = prompt.and_then(|prompt| prompt.variables.get(name));
        let value = json!(text);
        let typed = variable.and_then(|variable| coerce(variable, &value));
        typed.unwrap_or(value)
    };
    let vars = span.content.variables.iter();
    Row {
        id: format!("{}/{}", span.trace_id, span.span_id),
        vars: vars
            .map(|(name, text)| (name.clone(), typed(name, text)))
            .collect(),
        messages: after_prompt(prompt, span).into_iter().map(spoken).collect(),
        ..Row::default()
    }
}

/// A message as a judge reads it. What tools were asked and gave back is told in words.
fn spoken(message: Message) -> RenderedMessage {
    let told = |part| match part {
        Part::Text(text) => Some(text),
        Part::Reasoning(_) => None,
        Part::ToolCall { name, arguments } => Some(format!("(calls {name} with {arguments})")),
        Part::ToolResult(text) => Some(format!("(a tool gave back {text})")),
        Part::Media(what) => Some(format!("(shows {what})")),
        Part::Other(what) => Some(what),
    };
    let texts: Vec<String> = message.parts.into_iter().filter_map(told).collect();
    RenderedMessage {
        role: match message.role {
            MessageRole::Assistant => Role::Assistant,
            _ => Role::User,
        },
        content: RenderedContent::Text(texts.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trace::span::Content;

    fn call(output: &str) -> Span {
        Span {
            trace_id: "7f".to_owned(),
            span_id: "01".to_owned(),
            duration_ns: 1_500_000,
            content: Content {
                input: Some(json!([{"role": "user", "content": "Where is it?"}]).to_string()),
                output: Some(output.to_owned()),
                variables: [("ticket".to_owned(), "late".to_owned())].into(),
                ..Content::default()
            },
            ..Span::default()
        }
    }

    #[test]
    fn an_answer_is_what_the_model_said_with_what_it_took_and_what_was_asked() {
        let output = json!([{"role": "assistant", "parts": [
            {"type": "reasoning", "content": "Hm."},
            {"type": "text", "content": "On its way."},
        ]}]);
        let given = given(&call(&output.to_string()), None).unwrap();
        assert_eq!(given.answer.output, "On its way.");
        assert_eq!(given.answer.latency_ms, Some(1.5));
        assert_eq!(given.row.vars["ticket"], "late");
        assert_eq!(given.row.messages[0].content, "Where is it?".into());
        assert_eq!(given.row.expected, None);
    }

    #[test]
    fn an_answer_that_only_calls_tools_is_the_calls() {
        let output = json!([{"role": "assistant", "tool_calls": [
            {"function": {"name": "find", "arguments": "{\"id\":3}"}},
        ]}]);
        let answer = given(&call(&output.to_string()), None).unwrap().answer;
        let calls = json!([
            {"type": "function", "function": {"name": "find", "arguments": "{\"id\":3}"}},
        ]);
        assert_eq!(json!(answer.tool_calls), calls);
        assert_eq!(answer.output, calls.to_string());
    }

    #[test]
    fn a_text_is_an_answer_and_nothing_is_none() {
        let answer = given(&call("billing"), None).unwrap().answer;
        assert_eq!(answer.output, "billing");
        assert_eq!(given(&call(""), None), None);
    }
}
