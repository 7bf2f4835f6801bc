//! Microsoft's Prompty: files `.prompty` with settings in YAML and a template in Jinja, whose lines
//! `system:` and `user:` begin messages. What they mean is what the Python packages do with them:
//! `prompty` 0.1.50 for version 1, 2.1.0 for version 2.

mod body;
mod properties;
mod settings;
#[cfg(test)]
mod tests;

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::domain::finding::{Findings, Span};
use crate::domain::prompt::{ModelRef, Role};
use crate::engine::ports::FileTree;
use crate::engine::workspace::document::{Node, Source, Value};
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::json::parse_json;

use super::Import;
use super::draft::Draft;
use super::each::{import_each, read_sources};
use super::front_matter::open;
use super::mustache;
use super::reading::Reading;
use super::remarks::{At, Remarks};
use super::settings::{Models, holds_reference, prompt_id};
use super::shape::Shape;
use super::spoken::{Declared, Spoken};
use properties::{Property, PropertyKind};
use settings::{Format, Settings, sample_file};

/// How files end.
pub const ENDING: &str = ".prompty";

/// Reads the prompts in `files` of `tree`. `model` answers for those that name none.
pub fn import(
    tree: &dyn FileTree,
    files: &[String],
    model: Option<&ModelRef>,
) -> Result<Import, Findings> {
    let sources = read_sources(tree, files)?;
    Ok(import_each(&sources, model, |source, models, remarks| {
        draft(tree, source, models, remarks)
    }))
}

fn draft(
    tree: &dyn FileTree,
    source: &Source,
    models: &mut Models,
    remarks: &mut Remarks,
) -> Option<Draft> {
    let id = prompt_id(&source.path, ENDING, remarks)?;
    let opened = open(source, &["---", "+++"], remarks)?;
    let file = &opened.file;
    let reading = Reading {
        source: file,
        remarks,
    };
    let settings = settings::read(&id, &opened.settings, reading, models);
    let sample = sample(tree, &settings, file, remarks);
    let body = opened.body;
    let text = body.text.replace("\r\n", "\n");
    let body = Source::part(body.path, text, body.first_line);
    let mut speaker = Speaker {
        settings: &settings,
        body: &body,
        spoken: Spoken::new(&body),
        thread: None,
    };
    speaker.messages(remarks);
    let spoken = speaker.spoken;
    if spoken.is_empty() {
        let at = At::Bytes(&body, 0..1);
        remarks.refuse("no-messages", at, "there is no message", "write a template");
    }
    let declared = declarations(&settings.inputs);
    let (messages, variables) = spoken.finish(&declared, &sample, file, remarks);
    let row = row(&sample, &variables, settings.sample, file, remarks);
    Some(Draft {
        id,
        name: settings.name,
        description: settings.description,
        model: settings.model?,
        model_parameters: settings.parameters,
        variables,
        messages,
        response_format: settings.response_format,
        tools: settings.tools,
        rows: row.into_iter().collect(),
    })
}

/// What is declared of the inputs that are values.
fn declarations(inputs: &IndexMap<String, Property>) -> IndexMap<String, Declared> {
    let declared = inputs.iter().filter_map(|(name, input)| {
        let kind = match input.kind {
            PropertyKind::Value(kind) => kind,
            PropertyKind::Media(_) => None,
            PropertyKind::Thread | PropertyKind::Audio => return None,
        };
        let shape = Shape::of_schema(&input.schema);
        let declared = Declared {
            kind,
            description: shape.described().or_else(|| input.description.clone()),
            default: input.default.clone(),
            is_optional: input.required == Some(false),
            is_structured: shape.is_structured(),
            span: input.span,
        };
        Some((name.clone(), declared))
    });
    declared.collect()
}

