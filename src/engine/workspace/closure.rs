//! A prompt with all it includes: what is fingerprinted, rendered and released as one.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::Serde;
use serde_json::Value;

use crate::domain::content::{Content, MediaSource, Part};
use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::domain::media::{Media, MediaKind, MediaType};
use crate::domain::message::{Attachments, RenderedContent, RenderedMessage, RenderedPart};
use crate::domain::prompt::{Prompt, Template, Variable};
use crate::domain::run::ModelRequest;
use crate::engine::ports::FileTree;

use super::compile::{Compiled, compile, template_name};
use super::document::Source;
use super::media::{MAX_REQUEST_MEDIA_BYTES, MediaFile, expect_kind, read_media};
use super::renderer::MAX_RENDERED_BYTES;
use super::template::engine_message;
use super::under_way;

/// A prompt with all it includes, compiled.
pub struct Closure {
    prompt: Prompt,
    compiled: Compiled,
}

/// What a prompt is rendered with.
#[derive(Clone, Copy)]
pub struct Inputs<'i> {
    /// The values of variables, by name.
    pub values: &'i IndexMap<String, Value>,
    /// The files that variables name, by variable.
    pub files: &'i BTreeMap<String, Media>,
    /// Where those files stand.
    pub tree: &'i dyn FileTree,
}

/// A prompt could not be rendered with these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub String);

impl Closure {
    /// Compiles a prompt that was read from `source`. Templates that do not parse, includes that are
    /// missing or go in circles, and variables that are not declared are findings.
    pub fn compile(prompt: Prompt, source: &Source, tree: &dyn FileTree) -> Result<Self, Findings> {
        let compiled = compile(&prompt, source, tree)?;
        Ok(Self { prompt, compiled })
    }

    /// The prompt.
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// The partials that the templates reach: path (relative to the workspace root) to content.
    pub fn includes(&self) -> &IndexMap<String, String> {
        &self.compiled.includes
    }

    /// The pictures and documents that belong to the prompt, by path, relative to the workspace root.
    pub fn media(&self) -> BTreeMap<&str, &Media> {
        let files = self.compiled.media.values().map(|file| &file.media);
        files.map(|media| (media.path.as_str(), media)).collect()
    }

    /// The same with their bytes, by the names that the messages have for them.
    pub fn media_files(&self) -> impl Iterator<Item = (&str, &MediaFile)> {
        let files = self.compiled.media.iter();
        files.map(|(name, file)| (name.as_str(), file))
    }

