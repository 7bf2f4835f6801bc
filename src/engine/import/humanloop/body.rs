//! Reads the messages of a Humanloop file: texts between tags. The tags are looked for in the source: a
//! value that spells one is a value.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::content::Part;
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Role, VariableKind};
use crate::engine::workspace::document::Source;

use super::super::jinja::{Jinja, variable_name};
use super::super::remarks::{At, Remarks};
use super::super::spoken::{Plain, Spoken};

/// How texts are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// `{{ name }}`, and nothing else.
    Plain,
    /// Jinja.
    Jinja,
}

/// The tags that hold a message.
const ROLES: [(&str, Role); 4] = [
    ("system", Role::System),
    ("developer", Role::Developer),
    ("user", Role::User),
    ("assistant", Role::Assistant),
];

/// Where a variable is filled in.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\{\{\s*([A-Za-z0-9_.\[\]]+)\s*\}\}"));

/// Where a part of a message begins.
static PART: LazyLock<Regex> = LazyLock::new(|| pattern("<(?:text>|image|tool)"));

/// An attribute of a tag.
static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"([A-Za-z_][A-Za-z0-9_-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')"#));

/// Reads the messages.
pub(super) fn messages<'s>(
    body: &'s Source,
    language: Language,
    is_completion: bool,
    remarks: &mut Remarks,
) -> Spoken<'s> {
    let mut reader = Reader {
        body,
        language,
        spoken: Spoken::new(body),
        remarks,
    };
    let first = body.text.trim_start();
    if is_completion || !first.starts_with('<') {
        let at = At::Bytes(body, 0..1);
        let message = "this is one text, and becomes a message of the user";
        reader
            .remarks
            .changed("completion", at, message, "read it over");
        let part = reader.text(0..body.text.len());
        reader
            .spoken
            .say_parts(Role::User, part.into_iter().collect());
    } else {
        reader.messages();
    }
    reader.spoken
}

struct Reader<'s, 'r> {
    body: &'s Source,
    language: Language,
    spoken: Spoken<'s>,
    remarks: &'r mut Remarks,
}

/// A tag with what is inside it.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// The opening tag.
    tag: Range<usize>,
    inside: Range<usize>,
    /// Where what follows begins.
    end: usize,
}

impl Reader<'_, '_> {
    fn refuse(&mut self, ident: &str, range: Range<usize>, message: impl Into<String>, help: &str) {
        let at = At::Bytes(self.body, range);
        self.remarks.refuse(ident, at, message, help);
    }

    fn messages(&mut self) {
        let mut at = 0;
        while let Some((start, element)) = self.next_element(at..self.body.text.len()) {
            self.outside(at..start);
            let Some(element) = element else { return };
            at = element.end;
            self.message(&element);
        }
        self.outside(at..self.body.text.len());
    }

    /// Text between messages belongs to none of them.
    fn outside(&mut self, range: Range<usize>) {
        let text = &self.body.text[range.clone()];
        if !text.trim().is_empty() {
            let start = range.start + text.len() - text.trim_start().len();
            let message = "this text stands in no message";
            self.refuse(
                "outside-message",
                start..start + 1,
                message,
                "put it into `<user>`",
            );
        }
    }

    fn message(&mut self, element: &Element) {
        let known = ROLES.iter().find(|(name, _)| *name == element.name);
        let Some((_, role)) = known else {
            let message = format!(
                "`<{}>` is no message that could stand in a prompt here",
                element.name
            );
            let help = "the tags are `<system>`, `<user>` and `<assistant>`; what tools answer belongs \
                        into the `messages` of a row";
            return self.refuse("unknown-role", element.tag.clone(), message, help);
        };
        if !element.attributes.is_empty() {
            let at = At::Bytes(self.body, element.tag.clone());
            let message = "the attributes of a message do not come along";
            self.remarks
                .left_out("role-attributes", at, message, "they are left out");
        }
        let parts = self.parts(*role, element.inside.clone());
        self.spoken.say_parts(*role, parts);
    }

