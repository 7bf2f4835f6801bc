//! Humanloop's files `.prompt` and `.agent`: settings in YAML, and messages between tags. The service was
//! closed in 2025; what the files mean is taken from its documentation (`humanloop.com/docs`, "prompt
//! file format" and "serialized files") and from how its Python SDK fills in variables.

mod body;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::domain::finding::{Findings, Span};
use crate::domain::id::PromptId;
use crate::domain::prompt::{ModelRef, ResponseFormat, VariableKind};
use crate::engine::ports::FileTree;
use crate::engine::workspace::document::{Entry, Node, Source, Value};

use super::draft::Draft;
use super::each::{import_each, read_sources};
use super::front_matter::{Opened, open};
use super::reading::Reading;
use super::remarks::{At, Remarks};
use super::settings::{Models, parameter, prompt_id, tool, wire_format};
use super::spoken::Declared;
use super::{Import, sniff};
use body::{Language, messages};

/// How files of prompts and of agents end.
pub const ENDINGS: [&str; 2] = [".prompt", ".agent"];

/// The keys that Humanloop knows.
const KEYS: [&str; 21] = [
    "attributes",
    "description",
    "endpoint",
    "frequency_penalty",
    "linked_tools",
    "max_iterations",
    "max_tokens",
    "model",
    "other",
    "path",
    "presence_penalty",
    "provider",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "template_language",
    "tools",
    "top_p",
    "version",
];

/// Reads the prompts in `files` of `tree`. `model` answers for those that name none.
pub fn import(
    tree: &dyn FileTree,
    files: &[String],
    model: Option<&ModelRef>,
) -> Result<Import, Findings> {
    let sources = read_sources(tree, files)?;
    Ok(import_each(&sources, model, draft))
}

fn draft(source: &Source, models: &mut Models, remarks: &mut Remarks) -> Option<Draft> {
    let ending = ENDINGS
        .into_iter()
        .find(|ending| source.path.ends_with(ending));
    let id = prompt_id(&source.path, ending.unwrap_or_default(), remarks)?;
    let opened = open(source, &["---"], remarks)?;
    sniff::expect_humanloop(&opened.body, remarks)?;
    let settings = read_settings(&id, &opened, models, remarks);
    let spoken = messages(
        &opened.body,
        settings.language,
        settings.is_completion,
        remarks,
    );
    if spoken.is_empty() {
        let at = At::Bytes(&opened.body, 0..1);
        let help = "write `<user>` and `</user>`, with the text between them";
        remarks.refuse("no-messages", at, "there is no message", help);
    }
    // What a plain template prints is text there.
    let is_plain = settings.language == Language::Plain;
    let declared = spoken.names().map(|name| {
        let declared = Declared {
            kind: is_plain.then_some(VariableKind::String),
            ..Declared::default()
        };
        (name.clone(), declared)
    });
    let declared: IndexMap<String, Declared> = declared.collect();
    let (messages, variables) = spoken.finish(&declared, &Map::new(), &opened.file, remarks);
    Some(Draft {
        id,
        name: None,
        description: settings.description,
        model: settings.model?,
        model_parameters: settings.parameters,
        variables,
        messages,
        response_format: settings.response_format,
        tools: settings.tools,
        rows: Vec::new(),
    })
}

/// What the settings say.
struct Settings {
    description: Option<String>,
    model: Option<ModelRef>,
    parameters: Map<String, Json>,
    tools: Vec<Json>,
    response_format: ResponseFormat,
    language: Language,
    is_completion: bool,
}

struct Reader<'r> {
    id: &'r PromptId,
    reading: Reading<'r>,
    settings: Settings,
    model: Option<String>,
    model_span: Option<Span>,
    provider: Option<String>,
}

fn read_settings(
    id: &PromptId,
    opened: &Opened,
    models: &mut Models,
    remarks: &mut Remarks,
) -> Settings {
    let mut reader = Reader {
        id,
        reading: Reading {
            source: &opened.file,
            remarks,
        },
        settings: Settings {
            description: None,
            model: None,
            parameters: Map::new(),
            tools: Vec::new(),
            response_format: ResponseFormat::Text,
            language: Language::Plain,
            is_completion: false,
        },
        model: None,
        model_span: None,
        provider: None,
    };
    for entry in reader.reading.entries(&opened.settings) {
        reader.key(entry);
    }
    let whole = opened.file.start();
    let at = match reader.model_span {
        Some(span) => At::Span(&opened.file, span),
        None => At::Place(&whole),
    };
    let (provider, model) = (reader.provider.as_deref(), reader.model.as_deref());
    reader.settings.model = models.named(provider, model, at, reader.reading.remarks);
    reader.settings
}