    /// The paths of all files that the prompt reaches beside its own.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let includes = self.includes().keys().map(String::as_str);
        includes.chain(self.media().into_keys())
    }

    /// See [`Prompt::fingerprint`].
    pub fn fingerprint(&self) -> Digest {
        let media = self.compiled.media.iter();
        let media = media.map(|(name, file)| (name.clone(), file.media.clone()));
        self.prompt.fingerprint(self.includes(), &media.collect())
    }

    /// The declared variables that no template uses.
    pub fn unused_variables(&self) -> impl Iterator<Item = (&String, &Variable)> {
        let declared = self.prompt.variables.iter();
        declared.filter(|(name, _)| !self.compiled.used.contains(name))
    }

    /// Renders the prompt. A declared variable must have a value of its kind, or a default; a text
    /// that spells such a value will do, because the cells of a CSV file have no other kind. Values
    /// for variables that are not declared are left aside: a row may hold more than one prompt needs.
    pub fn render(
        &self,
        inputs: &Inputs<'_>,
        repeat_index: u32,
    ) -> Result<ModelRequest, RenderError> {
        let values = self.values(inputs)?;
        let mut request = self.request(repeat_index);
        for (index, message) in self.prompt.messages.iter().enumerate() {
            let text = |number, _: &Template| self.render_text(index, number, &values);
            let file = |name: &str, _| inputs.files[name].clone();
            let content = self.content(&message.content, text, file)?;
            request.messages.push(RenderedMessage {
                role: message.role,
                content,
            });
        }
        self.attach(&mut request, inputs.tree)?;
        Ok(request)
    }

    /// Renders the prompt for a row: with its variables, and with its conversation after the
    /// prompt's own messages. `tree` is where the row was read.
    pub fn render_row(
        &self,
        row: &Row,
        tree: &dyn FileTree,
        repeat_index: u32,
    ) -> Result<ModelRequest, RenderError> {
        let inputs = Inputs {
            values: &row.vars,
            files: &row.files,
            tree,
        };
        let mut request = self.render(&inputs, repeat_index)?;
        request.messages.extend(row.messages.iter().cloned());
        self.attach(&mut request, tree)?;
        Ok(request)
    }

    /// The request that the prompt makes, with its templates in place of what they print, and an
    /// empty file in place of one that a variable names.
    pub fn unrendered(&self) -> ModelRequest {
        let mut request = self.request(0);
        for message in &self.prompt.messages {
            let text = |_, template: &Template| Ok(template.text.clone());
            let content = self.content(&message.content, text, |_, kind| stand_in(kind));
            request.messages.push(RenderedMessage {
                role: message.role,
                content: content.expect("nothing is rendered that could fail"),
            });
        }
        for file in self.compiled.media.values() {
            let bytes = Arc::clone(&file.bytes);
            request.attachments.insert(file.media.digest, bytes);
        }
        request.attachments.insert(Digest::of(b""), Arc::from([]));
        request
    }

    /// The request without its messages.
    fn request(&self, repeat_index: u32) -> ModelRequest {
        ModelRequest {
            prompt: self.prompt.id.clone(),
            model: self.prompt.model.clone(),
            messages: Vec::new(),
            attachments: Attachments::default(),
            parameters: self.prompt.model_parameters.clone(),
            response_format: self.prompt.response_format.clone(),
            tools: self.prompt.tools.clone(),
            repeat_index,
        }
    }

    /// A message's content, with the text of each template, which is told its number, and the file of
    /// each variable.
    fn content(
        &self,
        content: &Content,
        text: impl Fn(usize, &Template) -> Result<String, RenderError>,
        file: impl Fn(&str, MediaKind) -> Media,
    ) -> Result<RenderedContent, RenderError> {
        let parts = match content {
            Content::Text(template) => return text(1, template).map(RenderedContent::Text),
            Content::Parts(parts) => parts,
        };
        let part = |(part, number): (&Part, usize)| match part {
            Part::Text(template) => text(number, template).map(RenderedPart::Text),
            Part::Media(part) => Ok(RenderedPart::Media(match &part.source {
                MediaSource::File(name) => self.compiled.media[name].media.clone(),
                MediaSource::Variable(name) => file(name, part.kind),
            })),
        };
        let parts: Result<_, _> = parts.iter().zip(1..).map(part).collect();
        parts.map(RenderedContent::Parts)
    }

    /// Puts the bytes of every file that the messages name into the request: the prompt's own, which
    /// were read with it, and those of a row, which must still be what they were.
    fn attach(&self, request: &mut ModelRequest, tree: &dyn FileTree) -> Result<(), RenderError> {
        let bytes: u64 = request.shown().map(|media| media.bytes).sum();
        if bytes > MAX_REQUEST_MEDIA_BYTES {
            return Err(RenderError(format!(
                "the pictures and documents are {bytes} bytes, more than the \
                 {MAX_REQUEST_MEDIA_BYTES} that one request may show"
            )));
        }
        let mut attachments = std::mem::take(&mut request.attachments);
        for media in request.shown() {
            if attachments.contains(&media.digest) {
                continue;
            }
            let mut own = self.compiled.media.values();
            let bytes = match own.find(|file| file.media.digest == media.digest) {
                Some(file) => Arc::clone(&file.bytes),
                None => read_again(tree, media)?,
            };
            attachments.insert(media.digest, bytes);
        }
        request.attachments = attachments;
        Ok(())
    }

    fn values(&self, inputs: &Inputs<'_>) -> Result<BTreeMap<String, Value>, RenderError> {
        let mut values = BTreeMap::new();
        for (name, variable) in &self.prompt.variables {
            if let Some(kind) = variable.kind.media() {
                let media = inputs.files.get(name).ok_or_else(|| {
                    RenderError(format!(
                        "the variable `{name}` names no file of the dataset"
                    ))
                })?;
                expect_kind(media, kind).map_err(|error| RenderError(error.to_string()))?;
                continue;
            }
            let value = inputs.values.get(name).or(variable.default.as_ref());
            let value = value.ok_or_else(|| {
                RenderError(format!("the variable `{name}` has no value and no default"))
            })?;
            let value = coerce(variable, value).ok_or_else(|| {
                RenderError(format!(
                    "the variable `{name}` must be of type {}",
                    variable.kind.name()
                ))
            })?;
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    fn render_text(
        &self,
        index: usize,
        part_number: usize,
        values: &BTreeMap<String, Value>,
    ) -> Result<String, RenderError> {
        let failed = |error: minijinja::Error| {
            RenderError(format!(
                "message {} cannot be rendered: {}",
                index + 1,
                engine_message(&error)
            ))
        };
        let template = self
            .compiled
            .engine
            .get_template(&template_name(index, part_number))
            .map_err(failed)?;
        let mut output = Capped(Vec::new());
        let what = format!("rendering message {} of `{}`", index + 1, self.prompt.id);
        let rendered = under_way::watched(what, || {
            template.render_captured_to(Serde(values), &mut output)
        });
        rendered.map_err(failed)?;
        Ok(String::from_utf8(output.0).expect("a template engine that works on text prints text"))
    }
}

/// The file that stands for one that is not known yet.
fn stand_in(kind: MediaKind) -> Media {
    let media_type = match kind {
        MediaKind::Image => MediaType::Png,
        MediaKind::File => MediaType::Pdf,
    };
    Media {
        path: String::new(),
        media_type,
        bytes: 0,
        digest: Digest::of(b""),
    }
}

/// The bytes of a file that was read before.
fn read_again(tree: &dyn FileTree, media: &Media) -> Result<Arc<[u8]>, RenderError> {
    let file = read_media(tree, &media.path).map_err(|error| RenderError(error.to_string()))?;
    if file.media.digest == media.digest {
        return Ok(file.bytes);
    }
    Err(RenderError(format!(
        "`{}` changed while it was used",
        media.path
    )))
}

/// The value as one of the variable's kind, if it is or spells one.
pub fn coerce(variable: &Variable, value: &Value) -> Option<Value> {
    if variable.kind.accepts(value) {
        return Some(value.clone());
    }
    let spelled: Value = serde_json::from_str(value.as_str()?).ok()?;
    variable.kind.accepts(&spelled).then_some(spelled)
}

/// Takes what is printed, up to a limit.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED_BYTES {
            let message = format!("the text grows beyond {MAX_RENDERED_BYTES} bytes");
            return Err(std::io::Error::other(message));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