/// The values to try the prompt with: its sample, or the examples of its inputs.
fn sample(
    tree: &dyn FileTree,
    settings: &Settings<'_>,
    file: &Source,
    remarks: &mut Remarks,
) -> Map<String, Json> {
    let examples = settings.inputs.iter();
    let examples = examples.filter_map(|(name, it)| Some((name.clone(), it.example.clone()?)));
    let mut sample: Map<String, Json> = examples.collect();
    let Some(node) = settings.sample else {
        return sample;
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                if holds_reference(&entry.node) {
                    let at = At::Secret(file, entry.key_span);
                    let message = format!(
                        "the sample of `{}` is a reference, and is not copied",
                        entry.key
                    );
                    let help = "write the value into `testData`, if it is no secret";
                    remarks.left_out("reference", at, message, help);
                } else {
                    sample.insert(entry.key.clone(), entry.node.to_json());
                }
            }
        }
        Value::Text(text) => match sample_in_file(tree, text, file) {
            Ok(values) => sample.extend(values),
            Err(message) => {
                let at = At::Span(file, node.span);
                let help = "write the values into `testData` of the prompt";
                remarks.left_out("unreadable-sample", at, message, help);
            }
        },
        other => {
            let at = At::Span(file, node.span);
            let message = format!("expected a mapping, found {}", other.kind());
            remarks.left_out("wrong-type", at, message, "it is left out");
        }
    }
    sample
}

/// The values in a JSON file beside the prompt.
fn sample_in_file(
    tree: &dyn FileTree,
    text: &str,
    file: &Source,
) -> Result<Map<String, Json>, String> {
    let name = sample_file(text).ok_or("expected values, or the name of a JSON file")?;
    let path = match file.path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    };
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(format!(
            "`{name}` is not read: it is not a file below this folder"
        ));
    }
    let read = read_text(tree, &path).map_err(|findings| findings.to_string())?;
    let source = read.ok_or_else(|| format!("there is no `{path}`"))?;
    match parse_json(&source).map(|node| node.to_json()) {
        Ok(Json::Object(values)) => Ok(values),
        _ => Err(format!("`{path}` is not a JSON object")),
    }
}

/// The sample as a row of the prompt's own tests: what no variable takes is left out.
fn row(
    sample: &Map<String, Json>,
    variables: &IndexMap<String, crate::domain::prompt::Variable>,
    node: Option<&Node>,
    file: &Source,
    remarks: &mut Remarks,
) -> Option<Map<String, Json>> {
    let mut row = Map::new();
    for (name, value) in sample {
        let variable = variables.get(name);
        let fits = variable.is_some_and(|it| it.kind.media().is_none() && it.kind.accepts(value));
        if fits && name != "expected" {
            row.insert(name.clone(), value.clone());
            continue;
        }
        let at = At::Span(file, node.map_or_else(Span::default, |node| node.span));
        let message = match variable {
            None => format!("the sample has a value for `{name}`, which no template uses"),
            Some(it) if it.kind.media().is_some() => {
                format!("the sample of `{name}` is no file of the repository")
            }
            Some(_) => format!("the sample of `{name}` cannot stand in a row"),
        };
        remarks.left_out("sample", at, message, "it is left out of `testData`");
    }
    (!row.is_empty()).then_some(row)
}

/// Says the messages of a template.
struct Speaker<'s, 'r> {
    settings: &'s Settings<'r>,
    body: &'s Source,
    spoken: Spoken<'s>,
    /// Where a conversation is to stand, if nothing may follow it.
    thread: Option<Range<usize>>,
}

impl Speaker<'_, '_> {
    fn messages(&mut self, remarks: &mut Remarks) {
        if self.settings.is_completion {
            let at = At::Bytes(self.body, 0..1);
            let message = "this is a prompt for completion, and becomes a message of the user";
            remarks.changed("completion", at, message, "read it over");
            return self.piece(Role::User, 0..self.body.text.len(), remarks);
        }
        for piece in body::cut(self.body, self.settings, remarks) {
            self.piece(piece.role, piece.range, remarks);
        }
    }

