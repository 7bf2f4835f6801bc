//! Writes a tree as a template that reads back as the same tree: whatever a text holds, it is printed as
//! it is, and no white space beside a tag goes.

use std::fmt::Write as _;

use super::characters::{is_name, is_space};
use super::tree::{Block, Call, Expression, Kind, Partial, Path, Program, Statement};

/// A comment that says nothing. White space is taken away around a tag that stands alone on its line;
/// with this beside it, none does.
const GUARD: &str = "{{!}}";

/// Words that are no names where they stand alone.
const WORDS: [&str; 7] = ["as", "else", "false", "null", "this", "true", "undefined"];

/// Writes a template.
pub fn print(program: &Program) -> String {
    let mut printer = Printer::default();
    printer.body(&program.body, true);
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
    /// Whether a tag was written last.
    after_tag: bool,
}

/// A statement, texts that stand side by side being one.
enum Piece<'p> {
    Text(String),
    Tag(&'p Statement),
}

impl Printer {
    fn body(&mut self, body: &[Statement], is_root: bool) {
        let pieces = joined(body);
        if !is_root && begins_a_line(&pieces, 0, is_root) {
            self.tag(GUARD);
        }
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => {
                    self.literal(text, !is_root || index + 1 < pieces.len());
                }
                Piece::Tag(statement) => {
                    let may_stand_alone =
                        matches!(statement.kind, Kind::Comment(_) | Kind::Partial(_));
                    if may_stand_alone
                        && ends_a_line(&pieces, index, is_root)
                        && begins_a_line(&pieces, index + 1, is_root)
                    {
                        self.tag(GUARD);
                    }
                    self.statement(&statement.kind);
                }
            }
        }
        if !is_root && ends_a_line(&pieces, pieces.len(), is_root) {
            self.tag(GUARD);
        }
    }

    fn statement(&mut self, kind: &Kind) {
        match kind {
            Kind::Text(text) => self.literal(&text.value, true),
            Kind::Comment(text) if text.is_empty() => self.tag(GUARD),
            Kind::Comment(text) => self.tag(&format!("{{{{!--{text}--}}}}")),
            Kind::Print(call) => self.tag(&format!("{{{{{}}}}}", inside(call))),
            Kind::Partial(partial) => self.tag(&format!("{{{{> {}}}}}", used(partial))),
            Kind::Block(block) => self.block(block),
        }
    }

    fn block(&mut self, block: &Block) {
        let opening = opening(block);
        if let Some(program) = &block.program {
            self.tag(&format!("{{{{#{opening}}}}}"));
            self.body(&program.body, false);
            self.otherwise(block.inverse.as_ref());
        } else {
            self.tag(&format!("{{{{^{opening}}}}}"));
            let inverse = block.inverse.iter();
            inverse.for_each(|inverse| self.body(&inverse.body, false));
        }
        self.tag(&format!("{{{{/{}}}}}", expression(&block.call.name)));
    }

    /// What follows `else`; a block that goes on with the one around it has no end of its own.
    fn otherwise(&mut self, inverse: Option<&Program>) {
        let Some(inverse) = inverse else {
            return;
        };
        if inverse.chained
            && let [statement] = inverse.body.as_slice()
            && let Kind::Block(block) = &statement.kind
            && let Some(program) = &block.program
        {
            self.tag(&format!("{{{{else {}}}}}", opening(block)));
            self.body(&program.body, false);
            return self.otherwise(block.inverse.as_ref());
        }
        self.tag("{{else}}");
        self.body(&inverse.body, false);
    }

    /// Text. A backslash makes text of the braces behind it, and two are one before a tag.
    fn literal(&mut self, text: &str, is_before_tag: bool) {
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            self.raw(&rest[..at]);
            if self.ends_with_backslash() {
                self.value("{{");
            } else {
                self.raw("\\{{");
            }
            rest = &rest[at + 2..];
        }
        match rest.strip_suffix('{').filter(|_| is_before_tag) {
            // The brace and those of the tag would be read as three.
            Some(before) => {
                self.raw(before);
                self.value("{");
            }
            None => self.raw(rest),
        }
    }

    /// A text that cannot be told from a tag, as a value.
    fn value(&mut self, text: &str) {
        self.tag(&format!("{{{{#with \"{text}\"}}}}"));
        self.tag("{{this}}");
        self.tag("{{/with}}");
    }

    fn tag(&mut self, tag: &str) {
        if self.ends_with_backslash() {
            self.text.push('\\');
        }
        self.text.push_str(tag);
        self.after_tag = true;
    }

    fn raw(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        // `}}}` would end another tag.
        if self.after_tag && text.starts_with('}') {
            self.text.push_str(GUARD);
        }
        self.text.push_str(text);
        self.after_tag = false;
    }

    fn ends_with_backslash(&self) -> bool {
        !self.after_tag && self.text.ends_with('\\')
    }
}