    /// The parts of a message: texts, and pictures of the user.
    fn parts(&mut self, role: Role, inside: Range<usize>) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut at = inside.start;
        while let Some((start, element)) = self.next_part(at..inside.end) {
            parts.extend(self.text(at..start));
            let Some(element) = element else { return parts };
            at = element.end;
            match element.name.as_str() {
                "text" => parts.extend(self.text(element.inside)),
                "image" if role == Role::User => parts.extend(self.image(&element)),
                "image" => {
                    let message = "only messages of the role `user` can show something here";
                    let help = "show it in a message of the user";
                    self.refuse("media-in-role", element.tag, message, help);
                }
                _ => {
                    let message = "a call of a tool cannot stand in a prompt here";
                    let help = "it belongs into the `messages` of a row";
                    self.refuse("unknown-role", element.tag, message, help);
                }
            }
        }
        parts.extend(self.text(at..inside.end));
        parts
    }

    fn image(&mut self, element: &Element) -> Option<Part> {
        let mut url = None;
        for (name, value) in &element.attributes {
            if name == "url" {
                url = Some(value.trim());
            } else {
                let at = At::Bytes(self.body, element.tag.clone());
                let message = format!("the attribute `{name}` does not come along");
                self.remarks
                    .left_out("image-attribute", at, message, "it is left out");
            }
        }
        let inner = url.and_then(|url| url.strip_prefix("{{")?.strip_suffix("}}"));
        let name = inner
            .map(str::trim)
            .filter(|name| variable_name(name) == *name);
        let Some(name) = name else {
            let message = "here a picture is a file of the repository, never an address";
            let help = "give it as a variable, `url=\"{{photo}}\"`, or after the import as a part with a \
                        `path` below `prompts/_media/`";
            self.refuse("media-address", element.tag.clone(), message, help);
            return None;
        };
        let at = At::Bytes(self.body, element.tag.clone());
        let message = format!("`{name}` is an address there, and a file here");
        let help = "put the files beside the rows of a dataset, and name them there";
        self.remarks.changed("media-file", at, message, help);
        Some(self.spoken.media(name, MediaKind::Image))
    }

    /// A text, without the layout of the file around it.
    fn text(&mut self, range: Range<usize>) -> Option<Part> {
        let text = &self.body.text[range.clone()];
        if text.trim().is_empty() {
            return None;
        }
        if self.language == Language::Jinja {
            let layout = Layout::of(text);
            let trimmed = layout.trimmed(range);
            let text = &self.body.text[trimmed.clone()];
            let template = layout.dedented(text);
            return self
                .spoken
                .text(text, trimmed.start, template, self.remarks);
        }
        let plain = self.plain(range);
        Some(self.spoken.plain(plain, self.remarks))
    }

    fn plain(&mut self, range: Range<usize>) -> Plain {
        let mut plain = Plain::default();
        let mut out = Jinja::default();
        let layout = Layout::of(&self.body.text[range.clone()]);
        let trimmed = layout.trimmed(range.clone());
        let mut at = trimmed.start;
        let text = &self.body.text[..trimmed.end];
        for found in VARIABLE.captures_iter(&text[trimmed.start..]) {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else {
                continue;
            };
            let start = trimmed.start + whole.start();
            self.literal(at..start, &layout, &mut out);
            at = trimmed.start + whole.end();
            let variable = variable_name(name.as_str());
            if variable != name.as_str() {
                let here = At::Bytes(self.body, start..at);
                let message = format!("`{}` cannot be the name of a variable here", name.as_str());
                let help = format!("it is called `{variable}`");
                self.remarks
                    .changed("renamed-variable", here, message, help);
            }
            out.tag(&format!("{{{{ {variable} }}}}"));
            plain
                .variables
                .push((variable, VariableKind::String, start..at));
        }
        self.literal(at..trimmed.end, &layout, &mut out);
        plain.template = out.finish();
        plain
    }

    /// Text that is printed as it is, though it may look like more.
    fn literal(&mut self, range: Range<usize>, layout: &Layout, out: &mut Jinja) {
        let text = &self.body.text[range.clone()];
        if let Some(start) = text.find("{{") {
            let here = range.start + start..range.start + start + 2;
            let is_call = text[start..]
                .split("}}")
                .next()
                .is_some_and(|tag| tag.contains('('));
            if is_call {
                let message = "what a tool returns is not filled in here";
                let help = "give it as a variable";
                self.refuse("template-tool", here, message, help);
            } else {
                let at = At::Bytes(self.body, here);
                let message = "this is no variable there, and stays text";
                let help = "write `{{ name }}`, if it is meant as one";
                self.remarks.changed("literal-braces", at, message, help);
            }
        }
        out.text(&layout.dedented(text));
    }

    /// The next tag that could hold a message; `None` inside where it does not end.
    fn next_element(&mut self, range: Range<usize>) -> Option<(usize, Option<Element>)> {
        let start = range.start + self.body.text[range.clone()].find('<')?;
        Some((start, self.element(start, range.end)))
    }

    /// The next tag inside a message that is one of a part.
    fn next_part(&mut self, range: Range<usize>) -> Option<(usize, Option<Element>)> {
        let found = PART.find(&self.body.text[range.clone()])?;
        let start = range.start + found.start();
        Some((start, self.element(start, range.end)))
    }

    fn element(&mut self, start: usize, end: usize) -> Option<Element> {
        let rest = &self.body.text[start..end];
        let Some(length) = tag_length(rest) else {
            self.refuse(
                "unclosed-tag",
                start..start + 1,
                "this tag does not end",
                "end it with `>`",
            );
            return None;
        };
        let tag = start..start + length;
        let inner = rest[1..length - 1].trim_end_matches('/');
        let name_length = inner.find(char::is_whitespace).unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(name_length);
        let mut element = Element {
            name: name.to_owned(),
            attributes: attributes_of(attributes),
            inside: tag.end..tag.end,
            end: tag.end,
            tag,
        };
        if rest[..length].ends_with("/>") {
            return Some(element);
        }
        let closing = format!("</{name}>");
        let Some(at) = self.body.text[element.tag.end..end].find(&closing) else {
            let help = format!("end it with `{closing}`");
            let message = format!("`<{name}>` does not end");
            self.refuse("unclosed-tag", element.tag, message, &help);
            return None;
        };
        element.inside.end = element.tag.end + at;
        element.end = element.inside.end + closing.len();
        Some(element)
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are right, and do not depend on input")
}

