//! A prompt of another tool in our words, before it becomes a file.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::domain::content::MediaSource;
use crate::domain::id::PromptId;
use crate::domain::prompt::{Message, ModelRef, ResponseFormat, Variable};
use crate::engine::workspace::yaml_text::yaml_text;

/// A prompt that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    /// Its name.
    pub(super) id: PromptId,
    /// A title for people.
    pub(super) name: Option<String>,
    /// What it does, for people.
    pub(super) description: Option<String>,
    /// Which model answers.
    pub(super) model: ModelRef,
    /// Settings for the model.
    pub(super) model_parameters: Map<String, Value>,
    /// The variables.
    pub(super) variables: IndexMap<String, Variable>,
    /// The conversation.
    pub(super) messages: Vec<Message>,
    /// What shape the answer must have.
    pub(super) response_format: ResponseFormat,
    /// The tools.
    pub(super) tools: Vec<Value>,
    /// Rows that test it: values of variables.
    pub(super) rows: Vec<Map<String, Value>>,
}

impl Draft {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut file = Map::new();
        let words = [("name", &self.name), ("description", &self.description)];
        for (key, text) in words {
            if let Some(text) = text {
                file.insert(key.to_owned(), json!(text));
            }
        }
        file.insert("model".to_owned(), json!(self.model));
        if !self.model_parameters.is_empty() {
            file.insert("modelParameters".to_owned(), json!(self.model_parameters));
        }
        if !self.variables.is_empty() {
            let variables = self.variables.iter();
            let variables: Map<String, Value> = variables
                .map(|(name, variable)| (name.clone(), variable_value(variable)))
                .collect();
            file.insert("variables".to_owned(), Value::Object(variables));
        }
        file.insert("messages".to_owned(), self.messages_value());
        match &self.response_format {
            ResponseFormat::Text => {}
            ResponseFormat::JsonObject => {
                file.insert("responseFormat".to_owned(), json!("json_object"));
            }
            ResponseFormat::JsonSchema(_) => {
                file.insert("responseFormat".to_owned(), json!("json_schema"));
                file.insert("jsonSchema".to_owned(), self.response_format.canonical());
            }
        }
        if !self.tools.is_empty() {
            file.insert("tools".to_owned(), json!(self.tools));
        }
        if !self.rows.is_empty() {
            file.insert("testData".to_owned(), json!(self.rows));
        }
        yaml_text(&Value::Object(file))
    }

    fn messages_value(&self) -> Value {
        let messages = self.messages.iter().map(|message| {
            let content = message.content.to_json(|part, path| {
                debug_assert!(matches!(part.source, MediaSource::File(_)));
                json!({"type": part.kind.name(), "path": path})
            });
            json!({"role": message.role.name(), "content": content})
        });
        messages.collect()
    }
}

fn variable_value(variable: &Variable) -> Value {
    let mut value = Map::new();
    value.insert("type".to_owned(), json!(variable.kind.name()));
    if let Some(description) = &variable.description {
        value.insert("description".to_owned(), json!(description));
    }
    if let Some(default) = &variable.default {
        value.insert("default".to_owned(), default.clone());
    }
    Value::Object(value)
}
