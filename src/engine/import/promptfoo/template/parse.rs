//! Takes a template apart.

use super::expression::{expression, is_name};
use super::{Piece, Template, Untranslatable};

/// How deep blocks may be nested.
const MAX_DEPTH: usize = 16;

/// A piece of the text, before blocks are put together.
#[derive(Debug, PartialEq)]
enum Flat<'t> {
    Text(&'t str),
    Output(&'t str),
    Tag(&'t str),
}

/// Takes a template apart.
pub(in super::super) fn parse(text: &str) -> Result<Template, Untranslatable> {
    let mut flat = flat(text)?.into_iter();
    let (pieces, end) = pieces(&mut flat, 0)?;
    match end {
        None => Ok(Template(pieces)),
        Some(tag) => Err(unknown_tag(tag)),
    }
}

/// Takes the template of a prompt apart. promptfoo takes one with a tag that its line does not close
/// for text as it stands.
pub(in super::super) fn parse_prompt(text: &str) -> Result<Template, Untranslatable> {
    if has_open_tag(text) && !(text.contains("raw") && text.contains("endraw")) {
        return Ok(Template(vec![Piece::Text(text.to_owned())]));
    }
    parse(text)
}

fn has_open_tag(text: &str) -> bool {
    let is_open = |line: &str, opening: &str, closing: char| {
        let last = line.rfind(opening);
        last.is_some_and(|at| !line[at + opening.len()..].contains(closing))
    };
    let mut lines = text.split(['\n', '\r', '\u{2028}', '\u{2029}']);
    lines.any(|line| {
        is_open(line, "{%", '%') || is_open(line, "{{", '}') || is_open(line, "{#", '#')
    })
}

fn unknown_tag(tag: &str) -> Untranslatable {
    let word = tag.split_whitespace().next().unwrap_or_default();
    Untranslatable(format!("the tag `{word}` cannot be translated"))
}

/// Text and tags in their order, comments left out and white space trimmed as the tags ask.
fn flat(text: &str) -> Result<Vec<Flat<'_>>, Untranslatable> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut trim_next = false;
    loop {
        let next = opening(rest);
        let (before, tail) = match next {
            None => (rest, None),
            Some((at, opening)) => (&rest[..at], Some((&rest[at + 2..], opening))),
        };
        let trim_end = matches!(tail, Some((inner, _)) if inner.starts_with('-'));
        let mut shown = before;
        if trim_next {
            shown = shown.trim_start();
        }
        if trim_end {
            shown = shown.trim_end();
        }
        if !shown.is_empty() {
            found.push(Flat::Text(shown));
        }
        let Some((inner, opening)) = tail else {
            return Ok(found);
        };
        let closing = match opening {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let end = closing_of(inner, closing);
        let end = end.ok_or_else(|| Untranslatable(format!("a `{opening}` is never closed")))?;
        let tag = inner[..end].strip_prefix('-').unwrap_or(&inner[..end]);
        trim_next = tag.ends_with('-');
        let tag = tag.strip_suffix('-').unwrap_or(tag).trim();
        rest = &inner[end + 2..];
        match opening {
            "{{" => found.push(Flat::Output(tag)),
            "{%" if tag == "raw" || tag == "verbatim" => {
                let (raw, after) = raw_block(rest, tag)?;
                found.push(Flat::Text(raw));
                rest = after;
            }
            "{%" => found.push(Flat::Tag(tag)),
            _ => {}
        }
    }
}

/// Where the next tag begins, and how. The text is gone over once, up to there.
fn opening(text: &str) -> Option<(usize, &'static str)> {
    let mut braces = text.match_indices('{').map(|(at, _)| at);
    braces.find_map(|at| {
        let openings = ["{{", "{%", "{#"].into_iter();
        let mut here = openings.filter(|opening| text[at..].starts_with(opening));
        here.next().map(|opening| (at, opening))
    })
}

/// Where a tag is closed: not within quotes.
fn closing_of(text: &str, closing: &str) -> Option<usize> {
    if closing == "#}" {
        return text.find(closing);
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            None if text[at..].starts_with(closing) => return Some(at),
            None if character == '"' || character == '\'' => quote = Some(character),
            _ => {}
        }
    }
    None
}

/// The text of a raw block, and what follows it.
fn raw_block<'t>(text: &'t str, tag: &str) -> Result<(&'t str, &'t str), Untranslatable> {
    let end = format!("end{tag}");
    let mut from = 0;
    while let Some(at) = text[from..].find("{%").map(|at| from + at) {
        let inner = &text[at + 2..];
        if let Some(close) = inner.find("%}")
            && inner[..close].trim_matches(['-', ' ', '\n', '\t']) == end
        {
            if inner[..close].contains('-') {
                break;
            }
            return Ok((&text[..at], &inner[close + 2..]));
        }
        from = at + 2;
    }
    Err(Untranslatable(format!(
        "the block `{tag}` is not closed in a way that is known here"
    )))
}

