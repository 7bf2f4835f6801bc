//! The prompt that is converted, with the places of what its file says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Map, Value as Json, json};

use crate::domain::finding::{Findings, Span};
use crate::domain::project::BUILT_IN_PROVIDERS;
use crate::domain::prompt::{ModelRef, Prompt, Role, Template};
use crate::engine::import::remarks::{At, Remarks};
use crate::engine::import::settings::is_secret;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::document::{Entry, Node, Source, Value};
use crate::engine::workspace::template::span_in_file;
use crate::engine::workspace::yaml::parse_yaml;

use super::Asked;
use super::jinja::comments;

/// A prompt that is converted.
pub(super) struct Subject<'s> {
    pub(super) prompt: &'s Prompt,
    /// The prompt's file.
    pub(super) source: &'s Source,
    pub(super) asked: &'s Asked,
    /// What it includes, by the names in templates.
    pub(super) includes: &'s BTreeMap<String, Included>,
    pub(super) remarks: Remarks,
    node: Node,
    /// The remarks that were made, so that none is made twice.
    said: BTreeSet<(String, String, Span)>,
}

/// A file that a template includes.
#[derive(Debug, Clone)]
pub(super) struct Included {
    pub(super) source: Source,
    pub(super) template: Template,
}

/// A template, and the file in which it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'t> {
    pub(super) source: &'t Source,
    pub(super) template: &'t Template,
}

impl Included {
    /// The files that a prompt includes, by the names in templates.
    pub(super) fn all(closure: &Closure) -> BTreeMap<String, Self> {
        let included = |(path, text): (&String, &String)| {
            let name = path.strip_prefix("prompts/").unwrap_or(path);
            let start = Span {
                line: 1,
                column: 1,
                length: 1,
            };
            let included = Self {
                source: Source::new(path.as_str(), text.as_str()),
                template: Template {
                    text: text.clone(),
                    span: start,
                },
            };
            (name.to_owned(), included)
        };
        closure.includes().iter().map(included).collect()
    }

    /// The template, and where it stands.
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            source: &self.source,
            template: &self.template,
        }
    }
}

impl<'s> Subject<'s> {
    pub(super) fn new(
        source: &'s Source,
        closure: &'s Closure,
        includes: &'s BTreeMap<String, Included>,
        asked: &'s Asked,
    ) -> Result<Self, Findings> {
        Ok(Self {
            prompt: closure.prompt(),
            source,
            asked,
            includes,
            remarks: Remarks::default(),
            node: parse_yaml(source)?,
            said: BTreeSet::new(),
        })
    }

