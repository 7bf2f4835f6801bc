//! The settings of a Prompty file, of version 1 and of version 2: their keys do not contradict each
//! other, so that one reader takes both.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::domain::finding::Span;
use crate::domain::id::PromptId;
use crate::domain::prompt::{ModelRef, ResponseFormat};
use crate::engine::workspace::document::{Entry, Node, Value};

use super::super::reading::Reading;
use super::super::remarks::At;
use super::super::settings::{Models, is_reference, json_schema, parameter, tool, wire_format};
use super::properties::{Property, object_schema, properties};

/// The keys that Prompty knows, in one version or the other.
const KEYS: [&str; 19] = [
    "authors",
    "base",
    "description",
    "displayName",
    "id",
    "inputSchema",
    "inputs",
    "metadata",
    "model",
    "name",
    "outputSchema",
    "outputs",
    "sample",
    "tags",
    "template",
    "tools",
    "version",
    "kind",
    "thread",
];

/// The keys of `model` that only version 1 has.
const FIRST_VERSION: [&str; 4] = ["api", "configuration", "parameters", "response"];

/// How templates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jinja,
    Mustache,
}

/// What the settings say.
pub(super) struct Settings<'r> {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) model: Option<ModelRef>,
    pub(super) parameters: Map<String, Json>,
    pub(super) inputs: IndexMap<String, Property>,
    pub(super) response_format: ResponseFormat,
    pub(super) tools: Vec<Json>,
    /// Values to try the prompt with, or the file that holds them.
    pub(super) sample: Option<&'r Node>,
    pub(super) format: Format,
    /// Whether the file is of version 1.
    pub(super) is_first_version: bool,
    /// Whether the whole template is one text, without roles.
    pub(super) is_completion: bool,
}

struct Reader<'r, 'm> {
    id: &'m PromptId,
    reading: Reading<'m>,
    settings: Settings<'r>,
    provider: Option<String>,
    model: Option<String>,
    model_span: Option<Span>,
    outputs: IndexMap<String, Property>,
    outputs_span: Span,
}

/// Reads settings.
pub(super) fn read<'r>(
    id: &PromptId,
    node: &'r Node,
    reading: Reading<'_>,
    models: &mut Models,
) -> Settings<'r> {
    let mut reader = Reader {
        id,
        reading,
        settings: Settings {
            name: None,
            description: None,
            model: None,
            parameters: Map::new(),
            inputs: IndexMap::new(),
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
            sample: None,
            format: Format::Jinja,
            is_first_version: false,
            is_completion: false,
        },
        provider: None,
        model: None,
        model_span: None,
        outputs: IndexMap::new(),
        outputs_span: Span::default(),
    };
    for entry in reader.reading.entries(node) {
        reader.key(entry);
    }
    reader.finish(models)
}

