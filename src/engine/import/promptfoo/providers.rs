//! Reads the providers of a configuration: which model answers, with which settings.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::domain::finding::{Finding, Place};
use crate::domain::id::kebab_case;

use super::super::providers::{Proposal, known};
use super::files::{Item, Reader, is_data};
use super::schema::check_schema;

/// Settings that are handed to the model, by their names there and in prompts.
const PARAMETERS: [(&str, &str); 10] = [
    ("temperature", "temperature"),
    ("max_tokens", "maxTokens"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("frequency_penalty", "frequencyPenalty"),
    ("presence_penalty", "presencePenalty"),
    ("stop", "stop"),
    ("seed", "seed"),
    ("max_completion_tokens", "maxCompletionTokens"),
    ("reasoning_effort", "reasoningEffort"),
];

/// The prefixes of promptfoo's names, and the providers that they mean.
const PREFIXES: [(&str, &str); 18] = [
    ("openai:chat:", "openai"),
    ("openai:responses:", "openai"),
    ("openai:", "openai"),
    ("anthropic:messages:", "anthropic"),
    ("anthropic:", "anthropic"),
    ("google:", "gemini"),
    ("openrouter:", "openrouter"),
    ("mistral:", "mistral"),
    ("groq:", "groq"),
    ("deepseek:", "deepseek"),
    ("togetherai:", "together"),
    ("xai:", "xai"),
    ("github:", "github"),
    ("ollama:chat:", "ollama"),
    ("ollama:completion:", "ollama"),
    ("ollama:", "ollama"),
    ("azure:chat:", "azure"),
    ("azure:", "azure"),
];

/// Kinds of a maker that are no models that chat.
const OTHER_KINDS: [&str; 10] = [
    "assistant:",
    "embedding:",
    "embeddings:",
    "image:",
    "realtime:",
    "moderation:",
    "completion:",
    "live:",
    "video:",
    "agents:",
];

/// One model that answers prompts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    /// promptfoo's name.
    pub(super) name: String,
    pub(super) label: Option<String>,
    /// `<provider>/<model>`.
    pub(super) model: String,
    pub(super) parameters: Map<String, Json>,
    pub(super) tools: Vec<Json>,
    pub(super) json_object: bool,
    /// The labels of the prompts that it answers; absent: all.
    pub(super) prompts: Option<Vec<String>>,
}

impl Target {
    /// A word for names of prompts.
    pub(super) fn slug(&self) -> String {
        let model = self.model.rsplit('/').next().unwrap_or_default();
        kebab_case(self.label.as_deref().unwrap_or(model))
    }

    /// Whether a test that names providers means this one.
    pub(super) fn is_named(&self, names: &[String]) -> bool {
        let fits = |name: &String, own: &str| {
            let prefix = name.strip_suffix('*');
            own == name
                || prefix.is_some_and(|prefix| own.starts_with(prefix))
                || own.starts_with(&format!("{name}:"))
        };
        let label = self.label.as_deref();
        names
            .iter()
            .any(|name| fits(name, &self.name) || label.is_some_and(|label| fits(name, label)))
    }
}

/// The models of a configuration, and the providers that they need.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) list: Vec<Target>,
    pub(super) proposals: BTreeMap<String, Proposal>,
}

impl Targets {
    /// The model for prompts where none of the configuration's can be used.
    fn fallback() -> Target {
        Target {
            name: "echo".to_owned(),
            label: None,
            model: "echo/echo".to_owned(),
            parameters: Map::new(),
            tools: Vec::new(),
            json_object: false,
            prompts: None,
        }
    }

    /// The model that a name of promptfoo's means, for those who grade.
    pub(super) fn grader(&mut self, name: &str) -> Option<String> {
        let (provider, model, proposal) = model_of(name, None)?;
        if let Some(proposal) = proposal {
            self.proposals.entry(provider.clone()).or_insert(proposal);
        }
        Some(format!("{provider}/{model}"))
    }
}

