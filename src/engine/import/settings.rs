//! What the settings of other tools say about models: which one, with which parameters and tools, and
//! what shape its answer must have.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::domain::id::{PromptId, kebab_case};
use crate::domain::project::BUILT_IN_PROVIDERS;
use crate::domain::prompt::{JsonSchemaFormat, ModelRef, ResponseFormat};
use crate::engine::workspace::document::{Entry, Node, Source, Value};

use super::providers::{Proposal, known};
use super::remarks::{At, Remarks};

/// The models that imported prompts name, and those who answer for them.
#[derive(Debug, Default)]
pub(super) struct Models {
    /// The model of prompts that name none that could be used.
    pub(super) fallback: Option<ModelRef>,
    /// Those who answer, by name.
    pub(super) providers: BTreeMap<String, Proposal>,
}

/// Names of other tools for providers that are known by another.
const ALIASES: [(&str, &str); 7] = [
    ("google", "gemini"),
    ("google-genai", "gemini"),
    ("googleai", "gemini"),
    ("azure-openai", "azure"),
    ("foundry", "azure"),
    ("github-models", "github"),
    ("openai-azure", "azure"),
];

/// How names of models begin, and who answers for them.
const FAMILIES: [(&str, &str); 9] = [
    ("chatgpt-", "openai"),
    ("claude-", "anthropic"),
    ("deepseek-", "deepseek"),
    ("gemini-", "gemini"),
    ("gpt-", "openai"),
    ("grok-", "xai"),
    ("mistral-", "mistral"),
    ("o1", "openai"),
    ("o3", "openai"),
];

impl Models {
    /// The model that a file names, with a provider or without. Where none can be told, the one that
    /// the caller named; where there is none either, the file is refused.
    pub(super) fn named(
        &mut self,
        provider: Option<&str>,
        model: Option<&str>,
        at: At<'_>,
        remarks: &mut Remarks,
    ) -> Option<ModelRef> {
        let found = model.and_then(|model| split(provider, model));
        let Some((provider, model)) = found else {
            if self.fallback.is_some() {
                return self.fallback.clone();
            }
            let message = match model {
                Some(model) => format!("nothing says who answers for the model `{model}`"),
                None => "no model is named".to_owned(),
            };
            let help = "name it on the command line: `--model <provider>/<model>`";
            remarks.refuse("missing-model", at, message, help);
            return None;
        };
        self.propose(&provider, at, remarks);
        Some(ModelRef { provider, model })
    }

    fn propose(&mut self, provider: &str, at: At<'_>, remarks: &mut Remarks) {
        if self.providers.contains_key(provider) || BUILT_IN_PROVIDERS.contains(&provider) {
            return;
        }
        let proposal = known(provider).unwrap_or_else(|| {
            let variable = provider.replace('-', "_").to_uppercase();
            let message = format!("where the provider `{provider}` answers is not known here");
            let help = "correct its `base_url` and `kind` in `pointsman.toml`";
            remarks.changed("unknown-address", at, message, help);
            let is_azure = provider == "azure";
            let base_url = if is_azure {
                "https://example.openai.azure.com/openai/v1"
            } else {
                "https://example.com/v1"
            };
            Proposal {
                kind: "openai".to_owned(),
                base_url: base_url.to_owned(),
                key_env: Some(format!("{variable}_API_KEY")),
                key_header: is_azure.then(|| "api-key".to_owned()),
            }
        });
        self.providers.insert(provider.to_owned(), proposal);
    }
}

/// The provider and the model, as they are named here.
fn split(provider: Option<&str>, model: &str) -> Option<(String, String)> {
    if model.is_empty() || is_reference(model) || provider.is_some_and(is_reference) {
        return None;
    }
    let family = || {
        let family = FAMILIES.iter().find(|(start, _)| model.starts_with(start));
        family.map(|(_, provider)| *provider)
    };
    let (provider, model) = match (provider, model.split_once('/')) {
        (Some(provider), _) => (provider, model),
        (None, Some((provider, model))) => (provider, model),
        (None, None) => (family()?, model),
    };
    let name = kebab_case(provider);
    let alias = ALIASES.iter().find(|(foreign, _)| *foreign == name);
    let name = alias.map_or(name, |(_, own)| (*own).to_owned());
    (!name.is_empty() && !model.is_empty()).then(|| (name, model.to_owned()))
}

/// Whether a text stands for a value that is elsewhere, as `${env:NAME}` does.
pub(super) fn is_reference(text: &str) -> bool {
    text.contains("${")
}

/// Parameters that have another name here.
const PARAMETERS: [(&str, &str); 7] = [
    ("max_completion_tokens", "maxTokens"),
    ("max_output_tokens", "maxTokens"),
    ("maxOutputTokens", "maxTokens"),
    ("stopSequences", "stop"),
    ("stop_sequences", "stop"),
    ("reasoning_effort", "reasoningEffort"),
    ("allowMultipleToolCalls", "parallelToolCalls"),
];

