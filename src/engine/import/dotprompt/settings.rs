//! The settings of a dotprompt file.

use serde_json::{Map, Value as Json};

use crate::domain::finding::Place;
use crate::domain::id::PromptId;
use crate::domain::prompt::{ModelRef, ResponseFormat};
use crate::domain::suggest::nearest;
use crate::engine::workspace::document::{Entry, Node, Source, Value};
use crate::engine::workspace::yaml::parse_yaml;

use super::super::front_matter::FrontMatter;
use super::super::remarks::{At, Remarks};
use super::super::settings::{Models, json_schema, parameter, tool};
use super::super::shape::Shape;
use super::picoschema::schema;
use super::variables::Variables;

/// The keys that dotprompt knows.
const KEYS: [&str; 13] = [
    "config",
    "description",
    "ext",
    "input",
    "metadata",
    "model",
    "name",
    "output",
    "raw",
    "toolDefs",
    "tools",
    "variant",
    "version",
];

/// What the settings say.
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) model: ModelRef,
    pub(super) parameters: Map<String, Json>,
    pub(super) variables: Variables,
    /// Where the variables are declared.
    pub(super) input_place: Place,
    pub(super) response_format: ResponseFormat,
    pub(super) tools: Vec<Json>,
}

struct Reader<'r> {
    id: &'r PromptId,
    source: &'r Source,
    remarks: &'r mut Remarks,
    name: Option<String>,
    description: Option<String>,
    model: Option<(&'r Node, String)>,
    parameters: Map<String, Json>,
    input_schema: Option<Json>,
    defaults: Map<String, Json>,
    input: Option<&'r Node>,
    response_format: ResponseFormat,
    tools: Vec<Json>,
}

impl Settings {
    /// Reads the settings above a template.
    pub(super) fn read(
        id: &PromptId,
        parts: &FrontMatter,
        file: &Source,
        models: &mut Models,
        remarks: &mut Remarks,
    ) -> Option<Self> {
        let source = parts.settings.as_ref().unwrap_or(file);
        let node = match parts.settings.as_ref().map(parse_yaml) {
            None => Node {
                span: crate::domain::finding::Span::default(),
                value: Value::Null,
            },
            Some(Ok(node)) => node,
            Some(Err(findings)) => {
                remarks.unreadable(findings);
                return None;
            }
        };
        let mut reader = Reader {
            id,
            source,
            remarks,
            name: None,
            description: None,
            model: None,
            parameters: Map::new(),
            input_schema: None,
            defaults: Map::new(),
            input: None,
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
        };
        match &node.value {
            Value::Map(entries) => entries.iter().for_each(|entry| reader.key(entry)),
            Value::Null => {}
            other => {
                let message = format!("expected a mapping, found {}", other.kind());
                let at = At::Span(source, node.span);
                reader
                    .remarks
                    .refuse("wrong-type", at, message, "write `key: value`");
                return None;
            }
        }
        let model = reader.model.take();
        let whole = Place::file(&file.path);
        let at = match &model {
            Some((node, _)) => At::Span(source, node.span),
            None => At::Place(&whole),
        };
        let named = model.as_ref().map(|(_, name)| name.as_str());
        let model = models.named(None, named, at, reader.remarks)?;
        let input_place = reader.input.map(|node| source.place(node.span));
        let shape = reader.input_schema.as_ref().map(Shape::of_schema);
        Some(Self {
            name: reader.name,
            description: reader.description,
            model,
            parameters: reader.parameters,
            variables: Variables::new(shape, reader.defaults),
            input_place: input_place.unwrap_or(whole),
            response_format: reader.response_format,
            tools: reader.tools,
        })
    }
}

impl<'r> Reader<'r> {
    fn key(&mut self, entry: &'r Entry) {
        let node = &entry.node;
        match entry.key.as_str() {
            "name" => self.name = self.text(node),
            "description" => self.description = self.text(node),
            "model" => self.model = self.text(node).map(|name| (node, name)),
            "config" => self.config(node),
            "input" => {
                self.input = Some(node);
                self.input(node);
            }
            "output" => self.output(node),
            "tools" => self.named_tools(node),
            "toolDefs" => self.tool_definitions(node),
            "variant" => {
                let message = "variants are prompts of their own here";
                let help =
                    "the variant stays in the name of the prompt, if it is in that of the file";
                let at = At::Span(self.source, entry.key_span);
                self.remarks.changed("variant", at, message, help);
            }
            key => self.unsupported(entry, key),
        }
    }

