//! The messages of a prompt as one template.

use crate::domain::content::{Content, MediaPart, MediaSource, Part};
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Role, Template};
use crate::engine::import::handlebars::tree::{Call, Expression, Kind, Path, Program, Statement};

use super::super::subject::{Standing, Subject};
use super::template::{Translator, Work};

/// Writes the messages one after the other.
pub(super) struct Messages<'t, 's> {
    pub(super) subject: &'s mut Subject<'t>,
    pub(super) work: &'s mut Work,
}

impl<'t> Messages<'t, '_> {
    /// The template of all messages.
    pub(super) fn program(&mut self) -> Program {
        let prompt = self.subject.prompt;
        let mut body = Vec::new();
        for (index, message) in prompt.messages.iter().enumerate() {
            let role = match self.subject.role(index) {
                Role::System | Role::Developer => "system",
                Role::User => "user",
                Role::Assistant => "model",
            };
            let role = Call::of_helper("role", vec![Expression::Text(role.to_owned())]);
            body.push(Statement::of(Kind::Print(role)));
            match &message.content {
                Content::Text(template) => body.extend(self.text(index, template)),
                Content::Parts(parts) => self.parts(index, parts, &mut body),
            }
        }
        Program::of(body)
    }

    fn parts(&mut self, index: usize, parts: &'t [Part], body: &mut Vec<Statement>) {
        let mut after_text = false;
        for part in parts {
            match part {
                Part::Text(template) => {
                    if std::mem::replace(&mut after_text, true) {
                        let message = "parts of text that stand side by side are one there";
                        let help = "nothing stands between them: end the first with a line break \
                                    if one is needed";
                        self.subject
                            .changed_message("joined-parts", index, message, help);
                    }
                    body.extend(self.text(index, template));
                }
                Part::Media(part) => {
                    after_text = false;
                    body.extend(self.media(index, part));
                }
            }
        }
    }

    /// The text of a message, or of a part of it.
    fn text(&mut self, index: usize, template: &'t Template) -> Vec<Statement> {
        let standing = Standing {
            source: self.subject.source,
            template,
        };
        let body = Translator::new(self.subject, self.work, standing).whole();
        let is_certain = body.iter().any(|statement| match &statement.kind {
            Kind::Text(text) => !text.value.trim().is_empty(),
            Kind::Print(_) | Kind::Partial(_) => true,
            Kind::Block(_) | Kind::Comment(_) => false,
        });
        if is_certain {
            return body;
        }
        if body.iter().all(|it| matches!(it.kind, Kind::Text(_))) {
            let message = "a text of nothing but white space is left out there";
            let help = "write what it is to say, or remove it";
            self.subject
                .refuse_message("empty-message", index, message, help);
        } else {
            let message = "this text can be empty, and is left out there when it is";
            let help = "give it some text that always stands";
            self.subject
                .changed_message("empty-message", index, message, help);
        }
        body
    }

    /// A picture or a document that a variable names.
    fn media(&mut self, index: usize, part: &MediaPart) -> Option<Statement> {
        let MediaSource::Variable(name) = &part.source else {
            let message =
                "a file of the prompt cannot be named there, where pictures are addresses";
            let help = "let a variable name it: `{ type: image, variable: ... }`";
            self.subject
                .refuse_message("media-file", index, message, help);
            return None;
        };
        let message = format!("`{name}` is a file here, and an address there");
        let help = "callers give an address, or the bytes as `data:`";
        let keys = ["variables", name.as_str()];
        self.subject.changed("media-address", &keys, &message, help);
        let url = Expression::Path(Path::of(&[name], false));
        let mut call = Call::of_helper("media", Vec::new());
        call.hash.push(("url".to_owned(), url));
        if part.kind == MediaKind::File {
            let message = format!("`{name}` is said to be PDF there, whatever document it is");
            let help = "correct `contentType` if it is plain text";
            self.subject.changed("media-type", &keys, &message, help);
            let pdf = Expression::Text("application/pdf".to_owned());
            call.hash.push(("contentType".to_owned(), pdf));
        }
        Some(Statement::of(Kind::Print(call)))
    }
}