    /// The entries of a key at the top of the file.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        find(&self.node, key)
    }

    /// Where keys below one another stand; the last that is there.
    fn span(&self, keys: &[&str]) -> Span {
        let mut node = &self.node;
        let mut span = node.span;
        for key in keys {
            let Some(entry) = find(node, key) else {
                break;
            };
            span = entry.key_span;
            node = &entry.node;
        }
        span
    }

    /// Something of the file's settings does not come along.
    pub(super) fn left_out(&mut self, ident: &str, keys: &[&str], message: &str, help: &str) {
        let at = At::Span(self.source, self.span(keys));
        self.remarks.left_out(ident, at, message, help);
    }

    /// The prompt cannot be converted, because of something in its file.
    pub(super) fn refuse(&mut self, ident: &str, keys: &[&str], message: &str, help: &str) {
        let at = At::Span(self.source, self.span(keys));
        self.remarks.refuse(ident, at, message, help);
    }

    /// Something of the file's settings is a little different there.
    pub(super) fn changed(&mut self, ident: &str, keys: &[&str], message: &str, help: &str) {
        let at = At::Span(self.source, self.span(keys));
        self.remarks.changed(ident, at, message, help);
    }

    /// The prompt cannot be converted, because of a message: the one of this number, from 0.
    pub(super) fn refuse_message(&mut self, ident: &str, index: usize, message: &str, help: &str) {
        let at = At::Span(self.source, self.message_span(index));
        self.remarks.refuse(ident, at, message, help);
    }

    /// A message is a little different there.
    pub(super) fn changed_message(&mut self, ident: &str, index: usize, message: &str, help: &str) {
        let at = At::Span(self.source, self.message_span(index));
        self.remarks.changed(ident, at, message, help);
    }

    fn message_span(&self, index: usize) -> Span {
        let messages = self.entry("messages").map(|entry| &entry.node.value);
        match messages {
            Some(Value::List(items)) => items.get(index).map_or(self.node.span, |item| item.span),
            _ => self.node.span,
        }
    }

    /// The prompt cannot be converted, because of a piece of a template.
    pub(super) fn refuse_text(
        &mut self,
        ident: &str,
        standing: Standing<'_>,
        range: Range<usize>,
        message: &str,
        help: &str,
    ) {
        if let Some(at) = self.not_said(ident, standing, range) {
            self.remarks.refuse(ident, at, message, help);
        }
    }

    /// A piece of a template is a little different there.
    pub(super) fn changed_text(
        &mut self,
        ident: &str,
        standing: Standing<'_>,
        range: Range<usize>,
        message: &str,
        help: &str,
    ) {
        if let Some(at) = self.not_said(ident, standing, range) {
            self.remarks.changed(ident, at, message, help);
        }
    }

    /// Comments are for those who write the template, and stay here.
    pub(super) fn remark_comments(&mut self, standing: Standing<'_>) {
        for range in comments(&standing.template.text) {
            let message = "this comment stays here";
            let help = "it prints nothing";
            self.changed_text("comment", standing, range, message, help);
        }
    }

    /// Where a piece of a template stands, unless the same was said of it before.
    fn not_said<'t>(
        &mut self,
        ident: &str,
        standing: Standing<'t>,
        range: Range<usize>,
    ) -> Option<At<'t>> {
        let Standing { source, template } = standing;
        let span = span_in_file(template, range);
        let said = (ident.to_owned(), source.path.clone(), span);
        self.said.insert(said).then_some(At::Span(source, span))
    }

    /// The role of a message, where the other tool has it.
    pub(super) fn role(&mut self, index: usize) -> Role {
        let role = self.prompt.messages[index].role;
        if role == Role::Developer {
            let message = "there is no role `developer` there";
            let help = "write `role: system`, which says the same to a model";
            self.refuse_message("unknown-role", index, message, help);
        }
        role
    }

    /// The model to name.
    pub(super) fn model(&mut self) -> ModelRef {
        if let Some(model) = &self.asked.model {
            return model.clone();
        }
        let model = self.prompt.model.clone();
        if BUILT_IN_PROVIDERS.contains(&model.provider.as_str()) {
            let message = format!("nobody answers for `{model}` there");
            let help = "name another model: `--model <provider>/<model>`";
            self.changed("built-in-model", &["model"], &message, help);
        }
        model
    }

    /// The settings of the model that may leave the repository.
    pub(super) fn parameters(&mut self) -> Map<String, Json> {
        let mut parameters = self.prompt.model_parameters.clone();
        let secret: Vec<String> = parameters
            .keys()
            .filter(|key| is_secret(key))
            .cloned()
            .collect();
        for key in secret {
            parameters.shift_remove(&key);
            let message = format!("`{key}` is not copied: it may be a secret");
            let help = "keys are read from the environment, there as well as here";
            let span = self.span(&["modelParameters", &key]);
            let at = At::Secret(self.source, span);
            self.remarks.left_out("secret", at, message, help);
        }
        parameters
    }

    /// The words for people, with their keys.
    pub(super) fn words(&self) -> Map<String, Json> {
        let words = [
            ("name", &self.prompt.name),
            ("description", &self.prompt.description),
        ];
        let given = words
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?))));
        given.collect()
    }

    /// What tests the prompt does not come along, but for what stands in its own file.
    pub(super) fn leave_evals(&mut self) {
        if self.entry("evals").is_some() {
            let message = "the datasets and evaluators that test the prompt stay here";
            let help = "rows and rules in the prompt's own file go along to GitHub: `testData`, \
                        `evaluators`";
            self.left_out("evals", &["evals"], message, help);
        }
    }
}

fn find<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}
