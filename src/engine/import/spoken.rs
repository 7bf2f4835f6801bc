//! Messages whose texts are Jinja already, as in Prompty: what they use is collected, and what our
//! templates cannot do is a remark.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::domain::content::{Content, MediaPart, MediaSource, Part};
use crate::domain::finding::Span;
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Message, Role, Template, Variable, VariableKind};
use crate::engine::workspace::document::Source;

use super::jinja::variable_name;
use super::remarks::{At, Remarks};
use super::shape::{kind_of, nothing};
use super::usage::{stronger, usage};

/// How many variables a prompt may have: a hostile file could name millions.
const MAX_VARIABLES: usize = 1_000;

/// What a file declares of a variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// Its type; absent: not said.
    pub(super) kind: Option<VariableKind>,
    /// What it means.
    pub(super) description: Option<String>,
    /// Its value where none is given.
    pub(super) default: Option<Json>,
    /// Whether it is said that it need not be given.
    pub(super) is_optional: bool,
    /// Whether more is declared than its type.
    pub(super) is_structured: bool,
    /// Where it is declared.
    pub(super) span: Span,
}

/// A template that does nothing but print variables.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// The template, in Jinja.
    pub(super) template: String,
    /// What it prints: the variable, what it must be, and where it is named in the source.
    pub(super) variables: Vec<(String, VariableKind, Range<usize>)>,
}

/// The messages of a prompt, and what they use.
pub(super) struct Spoken<'s> {
    source: &'s Source,
    messages: Vec<Message>,
    used: IndexMap<String, (VariableKind, Range<usize>)>,
    shown: IndexMap<String, MediaKind>,
}