fn joined(body: &[Statement]) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for statement in body {
        match (&statement.kind, pieces.last_mut()) {
            (Kind::Text(text), _) if text.value.is_empty() => {}
            (Kind::Text(text), Some(Piece::Text(before))) => before.push_str(&text.value),
            (Kind::Text(text), _) => pieces.push(Piece::Text(text.value.clone())),
            _ => pieces.push(Piece::Tag(statement)),
        }
    }
    pieces
}

/// Whether a tag before the piece at `start` could stand at the end of its line.
fn begins_a_line(pieces: &[Piece<'_>], start: usize, is_root: bool) -> bool {
    match pieces.get(start) {
        None => is_root,
        Some(Piece::Tag(_)) => false,
        Some(Piece::Text(text)) => {
            let rest = text.trim_start_matches(is_space);
            let is_all = rest.is_empty() && is_root && start + 1 == pieces.len();
            is_all || text[..text.len() - rest.len()].contains('\n')
        }
    }
}

/// Whether a tag behind the piece before `end` could stand at the beginning of its line.
fn ends_a_line(pieces: &[Piece<'_>], end: usize, is_root: bool) -> bool {
    match end.checked_sub(1).map(|index| &pieces[index]) {
        None => is_root,
        Some(Piece::Tag(_)) => false,
        Some(Piece::Text(text)) => {
            let rest = text.trim_end_matches(is_space);
            let is_all = rest.is_empty() && is_root && end == 1;
            is_all || text[rest.len()..].contains('\n')
        }
    }
}

fn opening(block: &Block) -> String {
    let mut text = inside(&block.call);
    if !block.names.is_empty() {
        let _ = write!(text, " as |{}|", block.names.join(" "));
    }
    text
}

/// A name with its parameters.
fn inside(call: &Call) -> String {
    format!("{}{}", expression(&call.name), parameters(call))
}

fn parameters(call: &Call) -> String {
    let mut text = String::new();
    for param in &call.params {
        let _ = write!(text, " {}", expression(param));
    }
    for (key, value) in &call.hash {
        let _ = write!(text, " {key}={}", expression(value));
    }
    text
}

/// The name of a partial, as it is written, with its parameters.
fn used(partial: &Partial) -> String {
    let name = match &partial.call.name {
        Expression::Path(path) => path.original.clone(),
        Expression::Text(name) if is_plain_partial(name) => name.clone(),
        other => expression(other),
    };
    format!("{name}{}", parameters(&partial.call))
}

/// Whether the name of a partial can stand without quotes.
fn is_plain_partial(name: &str) -> bool {
    name.split('/')
        .all(|part| is_plain_name(part) && !part.starts_with(|first: char| first.is_ascii_digit()))
}

fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Path(path) => path_text(path),
        Expression::Text(text) if text.contains('"') && !text.contains('\'') => {
            format!("'{text}'")
        }
        Expression::Text(text) => format!("\"{}\"", text.replace('"', "\\\"")),
        Expression::Number(number) => number.clone(),
        Expression::Boolean(value) => value.to_string(),
        Expression::Null => "null".to_owned(),
        Expression::Undefined => "undefined".to_owned(),
        Expression::Call(call) => format!("({})", inside(call)),
    }
}

fn path_text(path: &Path) -> String {
    let mut parts: Vec<String> = vec!["..".to_owned(); path.up];
    let is_this = path.is_scoped && path.up == 0;
    parts.extend(is_this.then(|| "this".to_owned()));
    for name in &path.segments {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain_name(name) && !is_number && !WORDS.contains(&name.as_str()) {
            parts.push(name.clone());
        } else {
            let name = name.replace('\\', "\\\\").replace(']', "\\]");
            parts.push(format!("[{name}]"));
        }
    }
    let at = if path.is_data { "@" } else { "" };
    let mut text = at.to_owned();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push(if parts[index - 1] == ".." { '/' } else { '.' });
        }
        text.push_str(part);
    }
    text
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name)
}
