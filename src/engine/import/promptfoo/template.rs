//! Templates of promptfoo, which are Nunjucks: the part of the language that means the same in Jinja,
//! or can be said so that it does. Everything else is refused with the reason.

mod eval;
mod expression;
mod jinja;
mod parse;

pub(super) use eval::{Scope, render};
pub(super) use jinja::jinja;
pub(super) use parse::{parse, parse_prompt};

/// A template, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template(pub(super) Vec<Piece>);

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Untranslatable(pub(super) String);

/// A piece of a template. `tags` are as they are written, for the white space control in them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text.
    Text(String),
    /// Something that is printed.
    Output(Expression),
    /// The first branch whose condition holds; a last one may have none.
    If(Vec<(Option<Expression>, Vec<Piece>)>),
    /// The body, once for each item.
    For {
        /// The name of the item in the body.
        name: String,
        /// The list.
        list: Expression,
        /// What is printed for each.
        body: Vec<Piece>,
    },
}

/// What stands in a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// A variable.
    Name(String),
    /// A text, a number, `true`, `false` or `none`.
    Literal(serde_json::Value),
    /// A member of something, by its name.
    Member(Box<Expression>, String),
    /// An item of something, by its place.
    Item(Box<Expression>, usize),
    /// Something, put through a filter.
    Filter(Box<Expression>, Filter, Vec<Expression>),
    /// A negation.
    Not(Box<Expression>),
    /// Both, or one of both.
    Both(Box<Expression>, bool, Box<Expression>),
    /// Whether two things are equal (`true`) or not.
    Equal(Box<Expression>, bool, Box<Expression>),
}

/// A filter that means the same in Jinja.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Without white space around it.
    Trim,
    /// A value of its own where there is none.
    Default,
    /// As JSON.
    Dump,
    /// The items with a text between them.
    Join,
    /// How many items there are.
    Length,
    /// The first item.
    First,
    /// The last item.
    Last,
    /// The text with another one in place of a part.
    Replace,
    /// As it is.
    Safe,
}

impl Filter {
    /// Every filter with its name.
    pub(super) const ALL: [(&'static str, Self); 12] = [
        ("upper", Self::Upper),
        ("lower", Self::Lower),
        ("trim", Self::Trim),
        ("default", Self::Default),
        ("d", Self::Default),
        ("dump", Self::Dump),
        ("join", Self::Join),
        ("length", Self::Length),
        ("first", Self::First),
        ("last", Self::Last),
        ("replace", Self::Replace),
        ("safe", Self::Safe),
    ];
}

impl Template {
    /// The variables that are named, in the order of the template.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.0, &mut Vec::new(), &mut names);
        names
    }

    /// The one variable that is printed, where the template is nothing else.
    pub(super) fn only_name(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Output(Expression::Name(name))] => Some(name),
            _ => None,
        }
    }
}

fn collect(pieces: &[Piece], inner: &mut Vec<String>, names: &mut Vec<String>) {
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Output(expression) => expression.collect(inner, names),
            Piece::If(branches) => {
                for (condition, body) in branches {
                    if let Some(condition) = condition {
                        condition.collect(inner, names);
                    }
                    collect(body, inner, names);
                }
            }
            Piece::For { name, list, body } => {
                list.collect(inner, names);
                inner.push(name.clone());
                collect(body, inner, names);
                inner.pop();
            }
        }
    }
}

impl Expression {
    fn collect(&self, inner: &[String], names: &mut Vec<String>) {
        match self {
            Self::Name(name) => {
                if !inner.contains(name) && !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Self::Literal(_) => {}
            Self::Member(of, _) | Self::Item(of, _) | Self::Not(of) => of.collect(inner, names),
            Self::Filter(of, _, arguments) => {
                of.collect(inner, names);
                for argument in arguments {
                    argument.collect(inner, names);
                }
            }
            Self::Both(one, _, two) | Self::Equal(one, _, two) => {
                one.collect(inner, names);
                two.collect(inner, names);
            }
        }
    }
}