    fn unsupported(&mut self, entry: &Entry, key: &str) {
        let message = format!("`{key}` has no counterpart");
        let help = if KEYS.contains(&key) || key.contains('.') {
            "it is left out".to_owned()
        } else {
            match nearest(key, KEYS) {
                Some(near) => format!("it is left out; did you mean `{near}`?"),
                None => "it is left out".to_owned(),
            }
        };
        let at = At::Span(self.source, entry.key_span);
        self.remarks.left_out("unsupported-key", at, message, help);
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null => None,
            other => {
                let message = format!("expected text, found {}", other.kind());
                self.wrong(node, message);
                None
            }
        }
    }

    fn entries(&mut self, node: &'r Node) -> &'r [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            other => {
                let message = format!("expected a mapping, found {}", other.kind());
                self.wrong(node, message);
                &[]
            }
        }
    }

    fn items(&mut self, node: &'r Node) -> &'r [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            other => {
                let message = format!("expected a list, found {}", other.kind());
                self.wrong(node, message);
                &[]
            }
        }
    }

    fn wrong(&mut self, node: &Node, message: String) {
        let at = At::Span(self.source, node.span);
        self.remarks
            .left_out("wrong-type", at, message, "it is left out");
    }

    fn config(&mut self, node: &'r Node) {
        for entry in self.entries(node) {
            if entry.key == "version" {
                let message = "the version of a model is part of its name here";
                let help = "write it into `model`";
                let at = At::Span(self.source, entry.key_span);
                self.remarks.left_out("unsupported-key", at, message, help);
            } else {
                parameter(&mut self.parameters, entry, self.source, self.remarks);
            }
        }
    }

    fn input(&mut self, node: &'r Node) {
        for entry in self.entries(node) {
            match entry.key.as_str() {
                "schema" => {
                    let read = schema(&entry.node, self.source, self.remarks);
                    let is_object = |schema: &Json| schema["type"] == "object";
                    if read.as_ref().is_some_and(|schema| !is_object(schema)) {
                        let message = "the input is a mapping of variables here".to_owned();
                        self.wrong(&entry.node, message);
                    }
                    self.input_schema = read.filter(is_object);
                }
                "default" => {
                    let defaults = self.entries(&entry.node).iter();
                    let defaults = defaults.filter(|it| !matches!(it.node.value, Value::Null));
                    let defaults = defaults.map(|it| (it.key.clone(), it.node.to_json()));
                    self.defaults = defaults.collect();
                }
                key => self.unsupported(entry, key),
            }
        }
    }

    fn output(&mut self, node: &'r Node) {
        let mut format = None;
        let mut answer = None;
        for entry in self.entries(node) {
            match entry.key.as_str() {
                "format" => format = self.text(&entry.node).map(|text| (entry, text)),
                "schema" => answer = schema(&entry.node, self.source, self.remarks),
                key => self.unsupported(entry, key),
            }
        }
        let is_json = match &format {
            None => answer.is_some(),
            Some((_, name)) if name == "json" => true,
            Some((_, name)) if name == "text" => false,
            Some((entry, name)) => {
                let message = format!("the format `{name}` has no counterpart");
                let help = "the answer is text here: say in the prompt what it looks like";
                let at = At::Span(self.source, entry.node.span);
                self.remarks
                    .left_out("unsupported-format", at, message, help);
                false
            }
        };
        self.response_format = match (is_json, answer) {
            (true, Some(schema)) => json_schema(self.id, schema),
            (true, None) => ResponseFormat::JsonObject,
            (false, None) => ResponseFormat::Text,
            (false, Some(_)) => {
                let message = "the schema is not used, as the answer is no JSON".to_owned();
                self.wrong(node, message);
                ResponseFormat::Text
            }
        };
    }

    /// Tools that are defined in code.
    fn named_tools(&mut self, node: &'r Node) {
        for item in self.items(node) {
            let message = match &item.value {
                Value::Text(name) => format!("the tool `{name}` is defined in code"),
                _ => "this tool is defined in code".to_owned(),
            };
            let help = "write it under `tools`, with its JSON Schema";
            let at = At::Span(self.source, item.span);
            self.remarks.left_out("unknown-tool", at, message, help);
        }
    }

    fn tool_definitions(&mut self, node: &'r Node) {
        for item in self.items(node) {
            let (mut name, mut description, mut parameters) = (None, None, None);
            for entry in self.entries(item) {
                match entry.key.as_str() {
                    "name" => name = self.text(&entry.node),
                    "description" => description = self.text(&entry.node),
                    "inputSchema" => {
                        parameters = schema(&entry.node, self.source, self.remarks);
                    }
                    key => self.unsupported(entry, key),
                }
            }
            match name {
                Some(name) => self
                    .tools
                    .push(tool(&name, description.as_deref(), parameters)),
                None => self.wrong(item, "this tool has no name".to_owned()),
            }
        }
    }
}
