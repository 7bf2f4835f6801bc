//! From text to statements: what is text, what is a tag, and which tags make a block.

use std::ops::Range;

use super::SyntaxError;
use super::characters::is_space;
use super::tree::{Block, Call, Expression, Kind, Partial, Program, Statement, Strip, Text};
use super::whitespace::take_white_space_away;

/// How deep blocks and calls may be nested.
const MAX_DEPTH: usize = 64;

/// Reads a template.
pub fn parse(text: &str) -> Result<Program, SyntaxError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let mut program = Program::default();
    if let Some(end) = parser.statements(&mut program)? {
        let message = "this ends a block that was not begun";
        return Err(SyntaxError::new(end.range, message, "remove it"));
    }
    take_white_space_away(&mut program);
    Ok(program)
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

/// A tag that is no statement of its own: it ends a stretch of statements.
struct End {
    kind: EndKind,
    strip: Strip,
    range: Range<usize>,
}

/// The closing tag of a block.
struct Close {
    name: String,
    strip: Strip,
    range: Range<usize>,
}

enum EndKind {
    /// `{{/x}}`.
    Close(String),
    /// `{{else}}` or `{{^}}`.
    Else,
    /// `{{else x}}`.
    Chain(Call, Vec<String>),
}

/// What stands at `{{`.
enum Tag {
    Statement(Kind, Strip),
    Open(Call, Vec<String>, Strip, bool),
    End(EndKind, Strip),
}

