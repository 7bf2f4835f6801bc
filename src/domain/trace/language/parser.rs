//! From the pieces of a filter to a condition.

use std::ops::Range;

use jiff::Timestamp;

use crate::domain::moment::{MOMENT_FORMS, parse_moment};
use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::{Comparison, Filter, TextTest, TimeRange};

use super::fold::Node;
use super::tokens::{Mark, Token, TokenKind};
use super::typed::{
    Value, check_word, comparison, comparisons, figure, kind_name, shown, unknown_column,
};
use super::{FilterError, MAX_DEPTH, is_keyword};

/// The condition that the pieces of a text make; `end` is where the text ends.
pub(super) fn parse(tokens: &[Token], end: usize, now: Timestamp) -> Result<Node, FilterError> {
    let mut parser = Parser {
        tokens,
        next: 0,
        end,
        depth: 0,
        now,
    };
    if tokens.is_empty() {
        return Ok(Node::Filter(Filter::Everything));
    }
    let node = parser.any()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected("`and`, `or` or the end of the filter")),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    next: usize,
    end: usize,
    depth: usize,
    now: Timestamp,
}

/// A column of a test, and where it stands.
struct NamedColumn {
    column: Column,
    range: Range<usize>,
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Result<Node, FilterError> {
        let first = self.all()?;
        let mut any = vec![first];
        while self.takes_word("or") {
            any.push(self.all()?);
        }
        Ok(match any.len() {
            1 => any.remove(0),
            _ => Node::Any(any),
        })
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        let first = self.one()?;
        let mut all = vec![first];
        while self.takes_word("and") {
            all.push(self.one()?);
        }
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Node::All(all),
        })
    }

    fn one(&mut self) -> Result<Node, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("conditions are nested deeper than {MAX_DEPTH}");
            return Err(FilterError::new(self.place(), message));
        }
        let node = if self.takes_word("not") {
            Node::Not(Box::new(self.one()?))
        } else if self.takes(&TokenKind::Open) {
            let node = self.any()?;
            self.close()?;
            node
        } else if self.takes_word("everything") {
            Node::Filter(Filter::Everything)
        } else if self.takes_word("has") {
            self.has()?
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn has(&mut self) -> Result<Node, FilterError> {
        if !self.takes(&TokenKind::Open) {
            return Err(self.unexpected("a column in parentheses, as in `has(user)`"));
        }
        let named = self.column()?;
        self.close()?;
        Ok(Node::Filter(Filter::Present(named.column)))
    }

    fn test(&mut self) -> Result<Node, FilterError> {
        let named = self.column()?;
        if self.takes_word("in") {
            return Ok(Node::Filter(self.one_of(&named)?));
        }
        if self.is_word("not") && self.is_word_at(self.next + 1, "in") {
            self.next += 2;
            return Ok(Node::Filter(Filter::Not(Box::new(self.one_of(&named)?))));
        }
        let Some(TokenKind::Mark(mark)) = self.peek() else {
            return Err(self.unexpected(&format!(
                "a comparison after `{}`: {}",
                named.column.name(),
                comparisons(named.column.kind())
            )));
        };
        let mark = *mark;
        let place = self.place();
        self.next += 1;
        let value = self.value()?;
        let applied = self.apply(&named, mark, &value)?;
        applied.ok_or_else(|| {
            let name = named.column.name();
            let kind = named.column.kind();
            let message = format!(
                "`{name}` is {} and cannot be compared like this",
                kind_name(kind)
            );
            FilterError::new(place, message)
                .with_help(format!("`{name}` is tested with {}", comparisons(kind)))
        })
    }

    /// The test; `None` where values of this sort are not compared by this mark.
    fn apply(
        &self,
        named: &NamedColumn,
        mark: Mark,
        value: &Value,
    ) -> Result<Option<Node>, FilterError> {
        let column = named.column.clone();
        let kind = column.kind();
        if kind == ColumnKind::Time {
            let Some(comparison) = comparison(mark).filter(|it| *it != Comparison::Equal) else {
                return Ok(None);
            };
            let range = self.range(comparison, value)?;
            return Ok(Some(Node::Time(range, named.range.start..value.range.end)));
        }
        if kind != ColumnKind::Text {
            let compared = match mark {
                Mark::Unequal => Some(Comparison::Equal),
                mark => comparison(mark),
            };
            let Some(comparison) = compared else {
                return Ok(None);
            };
            let test = Filter::Number(column, comparison, figure(kind, value)?);
            return Ok(Some(Node::Filter(negated(test, mark == Mark::Unequal))));
        }
        let said = || value.text.clone();
        let asked = match mark {
            Mark::Equal | Mark::Unequal => {
                check_word(&column, value)?;
                TextTest::OneOf(vec![said()])
            }
            Mark::Contains | Mark::Lacks => TextTest::Contains(said()),
            Mark::StartsWith => TextTest::StartsWith(said()),
            _ => return Ok(None),
        };
        let negate = matches!(mark, Mark::Unequal | Mark::Lacks);
        let filter = negated(Filter::Text(column, asked), negate);
        Ok(Some(Node::Filter(filter)))
    }

    fn one_of(&mut self, named: &NamedColumn) -> Result<Filter, FilterError> {
        let column = &named.column;
        if column.kind() != ColumnKind::Text {
            let (name, kind) = (column.name(), column.kind());
            let message = format!(
                "`{name}` is {} and is no name to look up in a list",
                kind_name(kind)
            );
            let error = FilterError::new(named.range.clone(), message);
            return Err(error.with_help(format!("`{name}` is tested with {}", comparisons(kind))));
        }
        if !self.takes(&TokenKind::Open) {
            return Err(self.unexpected("values in parentheses, as in `in (vip, beta)`"));
        }
        let mut values = Vec::new();
        loop {
            let value = self.value()?;
            check_word(column, &value)?;
            values.push(value.text);
            if !self.takes(&TokenKind::Comma) {
                break;
            }
        }
        if !self.takes(&TokenKind::Close) {
            return Err(self.unexpected("`,` and another value, or `)`"));
        }
        Ok(Filter::Text(column.clone(), TextTest::OneOf(values)))
    }

    fn column(&mut self) -> Result<NamedColumn, FilterError> {
        let range = self.place();
        let name = match self.peek() {
            Some(TokenKind::Word(word)) if !is_keyword(word) => word,
            Some(TokenKind::Quoted(text)) => text,
            _ => return Err(self.unexpected("a column, `not`, `has` or `(`")),
        };
        let column = Column::of(name).ok_or_else(|| unknown_column(name, range.clone()))?;
        self.next += 1;
        Ok(NamedColumn { column, range })
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let range = self.place();
        let text = match self.peek() {
            Some(TokenKind::Word(word)) if !is_keyword(word) => word.clone(),
            Some(TokenKind::Quoted(text)) => text.clone(),
            Some(TokenKind::Word(keyword)) => {
                let help = format!("write \"{keyword}\" in quotes where that word is meant");
                return Err(self.unexpected("a value").with_help(help));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next += 1;
        Ok(Value { text, range })
    }

    /// The time for which a comparison with a moment holds.
    fn range(&self, comparison: Comparison, value: &Value) -> Result<TimeRange, FilterError> {
        let moment = parse_moment(&value.text, self.now).ok_or_else(|| {
            let message = format!("`{}` is not a time", value.shown());
            FilterError::new(value.range.clone(), message).with_help(format!(
                "write {MOMENT_FORMS}, in quotes where there is a space"
            ))
        })?;
        let after = moment.checked_add(jiff::SignedDuration::from_nanos(1));
        let after = after.unwrap_or(Timestamp::MAX);
        let always = TimeRange::ALWAYS;
        Ok(match comparison {
            Comparison::Less => TimeRange {
                until: moment,
                ..always
            },
            Comparison::AtMost => TimeRange {
                until: after,
                ..always
            },
            Comparison::Greater => TimeRange {
                from: after,
                ..always
            },
            Comparison::AtLeast | Comparison::Equal => TimeRange {
                from: moment,
                ..always
            },
        })
    }

    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    /// Where the next piece stands; at the end, behind the last one.
    fn place(&self) -> Range<usize> {
        let token = self.tokens.get(self.next);
        token.map_or(self.end..self.end, |token| token.range.clone())
    }

    fn takes(&mut self, kind: &TokenKind) -> bool {
        let there = self.peek() == Some(kind);
        self.next += usize::from(there);
        there
    }

    fn is_word(&self, keyword: &str) -> bool {
        self.is_word_at(self.next, keyword)
    }

    fn is_word_at(&self, index: usize, keyword: &str) -> bool {
        let kind = self.tokens.get(index).map(|token| &token.kind);
        matches!(kind, Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn takes_word(&mut self, keyword: &str) -> bool {
        let there = self.is_word(keyword);
        self.next += usize::from(there);
        there
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.takes(&TokenKind::Close) {
            return Ok(());
        }
        Err(self.unexpected("`)`"))
    }

    fn unexpected(&self, expected: &str) -> FilterError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(TokenKind::Word(word)) => format!("`{}`", shown(word)),
            Some(TokenKind::Quoted(_)) => "a text in quotes".to_owned(),
            Some(TokenKind::Open) => "`(`".to_owned(),
            Some(TokenKind::Close) => "`)`".to_owned(),
            Some(TokenKind::Comma) => "`,`".to_owned(),
            Some(TokenKind::Mark(_)) => "a comparison".to_owned(),
        };
        let error = FilterError::new(self.place(), format!("expected {expected}, found {found}"));
        let meant = match self.peek() {
            Some(TokenKind::Word(word)) => match word.as_str() {
                "&&" | "&" => Some("and"),
                "||" | "|" => Some("or"),
                _ => None,
            },
            _ => None,
        };
        match meant {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error,
        }
    }
}

fn negated(filter: Filter, negate: bool) -> Filter {
    if negate {
        Filter::Not(Box::new(filter))
    } else {
        filter
    }
}
