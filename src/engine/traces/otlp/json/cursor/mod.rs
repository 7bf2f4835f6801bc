//! Goes over a text in JSON a piece at a time, and borrows from it what needs no copy.
//!
//! It takes what `serde_json` takes, and reads it alike: the tests hold it to that.

mod scan;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use super::super::room::{NoRoom, Room};
use memchr::memchr_iter;
use scan::{Number, end_of_plain, number_at};

/// How deep lists and objects may stand in each other.
const DEEPEST: u8 = 127;

/// Why a text is not the JSON that is expected, with the place of what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line} column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub reason: Reason,
    /// The line, from 1.
    pub line: u64,
    /// The column in it, from 1, in bytes.
    pub column: u64,
}

/// What is wrong with a text in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Something else should stand here.
    Expected(&'static str),
    /// The text ends too early.
    Ends,
    /// A character in a text that has to be escaped.
    Control,
    /// An escape that does not exist, or stands for no character.
    Escape,
    /// A number that is too large to be one.
    Number,
    /// Lists and objects in each other, too deep.
    Depth,
    /// A byte that is not UTF-8.
    NotText,
    /// It would take too much memory.
    NoRoom(NoRoom),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(formatter, "expected {what}"),
            Self::Ends => formatter.write_str("the text ends too early"),
            Self::Control => formatter.write_str("a control character has to be escaped"),
            Self::Escape => formatter.write_str("this escape stands for no character"),
            Self::Number => formatter.write_str("this number is too large"),
            Self::Depth => formatter.write_str("lists and objects stand too deep in each other"),
            Self::NotText => formatter.write_str("this byte is not UTF-8"),
            Self::NoRoom(no_room) => no_room.fmt(formatter),
        }
    }
}

/// A value that is neither a list nor an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'a, str>),
}

/// What sort of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Object,
    List,
    Scalar,
}

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
    room: Room,
}