/// Takes a parameter of a model over. What may be a secret, or stands for a value that is elsewhere, is
/// left out, and never repeated.
pub(super) fn parameter(
    parameters: &mut Map<String, Json>,
    entry: &Entry,
    source: &Source,
    remarks: &mut Remarks,
) {
    let at = At::Secret(source, entry.key_span);
    if is_secret(&entry.key) {
        let message = format!("`{}` is not copied: it may be a secret", entry.key);
        let help = "keys are read from the environment: see `key_env` in `pointsman.toml`";
        return remarks.left_out("secret", at, message, help);
    }
    if holds_reference(&entry.node) {
        let message = format!("`{}` is a reference, and is not copied", entry.key);
        let help = "write the value into `modelParameters`, if it is no secret";
        return remarks.left_out("reference", at, message, help);
    }
    let known = PARAMETERS.iter().find(|(foreign, _)| *foreign == entry.key);
    let name = known.map_or_else(|| camel_case(&entry.key), |(_, own)| (*own).to_owned());
    if !matches!(entry.node.value, Value::Null) {
        parameters.insert(name, entry.node.to_json());
    }
}

/// Whether something under this name may be a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.collect::<String>().to_ascii_lowercase();
    let words = [
        "apikey",
        "secret",
        "password",
        "credential",
        "authorization",
        "accesstoken",
    ];
    words.iter().any(|word| name.contains(word))
}

/// Whether a value, or a part of it, stands for one that is elsewhere.
pub(super) fn holds_reference(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => is_reference(text),
        Value::List(items) => items.iter().any(holds_reference),
        Value::Map(entries) => entries.iter().any(|entry| holds_reference(&entry.node)),
        _ => false,
    }
}

/// `top_p` becomes `topP`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A function tool.
pub(super) fn tool(name: &str, description: Option<&str>, parameters: Option<Json>) -> Json {
    let mut function = json!({"name": name});
    if let Some(description) = description {
        function["description"] = json!(description);
    }
    if let Some(parameters) = parameters {
        function["parameters"] = parameters;
    }
    json!({"type": "function", "function": function})
}

/// The shape of an answer, as the OpenAI wire format says it; `None` where that is another one.
pub(super) fn wire_format(id: &PromptId, format: &Json) -> Option<ResponseFormat> {
    let schema = format.get("json_schema");
    let schema = schema.map(|schema| schema.get("schema").unwrap_or(schema));
    match (format["type"].as_str()?, schema) {
        ("text", _) => Some(ResponseFormat::Text),
        ("json_object", _) => Some(ResponseFormat::JsonObject),
        ("json_schema", Some(schema)) if schema.is_object() => {
            Some(json_schema(id, schema.clone()))
        }
        _ => None,
    }
}

/// JSON that follows a schema, which is called like the prompt.
pub(super) fn json_schema(id: &PromptId, schema: Json) -> ResponseFormat {
    let name = id.as_str().rsplit('/').next().unwrap_or_default();
    ResponseFormat::JsonSchema(JsonSchemaFormat {
        name: name.replace('-', "_"),
        strict: false,
        schema,
    })
}

/// The name of the prompt in a file: its path without the ending, in kebab case.
pub(super) fn prompt_id(path: &str, ending: &str, remarks: &mut Remarks) -> Option<PromptId> {
    let stem = path.strip_suffix(ending).unwrap_or(path);
    let segments: Vec<String> = stem
        .split('/')
        .map(|part| kebab_case(&spaced(part)))
        .collect();
    match PromptId::new(segments.join("/")) {
        Ok(id) if id.owner().is_none() => Some(id),
        _ => {
            let source = Source::new(path, "");
            let message = "the name of the file cannot become that of a prompt";
            let help = "rename it: letters, digits and hyphens";
            let place = crate::domain::finding::Place::file(source.path);
            remarks.refuse("invalid-name", At::Place(&place), message, help);
            None
        }
    }
}

/// `greetingCard` as two words.
fn spaced(name: &str) -> String {
    let mut spaced = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            spaced.push('-');
        }
        spaced.push(letter);
        before = letter;
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_named_with_those_who_answer_for_them() {
        for (provider, model, expected) in [
            (
                None,
                "googleai/gemini-2.0-flash",
                Some(("gemini", "gemini-2.0-flash")),
            ),
            (
                None,
                "vertexai/gemini-pro",
                Some(("vertexai", "gemini-pro")),
            ),
            (None, "gpt-4o", Some(("openai", "gpt-4o"))),
            (
                Some("Azure_OpenAI"),
                "my-deployment",
                Some(("azure", "my-deployment")),
            ),
            (Some("openai"), "org/model", Some(("openai", "org/model"))),
            (None, "my-model", None),
            (None, "${env:MODEL}", None),
            (Some("${env:TYPE}"), "gpt-4o", None),
            (None, "/x", None),
            (None, "openai/", None),
        ] {
            let expected = expected.map(|(one, two)| (one.to_owned(), two.to_owned()));
            assert_eq!(split(provider, model), expected, "{provider:?} {model}");
        }
    }

    #[test]
    fn names_that_may_hold_secrets_are_known() {
        for name in [
            "api_key",
            "apiKey",
            "API-KEY",
            "azure_api_key",
            "clientSecret",
            "password",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["maxTokens", "temperature", "key", "logitBias"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn files_become_prompts_by_their_paths() {
        for (path, id) in [
            ("greetingCard.prompt", "greeting-card"),
            ("Support/triage.formal.prompt", "support/triage-formal"),
            ("GPT4Summary.prompt", "gpt4-summary"),
        ] {
            let mut remarks = Remarks::default();
            let found = prompt_id(path, ".prompt", &mut remarks).unwrap();
            assert_eq!(found.as_str(), id);
        }
        let mut remarks = Remarks::default();
        assert_eq!(prompt_id("漢字.prompt", ".prompt", &mut remarks), None);
        assert!(remarks.is_refused());
    }
}
