//! Reads what stands inside a tag: names, values and parameters.

use super::SyntaxError;
use super::characters::{ends_literal, ends_name, is_name, is_space};
use super::parser::Parser;
use super::tree::{Call, Expression, Path};

impl Parser<'_> {
    /// Whether this stands here; then it is read.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.text[self.at..].starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    /// The next character.
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn unexpected(&self, start: usize, wanted: &str) -> SyntaxError {
        let (range, found) = match self.peek() {
            Some(found) => (self.at..self.at + found.len_utf8(), format!("`{found}`")),
            None => (start..self.at, "the end of the file".to_owned()),
        };
        let message = format!("expected {wanted}, found {found}");
        SyntaxError::new(range, message, "correct the tag")
    }

    /// Reads a name and its parameters.
    pub(super) fn call(&mut self) -> Result<Call, SyntaxError> {
        self.skip_space();
        let start = self.at;
        self.deeper(&(start..start + 1))?;
        let name = if self.peek() == Some('(') {
            self.param()?
        } else {
            self.name()?
        };
        let mut call = Call {
            name,
            params: Vec::new(),
            hash: Vec::new(),
            range: start..self.at,
        };
        loop {
            self.skip_space();
            if !self.begins_value() {
                break;
            }
            match self.key() {
                Some(key) => {
                    let value = self.param()?;
                    call.hash.push((key, value));
                }
                None if call.hash.is_empty() => {
                    let value = self.param()?;
                    call.params.push(value);
                }
                None => return Err(self.unexpected(start, "a parameter with a name")),
            }
            call.range.end = self.at;
        }
        self.depth -= 1;
        Ok(call)
    }

    /// Reads a name, its parameters, and the names after `as`.
    pub(super) fn opening(&mut self) -> Result<(Call, Vec<String>), SyntaxError> {
        let call = self.call()?;
        let mut names = Vec::new();
        if self.as_bar() {
            loop {
                self.skip_space();
                if self.take("|") {
                    break;
                }
                let start = self.at;
                let length = self.name_length();
                if length == 0 {
                    return Err(self.unexpected(start, "a name"));
                }
                self.at += length;
                names.push(self.text[start..self.at].to_owned());
            }
        }
        Ok((call, names))
    }

    /// Whether `as |` stands here; then it is read.
    fn as_bar(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(after) = rest.strip_prefix("as") else {
            return false;
        };
        let bar = after.trim_start_matches(is_space);
        if bar.len() == after.len() || !bar.starts_with('|') {
            return false;
        }
        self.at += rest.len() - bar.len() + 1;
        true
    }

    /// Whether a value can begin here.
    fn begins_value(&mut self) -> bool {
        let here = self.at;
        let is_as = self.as_bar();
        self.at = here;
        !is_as
            && self.peek().is_some_and(|next| {
                is_name(next) || matches!(next, '(' | '"' | '\'' | '@' | '.' | '[')
            })
    }

    /// Reads `key=`, if it stands here.
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        let length = self.name_length();
        let rest = &self.text[start + length..];
        let equals = rest.trim_start_matches(is_space);
        if length == 0 || !equals.starts_with('=') {
            return None;
        }
        self.at = start + length + (rest.len() - equals.len()) + 1;
        Some(self.text[start..start + length].to_owned())
    }

    /// Reads a value.
    fn param(&mut self) -> Result<Expression, SyntaxError> {
        self.skip_space();
        if !self.take("(") {
            return self.name();
        }
        let start = self.at - 1;
        let call = self.call()?;
        self.skip_space();
        if self.take(")") {
            return Ok(Expression::Call(Box::new(call)));
        }
        Err(self.unexpected(start, "`)`"))
    }

    /// Reads a name, or a value that is written out.
    pub(super) fn name(&mut self) -> Result<Expression, SyntaxError> {
        self.skip_space();
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote),
            _ => match self.literal() {
                Some(literal) => Ok(literal),
                None => self.path().map(Expression::Path),
            },
        }
    }

    fn string(&mut self, quote: char) -> Result<Expression, SyntaxError> {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let quotes = || rest.match_indices(quote).map(|(at, _)| at);
        let is_escaped = |at: usize| rest[..at].ends_with('\\');
        let end = quotes()
            .find(|at| !is_escaped(*at))
            .or_else(|| rest.rfind(quote));
        let Some(end) = end else {
            let help = format!("end it with `{quote}`");
            let range = start..start + 1;
            return Err(SyntaxError::new(range, "this text does not end", help));
        };
        self.at = start + 1 + end + 1;
        let escaped = format!("\\{quote}");
        let text = rest[..end].replace(&escaped, &quote.to_string());
        Ok(Expression::Text(text))
    }

    /// Reads a number or a word like `true`, if one stands here.
    fn literal(&mut self) -> Option<Expression> {
        let rest = &self.text[self.at..];
        let length = rest.find(ends_literal).unwrap_or(rest.len());
        let word = &rest[..length];
        let literal = match word {
            "true" => Expression::Boolean(true),
            "false" => Expression::Boolean(false),
            "null" => Expression::Null,
            "undefined" => Expression::Undefined,
            _ if is_number(word) => Expression::Number(word.to_owned()),
            _ => return None,
        };
        self.at += length;
        Some(literal)
    }

    fn path(&mut self) -> Result<Path, SyntaxError> {
        let start = self.at;
        let mut path = Path {
            is_data: self.take("@"),
            up: 0,
            is_scoped: false,
            segments: Vec::new(),
            original: String::new(),
            range: start..start,
        };
        if path.is_data {
            path.original.push('@');
        }
        loop {
            self.segment(start, &mut path)?;
            match self.peek() {
                Some(separator @ ('.' | '/')) => {
                    self.at += 1;
                    path.original.push(separator);
                }
                _ => break,
            }
        }
        path.range.end = self.at;
        Ok(path)
    }

    /// Reads one segment of a path.
    fn segment(&mut self, start: usize, path: &mut Path) -> Result<(), SyntaxError> {
        let at = self.at;
        let rest = &self.text[at..];
        if rest.starts_with('[') {
            let segment = self.bracketed(start)?;
            path.original.push_str(&segment);
            path.segments.push(segment);
            return Ok(());
        }
        let is_dot = || rest[1..].chars().next().is_none_or(ends_name);
        let length = if rest.starts_with("..") {
            2
        } else if rest.starts_with('.') && is_dot() {
            1
        } else {
            self.name_length()
        };
        let word = &rest[..length];
        self.at += length;
        if length == 0 || (!path.original.is_empty() && is_number(word)) {
            self.at = at;
            let wanted = "a name; the number of an item is written `.[0]`, a name";
            return Err(self.unexpected(start, wanted));
        }
        path.original.push_str(word);
        if !matches!(word, "this" | "." | "..") {
            path.segments.push(word.to_owned());
            return Ok(());
        }
        if !path.segments.is_empty() {
            let message = format!("`{word}` can only stand at the beginning of a name");
            return Err(SyntaxError::new(at..self.at, message, "correct the name"));
        }
        path.is_scoped = true;
        path.up += usize::from(word == "..");
        Ok(())
    }

    /// Reads `[any text]`.
    fn bracketed(&mut self, start: usize) -> Result<String, SyntaxError> {
        let mut segment = String::new();
        let mut characters = self.text[self.at + 1..].char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                ']' => {
                    self.at += 1 + at + 1;
                    return Ok(segment);
                }
                '\\' => {
                    let next = characters.peek().map(|(_, next)| *next);
                    let is_escape = matches!(next, Some(']' | '\\'));
                    segment.push(if is_escape {
                        next.unwrap_or('\\')
                    } else {
                        '\\'
                    });
                    if is_escape {
                        characters.next();
                    }
                }
                other => segment.push(other),
            }
        }
        let message = "this name does not end";
        let range = start..self.at + 1;
        Err(SyntaxError::new(range, message, "end it with `]`"))
    }

    /// How long the plain name is that stands here; 0 where there is none.
    fn name_length(&self) -> usize {
        let rest = &self.text[self.at..];
        let length = rest.find(|next| !is_name(next)).unwrap_or(rest.len());
        let is_ended = rest[length..].chars().next().is_none_or(ends_name);
        if is_ended { length } else { 0 }
    }
}

/// Whether a word is a number: digits, with a sign and a fraction or without.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}
