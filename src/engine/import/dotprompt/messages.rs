//! Cuts a template into messages: `{{role "..."}}` says where one begins, in the template's source. A
//! value that spells such a thing is a value, whatever the original makes of it.

use std::ops::Range;

use crate::domain::content::{Content, MediaPart, MediaSource, Part};
use crate::domain::finding::Span;
use crate::domain::media::{MediaKind, MediaType};
use crate::domain::prompt::{Message, Role, Template};
use crate::engine::workspace::document::Source;

use super::super::handlebars::tree::{Call, Expression, Kind, Program, Statement};
use super::super::jinja::Jinja;
use super::super::remarks::At;
use super::template::{Translator, comment};

/// The roles of dotprompt.
const ROLES: [(&str, Role); 3] = [
    ("system", Role::System),
    ("user", Role::User),
    ("model", Role::Assistant),
];

/// What is collected while a template is read from top to bottom.
struct Cutter<'t> {
    role: Role,
    /// Where the message begins.
    start: (&'t Source, Range<usize>),
    /// The text that is being read.
    text: Jinja,
    /// Whether it prints something whatever the values are.
    is_certain: bool,
    /// Comments that no text was read after.
    comments: Vec<String>,
    parts: Vec<Part>,
    messages: Vec<Message>,
    /// How many messages stood before `{{history}}`, and where that is.
    history: Option<(usize, &'t Source, Range<usize>)>,
}

impl<'t> Translator<'t> {
    /// The messages of a template.
    pub(super) fn messages(&mut self, program: &Program) -> Vec<Message> {
        let mut cutter = Cutter {
            role: Role::User,
            start: (self.source, 0..1),
            text: Jinja::default(),
            is_certain: false,
            comments: Vec::new(),
            parts: Vec::new(),
            messages: Vec::new(),
            history: None,
        };
        self.cut(&mut cutter, &program.body);
        self.end_message(&mut cutter);
        if let Some((before, source, range)) = cutter.history
            && before < cutter.messages.len()
        {
            let at = At::Bytes(source, range);
            let message = "messages follow `{{history}}`";
            let help = "here a row's conversation follows all messages of the prompt: where rows have \
                        one, put what stands behind it into the conversation";
            self.remarks.changed("moved-history", at, message, help);
        }
        cutter.messages
    }

    fn cut(&mut self, cutter: &mut Cutter<'t>, body: &[Statement]) {
        for statement in body {
            match &statement.kind {
                Kind::Text(text) => {
                    cutter.is_certain |= !text.value.trim().is_empty();
                    cutter.text.text(&text.value);
                }
                Kind::Comment(text) if cutter.text.is_blank() => cutter.comments.push(text.clone()),
                Kind::Comment(text) => comment(&mut cutter.text, text),
                Kind::Print(call) => match call.helper() {
                    Some("role") => self.role(cutter, call),
                    Some("history") => self.history(cutter, call),
                    Some("media") => self.media(cutter, call),
                    Some("section") => self.section_marker(cutter, call),
                    _ => {
                        cutter.is_certain = true;
                        self.statement(&mut cutter.text, statement);
                    }
                },
                Kind::Partial(partial) if self.partials.is_marked(&partial.call) => {
                    let call = &partial.call;
                    let found = self.find_partial(call);
                    let frame = self.frame_of(call);
                    if let (Some((name, file, program)), Some(frame)) = (found, frame) {
                        let floor = self.scope.enter_partial(frame);
                        self.read_partial(name, file, |translator| {
                            translator.cut(cutter, &program.body);
                        });
                        self.scope.leave_partial(floor);
                    }
                }
                Kind::Partial(_) => {
                    cutter.is_certain = true;
                    self.statement(&mut cutter.text, statement);
                }
                Kind::Block(_) => self.statement(&mut cutter.text, statement),
            }
        }
    }

    /// A message begins.
    fn role(&mut self, cutter: &mut Cutter<'t>, call: &Call) {
        let [Expression::Text(name)] = call.params.as_slice() else {
            let message = "a role that is computed has no counterpart";
            let help = "write the role out: what a value says is never a role here";
            return self.refuse("moving-message", call.range.clone(), message, help);
        };
        let known = ROLES.iter().find(|(known, _)| known == name);
        let Some((_, role)) = known else {
            let message = format!("messages of the role `{name}` cannot stand in a prompt here");
            let help = "the roles are `system`, `user` and `model`";
            return self.refuse("unknown-role", call.range.clone(), message, help);
        };
        self.end_message(cutter);
        cutter.role = *role;
        cutter.start = (self.source, call.range.clone());
    }

    /// The place of a conversation: what follows is of the model until another role is named.
    fn history(&mut self, cutter: &mut Cutter<'t>, call: &Call) {
        self.end_message(cutter);
        let here = (cutter.messages.len(), self.source, call.range.clone());
        if cutter.history.replace(here).is_some() {
            let message = "a conversation can only stand in one place";
            let help = "write `{{history}}` once";
            self.refuse("moving-message", call.range.clone(), message, help);
        }
        cutter.role = Role::Assistant;
        cutter.start = (self.source, call.range.clone());
    }

    fn end_message(&mut self, cutter: &mut Cutter<'t>) {
        cutter.end_text();
        let parts = std::mem::take(&mut cutter.parts);
        let is_certain = std::mem::take(&mut cutter.is_certain);
        if parts.is_empty() {
            return;
        }
        if !is_certain {
            let (source, range) = cutter.start.clone();
            let at = At::Bytes(source, range);
            let message = "this message can be empty, and is left out there when it is";
            let help = "here it is sent empty: give it some text that always stands";
            self.remarks.changed("empty-message", at, message, help);
        }
        let content = match <[Part; 1]>::try_from(parts) {
            Ok([Part::Text(template)]) => Content::Text(template),
            Ok(parts) => Content::Parts(parts.into()),
            Err(parts) => Content::Parts(parts),
        };
        let role = cutter.role;
        cutter.messages.push(Message { role, content });
    }

    /// A picture or a document that a variable names.
    fn media(&mut self, cutter: &mut Cutter<'t>, call: &Call) {
        let named = |key: &str| {
            let found = call.hash.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value)
        };
        let (url, content_type) = (named("url"), named("contentType"));
        let Some(Expression::Path(path)) = url else {
            let message = "here a picture is a file of the repository, never an address";
            let help = "give it as a variable, `{{media url=photo}}`, or after the import as a part \
                        with a `path` below `prompts/_media/`";
            return self.refuse("media-address", call.range.clone(), message, help);
        };
        let Some(named) = self.named(path) else {
            return;
        };
        let name = path.simple().filter(|_| self.scope.is_at_root());
        let Some(name) = name else {
            let message = "only a variable of the prompt can name a picture";
            let help = "give it as a variable of its own, not inside another value";
            return self.refuse("media-address", call.range.clone(), message, help);
        };
        let kind = match content_type {
            Some(Expression::Text(name)) => {
                let Some(kind) = media_kind(name) else {
                    let message = format!("`{name}` cannot be shown to a model here");
                    let help = "these can: pictures (PNG, JPEG, GIF, WebP), PDF and plain text";
                    return self.refuse("media-type", call.range.clone(), message, help);
                };
                kind
            }
            None | Some(_) => MediaKind::Image,
        };
        if cutter.role != Role::User {
            let message = "only messages of the role `user` can show something here";
            let help = "show it in a message of the user";
            return self.refuse("media-in-role", call.range.clone(), message, help);
        }
        let at = At::Bytes(self.source, call.range.clone());
        let message = format!(
            "the variable `{}` is an address there, and a file here",
            named.jinja
        );
        let help = "put the files beside the rows of a dataset, and name them there; what they are is \
                    told from their bytes";
        self.remarks.changed("media-file", at, message, help);
        self.variables.show(name, kind);
        cutter.end_text();
        cutter.is_certain = true;
        cutter.parts.push(Part::Media(MediaPart {
            kind,
            source: MediaSource::Variable(named.jinja),
            span: Span::default(),
        }));
    }

    /// A place that the caller's code fills.
    fn section_marker(&mut self, cutter: &mut Cutter<'t>, call: &Call) {
        let at = At::Bytes(self.source, call.range.clone());
        let message = "what stands in a section comes from code";
        let help = "write the text here, or give it as a variable";
        self.remarks.left_out("section", at, message, help);
        cutter.end_text();
    }
}

impl Cutter<'_> {
    /// Ends a part of text. One of nothing but white space is none.
    fn end_text(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        if text.is_blank() {
            return;
        }
        let mut comments = Jinja::default();
        for text in self.comments.drain(..) {
            comment(&mut comments, &text);
        }
        text.begin_with(&comments.between_tags());
        self.parts.push(Part::Text(Template {
            text: text.finish(),
            span: Span::default(),
        }));
    }
}

/// What bytes of such a type are shown as.
fn media_kind(name: &str) -> Option<MediaKind> {
    let known = MediaType::ALL.iter().find(|known| known.name() == name);
    known.map(|known| known.kind())
}
