//! Cuts the template of a Prompty file into messages, at its lines `system:` or `user:`. They are looked
//! for in the source: a value that spells such a line is a value.

use std::ops::Range;
use std::sync::LazyLock;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use regex::Regex;

use crate::domain::prompt::Role;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::renderer::endless_tag;

use super::super::remarks::{At, Remarks};
use super::settings::{Format, Settings};

/// A message, as it stands in the source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) role: Role,
    /// Where its text stands.
    pub(super) range: Range<usize>,
}

/// The roles, and whether version 1 knows them, too.
const ROLES: [(&str, Option<Role>, bool); 6] = [
    ("system", Some(Role::System), true),
    ("user", Some(Role::User), true),
    ("assistant", Some(Role::Assistant), true),
    ("function", None, true),
    ("developer", Some(Role::Developer), false),
    ("tool", None, false),
];

/// Cuts a template.
pub(super) fn cut(body: &Source, settings: &Settings<'_>, remarks: &mut Remarks) -> Vec<Piece> {
    let is_first_version = settings.is_first_version;
    let tags = match settings.format {
        Format::Jinja => Tags::of(&body.text),
        Format::Mustache => Tags::none(&body.text),
    };
    let mut pieces = Vec::new();
    let mut current = Piece {
        role: Role::System,
        range: 0..0,
    };
    let mut start = 0;
    for line in body.text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let Some(marker) = marker(line, is_first_version) else {
            continue;
        };
        let word = range.start + (line.len() - line.trim_start().len());
        let is_real = match marker {
            Marker::Computed => tags.begins(word),
            _ => tags.is_text(word),
        };
        if !is_real {
            continue;
        }
        let at = At::Bytes(body, range.start..range.start + line.trim_end().len());
        if tags.depth(range.start) > 0 {
            let message = "a message begins inside a block";
            let help = "what messages there are must be known without rendering: a conversation \
                        belongs into the `messages` of a row";
            remarks.refuse("moving-message", at, message, help);
            continue;
        }
        current.range.end = range.start;
        let role = match marker {
            Marker::Role(role) => role,
            Marker::WithAttributes(role) => {
                let message = "what stands in brackets behind the role does not come along";
                remarks.left_out("role-attributes", at, message, "it is left out");
                role
            }
            Marker::Other(name) => {
                let message =
                    format!("messages of the role `{name}` cannot stand in a prompt here");
                let help = "what tools answer belongs into the `messages` of a row";
                remarks.refuse("unknown-role", at, message, help);
                continue;
            }
            Marker::Computed => {
                let message = "a role that is computed has no counterpart";
                let help = "write the role out: what a value says is never a role here";
                remarks.refuse("moving-message", at, message, help);
                continue;
            }
        };
        pieces.push(std::mem::replace(
            &mut current,
            Piece {
                role,
                range: range.end..range.end,
            },
        ));
    }
    current.range.end = body.text.len();
    pieces.push(current);
    pieces
}

enum Marker {
    Role(Role),
    WithAttributes(Role),
    Other(&'static str),
    Computed,
}

/// What a line says about the message that follows, if it does.
fn marker(line: &str, is_first_version: bool) -> Option<Marker> {
    let line = line.trim();
    let line = line.strip_prefix('#').map_or(line, str::trim_start);
    let label = line.strip_suffix(':')?.trim_end();
    if label.starts_with("{{") && label.ends_with("}}") && !label[2..].contains("{{") {
        return Some(Marker::Computed);
    }
    let (name, attributes) = match label.split_once('[') {
        Some((name, rest)) if !is_first_version && rest.ends_with(']') => (name, true),
        Some(_) => return None,
        None => (label, false),
    };
    let name = name.to_ascii_lowercase();
    let known = ROLES
        .iter()
        .find(|(known, _, first)| *known == name && (*first || !is_first_version));
    Some(match known? {
        (_, Some(role), _) if attributes => Marker::WithAttributes(*role),
        (_, Some(role), _) => Marker::Role(*role),
        (name, None, _) => Marker::Other(name),
    })
}

/// Where the tags of a template stand, and how deep blocks are nested behind each.
struct Tags {
    tags: Vec<(Range<usize>, usize)>,
    /// Where text stands: no tag, and no comment.
    texts: Vec<Range<usize>>,
}

impl Tags {
    /// The tags of a template. Behind one that cannot be read there is none, and one without end, which is
    /// refused elsewhere, is not looked into.
    fn of(template: &str) -> Self {
        let (mut tags, mut texts) = (Vec::new(), Vec::new());
        if endless_tag(template).is_some() {
            return Self { tags, texts };
        }
        let mut depth = 0_usize;
        let tokens = tokenize(template, false, SyntaxConfig::default());
        let mut tokens = tokens.map_while(Result::ok);
        while let Some((token, span)) = tokens.next() {
            let is_block = match token {
                Token::BlockStart => true,
                Token::VariableStart => false,
                Token::TemplateData(_) => {
                    texts.push(span.start_offset as usize..span.end_offset as usize);
                    continue;
                }
                _ => continue,
            };
            let start = span.start_offset as usize;
            let mut end = span.end_offset as usize;
            let mut word = None;
            let mut assigns = false;
            for (token, span) in tokens.by_ref() {
                end = span.end_offset as usize;
                match token {
                    Token::BlockEnd | Token::VariableEnd => break,
                    Token::Ident(name) if word.is_none() => word = Some(name.to_owned()),
                    Token::Assign => assigns = true,
                    _ => {}
                }
            }
            if is_block {
                match word.as_deref() {
                    Some(
                        "if" | "for" | "filter" | "with" | "block" | "macro" | "call"
                        | "autoescape",
                    ) => {
                        depth += 1;
                    }
                    Some("set") if !assigns => depth += 1,
                    Some(name) if name.starts_with("end") => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            tags.push((start..end, depth));
        }
        Self { tags, texts }
    }

    /// A template that is all text. The blocks of Mustache are refused elsewhere.
    fn none(template: &str) -> Self {
        let texts = std::iter::once(0..template.len());
        Self {
            tags: Vec::new(),
            texts: texts.collect(),
        }
    }

    /// Whether a place is in text.
    fn is_text(&self, at: usize) -> bool {
        let next = self.texts.partition_point(|range| range.start <= at);
        let before = next.checked_sub(1).and_then(|index| self.texts.get(index));
        before.is_some_and(|range| at < range.end)
    }

    /// Whether a tag begins at a place.
    fn begins(&self, at: usize) -> bool {
        self.before(at).is_some_and(|(range, _)| range.start == at)
    }

    /// How many blocks are open at a place.
    fn depth(&self, at: usize) -> usize {
        self.before(at).map_or(0, |(_, depth)| *depth)
    }

    fn before(&self, at: usize) -> Option<&(Range<usize>, usize)> {
        let next = self.tags.partition_point(|(range, _)| range.start <= at);
        self.tags.get(next.checked_sub(1)?)
    }
}

/// A variable that is printed, and no more.
static PRINTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}")
        .expect("the pattern is right, and does not depend on input")
});

/// Where the expression `{{ name }}` stands in a text, outside of blocks: name and range.
pub(super) fn plain_variables(text: &str) -> Vec<(String, Range<usize>, usize)> {
    let tags = Tags::of(text);
    let found = PRINTED.captures_iter(text).filter_map(|found| {
        let whole = found.get(0)?;
        let is_tag = tags.begins(whole.start());
        let depth = tags.depth(whole.start());
        is_tag.then(|| (found[1].to_owned(), whole.range(), depth))
    });
    found.collect()
}
