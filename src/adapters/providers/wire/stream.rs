//! An answer that comes in pieces: server-sent events of the OpenAI wire format, put together to
//! what the server would have sent in one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::adapters::providers::retry::Failure;

use super::openai::{Choice, ChoiceMessage, Completion, TokenUsage};
use super::read_error;

/// The most tool calls of one answer: their places come from the server.
const MOST_CALLS: usize = 1_000;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<ChunkChoice>,
    usage: Option<TokenUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ChunkChoice {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
struct CallPiece {
    #[serde(default)]
    index: usize,
    id: Option<String>,
    function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
struct FunctionPiece {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

#[derive(Default)]
struct Gathered {
    message: ChoiceMessage,
    calls: Vec<Call>,
    finish_reason: Option<String>,
    usage: Option<TokenUsage>,
}

/// Puts the pieces together. A stream that does not come to its end was cut: what came of it is no
/// answer.
pub(super) fn gather(body: &[u8]) -> Result<Completion, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::lasting("the server's stream is not UTF-8"))?;
    let mut gathered = Gathered::default();
    let mut ended = false;
    for data in text.lines().filter_map(|line| line.strip_prefix("data:")) {
        let data = data.trim();
        if data == "[DONE]" {
            ended = true;
            break;
        }
        gathered.add(data)?;
    }
    if !ended {
        return Err(Failure::passing(
            "the server's stream was cut before its end",
        ));
    }
    gathered.finish()
}

impl Gathered {
    fn add(&mut self, data: &str) -> Result<(), Failure> {
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            Failure::lasting(format!(
                "the server's stream holds no chat completion: {error}"
            ))
        })?;
        if chunk.error.is_some() {
            let said = read_error(data.as_bytes());
            return Err(Failure::passing(format!(
                "the server broke off its answer: {said}"
            )));
        }
        self.usage = chunk.usage.or(self.usage.take());
        for choice in chunk.choices {
            if choice.index == 0 {
                self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
                self.add_delta(choice.delta)?;
            }
        }
        Ok(())
    }

    fn add_delta(&mut self, delta: Delta) -> Result<(), Failure> {
        let message = &mut self.message;
        for (whole, piece) in [
            (&mut message.content, delta.content),
            (&mut message.refusal, delta.refusal),
        ] {
            if let Some(piece) = piece {
                whole.get_or_insert_default().push_str(&piece);
            }
        }
        for piece in delta.tool_calls.into_iter().flatten() {
            if piece.index >= MOST_CALLS {
                return Err(Failure::lasting("the server's answer calls too many tools"));
            }
            if self.calls.len() <= piece.index {
                self.calls.resize_with(piece.index + 1, Call::default);
            }
            let call = &mut self.calls[piece.index];
            call.id.push_str(&piece.id.unwrap_or_default());
            if let Some(function) = piece.function {
                call.name.push_str(&function.name.unwrap_or_default());
                let arguments = function.arguments.unwrap_or_default();
                call.arguments.push_str(&arguments);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Completion, Failure> {
        if self.finish_reason.is_none() {
            return Err(Failure::passing(
                "the server's stream ended without a finish reason",
            ));
        }
        let calls = self.calls.into_iter().map(|call| {
            let mut whole = Map::new();
            whole.insert("id".to_owned(), json!(call.id));
            whole.insert("type".to_owned(), json!("function"));
            let function = json!({"name": call.name, "arguments": call.arguments});
            whole.insert("function".to_owned(), function);
            Value::Object(whole)
        });
        Ok(Completion {
            choices: vec![Choice {
                message: ChoiceMessage {
                    tool_calls: Some(calls.collect()),
                    ..self.message
                },
                finish_reason: self.finish_reason,
            }],
            usage: self.usage,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Wire as _;
    use super::super::openai::OpenAi;
    use super::*;

    fn stream(events: &[Value], end: &str) -> Vec<u8> {
        let events = events.iter().map(|event| format!("data: {event}\n\n"));
        let text: String = events.collect();
        format!(": a comment\n\n{text}{end}").into_bytes()
    }

    fn delta(delta: &Value) -> Value {
        json!({"choices": [{"index": 0, "delta": delta}]})
    }

    fn end() -> Value {
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    }

    const STREAMED: OpenAi = OpenAi { stream: true };

    #[test]
    fn pieces_are_put_together_and_usage_comes_last() {
        let usage = json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
        let events = [
            delta(&json!({"role": "assistant", "content": ""})),
            delta(&json!({"content": "bil"})),
            delta(&json!({"content": "ling"})),
            end(),
            usage,
        ];
        let answer = STREAMED.read(&stream(&events, "data: [DONE]\n\n")).unwrap();
        assert_eq!(answer.output, "billing");
        assert_eq!(
            (answer.input_tokens, answer.output_tokens),
            (Some(3), Some(2))
        );
        assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    }

    #[test]
    fn tool_calls_are_put_together_by_their_place() {
        let piece = |id: Value, name: Value, arguments: &str| {
            delta(&json!({"tool_calls": [{
                "index": 0, "id": id, "function": {"name": name, "arguments": arguments},
            }]}))
        };
        let events = [
            piece(json!("c1"), json!("find"), ""),
            piece(Value::Null, Value::Null, "{\"q\":"),
            piece(Value::Null, Value::Null, "1}"),
            end(),
        ];
        let answer = STREAMED.read(&stream(&events, "data: [DONE]\n\n")).unwrap();
        assert_eq!(answer.tool_calls[0]["function"]["arguments"], "{\"q\":1}");
        assert_eq!(answer.tool_calls[0]["id"], "c1");
    }

    #[test]
    fn a_stream_that_was_cut_is_no_answer() {
        let whole = stream(
            &[delta(&json!({"content": "billing"})), end()],
            "data: [DONE]\n\n",
        );
        assert!(STREAMED.read(&whole).is_ok());
        let end_of_events = whole.len() - "[DONE]\n\n".len();
        for length in 0..=end_of_events {
            assert!(STREAMED.read(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn an_error_in_the_stream_and_a_place_out_of_bounds_are_no_answer() {
        let error = stream(
            &[json!({"error": {"message": "overloaded"}})],
            "data: [DONE]\n",
        );
        let failure = STREAMED.read(&error).unwrap_err();
        assert!(failure.message.contains("overloaded"), "{failure:?}");
        let far = delta(&json!({"tool_calls": [{"index": 4_000_000_000_u64}]}));
        assert!(
            STREAMED
                .read(&stream(&[far, end()], "data: [DONE]\n"))
                .is_err()
        );
    }
}
