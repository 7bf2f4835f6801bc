//! Messages as `LangChain` and the model servers that it calls write them, as messages with a role and a
//! content. What is in no known shape is none.

use serde_json::{Map, Value as Json, json};

/// What went into a call to a model.
pub(super) fn asked(inputs: &Json) -> Option<Json> {
    if let Some(messages) = inputs.get("messages") {
        return messages_of(messages);
    }
    let prompts = inputs.get("prompts")?.as_array()?;
    let texts: Option<Vec<&str>> = prompts.iter().map(Json::as_str).collect();
    let said = texts?.into_iter();
    Some(
        said.map(|text| json!({ "role": "user", "content": text }))
            .collect(),
    )
}

/// What came out of it.
pub(super) fn answered(outputs: &Json) -> Option<Json> {
    if let Some(generations) = outputs.get("generations") {
        let list = generations.as_array()?;
        // One list for each prompt of a batch.
        let list = match list.first() {
            Some(Json::Array(first)) => first,
            _ => list,
        };
        return list.iter().map(generation).collect();
    }
    if let Some(Json::Array(choices)) = outputs.get("choices") {
        return choices.iter().map(choice).collect();
    }
    if let Some(messages) = outputs.get("messages") {
        return messages_of(messages);
    }
    let single = ["output", "message"].iter();
    let mut single = single.filter_map(|name| outputs.get(*name));
    let message = single.next().unwrap_or(outputs);
    message_of(message).map(|message| json!([message]))
}

fn messages_of(messages: &Json) -> Option<Json> {
    let list = messages.as_array()?;
    let list = match list.first() {
        Some(Json::Array(first)) if !is_pair(first) => first,
        _ => list,
    };
    list.iter().map(message_of).collect()
}

fn generation(generation: &Json) -> Option<Json> {
    let mut message = match generation.get("message").and_then(message_of) {
        Some(message) => message,
        None => json!({ "role": "assistant", "content": generation.get("text")?.as_str()? }),
    };
    let info = generation.get("generation_info");
    let reason = info.and_then(|info| info.get("finish_reason"));
    if let (Some(reason), Some(entries)) = (reason, message.as_object_mut()) {
        entries.insert("finish_reason".to_owned(), reason.clone());
    }
    Some(message)
}

fn choice(choice: &Json) -> Option<Json> {
    let mut message = message_of(choice.get("message")?)?;
    if let (Some(reason), Some(entries)) = (choice.get("finish_reason"), message.as_object_mut()) {
        entries.insert("finish_reason".to_owned(), reason.clone());
    }
    Some(message)
}

/// `["human", "Where is it?"]`.
fn is_pair(list: &[Json]) -> bool {
    matches!(list, [Json::String(role), Json::String(_)] if role_of(role).is_some())
}

fn message_of(message: &Json) -> Option<Json> {
    if let Json::Array(pair) = message {
        return is_pair(pair).then(|| {
            let role = pair[0].as_str().and_then(role_of);
            json!({ "role": role, "content": pair[1] })
        });
    }
    let entries = message.as_object()?;
    if entries.get("role").is_some_and(Json::is_string) {
        return Some(message.clone());
    }
    // Serialized objects have their fields in `kwargs`, older messages in `data`.
    let body = ["kwargs", "data"].iter();
    let mut body = body.filter_map(|name| entries.get(*name)?.as_object());
    let body = body.next().unwrap_or(entries);
    let class = entries.get("id").and_then(Json::as_array);
    let class = class.and_then(|path| path.last()?.as_str());
    let kind = [body.get("type"), entries.get("type")];
    let mut kinds = kind
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .chain(class);
    let role = kinds.find_map(role_of)?;
    let mut made = Map::new();
    made.insert("role".to_owned(), Json::from(role));
    for name in ["content", "name", "tool_call_id"] {
        if let Some(value) = body.get(name).filter(|value| !value.is_null()) {
            made.insert(name.to_owned(), value.clone());
        }
    }
    let calls = body.get("tool_calls").and_then(Json::as_array);
    if let Some(calls) = calls.filter(|calls| !calls.is_empty()) {
        made.insert("tool_calls".to_owned(), Json::from(calls.clone()));
    }
    Some(Json::Object(made))
}

fn role_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "human" | "user" | "HumanMessage" | "HumanMessageChunk" => "user",
        "ai" | "assistant" | "AIMessage" | "AIMessageChunk" => "assistant",
        "system" | "SystemMessage" | "developer" => "system",
        "tool" | "function" | "ToolMessage" | "FunctionMessage" => "tool",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_langchain_have_roles() {
        let inputs = json!({ "messages": [[
            { "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "SystemMessage"],
              "kwargs": { "content": "Be kind." } },
            { "type": "human", "data": { "content": "Where is it?" } },
            { "type": "ai", "content": "", "tool_calls": [{ "name": "find", "args": { "id": 7 }, "id": "c" }] },
            { "type": "tool", "content": "sent", "tool_call_id": "c" },
        ]] });
        assert_eq!(
            asked(&inputs),
            Some(json!([
                { "role": "system", "content": "Be kind." },
                { "role": "user", "content": "Where is it?" },
                { "role": "assistant", "content": "",
                  "tool_calls": [{ "name": "find", "args": { "id": 7 }, "id": "c" }] },
                { "role": "tool", "content": "sent", "tool_call_id": "c" },
            ]))
        );
        let pairs = json!({ "messages": [["system", "Be kind."], ["human", "hi"]] });
        let roles = json!([{ "role": "system", "content": "Be kind." }, { "role": "user", "content": "hi" }]);
        assert_eq!(asked(&pairs), Some(roles));
    }

    #[test]
    fn answers_are_found_in_each_shape() {
        let said = json!([{ "role": "assistant", "content": "billing", "finish_reason": "stop" }]);
        for outputs in [
            json!({ "choices": [{ "message": { "role": "assistant", "content": "billing" },
                "finish_reason": "stop" }] }),
            json!({ "generations": [[{ "text": "billing",
                "generation_info": { "finish_reason": "stop" } }]] }),
            json!({ "generations": [{ "text": "billing", "message": { "lc": 1, "id": ["AIMessage"],
                "kwargs": { "content": "billing", "type": "ai" } },
                "generation_info": { "finish_reason": "stop" } }] }),
        ] {
            assert_eq!(answered(&outputs), Some(said.clone()), "{outputs}");
        }
        for outputs in [
            json!({ "answer": 7 }),
            json!("text"),
            json!({ "generations": [7] }),
        ] {
            assert_eq!(answered(&outputs), None, "{outputs}");
        }
    }
}