impl Reader<'_> {
    fn key(&mut self, entry: &Entry) {
        let node = &entry.node;
        match entry.key.as_str() {
            "description" => self.settings.description = self.reading.text(node),
            "model" => {
                self.model_span = Some(node.span);
                self.model = self.reading.text(node);
            }
            "provider" => self.provider = self.reading.text(node),
            "endpoint" => self.endpoint(node),
            "template_language" => match self.reading.text(node).as_deref() {
                None | Some("default") => {}
                Some("jinja") => self.settings.language = Language::Jinja,
                Some(other) => {
                    let message = format!("templates in `{other}` have no counterpart");
                    let at = At::Span(self.reading.source, node.span);
                    let help = "only `default` and `jinja` can be imported";
                    self.reading
                        .remarks
                        .refuse("unsupported-format", at, message, help);
                }
            },
            "tools" => self.tools(node),
            "response_format" => match wire_format(self.id, &node.to_json()) {
                Some(format) => self.settings.response_format = format,
                None if matches!(node.value, Value::Null) => {}
                None => self.reading.wrong(node, "this format has no counterpart"),
            },
            // As many as fit, which is what no limit means, too.
            "max_tokens" if node.value == Value::Integer(-1) => {}
            "other" => {
                for entry in self.reading.entries(node) {
                    self.parameter(entry);
                }
            }
            "temperature" | "max_tokens" | "top_p" | "stop" | "presence_penalty"
            | "frequency_penalty" | "seed" | "reasoning_effort" => self.parameter(entry),
            "max_iterations" => {
                let at = At::Span(self.reading.source, entry.key_span);
                let message = "the loop of an agent does not come along";
                let help = "the prompt of its model is imported; let your code run the loop";
                self.reading
                    .remarks
                    .left_out("agent-loop", at, message, help);
            }
            _ => self.reading.unsupported(entry, &KEYS),
        }
    }

    fn parameter(&mut self, entry: &Entry) {
        parameter(
            &mut self.settings.parameters,
            entry,
            self.reading.source,
            self.reading.remarks,
        );
    }

    fn endpoint(&mut self, node: &Node) {
        match self.reading.text(node).as_deref() {
            None | Some("chat") => {}
            Some("complete") => self.settings.is_completion = true,
            Some(other) => {
                let message = format!("prompts for `{other}` have no counterpart");
                let at = At::Span(self.reading.source, node.span);
                let help = "only `chat` and `complete` can be imported";
                self.reading
                    .remarks
                    .refuse("unsupported-api", at, message, help);
            }
        }
    }

    fn tools(&mut self, node: &Node) {
        for item in self.reading.items(node) {
            let entries = self.reading.entries(item);
            let find =
                |entries: &[Entry], key: &str| entries.iter().position(|entry| entry.key == key);
            if let Some(index) = find(entries, "on_agent_call") {
                let at = At::Span(self.reading.source, entries[index].key_span);
                let message = "what an agent does when it calls a tool does not come along";
                let help = "let your code decide it";
                self.reading
                    .remarks
                    .left_out("agent-loop", at, message, help);
            }
            let definition = match find(entries, "json_schema") {
                Some(index) => self.reading.entries(&entries[index].node),
                None => entries,
            };
            let text = |key: &str| match find(definition, key)
                .map(|index| &definition[index].node.value)
            {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
            let Some(name) = text("name") else {
                let at = At::Span(self.reading.source, item.span);
                let message = "this tool does not come along: it is defined elsewhere";
                let help = "write it under `tools`, with its JSON Schema";
                self.reading
                    .remarks
                    .left_out("unknown-tool", at, message, help);
                continue;
            };
            let parameters =
                find(definition, "parameters").map(|index| definition[index].node.to_json());
            let parameters = parameters.filter(Json::is_object);
            let mut tool = tool(&name, text("description").as_deref(), parameters);
            let strict = find(definition, "strict").map(|index| &definition[index].node.value);
            if strict == Some(&Value::Boolean(true)) {
                tool["function"]["strict"] = Json::from(true);
            }
            self.settings.tools.push(tool);
        }
    }
}