/// What is read, or why not: in a box, because nearly all that is read is smaller.
pub(super) type Read<T> = Result<T, Box<JsonError>>;

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub(super) fn new(text: &'a [u8]) -> Read<Self> {
        match str::from_utf8(text) {
            Ok(text) => Ok(Self {
                text,
                at: 0,
                depth: 0,
                room: Room::WHOLE,
            }),
            Err(error) => Err(error_at(text, error.valid_up_to(), Reason::NotText).into()),
        }
    }

    /// The sort of the value that comes next.
    pub(super) fn next(&mut self) -> Read<Next> {
        Ok(match self.peek()? {
            b'{' => Next::Object,
            b'[' => Next::List,
            _ => Next::Scalar,
        })
    }

    /// Enters an object or a list, which [`Self::next`] told of.
    pub(super) fn enter(&mut self) -> Read<()> {
        if self.depth == DEEPEST {
            return Err(self.error(Reason::Depth).into());
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The name of the next member of the object that was entered; its value comes next. `None`: there
    /// are no more, and the object is left.
    pub(super) fn member(&mut self, first: &mut bool) -> Read<Option<Cow<'a, str>>> {
        if !self.goes_on(first, b'}', "`,` or `}`")? {
            return Ok(None);
        }
        let name = match self.plain_text() {
            Some(name) => Cow::Borrowed(name),
            None if self.peek()? == b'"' => self.text()?,
            None => return Err(self.expected("the name of a member").into()),
        };
        if self.peek()? != b':' {
            return Err(self.expected("`:`").into());
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Whether an item of the list that was entered comes next. Otherwise the list is left.
    pub(super) fn item(&mut self, first: &mut bool) -> Read<bool> {
        self.goes_on(first, b']', "`,` or `]`")
    }

    fn goes_on(&mut self, first: &mut bool, end: u8, expected: &'static str) -> Read<bool> {
        let byte = self.peek()?;
        if byte == end {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            if byte != b',' {
                return Err(self.expected(expected).into());
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// Reads a value that is neither an object nor a list.
    pub(super) fn scalar(&mut self) -> Read<Scalar<'a>> {
        Ok(match self.peek()? {
            b'"' => Scalar::Text(self.text()?),
            b't' => self.word("true", Scalar::Flag(true))?,
            b'f' => self.word("false", Scalar::Flag(false))?,
            b'n' => self.word("null", Scalar::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(self.expected("a value").into()),
        })
    }

    fn word(&mut self, word: &'static str, scalar: Scalar<'a>) -> Read<Scalar<'a>> {
        if self.takes(word) {
            return Ok(scalar);
        }
        Err(self.expected("a value").into())
    }

    fn number(&mut self) -> Read<Scalar<'a>> {
        let (number, end) = number_at(self.text.as_bytes(), self.at)
            .map_err(|at| self.error_at(at, Reason::Expected("a digit")))?;
        let scalar = match number {
            Number::Whole(whole) => Scalar::Whole(whole),
            Number::Other => {
                let number: f64 = self.text[self.at..end].parse().unwrap_or(f64::INFINITY);
                if number.is_infinite() {
                    return Err(self.error(Reason::Number).into());
                }
                Scalar::Number(number)
            }
        };
        self.at = end;
        Ok(scalar)
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Read<()> {
        match self.next()? {
            Next::Scalar => self.scalar().map(drop),
            Next::Object => {
                self.enter()?;
                let mut first = true;
                while self.member(&mut first)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            Next::List => {
                self.enter()?;
                let mut first = true;
                while self.item(&mut first)? {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&mut self) -> Read<()> {
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.expected("the end of the text").into());
        }
        Ok(())
    }

    /// Takes these characters, if it is they that come next.
    #[inline]
    pub(super) fn takes(&mut self, characters: &str) -> bool {
        let comes = self.text.as_bytes()[self.at..].starts_with(characters.as_bytes());
        if comes {
            self.at += characters.len();
        }
        comes
    }

    /// Takes a text, if one in which nothing is escaped comes next.
    pub(super) fn plain_text(&mut self) -> Option<&'a str> {
        if self.text.as_bytes().get(self.at) != Some(&b'"') {
            return None;
        }
        self.attempt(|cursor| {
            cursor.at += 1;
            cursor.plain()
        })
    }

    /// Takes the rest of a text up to and with the quotation mark at its end, if nothing in it is escaped.
    pub(super) fn plain(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let end = end_of_plain(bytes, self.at);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        let plain = self.text.get(self.at..end)?;
        self.at = end + 1;
        Some(plain)
    }

    /// Reads something, or if it is not there, stays where it is.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.at;
        let read = read(self);
        if read.is_none() {
            self.at = before;
        }
        read
    }

    /// Adds an item to a list, which has room for `few` of them when it begins to grow.
    pub(super) fn push<T>(&mut self, list: &mut Vec<T>, item: T, few: usize) -> Read<()> {
        if list.len() == list.capacity() {
            let more = list.capacity().max(few);
            self.room
                .take(more * size_of::<T>())
                .map_err(|no_room| self.error(Reason::NoRoom(no_room)))?;
            list.reserve_exact(more);
        }
        list.push(item);
        Ok(())
    }

    /// Says that something else should stand here.
    #[cold]
    pub(super) fn expected(&self, what: &'static str) -> JsonError {
        self.error(Reason::Expected(what))
    }

    #[cold]
    fn error(&self, reason: Reason) -> JsonError {
        self.error_at(self.at, reason)
    }

    #[cold]
    fn error_at(&self, at: usize, reason: Reason) -> JsonError {
        let is_end = at >= self.text.len() && matches!(reason, Reason::Expected(_));
        let reason = if is_end { Reason::Ends } else { reason };
        error_at(self.text.as_bytes(), at, reason)
    }

    /// The byte that comes next, past white space.
    fn peek(&mut self) -> Read<u8> {
        if let Some(byte) = self.text.as_bytes().get(self.at)
            && *byte > b' '
        {
            return Ok(*byte);
        }
        self.skip_space();
        let byte = self.text.as_bytes().get(self.at);
        Ok(*byte.ok_or_else(|| self.error(Reason::Ends))?)
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(is_space).count();
    }

    /// Reads the text that begins here.
    fn text(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        if let Some(plain) = self.plain() {
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped().map(Cow::Owned)
    }

    /// Reads the rest of a text in which something is escaped.
    fn escaped(&mut self) -> Read<String> {
        let mut text = String::new();
        loop {
            let end = end_of_plain(self.text.as_bytes(), self.at);
            text.push_str(&self.text[self.at..end]);
            self.at = end;
            match self.text.as_bytes().get(end) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error(Reason::Control).into()),
                None => return Err(self.error(Reason::Ends).into()),
            }
        }
    }

    /// Reads an escape.
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        let wrong = |at: usize, cursor: &Self| match cursor.text.as_bytes().get(at) {
            Some(_) => cursor.error_at(start, Reason::Escape),
            None => cursor.error_at(at, Reason::Ends),
        };
        self.at += 2;
        let Some(letter) = self.text.as_bytes().get(start + 1) else {
            return Err(wrong(start + 1, self).into());
        };
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four_digits().map_err(|at| wrong(at, self))?;
                let pair = (0xD800..0xDC00).contains(&first) && self.takes("\\u");
                let code = if pair {
                    let second = self.four_digits().map_err(|at| wrong(at, self))?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return Err(self.error_at(start, Reason::Escape).into());
                    }
                    0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                };
                char::from_u32(code).ok_or_else(|| self.error_at(start, Reason::Escape))?
            }
            _ => return Err(wrong(start, self).into()),
        })
    }

    /// Reads four hexadecimal digits. The error is the place of what is none.
    fn four_digits(&mut self) -> Result<u32, usize> {
        let mut code = 0;
        for at in self.at..self.at + 4 {
            let byte = self.text.as_bytes().get(at).copied().unwrap_or_default();
            code = code << 4 | char::from(byte).to_digit(16).ok_or(at)?;
        }
        self.at += 4;
        Ok(code)
    }
}

fn error_at(text: &[u8], at: usize, reason: Reason) -> JsonError {
    let before = &text[..at.min(text.len())];
    let lines = memchr_iter(b'\n', before).count() as u64;
    let in_line = before.iter().rev().take_while(|byte| **byte != b'\n');
    JsonError {
        reason,
        line: 1 + lines,
        column: 1 + in_line.count() as u64,
    }
}