/// Reads the providers.
pub(super) fn targets(reader: &mut Reader<'_>, configuration: &Item) -> Targets {
    let mut targets = Targets::default();
    let list = configuration
        .get("providers")
        .or_else(|| configuration.get("targets"));
    let list = list.and_then(|list| reader.resolved(&list));
    for item in list.iter().flat_map(Item::items) {
        let is_program = item.file_name().is_some_and(|name| !is_data(name));
        let resolved = if is_program {
            Some(item)
        } else {
            reader.resolved(&item)
        };
        for item in resolved.iter().flat_map(Item::items) {
            target(reader, &mut targets, &item);
        }
    }
    if targets.list.is_empty() {
        let place = list.map_or_else(|| configuration.place(), |list| list.place());
        let message = "no provider came along, and the prompts are written with `echo/echo`, which \
                       answers with what it is asked";
        let finding = Finding::error("no-provider", place, message);
        let help = "name your own in `model` of the prompts, and declare it in `pointsman.toml`";
        reader.remarks.push(finding.with_help(help));
        targets.list.push(Targets::fallback());
    }
    targets
}

fn target(reader: &mut Reader<'_>, targets: &mut Targets, item: &Item) {
    let (name, options) = match item.text() {
        Some(name) => (name.to_owned(), None),
        None => match item.get("id") {
            Some(id) => (id.text().unwrap_or_default().to_owned(), Some(item.clone())),
            // `{ "openai:gpt-4.1": { config: ... } }`
            None => match item.entries() {
                [entry] => {
                    let options = item.beside(&entry.node);
                    let id = options
                        .get("id")
                        .and_then(|id| id.text().map(str::to_owned));
                    (id.unwrap_or_else(|| entry.key.clone()), Some(options))
                }
                _ => (String::new(), None),
            },
        },
    };
    let config = options.as_ref().and_then(|options| options.get("config"));
    let Some((provider, model, proposal)) = model_of(&name, config.as_ref()) else {
        let message = format!("the provider `{name}` is not imported");
        let finding = Finding::error("unsupported-provider", item.place(), message);
        let help = "a server or a program of your own can be declared in `pointsman.toml`: see docs/providers.md";
        reader.remarks.push(finding.with_help(help));
        return;
    };
    if name.starts_with("openai:responses:") {
        let message = "the model is asked by chat completions instead of responses";
        reader.changed(item.place(), "other-api", message);
    }
    let mut target = Target {
        name,
        model: format!("{provider}/{model}"),
        ..Targets::fallback()
    };
    let mut provider_name = provider;
    let mut proposal = proposal;
    if let Some(options) = &options {
        read_options(reader, &mut target, options);
    }
    if let Some(config) = &config {
        read_config(reader, &mut target, &mut proposal, config);
    }
    if let Some(proposal) = proposal {
        let taken = |name: &String| {
            targets
                .proposals
                .get(name)
                .is_some_and(|it| *it != proposal)
        };
        let base = provider_name.clone();
        let mut number = 2;
        while taken(&provider_name) {
            provider_name = format!("{base}-{number}");
            number += 1;
        }
        target.model = format!("{provider_name}/{model}");
        targets.proposals.insert(provider_name, proposal);
    }
    targets.list.push(target);
}

/// The provider, the model and what is to be declared for a name of promptfoo's.
fn model_of(name: &str, config: Option<&Item>) -> Option<(String, String, Option<Proposal>)> {
    if name == "echo" {
        return Some(("echo".to_owned(), "echo".to_owned(), None));
    }
    let (prefix, provider) = PREFIXES
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))?;
    let model = &name[prefix.len()..];
    if model.is_empty() || OTHER_KINDS.iter().any(|kind| model.starts_with(kind)) {
        return None;
    }
    let proposal = match *provider {
        "azure" => {
            let host = config?.get("apiHost")?;
            Proposal {
                kind: "openai".to_owned(),
                base_url: format!("https://{}/openai/v1", host.text()?),
                key_env: Some("AZURE_API_KEY".to_owned()),
                key_header: Some("api-key".to_owned()),
            }
        }
        other => known(other)?,
    };
    Some(((*provider).to_owned(), model.to_owned(), Some(proposal)))
}