/// How long the tag is that begins here, quotes and all.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes_of(text: &str) -> Vec<(String, String)> {
    let found = ATTRIBUTE.captures_iter(text).map(|found| {
        let value = found
            .get(2)
            .or(found.get(3))
            .map_or("", |value| value.as_str());
        (found[1].to_owned(), value.to_owned())
    });
    found.collect()
}

/// How a text is laid out in its file: its lines may be indented as the tags are.
struct Layout {
    indent: usize,
    before: usize,
    after: usize,
}

impl Layout {
    fn of(text: &str) -> Self {
        let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        let indents = lines.map(|line| line.len() - line.trim_start_matches([' ', '\t']).len());
        Self {
            indent: indents.min().unwrap_or(0),
            before: text.len() - text.trim_start().len(),
            after: text.len() - text.trim_end().len(),
        }
    }

    /// The text without the white space around it.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        range.start + self.before..range.end - self.after
    }

    /// The text without the indentation that all its lines have.
    fn dedented(&self, text: &str) -> String {
        let mut lines = text.split('\n');
        let mut dedented = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            let cut = line.len() - line.trim_start_matches([' ', '\t']).len();
            dedented.push('\n');
            dedented.push_str(&line[cut.min(self.indent)..]);
        }
        dedented
    }
}