impl Parser<'_> {
    /// Reads statements up to a tag that ends them, or to the end of the text.
    fn statements(&mut self, program: &mut Program) -> Result<Option<End>, SyntaxError> {
        while self.at < self.text.len() {
            self.text_before_tag(program);
            if self.at == self.text.len() {
                break;
            }
            let start = self.at;
            match self.tag()? {
                Tag::Statement(kind, strip) => program.body.push(Statement {
                    kind,
                    range: start..self.at,
                    strip,
                }),
                Tag::Open(call, names, strip, inverted) => {
                    let block = self.block(start, call, names, strip, inverted)?;
                    program.body.push(block);
                }
                Tag::End(kind, strip) => {
                    let range = start..self.at;
                    return Ok(Some(End { kind, strip, range }));
                }
            }
        }
        Ok(None)
    }

    /// Reads the text up to the next tag. A backslash makes text of the tag behind it; two are one
    /// before a tag.
    fn text_before_tag(&mut self, program: &mut Program) {
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = rest.find("{{") else {
                self.push_text(program, self.at..self.text.len());
                self.at = self.text.len();
                return;
            };
            let tag = self.at + length;
            let before = &rest[..length];
            if before.ends_with("\\\\") || !before.ends_with('\\') {
                let kept = tag - usize::from(before.ends_with('\\'));
                self.push_text(program, self.at..kept);
                self.at = tag;
                return;
            }
            self.push_text(program, self.at..tag - 1);
            let inside = &self.text[tag + 2..];
            let end = inside.find("{{").map_or(inside.len(), |next| {
                let backslashes = inside[..next].bytes().rev();
                next - backslashes.take_while(|byte| *byte == b'\\').count().min(2)
            });
            self.push_text(program, tag..tag + 2 + end);
            self.at = tag + 2 + end;
            if self.text[self.at..].starts_with("{{") || self.at == self.text.len() {
                return;
            }
        }
    }

    fn push_text(&self, program: &mut Program, range: Range<usize>) {
        if !range.is_empty() {
            program.body.push(Statement {
                kind: Kind::Text(Text::new(&self.text[range.clone()])),
                range,
                strip: Strip::default(),
            });
        }
    }

    /// Reads the tag that stands here.
    fn tag(&mut self) -> Result<Tag, SyntaxError> {
        let start = self.at;
        self.refuse(start)?;
        self.at += 2;
        let open = self.take("~");
        let rest = &self.text[self.at..];
        let word = rest.trim_start_matches(is_space);
        let is_else = word.strip_prefix("else").is_some_and(|after| {
            after.starts_with(|next| is_space(next) || matches!(next, '~' | '}'))
        });
        if rest.starts_with('!') {
            return self.comment(start, open);
        }
        if self.take(">") {
            let call = self.call()?;
            let partial = Kind::Partial(Partial {
                call,
                indent: String::new(),
            });
            let close = self.close(start, "}}")?;
            return Ok(Tag::Statement(partial, Strip { open, close }));
        }
        if self.take("#") {
            let (call, names) = self.opening()?;
            let close = self.close(start, "}}")?;
            return Ok(Tag::Open(call, names, Strip { open, close }, false));
        }
        if self.take("/") {
            let name = self.name()?;
            let close = self.close(start, "}}")?;
            let original = original(&name).to_owned();
            return Ok(Tag::End(EndKind::Close(original), Strip { open, close }));
        }
        if rest.starts_with('^') || is_else {
            self.at += if is_else {
                rest.len() - word.len() + "else".len()
            } else {
                1
            };
            return self.otherwise(start, open, is_else);
        }
        let end = if self.take("{") { "}}}" } else { "}}" };
        if end == "}}" {
            self.take("&");
        }
        let call = self.call()?;
        let close = self.close(start, end)?;
        Ok(Tag::Statement(Kind::Print(call), Strip { open, close }))
    }

    /// The parts of the language that have no counterpart.
    fn refuse(&self, start: usize) -> Result<(), SyntaxError> {
        let rest = &self.text[start..];
        let inside = rest[2..].trim_start_matches('~');
        let (what, help) = if rest.starts_with("{{{{") {
            ("a raw block", "write the text with `\\{{` for each `{{`")
        } else if inside.starts_with("#>") {
            (
                "a partial with a block",
                "use a plain partial, `{{> name}}`",
            )
        } else if inside.starts_with("#*") || inside.starts_with('*') {
            ("a decorator", "put the partial into a file of its own")
        } else {
            return Ok(());
        };
        let range = start..start + 4.min(rest.len());
        let message = format!("{what} has no counterpart here");
        Err(SyntaxError::new(range, message, help))
    }

    fn comment(&mut self, start: usize, open: bool) -> Result<Tag, SyntaxError> {
        let rest = &self.text[self.at..];
        let is_long = rest.starts_with("!--");
        let found = if is_long {
            let ends = ["--}}", "--~}}"].map(|end| Some((rest.find(end)?, end)));
            ends.into_iter().flatten().min()
        } else {
            rest.find("}}").map(|at| (at, "}}"))
        };
        let Some((at, end)) = found else {
            let help = "end it with `}}`, or with `--}}` if it begins with `{{!--`";
            let range = start..start + 2;
            return Err(SyntaxError::new(range, "this comment does not end", help));
        };
        let inside = if is_long {
            rest.get("!--".len()..at).unwrap_or("")
        } else {
            &rest[1..at]
        };
        let close = end == "--~}}" || (!is_long && inside.ends_with('~'));
        let inside = if is_long {
            inside
        } else {
            inside.trim_end_matches('~')
        };
        let comment = Kind::Comment(inside.to_owned());
        self.at += at + end.len();
        Ok(Tag::Statement(comment, Strip { open, close }))
    }

    /// Reads what follows `{{else` or `{{^`.
    fn otherwise(&mut self, start: usize, open: bool, chain: bool) -> Result<Tag, SyntaxError> {
        self.skip_space();
        let rest = &self.text[self.at..];
        if rest.starts_with("}}") || rest.starts_with("~}}") {
            let close = self.close(start, "}}")?;
            return Ok(Tag::End(EndKind::Else, Strip { open, close }));
        }
        let (call, names) = self.opening()?;
        let close = self.close(start, "}}")?;
        let strip = Strip { open, close };
        Ok(if chain {
            Tag::End(EndKind::Chain(call, names), strip)
        } else {
            Tag::Open(call, names, strip, true)
        })
    }

    /// Reads a block after its opening tag.
    fn block(
        &mut self,
        start: usize,
        call: Call,
        names: Vec<String>,
        open_strip: Strip,
        inverted: bool,
    ) -> Result<Statement, SyntaxError> {
        let opening = start..self.at;
        let name = original(&call.name).to_owned();
        let mut block = Block {
            call,
            names,
            program: None,
            inverse: None,
            open_strip,
            inverse_strip: Strip::default(),
            close_strip: Strip::default(),
        };
        let end = self.inside(&opening, &mut block, inverted)?;
        if end.name != name {
            let close = end.name;
            let message = format!("this ends `{close}`, and the block is `{name}`");
            let help = format!("write `{{{{/{name}}}}}`");
            return Err(SyntaxError::new(end.range, message, help));
        }
        block.close_strip = end.strip;
        if inverted {
            std::mem::swap(&mut block.program, &mut block.inverse);
        }
        Ok(Statement {
            kind: Kind::Block(Box::new(block)),
            range: opening,
            strip: Strip::default(),
        })
    }

    /// Reads the inside of a block and its closing tag. The part before an `else` goes to `program`.
    fn inside(
        &mut self,
        opening: &Range<usize>,
        block: &mut Block,
        inverted: bool,
    ) -> Result<Close, SyntaxError> {
        self.deeper(opening)?;
        let mut program = Program::default();
        let end = self.statements(&mut program)?;
        let end = end.ok_or_else(|| unclosed(opening))?;
        block.program = Some(program);
        let close = match end.kind {
            EndKind::Close(name) => Close {
                name,
                strip: end.strip,
                range: end.range,
            },
            EndKind::Else => {
                block.inverse_strip = end.strip;
                self.inverse(opening, block)?
            }
            EndKind::Chain(..) if inverted => {
                let message = "a block that begins with `^` has a plain `{{else}}` only";
                let help = "begin it with `{{#unless x}}`";
                return Err(SyntaxError::new(end.range, message, help));
            }
            EndKind::Chain(call, names) => {
                block.inverse_strip = end.strip;
                self.chain(end.range, block, call, names)?
            }
        };
        self.depth -= 1;
        Ok(close)
    }

    /// Reads the part after a plain `else`.
    fn inverse(&mut self, opening: &Range<usize>, block: &mut Block) -> Result<Close, SyntaxError> {
        let mut inverse = Program::default();
        let close = self.statements(&mut inverse)?;
        let close = close.ok_or_else(|| unclosed(opening))?;
        let EndKind::Close(name) = close.kind else {
            let message = "the block has an `else` already";
            return Err(SyntaxError::new(close.range, message, "remove one of them"));
        };
        block.inverse = Some(inverse);
        Ok(Close {
            name,
            strip: close.strip,
            range: close.range,
        })
    }

    /// Reads the part after `{{else x}}`: a block that ends with the one around it.
    fn chain(
        &mut self,
        range: Range<usize>,
        block: &mut Block,
        call: Call,
        names: Vec<String>,
    ) -> Result<Close, SyntaxError> {
        let mut inner = Block {
            call,
            names,
            program: None,
            inverse: None,
            open_strip: block.inverse_strip,
            inverse_strip: Strip::default(),
            close_strip: Strip::default(),
        };
        let close = self.inside(&range, &mut inner, false)?;
        // Where the chain goes on, Handlebars gives the next block the strip of its own `else`.
        if let Some(next) = inner.inverse.as_mut().filter(|inverse| inverse.chained)
            && let Some(Kind::Block(next)) = next.body.first_mut().map(|it| &mut it.kind)
        {
            next.close_strip = next.open_strip;
        }
        inner.close_strip = close.strip;
        block.inverse = Some(Program {
            body: vec![Statement {
                kind: Kind::Block(Box::new(inner)),
                range,
                strip: Strip::default(),
            }],
            chained: true,
        });
        Ok(close)
    }

    pub(super) fn deeper(&mut self, range: &Range<usize>) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("more than {MAX_DEPTH} levels are nested here");
        let help = "take some of them into templates of their own";
        Err(SyntaxError::new(range.clone(), message, help))
    }

    /// Reads the end of a tag, and whether it takes the white space behind it away.
    fn close(&mut self, start: usize, end: &str) -> Result<bool, SyntaxError> {
        self.skip_space();
        if end == "}}}" {
            // The `~` stands inside: `{{{x}~}}`.
            let strip = self.text[self.at..].starts_with("}~}}");
            if strip || self.text[self.at..].starts_with(end) {
                self.at += end.len() + usize::from(strip);
                return Ok(strip);
            }
        } else {
            let strip = self.take("~");
            if self.take(end) {
                return Ok(strip);
            }
        }
        Err(self.unexpected(start, &format!("`{end}`")))
    }
}

fn unclosed(opening: &Range<usize>) -> SyntaxError {
    let message = "this block does not end";
    SyntaxError::new(opening.clone(), message, "end it with `{{/...}}`")
}

/// A name as it is written.
fn original(name: &Expression) -> &str {
    match name {
        Expression::Path(path) => &path.original,
        Expression::Text(text) | Expression::Number(text) => text,
        Expression::Boolean(true) => "true",
        Expression::Boolean(false) => "false",
        Expression::Null => "null",
        Expression::Undefined => "undefined",
        Expression::Call(_) => "",
    }
}