fn read_options(reader: &mut Reader<'_>, target: &mut Target, options: &Item) {
    for entry in options.entries() {
        let value = options.beside(&entry.node);
        match entry.key.as_str() {
            "id" | "config" => {}
            "label" => target.label = value.text().map(str::to_owned),
            "prompts" => {
                let labels = value.items();
                let labels = labels.iter().filter_map(|it| it.text().map(str::to_owned));
                target.prompts = Some(labels.collect());
            }
            key => left_out(reader, key, options.spot_of(entry.key_span).place()),
        }
    }
}

fn read_config(
    reader: &mut Reader<'_>,
    target: &mut Target,
    proposal: &mut Option<Proposal>,
    config: &Item,
) {
    for entry in config.entries() {
        let value = config.beside(&entry.node);
        let key = entry.key.as_str();
        let place = config.spot_of(entry.key_span).place();
        let known = PARAMETERS.iter().find(|(known, _)| *known == key);
        match (key, known, proposal.as_mut()) {
            (_, Some((_, name)), _) => {
                target.parameters.insert((*name).to_owned(), value.json());
            }
            ("tools", ..) => read_tools(reader, target, &value),
            ("response_format", ..) if value.json()["type"] == "json_object" => {
                target.json_object = true;
            }
            ("apiHost", ..) if target.name.starts_with("azure") => {}
            ("apiBaseUrl", _, Some(proposal)) if is_address(value.text()) => {
                value
                    .text()
                    .unwrap_or_default()
                    .clone_into(&mut proposal.base_url);
            }
            ("apiKeyEnvar", _, Some(proposal)) => {
                proposal.key_env = value.text().map(str::to_owned);
            }
            _ => left_out(reader, key, place),
        }
    }
}

/// Whether a provider may be declared with that address.
fn is_address(text: Option<&str>) -> bool {
    let plain = |rest: &str| !rest.is_empty() && !rest.contains(['{', ' ', '"']);
    text.is_some_and(|text| {
        let local = ["http://localhost", "http://127.0.0.1"];
        text.strip_prefix("https://").is_some_and(plain)
            || local
                .iter()
                .any(|start| text.starts_with(start) && plain(text))
    })
}

/// Says that a setting is left out, without its line: it may hold a secret.
fn left_out(reader: &mut Reader<'_>, key: &str, place: Place) {
    let place = Place {
        excerpt: None,
        ..place
    };
    let finding = Finding::error(
        "unsupported-key",
        place,
        format!("the setting `{key}` of a provider is not imported"),
    );
    let help = if key == "apiKey" {
        "keys never go into files: put it into the environment variable that `key_env` names"
    } else {
        "say it in `modelParameters` of the prompt, or in `pointsman.toml`, where there is a way to"
    };
    reader.remarks.push(finding.with_help(help));
}

/// Reads function tools; with others among them, none is brought along.
fn read_tools(reader: &mut Reader<'_>, target: &mut Target, value: &Item) {
    let Some(value) = reader.resolved(value) else {
        return;
    };
    let tools: Vec<Json> = value.items().iter().map(Item::json).collect();
    let is_function = |tool: &Json| {
        let known = ["name", "description", "parameters", "strict"];
        let function = tool["function"].as_object();
        let plain = function.is_some_and(|function| {
            function.keys().all(|key| known.contains(&key.as_str()))
                && function.get("name").is_some_and(Json::is_string)
        });
        tool["type"] == "function" && plain && tool.as_object().map(Map::len) == Some(2)
    };
    if tools.iter().all(is_function) {
        target.tools = tools;
    } else {
        let message = "these tools are not imported: a tool is `type: function` with `function`";
        reader.left_out(value.place(), "unsupported-tools", message);
    }
}

/// Whether calls can be held against the tools as promptfoo holds them.
pub(super) fn check_tools(targets: &Targets) -> Result<(), String> {
    for target in &targets.list {
        if target.tools.is_empty() {
            return Err(format!(
                "the provider `{}` has no tools that came along",
                target.name
            ));
        }
        for tool in &target.tools {
            let parameters = tool["function"].get("parameters");
            let parameters = parameters.ok_or("a tool has no parameters, which promptfoo fails")?;
            check_schema(parameters)?;
        }
    }
    Ok(())
}