impl<'s> Spoken<'s> {
    /// No message yet, of the templates in `source`.
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            messages: Vec::new(),
            used: IndexMap::new(),
            shown: IndexMap::new(),
        }
    }

    /// The variables that are printed.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.used.keys()
    }

    /// Whether there is a message.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// A part of text. `examined` is the template as it stands in the source, from `start` on;
    /// `template` is the same as it is written here.
    pub(super) fn text(
        &mut self,
        examined: &str,
        start: usize,
        template: String,
        remarks: &mut Remarks,
    ) -> Option<Part> {
        let shifted = |range: Range<usize>| start + range.start..start + range.end;
        match usage(examined) {
            Err((range, message)) => {
                let at = At::Bytes(self.source, shifted(range));
                remarks.refuse("invalid-template", at, message, "correct the template");
                return None;
            }
            Ok(found) => {
                for (range, message, help) in found.problems {
                    let at = At::Bytes(self.source, shifted(range));
                    remarks.refuse("unavailable", at, message, help);
                }
                for (name, (kind, range)) in found.variables {
                    self.use_variable(name, kind, shifted(range), remarks);
                }
            }
        }
        Some(Part::Text(Template {
            text: template,
            span: Span::default(),
        }))
    }

    /// A part of text that does nothing but print variables.
    pub(super) fn plain(&mut self, plain: Plain, remarks: &mut Remarks) -> Part {
        for (name, kind, range) in plain.variables {
            self.use_variable(name, kind, range, remarks);
        }
        Part::Text(Template {
            text: plain.template,
            span: Span::default(),
        })
    }

    /// Adds a message of several parts.
    pub(super) fn say_parts(&mut self, role: Role, parts: Vec<Part>) {
        let content = match <[Part; 1]>::try_from(parts) {
            Ok([Part::Text(template)]) => Content::Text(template),
            Ok(parts) => Content::Parts(parts.into()),
            Err(parts) if parts.is_empty() => return,
            Err(parts) => Content::Parts(parts),
        };
        self.messages.push(Message { role, content });
    }

    fn use_variable(
        &mut self,
        name: String,
        kind: VariableKind,
        range: Range<usize>,
        remarks: &mut Remarks,
    ) {
        if let Some((guess, _)) = self.used.get_mut(&name) {
            *guess = stronger(Some(*guess), kind);
            return;
        }
        let at = At::Bytes(self.source, range.clone());
        if self.used.len() >= MAX_VARIABLES {
            let message = "the template names too many variables";
            remarks.refuse("too-large", at, message, "pass a mapping");
        } else if variable_name(&name) == name {
            self.used.insert(name, (kind, range));
        } else {
            let message = format!("`{name}` cannot be the name of a variable here");
            let help = "rename it there: ASCII letters, digits and `_`, a letter first";
            remarks.refuse("invalid-name", at, message, help);
        }
    }

    /// A picture or a document that a variable names: a part of the message before it, if that is of
    /// the user, and a message of its own elsewhere.
    pub(super) fn show(&mut self, name: &str, kind: MediaKind) {
        let part = self.media(name, kind);
        match self.messages.last_mut() {
            Some(Message {
                role: Role::User,
                content,
            }) => match content {
                Content::Parts(parts) => parts.push(part),
                Content::Text(text) => {
                    *content = Content::Parts(vec![Part::Text(text.clone()), part]);
                }
            },
            _ => self.say_parts(Role::User, vec![part]),
        }
    }

    /// A part that shows what a variable names.
    pub(super) fn media(&mut self, name: &str, kind: MediaKind) -> Part {
        self.shown.insert(name.to_owned(), kind);
        Part::Media(MediaPart {
            kind,
            source: MediaSource::Variable(name.to_owned()),
            span: Span::default(),
        })
    }

    /// The messages, and the variables that they use: declared ones as `declared` says, others as
    /// they are used. `settings` is where they are declared.
    pub(super) fn finish(
        self,
        declared: &IndexMap<String, Declared>,
        sample: &Map<String, Json>,
        settings: &Source,
        remarks: &mut Remarks,
    ) -> (Vec<Message>, IndexMap<String, Variable>) {
        let mut variables = IndexMap::new();
        for (name, declaration) in declared {
            let at = At::Span(settings, declaration.span);
            if declaration.is_structured && self.used.contains_key(name) {
                let message = format!("what `{name}` holds is declared more closely there");
                let help = "here only its type is declared";
                remarks.changed("inner-schema", at.clone(), message, help);
            }
            if !self.used.contains_key(name) && !self.shown.contains_key(name) {
                let message = format!("`{name}` is declared, but no template uses it");
                let help = "it is left out: what a prompt does not use is no part of its contract";
                remarks.left_out("unused-variable", at, message, help);
            }
        }
        for (name, kind) in &self.shown {
            if let Some((_, range)) = self.used.get(name) {
                let at = At::Bytes(self.source, range.clone());
                let message = format!("`{name}` is shown to the model, and printed as well");
                let help = "a file has no text: give its name as another variable";
                remarks.refuse("media-in-text", at, message, help);
            }
            let described = declared.get(name).and_then(|it| it.description.clone());
            let variable = Variable {
                kind: match kind {
                    MediaKind::Image => VariableKind::Image,
                    MediaKind::File => VariableKind::File,
                },
                description: described,
                ..Variable::default()
            };
            variables.insert(name.clone(), variable);
        }
        for (name, (guess, range)) in &self.used {
            let at = At::Bytes(self.source, range.clone());
            let declaration = declared.get(name).cloned().unwrap_or_default();
            let variable = variable(name, declaration, *guess, sample.get(name), at, remarks);
            variables.insert(name.clone(), variable);
        }
        variables.sort_by_key(|name, _| declared.get_index_of(name).unwrap_or(usize::MAX));
        (self.messages, variables)
    }
}

/// The declaration of a variable that is used as `guess` says, and has a sample value, perhaps.
fn variable(
    name: &str,
    declared: Declared,
    guess: VariableKind,
    sample: Option<&Json>,
    at: At<'_>,
    remarks: &mut Remarks,
) -> Variable {
    let known = declared
        .kind
        .or_else(|| kind_of(declared.default.as_ref().or(sample)?));
    if known.is_none() {
        let message = format!(
            "the type of `{name}` is taken from its use: {}",
            guess.name()
        );
        let help = "correct it under `variables` if it is another one";
        remarks.changed("guessed-type", at.clone(), message, help);
    }
    let mut variable = Variable {
        kind: known.unwrap_or(guess),
        description: declared.description,
        default: declared.default,
        ..Variable::default()
    };
    let is_wrong = |default: &Json| !variable.kind.accepts(default);
    if variable.default.as_ref().is_some_and(is_wrong) {
        let message = format!("the default of `{name}` is not of its type");
        let help = "correct one of the two there, or write a default here";
        remarks.left_out("wrong-default", at.clone(), message, help);
        variable.default = None;
    }
    if declared.is_optional && variable.default.is_none() {
        variable.default = nothing(variable.kind);
        if variable.default.is_none() {
            let message = format!("`{name}` need not be given there");
            let help = "here it must be given, because no number prints as nothing";
            remarks.changed("optional-number", at, message, help);
        }
    }
    variable
}