impl<'r> Reader<'r, '_> {
    fn key(&mut self, entry: &'r Entry) {
        let node = &entry.node;
        match entry.key.as_str() {
            "name" => self.settings.name = self.reading.text(node),
            "displayName" => {
                self.settings.name = self.reading.text(node).or(self.settings.name.take());
            }
            "description" => self.settings.description = self.reading.text(node),
            "model" => {
                self.model_span = Some(node.span);
                self.model(node);
            }
            "inputs" | "inputSchema" => {
                self.settings.inputs = properties(node, &mut self.reading);
            }
            "outputs" | "outputSchema" => {
                self.outputs_span = entry.key_span;
                self.outputs = properties(node, &mut self.reading);
            }
            "sample" => {
                self.settings.is_first_version = true;
                self.settings.sample = Some(node);
            }
            "template" => self.template(node),
            "tools" => self.tools(node),
            "authors" | "tags" | "version" => {
                self.settings.is_first_version = true;
                self.reading.unsupported(entry, &KEYS);
            }
            _ => self.reading.unsupported(entry, &KEYS),
        }
    }

    fn model(&mut self, node: &'r Node) {
        if let Value::Text(name) = &node.value {
            self.model = Some(name.clone());
            return;
        }
        for entry in self.reading.entries(node) {
            self.settings.is_first_version |= FIRST_VERSION.contains(&entry.key.as_str());
            let node = &entry.node;
            match entry.key.as_str() {
                "id" => self.model = self.reading.text(node),
                "provider" => self.provider = self.reading.text(node),
                "api" | "apiType" => self.api(entry),
                "configuration" | "connection" => self.connection(entry),
                "parameters" | "options" => self.parameters(node),
                "response" => {
                    if matches!(&node.value, Value::Text(text) if text != "first") {
                        self.reading.unsupported(entry, &[]);
                    }
                }
                _ => self.reading.unsupported(
                    entry,
                    &["id", "provider", "apiType", "connection", "options"],
                ),
            }
        }
    }

    fn api(&mut self, entry: &'r Entry) {
        match self.reading.text(&entry.node).as_deref() {
            None | Some("chat" | "responses") => {}
            Some("completion") => self.settings.is_completion = true,
            Some(other) => {
                let message = format!("prompts for `{other}` have no counterpart");
                let at = At::Span(self.reading.source, entry.node.span);
                let help = "only chat prompts can be imported";
                self.reading
                    .remarks
                    .refuse("unsupported-api", at, message, help);
            }
        }
    }

    /// How the model is reached: its name and the sort of server are taken, and nothing else. Keys and
    /// addresses are for `pointsman.toml`, which names variables of the environment.
    fn connection(&mut self, entry: &'r Entry) {
        let mut variables = Vec::new();
        let (mut deployment, mut sort) = (None, None);
        // In version 2 this is the name of a connection that is kept elsewhere.
        let is_reference_name = entry.key == "connection";
        for entry in self.reading.entries(&entry.node) {
            let Value::Text(text) = &entry.node.value else {
                continue;
            };
            collect_variables(text, &mut variables);
            match entry.key.as_str() {
                "type" | "provider" => sort = Some(text.clone()),
                "azure_deployment" => {
                    deployment = Some(text.clone());
                    sort.get_or_insert_with(|| "azure".to_owned());
                }
                "name" if is_reference_name => {}
                "name" | "model" => {
                    deployment.get_or_insert_with(|| text.clone());
                }
                "azure_endpoint" => {
                    sort.get_or_insert_with(|| "azure".to_owned());
                }
                _ => {}
            }
        }
        self.provider = self.provider.take().or(sort);
        self.model = deployment
            .filter(|name| !is_reference(name))
            .or(self.model.take());
        let reads = if variables.is_empty() {
            String::new()
        } else {
            format!("; it reads {} from the environment", variables.join(", "))
        };
        let at = At::Secret(self.reading.source, entry.key_span);
        let message = format!("how the model is reached does not come along{reads}");
        let help = "see to it in `pointsman.toml`: `base_url`, and `key_env` with the name of the \
                    variable that holds the key";
        self.reading
            .remarks
            .changed("connection", at, message, help);
    }

    fn parameters(&mut self, node: &'r Node) {
        for entry in self.reading.entries(node) {
            match entry.key.as_str() {
                "additionalProperties" => self.parameters(&entry.node),
                "tools" => self.wire_tools(&entry.node),
                "response_format" => self.wire_format(entry),
                _ => parameter(
                    &mut self.settings.parameters,
                    entry,
                    self.reading.source,
                    self.reading.remarks,
                ),
            }
        }
    }

    /// Tools in the shape of the OpenAI wire format.
    fn wire_tools(&mut self, node: &'r Node) {
        for item in self.reading.items(node) {
            let value = item.to_json();
            let name = value.pointer("/function/name").and_then(Json::as_str);
            if value["type"] == "function" && name.is_some() {
                self.settings.tools.push(value);
            } else {
                self.reading.wrong(item, "only function tools come along");
            }
        }
    }

    fn wire_format(&mut self, entry: &'r Entry) {
        match wire_format(self.id, &entry.node.to_json()) {
            Some(format) => self.settings.response_format = format,
            None => self
                .reading
                .wrong(&entry.node, "this format has no counterpart"),
        }
    }

    fn template(&mut self, node: &'r Node) {
        let format = if let Value::Text(name) = &node.value {
            Some((name.clone(), node))
        } else {
            self.template_format(node)
        };
        match format.as_ref().map(|(name, of)| (name.as_str(), *of)) {
            None | Some(("jinja2", _)) => {}
            Some(("mustache", _)) => self.settings.format = Format::Mustache,
            Some((name, of)) => {
                let message = format!("templates in `{name}` have no counterpart");
                let at = At::Span(self.reading.source, of.span);
                let help = "only `jinja2` and `mustache` can be imported";
                self.reading
                    .remarks
                    .refuse("unsupported-format", at, message, help);
            }
        }
    }

    /// The format in a mapping, in one of its spellings: `format: { kind: x }`, `type: x`.
    fn template_format(&mut self, node: &'r Node) -> Option<(String, &'r Node)> {
        let mut format = None;
        for entry in self.reading.entries(node) {
            let named = match &entry.node.value {
                Value::Map(inner) => inner.iter().find(|it| it.key == "kind").map(|it| &it.node),
                _ => Some(&entry.node),
            };
            let Some((of, Value::Text(name))) = named.map(|of| (of, &of.value)) else {
                continue;
            };
            match entry.key.as_str() {
                "format" | "type" => format = Some((name.clone(), of)),
                "parser" if name == "prompty" => {}
                _ => self.reading.unsupported(entry, &["format", "parser"]),
            }
        }
        format
    }

    fn tools(&mut self, node: &'r Node) {
        for item in self.reading.items(node) {
            let entries = self.reading.entries(item);
            let find = |key: &str| entries.iter().find(|entry| entry.key == key);
            let name = find("name").and_then(|entry| self.reading.text(&entry.node));
            let kind = find("kind").or(find("type"));
            let kind = kind.and_then(|entry| self.reading.text(&entry.node));
            let (Some(name), Some("function")) = (name, kind.as_deref()) else {
                let at = At::Span(self.reading.source, item.span);
                let message = "this tool does not come along: it is no function";
                let help = "only function tools have a counterpart";
                self.reading
                    .remarks
                    .left_out("unsupported-tool", at, message, help);
                continue;
            };
            let text = |entry: &Entry| match &entry.node.value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            };
            let description = find("description").and_then(text);
            let mut parameters = match find("parameters") {
                Some(entry) => properties(&entry.node, &mut self.reading),
                None => IndexMap::new(),
            };
            if let Some(bindings) = find("bindings") {
                self.bindings(bindings, &mut parameters);
            }
            let is_strict = find("strict").is_some_and(|it| it.node.value == Value::Boolean(true));
            let mut schema = object_schema(parameters.iter(), is_strict);
            if is_strict {
                schema["additionalProperties"] = json!(false);
            }
            let mut tool = tool(&name, description.as_deref(), Some(schema));
            if is_strict {
                tool["function"]["strict"] = json!(true);
            }
            self.settings.tools.push(tool);
        }
    }

    /// Parameters that the caller's code fills: the model is not shown them.
    fn bindings(&mut self, entry: &'r Entry, parameters: &mut IndexMap<String, Property>) {
        for binding in self.reading.entries(&entry.node) {
            parameters.shift_remove(&binding.key);
        }
        let at = At::Secret(self.reading.source, entry.key_span);
        let message = "values that are bound to a tool's parameters do not come along";
        let help =
            "the parameters are left out of the tool, as they are there; let your code fill them";
        self.reading.remarks.left_out("binding", at, message, help);
    }

    fn finish(mut self, models: &mut Models) -> Settings<'r> {
        if !self.outputs.is_empty() {
            if self.settings.is_first_version {
                let at = At::Span(self.reading.source, self.outputs_span);
                let message = "`outputs` describes the answer there, and nothing holds it to that";
                let help = "write a `jsonSchema`, if the answer is JSON";
                self.reading.remarks.left_out("outputs", at, message, help);
            } else {
                let mut schema = object_schema(self.outputs.iter(), false);
                schema["additionalProperties"] = json!(false);
                self.settings.response_format = json_schema(self.id, schema);
            }
        }
        let file = self.reading.source.start();
        let at = match self.model_span {
            Some(span) => At::Secret(self.reading.source, span),
            None => At::Place(&file),
        };
        let provider = self.provider.as_deref();
        let model = self.model.as_deref();
        self.settings.model = models.named(provider, model, at, self.reading.remarks);
        self.settings
    }
}

/// The names of the variables that a text refers to as `${env:NAME}`.
fn collect_variables(text: &str, variables: &mut Vec<String>) {
    for part in text.split("${env:").skip(1) {
        let end = part.find([':', '}']).unwrap_or(part.len());
        let name = &part[..end];
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !name.is_empty() && !variables.contains(&name.to_owned()) {
            variables.push(name.to_owned());
        }
    }
}

/// The file that a sample names: `sample.json`, or `${file:sample.json}`.
pub(super) fn sample_file(text: &str) -> Option<&str> {
    let name = match text.strip_prefix("${file:") {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let name = name.strip_prefix("./").unwrap_or(name);
    (name.rsplit_once('.')?.1 == "json").then_some(name)
}
