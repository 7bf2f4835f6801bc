//! Cuts the text of a filter into words, quoted texts and marks.

use std::ops::Range;

use super::FilterError;

/// A piece of a filter, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
    Mark(Mark),
}

/// How a column and a value are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
    Lacks,
    StartsWith,
}

/// The marks; one that begins like another comes before it.
pub(super) const MARKS: [(&str, Mark); 9] = [
    ("!=", Mark::Unequal),
    ("!~", Mark::Lacks),
    ("<=", Mark::AtMost),
    (">=", Mark::AtLeast),
    ("^=", Mark::StartsWith),
    ("=", Mark::Equal),
    ("<", Mark::Less),
    (">", Mark::Greater),
    ("~", Mark::Contains),
];

/// Whether a character ends a word.
pub(super) fn ends_word(character: char) -> bool {
    character.is_whitespace() || "(),\"'=<>~!^".contains(character)
}

/// The pieces of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(character) = text[start..].chars().next() {
        let rest = &text[start..];
        if character.is_whitespace() {
            start += character.len_utf8();
            continue;
        }
        let (kind, length) = match character {
            '(' => (TokenKind::Open, 1),
            ')' => (TokenKind::Close, 1),
            ',' => (TokenKind::Comma, 1),
            '"' | '\'' => quoted(rest, start, character)?,
            _ if ends_word(character) => mark(rest, start)?,
            _ => {
                let length = rest.find(ends_word).unwrap_or(rest.len());
                (TokenKind::Word(rest[..length].to_owned()), length)
            }
        };
        tokens.push(Token {
            kind,
            range: start..start + length,
        });
        start += length;
    }
    Ok(tokens)
}

fn mark(rest: &str, start: usize) -> Result<(TokenKind, usize), FilterError> {
    if let Some(wrong) = ["==", "=~"].iter().find(|wrong| rest.starts_with(**wrong)) {
        let right = if *wrong == "==" { "=" } else { "~" };
        let message = format!("`{wrong}` is not a comparison");
        let error = FilterError::new(start..start + wrong.len(), message);
        return Err(error.with_help(format!("did you mean `{right}`?")));
    }
    let found = MARKS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    let (symbol, mark) = found.ok_or_else(|| {
        let message = format!("`{}` says nothing by itself", &rest[..1]);
        let error = FilterError::new(start..start + 1, message);
        error.with_help("write `not` before what must not hold, and `^=` for `starts with`")
    })?;
    Ok((TokenKind::Mark(*mark), symbol.len()))
}

/// The text in quotes at the start of `rest`, and how long it is with them.
fn quoted(rest: &str, start: usize, quote: char) -> Result<(TokenKind, usize), FilterError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        if character == quote {
            return Ok((TokenKind::Quoted(text), index + 1));
        }
        if character != '\\' {
            text.push(character);
            continue;
        }
        let escaped = characters.next().map(|(_, escaped)| escaped);
        let meant = match escaped {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => {
                let code: String = characters
                    .by_ref()
                    .map(|(_, character)| character)
                    .take_while(|character| *character != '}')
                    .take(8)
                    .collect();
                let digits = code.strip_prefix('{').unwrap_or("");
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
            }
            Some(plain @ ('"' | '\'' | '\\')) => Some(plain),
            _ => None,
        };
        let meant = meant.ok_or_else(|| {
            let end = start + index + 1 + escaped.map_or(0, char::len_utf8);
            let error = FilterError::new(start + index..end, "this escape is not known");
            error.with_help(r#"known are `\"`, `\'`, `\\`, `\n`, `\r`, `\t` and `\u{1f600}`"#)
        })?;
        text.push(meant);
    }
    let error = FilterError::new(start..start + rest.len(), "this quote is not closed");
    Err(error.with_help(format!("add `{quote}` where the text ends")))
}