/// The pieces up to the end, or up to the tag that ends or goes on with the block around them.
fn pieces<'t>(
    flat: &mut impl Iterator<Item = Flat<'t>>,
    depth: usize,
) -> Result<(Vec<Piece>, Option<&'t str>), Untranslatable> {
    if depth > MAX_DEPTH {
        return Err(Untranslatable("blocks are nested too deep".to_owned()));
    }
    let mut pieces = Vec::new();
    while let Some(piece) = flat.next() {
        match piece {
            Flat::Text(text) => pieces.push(Piece::Text(text.to_owned())),
            Flat::Output(text) => pieces.push(Piece::Output(expression(text)?)),
            Flat::Tag(tag) => {
                let (word, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                match word {
                    "if" => pieces.push(if_block(flat, rest, depth)?),
                    "for" => pieces.push(for_block(flat, rest, depth)?),
                    "elif" | "elseif" | "else" | "endif" | "endfor" => {
                        return Ok((pieces, Some(tag)));
                    }
                    _ => return Err(unknown_tag(tag)),
                }
            }
        }
    }
    Ok((pieces, None))
}

fn if_block<'t>(
    flat: &mut impl Iterator<Item = Flat<'t>>,
    condition: &str,
    depth: usize,
) -> Result<Piece, Untranslatable> {
    let mut branches = Vec::new();
    let mut condition = Some(expression(condition)?);
    loop {
        let (body, end) = inner(flat, depth)?;
        let was_last = condition.is_none();
        branches.push((condition, body));
        let (word, rest) = end.split_once(char::is_whitespace).unwrap_or((end, ""));
        condition = match word {
            "endif" => return Ok(Piece::If(branches)),
            "elif" | "elseif" if !was_last => Some(expression(rest)?),
            "else" if !was_last => None,
            _ => return Err(unknown_tag(end)),
        };
    }
}

/// The pieces of a block, and the tag that ends it.
fn inner<'t>(
    flat: &mut impl Iterator<Item = Flat<'t>>,
    depth: usize,
) -> Result<(Vec<Piece>, &'t str), Untranslatable> {
    let (body, end) = pieces(flat, depth + 1)?;
    let end = end.ok_or_else(|| Untranslatable("a block is never closed".to_owned()))?;
    Ok((body, end))
}

fn for_block<'t>(
    flat: &mut impl Iterator<Item = Flat<'t>>,
    head: &str,
    depth: usize,
) -> Result<Piece, Untranslatable> {
    let (name, list) = head
        .split_once(" in ")
        .filter(|(name, _)| is_name(name.trim()))
        .ok_or_else(|| Untranslatable(format!("the loop `for {head}` cannot be translated")))?;
    let list = expression(list)?;
    let (body, end) = inner(flat, depth)?;
    if end != "endfor" {
        return Err(unknown_tag(end));
    }
    Ok(Piece::For {
        name: name.trim().to_owned(),
        list,
        body,
    })
}
