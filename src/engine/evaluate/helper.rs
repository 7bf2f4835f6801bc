//! Prompts of ours by which a model helps. Each is built in, and the workspace's own of that name takes
//! its place. What a helper is shown is data between two fences, and what it answers is read strictly.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::prompt::ModelRef;
use crate::domain::run::ModelRequest;
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::{Closure, Inputs, RenderError};
use crate::engine::workspace::document::Source;
use crate::engine::workspace::prompt::read_prompt;

use super::judge::fence;

/// The longest text that is shown, in characters.
const LONGEST_TEXT: usize = 4_000;

/// A prompt of ours.
#[derive(Debug, Clone, Copy)]
pub struct Helper {
    /// Its name, and that of the prompt of the workspace that takes its place.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

impl Helper {
    fn id(self) -> PromptId {
        PromptId::new(self.name).expect("our own name is well-formed")
    }

    /// Where the prompt of the workspace that takes its place stands.
    pub fn path(self) -> String {
        self.id().path()
    }

    /// The prompt, asking this model.
    pub fn built_in(self, tree: &dyn FileTree, model: ModelRef) -> Result<Closure, Findings> {
        let id = self.id();
        let source = Source::new(id.path(), self.text);
        let mut prompt = read_prompt(&id, &source)?;
        prompt.model = model;
        Closure::compile(prompt, &source, tree)
    }
}

/// What a helper is asked: its prompt with these texts, and with a `fence` that none of them can hold.
/// The number tells equal requests apart.
pub fn request<const COUNT: usize>(
    prompt: &Closure,
    shown: [(&str, String); COUNT],
    tree: &dyn FileTree,
    number: u32,
) -> Result<ModelRequest, RenderError> {
    let shown = shown.into_iter();
    let mut values: IndexMap<String, Value> = shown
        .map(|(name, text)| (name.to_owned(), Value::from(text)))
        .collect();
    let fence = fence(&values, prompt.fingerprint());
    values.insert("fence".to_owned(), Value::from(fence));
    let inputs = Inputs {
        values: &values,
        files: &BTreeMap::new(),
        tree,
    };
    prompt.render(&inputs, number)
}

/// Reads an answer: one JSON object and nothing beside it, but for the fence that models like to put
/// around their code. Else it says what is wrong.
pub fn read_object<T: DeserializeOwned>(answer: &str) -> Result<T, String> {
    let text = without_fence(answer.trim());
    if !text.starts_with('{') {
        return Err("it does not start with `{`".to_owned());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn without_fence(text: &str) -> &str {
    let inside = text
        .strip_prefix("```")
        .and_then(|it| it.strip_suffix("```"));
    match inside.and_then(|it| it.split_once('\n')) {
        Some(("" | "json", inside)) => inside.trim(),
        _ => text,
    }
}

/// A value whose long texts are cut off, and say so.
pub fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(LONGEST_TEXT) {
            None => value.clone(),
            Some((end, _)) => {
                let more = text[end..].chars().count();
                Value::from(format!("{} [{more} more characters]", &text[..end]))
            }
        },
        Value::Array(items) => items.iter().map(cut).collect(),
        Value::Object(map) => {
            let entries = map.iter();
            entries
                .map(|(key, item)| (key.clone(), cut(item)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Values as people read them.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("values have text keys")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_how_much_is_missing() {
        let long = "é".repeat(LONGEST_TEXT + 7);
        let shown = cut(&json!({ "a": [long] }));
        let text = shown["a"][0].as_str().unwrap();
        assert!(text.ends_with("é [7 more characters]"), "{text}");
    }

    #[test]
    fn an_answer_is_one_object_whether_fenced_or_not() {
        for answer in ["{}", "\n{}\n", "```json\n{}\n```", "```\n{}\n```\n"] {
            assert_eq!(read_object(answer), Ok(json!({})), "{answer}");
        }
        for answer in ["", "Here it is: {}", "{} {}", "[{}]", "```yaml\n{}\n```"] {
            assert!(read_object::<Value>(answer).is_err(), "{answer}");
        }
    }
}