    /// Says one message, or several where pictures or a conversation stand in its text.
    fn piece(&mut self, role: Role, range: Range<usize>, remarks: &mut Remarks) {
        let text = &self.body.text[range.clone()];
        let mut start = 0;
        for (name, variable, depth) in body::plain_variables(text) {
            let kind = self.settings.inputs.get(&name).map(|input| input.kind);
            let at = range.start + variable.start..range.start + variable.end;
            let is_rich = !matches!(kind, None | Some(PropertyKind::Value(_)));
            if is_rich && depth > 0 {
                let message = format!("`{name}` is no text, and stands inside a block");
                let help = "let it stand outside of blocks";
                let at = At::Bytes(self.body, at);
                remarks.refuse("moving-message", at, message, help);
                continue;
            }
            match kind {
                None | Some(PropertyKind::Value(_)) => continue,
                Some(PropertyKind::Thread) => {
                    self.say(
                        role,
                        range.start + start,
                        &text[start..variable.start],
                        true,
                        remarks,
                    );
                    self.thread = Some(at);
                }
                Some(PropertyKind::Media(kind)) => {
                    self.say(
                        role,
                        range.start + start,
                        &text[start..variable.start],
                        true,
                        remarks,
                    );
                    let message =
                        format!("`{name}` is an address or a text there, and a file here");
                    let help = "put the files beside the rows of a dataset, and name them there";
                    remarks.changed("media-file", At::Bytes(self.body, at), message, help);
                    self.spoken.show(&name, kind);
                }
                Some(PropertyKind::Audio) => {
                    let message = "sound cannot be shown to a model here";
                    let help = "only pictures, PDF and plain text can";
                    remarks.refuse("media-type", At::Bytes(self.body, at), message, help);
                }
            }
            start = variable.end;
        }
        self.say(
            role,
            range.start + start,
            &text[start..],
            start > 0,
            remarks,
        );
    }

    /// Says a text, trimmed as it is there: version 1 takes all white space away, version 2 line breaks;
    /// beside pictures both take all. Where a block stands at an edge, the trimming is left to the
    /// template, because nobody knows what the block prints.
    fn say(&mut self, role: Role, at: usize, text: &str, all: bool, remarks: &mut Remarks) {
        let all = all || self.settings.is_first_version;
        let trimmed = text.trim_matches(|character| trims(character, all));
        if trimmed.trim().is_empty() {
            return;
        }
        if let Some(thread) = self.thread.take() {
            let message = "messages follow the conversation";
            let help = "here a row's conversation follows all messages of the prompt: where rows have \
                        one, put what stands behind it into the conversation";
            remarks.changed("moved-history", At::Bytes(self.body, thread), message, help);
        }
        let start = at
            + (text.len()
                - text
                    .trim_start_matches(|character| trims(character, all))
                    .len());
        if self.settings.format == Format::Mustache {
            if let Some(plain) = mustache::plain(trimmed, start, self.body, remarks) {
                let part = self.spoken.plain(plain, remarks);
                self.spoken.say_parts(role, vec![part]);
            }
            return;
        }
        let is_block = |edge: &str| matches!(edge, "{%" | "%}" | "{#" | "#}");
        let edges = [
            trimmed.get(..2),
            trimmed.get(trimmed.len().saturating_sub(2)..),
        ];
        let filter = if all { "trim" } else { "trim(\"\\n\")" };
        let template = if edges.into_iter().flatten().any(is_block) {
            format!("{{% filter {filter} %}}{trimmed}{{% endfilter %}}")
        } else {
            trimmed.to_owned()
        };
        let part = self.spoken.text(trimmed, start, template, remarks);
        self.spoken.say_parts(role, part.into_iter().collect());
    }
}

fn trims(character: char, all: bool) -> bool {
    character == '\n' || (all && character.is_whitespace())
}
