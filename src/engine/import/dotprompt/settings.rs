//! The settings of a dotprompt file.

use serde_json::{Map, Value as Json};

use crate::domain::finding::Place;
use crate::domain::id::PromptId;
use crate::domain::prompt::{ModelRef, ResponseFormat};
use crate::engine::workspace::document::{Entry, Node, Value};

use super::super::front_matter::Opened;
use super::super::reading::Reading;
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
    file: Reading<'r>,
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
        opened: &Opened,
        models: &mut Models,
        remarks: &mut Remarks,
    ) -> Option<Self> {
        let source = &opened.file;
        let mut reader = Reader {
            id,
            file: Reading { source, remarks },
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
        for entry in reader.file.entries(&opened.settings) {
            reader.key(entry);
        }
        let model = reader.model.take();
        let whole = source.start();
        let at = match &model {
            Some((node, _)) => At::Span(source, node.span),
            None => At::Place(&whole),
        };
        let named = model.as_ref().map(|(_, name)| name.as_str());
        let model = models.named(None, named, at, reader.file.remarks)?;
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
            "name" => self.name = self.file.text(node),
            "description" => self.description = self.file.text(node),
            "model" => self.model = self.file.text(node).map(|name| (node, name)),
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
                let at = At::Span(self.file.source, entry.key_span);
                self.file.remarks.changed("variant", at, message, help);
            }
            _ => self.file.unsupported(entry, &KEYS),
        }
    }

    fn config(&mut self, node: &'r Node) {
        for entry in self.file.entries(node) {
            if entry.key == "version" {
                let message = "the version of a model is part of its name here";
                let help = "write it into `model`";
                let at = At::Span(self.file.source, entry.key_span);
                self.file
                    .remarks
                    .left_out("unsupported-key", at, message, help);
            } else {
                parameter(
                    &mut self.parameters,
                    entry,
                    self.file.source,
                    self.file.remarks,
                );
            }
        }
    }

    fn input(&mut self, node: &'r Node) {
        for entry in self.file.entries(node) {
            match entry.key.as_str() {
                "schema" => {
                    let read = schema(&entry.node, self.file.source, self.file.remarks);
                    let is_object = |schema: &Json| schema["type"] == "object";
                    if read.as_ref().is_some_and(|schema| !is_object(schema)) {
                        let message = "the input is a mapping of variables here".to_owned();
                        self.file.wrong(&entry.node, message);
                    }
                    self.input_schema = read.filter(is_object);
                }
                "default" => self.defaults = self.file.values(&entry.node),
                _ => self.file.unsupported(entry, &[]),
            }
        }
    }

    fn output(&mut self, node: &'r Node) {
        let mut format = None;
        let mut answer = None;
        for entry in self.file.entries(node) {
            match entry.key.as_str() {
                "format" => format = self.file.text(&entry.node).map(|text| (entry, text)),
                "schema" => answer = schema(&entry.node, self.file.source, self.file.remarks),
                _ => self.file.unsupported(entry, &[]),
            }
        }
        let is_json = match &format {
            None => answer.is_some(),
            Some((_, name)) if name == "json" => true,
            Some((_, name)) if name == "text" => false,
            Some((entry, name)) => {
                let message = format!("the format `{name}` has no counterpart");
                let help = "the answer is text here: say in the prompt what it looks like";
                let at = At::Span(self.file.source, entry.node.span);
                self.file
                    .remarks
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
                self.file.wrong(node, message);
                ResponseFormat::Text
            }
        };
    }

    /// Tools that are defined in code.
    fn named_tools(&mut self, node: &'r Node) {
        for item in self.file.items(node) {
            let message = match &item.value {
                Value::Text(name) => format!("the tool `{name}` is defined in code"),
                _ => "this tool is defined in code".to_owned(),
            };
            let help = "write it under `tools`, with its JSON Schema";
            let at = At::Span(self.file.source, item.span);
            self.file
                .remarks
                .left_out("unknown-tool", at, message, help);
        }
    }

    fn tool_definitions(&mut self, node: &'r Node) {
        for item in self.file.items(node) {
            let (mut name, mut description, mut parameters) = (None, None, None);
            for entry in self.file.entries(item) {
                match entry.key.as_str() {
                    "name" => name = self.file.text(&entry.node),
                    "description" => description = self.file.text(&entry.node),
                    "inputSchema" => {
                        parameters = schema(&entry.node, self.file.source, self.file.remarks);
                    }
                    _ => self.file.unsupported(entry, &[]),
                }
            }
            match name {
                Some(name) => self
                    .tools
                    .push(tool(&name, description.as_deref(), parameters)),
                None => self.file.wrong(item, "this tool has no name".to_owned()),
            }
        }
    }
}
