//! Reads what stands in a tag.

use serde_json::Value as Json;

use super::{Expression, Filter, Untranslatable};

/// How deep an expression may be nested.
const MAX_DEPTH: usize = 16;

/// Words that are no names of variables.
const WORDS: [&str; 11] = [
    "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "null",
];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 12] = [
    "===", "!==", "==", "!=", "|", ".", "(", ")", "[", "]", ",", "=",
];

/// Reads an expression that is all of `text`.
pub(super) fn expression(text: &str) -> Result<Expression, Untranslatable> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.either()?;
    if parser.at < parser.tokens.len() {
        return Err(not_understood(text));
    }
    Ok(expression)
}

/// Whether a text may name a variable here and in a prompt of ours.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !WORDS.contains(&text)
}

fn not_understood(text: &str) -> Untranslatable {
    Untranslatable(format!(
        "`{}` has no counterpart in Jinja that is known here",
        text.trim()
    ))
}

fn tokens(text: &str) -> Result<Vec<Token>, Untranslatable> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first == '"' || first == '\'' {
            let (value, taken) = quoted(rest, first).ok_or_else(|| not_understood(text))?;
            tokens.push(Token::Text(value));
            taken
        } else if first.is_ascii_digit() {
            let end = rest
                .find(|character: char| !(character.is_ascii_digit() || character == '.'))
                .unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| not_understood(text))?;
            tokens.push(Token::Number(number));
            end
        } else if first.is_alphabetic() || first == '_' {
            let end = rest
                .find(|character: char| !(character.is_alphanumeric() || character == '_'))
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| not_understood(text))?;
            tokens.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

/// A text in quotes, and how many bytes it takes. Escapes other than of quotes, backslashes and
/// breaks are not known.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                plain @ ('\\' | '"' | '\'') => value.push(plain),
                _ => return None,
            },
            _ if character == quote => return Some((value, at + 1)),
            _ => value.push(character),
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.at += usize::from(found);
        found
    }

    fn refused(&self) -> Untranslatable {
        let at = match self.peek() {
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
            Some(Token::Text(_) | Token::Number(_)) => "this value".to_owned(),
            None => "what is missing at the end".to_owned(),
        };
        Untranslatable(format!(
            "{at} has no counterpart in Jinja that is known here"
        ))
    }

    fn either(&mut self) -> Result<Expression, Untranslatable> {
        let mut one = self.both()?;
        while self.takes_word("or") {
            one = Expression::Both(Box::new(one), false, Box::new(self.both()?));
        }
        Ok(one)
    }

    fn both(&mut self) -> Result<Expression, Untranslatable> {
        let mut one = self.negated()?;
        while self.takes_word("and") {
            one = Expression::Both(Box::new(one), true, Box::new(self.negated()?));
        }
        Ok(one)
    }

    fn negated(&mut self) -> Result<Expression, Untranslatable> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Untranslatable(
                "an expression is nested too deep".to_owned(),
            ));
        }
        let expression = if self.takes_word("not") {
            Expression::Not(Box::new(self.negated()?))
        } else {
            self.compared()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn compared(&mut self) -> Result<Expression, Untranslatable> {
        let one = self.filtered()?;
        for (sign, equal) in [("===", true), ("!==", false), ("==", true), ("!=", false)] {
            if self.takes_sign(sign) {
                let two = self.filtered()?;
                return Ok(Expression::Equal(Box::new(one), equal, Box::new(two)));
            }
        }
        Ok(one)
    }

    fn filtered(&mut self) -> Result<Expression, Untranslatable> {
        let mut expression = self.member()?;
        while self.takes_sign("|") {
            let known = |name: &str| Filter::ALL.iter().find(|(known, _)| *known == name);
            let filter = match self.peek() {
                Some(Token::Word(name)) => known(name).map(|(_, filter)| *filter),
                _ => None,
            };
            let filter = filter.ok_or_else(|| match self.peek() {
                Some(Token::Word(name)) => {
                    Untranslatable(format!("the filter `{name}` is not known here"))
                }
                _ => self.refused(),
            })?;
            self.at += 1;
            let arguments = self.arguments()?;
            expression = Expression::Filter(Box::new(expression), filter, arguments);
        }
        Ok(expression)
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, Untranslatable> {
        let mut arguments = Vec::new();
        if !self.takes_sign("(") || self.takes_sign(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.member()?);
            if self.takes_sign(")") {
                return Ok(arguments);
            }
            if !self.takes_sign(",") {
                return Err(self.refused());
            }
        }
    }

    fn member(&mut self) -> Result<Expression, Untranslatable> {
        let mut expression = self.primary()?;
        loop {
            if self.takes_sign(".") {
                match self.peek() {
                    // What JavaScript has by itself is not a member of the value.
                    Some(Token::Word(name)) if is_name(name) && name != "length" => {
                        expression = Expression::Member(Box::new(expression), name.clone());
                        self.at += 1;
                    }
                    _ => return Err(self.refused()),
                }
            } else if self.takes_sign("[") {
                expression = match self.peek() {
                    Some(Token::Text(name)) if is_name(name) => {
                        Expression::Member(Box::new(expression), name.clone())
                    }
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a whole number below a hundred thousand"
                    )]
                    Some(Token::Number(place)) if place.fract() == 0.0 && *place < 1e5 => {
                        Expression::Item(Box::new(expression), *place as usize)
                    }
                    _ => return Err(self.refused()),
                };
                self.at += 1;
                if !self.takes_sign("]") {
                    return Err(self.refused());
                }
            } else {
                return Ok(expression);
            }
        }
    }

    fn primary(&mut self) -> Result<Expression, Untranslatable> {
        if self.takes_sign("(") {
            let inner = self.either()?;
            return if self.takes_sign(")") {
                Ok(inner)
            } else {
                Err(self.refused())
            };
        }
        let expression = match self.peek() {
            Some(Token::Text(text)) => Expression::Literal(Json::from(text.as_str())),
            Some(Token::Number(number)) if number.fract() == 0.0 && *number < 1e15 => {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
                let whole = *number as i64;
                Expression::Literal(Json::from(whole))
            }
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Expression::Literal(Json::from(true)),
                "false" => Expression::Literal(Json::from(false)),
                name if is_name(name) && name != "env" && name != "loop" => {
                    Expression::Name(name.to_owned())
                }
                _ => return Err(self.refused()),
            },
            _ => return Err(self.refused()),
        };
        self.at += 1;
        Ok(expression)
    }
}
