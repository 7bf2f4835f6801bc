//! A prompt: what is sent to a model, and the contract with the code that calls it.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::content::Content;
use super::dataset::Row;
use super::digest::Digest;
use super::evaluator::Evaluator;
use super::finding::Span;
use super::id::{DatasetId, EvaluatorId, PromptId};
use super::media::{Media, MediaKind};

/// A prompt as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Its name: the path below `prompts/` without the ending.
    pub id: PromptId,
    /// A title for people.
    pub name: Option<String>,
    /// What the prompt does, for people.
    pub description: Option<String>,
    /// Which model answers.
    pub model: ModelRef,
    /// Where the model is named.
    pub model_span: Span,
    /// Settings handed to the model as they are, by their names in the file (`maxTokens`).
    pub model_parameters: Map<String, Value>,
    /// The variables that callers pass, in the order of the file.
    pub variables: IndexMap<String, Variable>,
    /// The conversation that is sent.
    pub messages: Vec<Message>,
    /// What shape the answer must have.
    pub response_format: ResponseFormat,
    /// The tools that the model may call: JSON objects in the shape of the OpenAI wire format.
    pub tools: Vec<Value>,
    /// Which datasets and evaluators test the prompt.
    pub evals: Vec<EvalBinding>,
    /// The tests that stand in the prompt's own file. They are bound by an entry of `evals`.
    pub own: OwnTests,
}

/// Tests that stand in the file of the prompt that they test.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OwnTests {
    /// The rows of the prompt's own dataset.
    pub rows: Vec<Row>,
    /// The evaluators.
    pub evaluators: Vec<Evaluator>,
    /// The judges that these evaluators ask.
    pub judges: Vec<Prompt>,
}

/// A model behind a provider: `openai/gpt-4.1-mini`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelRef {
    /// The provider's name in `pointsman.toml`, or a built-in one (`echo`, `replay`).
    pub provider: String,
    /// The model's name as the provider knows it.
    pub model: String,
}

/// The text does not name a provider and a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a model is named `<provider>/<model>`, for example `openai/gpt-4.1-mini`")]
pub struct ModelRefError;

impl TryFrom<String> for ModelRef {
    type Error = ModelRefError;

    fn try_from(text: String) -> Result<Self, ModelRefError> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => Ok(Self {
                provider: provider.to_owned(),
                model: model.to_owned(),
            }),
            _ => Err(ModelRefError),
        }
    }
}

impl From<ModelRef> for String {
    fn from(model: ModelRef) -> String {
        model.to_string()
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.model)
    }
}

/// One input of the prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variable {
    /// What values it takes.
    pub kind: VariableKind,
    /// What it means, for people.
    pub description: Option<String>,
    /// The value when the caller passes none; absent: the caller must pass one.
    pub default: Option<Value>,
    /// Where the variable is declared.
    pub span: Span,
}

/// What values a variable takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VariableKind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
    /// A mapping.
    Object,
    /// A picture, given as the path of its file.
    Image,
    /// A document, given as the path of its file.
    File,
}

impl VariableKind {
    /// Every kind with its spelling in files.
    pub const ALL: [(&'static str, Self); 8] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
        ("image", Self::Image),
        ("file", Self::File),
    ];

    /// Whether `value` is of this kind.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String | Self::Image | Self::File => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }

    /// The spelling in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Image => "image",
            Self::File => "file",
        }
    }

    /// What a variable shows a model, where it is no text.
    pub fn media(self) -> Option<MediaKind> {
        match self {
            Self::Image => Some(MediaKind::Image),
            Self::File => Some(MediaKind::File),
            _ => None,
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The operator's instructions.
    System,
    /// Instructions of the application's developer (OpenAI's newer name for `system`).
    Developer,
    /// The person, or the data to work on.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Every role with its spelling in files.
    pub const ALL: [(&'static str, Self); 4] = [
        ("system", Self::System),
        ("developer", Self::Developer),
        ("user", Self::User),
        ("assistant", Self::Assistant),
    ];

    /// The spelling in files and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of the conversation. The role is structure, never text: nothing that a template
/// prints can start another message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

/// A Jinja template and where it stands in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The source.
    pub text: String,
    /// Where the first character stands. In a YAML block scalar every further line starts in the
    /// same column.
    pub span: Span,
}

/// What shape the answer must have.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ResponseFormat {
    /// Any text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema(JsonSchemaFormat),
}

/// The schema of an answer, in the shape of the OpenAI wire format.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonSchemaFormat {
    /// The schema's name, sent to the provider.
    pub name: String,
    /// Whether the provider must enforce the schema.
    pub strict: bool,
    /// The JSON Schema.
    pub schema: Value,
}

/// One dataset and the evaluators that grade the answers to its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalBinding {
    /// The dataset, and where it is named.
    pub dataset: (DatasetId, Span),
    /// The evaluators, and where each is named.
    pub evaluators: Vec<(EvaluatorId, Span)>,
}

impl ResponseFormat {
    /// The canonical form that digests are taken of.
    pub fn canonical(&self) -> Value {
        match self {
            Self::Text => json!("text"),
            Self::JsonObject => json!("json_object"),
            Self::JsonSchema(format) => json!({
                "name": format.name,
                "strict": format.strict,
                "schema": format.schema,
            }),
        }
    }
}

impl OwnTests {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.evaluators.is_empty()
    }
}

impl Prompt {
    /// The dataset in the prompt's own file.
    pub fn own_dataset(&self) -> Option<DatasetId> {
        let id = self.id.own_dataset().ok()?;
        (!self.own.rows.is_empty()).then_some(id)
    }

    /// The evaluators in the prompt's own file.
    pub fn own_evaluators(&self) -> Vec<EvaluatorId> {
        let evaluators = self.own.evaluators.iter();
        evaluators.map(|evaluator| evaluator.id.clone()).collect()
    }

    /// The fingerprint of the prompt's closure: the digest of everything that can change what a
    /// caller's request looks like. `includes` are the partials that the templates reach, by path;
    /// `media` are the files that the messages show, by the names that they have there.
    ///
    /// Names, descriptions, evals, comments and formatting are left out, so that they can change
    /// without calling for another test.
    pub fn fingerprint(
        &self,
        includes: &IndexMap<String, String>,
        media: &BTreeMap<String, Media>,
    ) -> Digest {
        let variables: Vec<Value> = self
            .variables
            .iter()
            .map(|(name, variable)| {
                json!({"name": name, "type": variable.kind.name(), "default": variable.default})
            })
            .collect();
        let messages: Vec<Value> = self
            .messages
            .iter()
            .map(|message| {
                let content = message.content.to_json(|_, name| media[name].canonical());
                json!({"role": message.role.name(), "content": content})
            })
            .collect();
        Digest::of_json(&json!({
            "pointsman": "prompt/v1",
            "model": self.model.to_string(),
            "modelParameters": self.model_parameters,
            "variables": variables,
            "messages": messages,
            "responseFormat": self.response_format.canonical(),
            "tools": self.tools,
            "includes": includes,
        }))
    }
}
