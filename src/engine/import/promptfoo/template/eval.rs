//! Renders a template as Nunjucks does, to know what promptfoo prints.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::super::value::{is_true, stringify, text_of};
use super::{Expression, Filter, Piece, Template, Untranslatable};

/// The longest text that is printed at import, in bytes.
const MAX_PRINTED: usize = 4 * 1024 * 1024;

/// The values of variables.
pub(in super::super) type Scope = IndexMap<String, Json>;

/// What a template prints. A variable that is not there prints nothing.
pub(in super::super) fn render(
    template: &Template,
    scope: &Scope,
) -> Result<String, Untranslatable> {
    let mut text = String::new();
    let mut inner = Vec::new();
    print(&template.0, scope, &mut inner, &mut text)?;
    Ok(text)
}

/// The items of the loops around.
type Inner<'s> = Vec<(&'s str, Json)>;

fn print<'s>(
    pieces: &'s [Piece],
    scope: &Scope,
    inner: &mut Inner<'s>,
    text: &mut String,
) -> Result<(), Untranslatable> {
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Output(expression) => {
                let value = value(expression, scope, inner)?;
                text.push_str(&printed(value.as_ref())?);
            }
            Piece::If(branches) => {
                for (condition, body) in branches {
                    let holds = match condition {
                        None => true,
                        Some(condition) => is_true(value(condition, scope, inner)?.as_ref()),
                    };
                    if holds {
                        print(body, scope, inner, text)?;
                        break;
                    }
                }
            }
            Piece::For { name, list, body } => {
                let items = match value(list, scope, inner)? {
                    None | Some(Json::Null) => Vec::new(),
                    Some(Json::Array(items)) => items,
                    Some(_) => return Err(refused("a loop over something that is no list")),
                };
                for item in items {
                    inner.push((name, item));
                    print(body, scope, inner, text)?;
                    inner.pop();
                }
            }
        }
        if text.len() > MAX_PRINTED {
            return Err(refused("a template that prints more than 4 MiB"));
        }
    }
    Ok(())
}

fn refused(what: &str) -> Untranslatable {
    Untranslatable(format!("{what} cannot be translated"))
}

fn printed(value: Option<&Json>) -> Result<String, Untranslatable> {
    match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(value) => text_of(value).ok_or_else(|| refused("printing a list or a mapping")),
    }
}

/// The value of an expression; `None`: there is none.
fn value(
    expression: &Expression,
    scope: &Scope,
    inner: &Inner<'_>,
) -> Result<Option<Json>, Untranslatable> {
    Ok(match expression {
        Expression::Literal(literal) => Some(literal.clone()),
        Expression::Name(name) => {
            let item = inner.iter().rev().find(|(known, _)| known == name);
            item.map(|(_, item)| item)
                .or_else(|| scope.get(name))
                .cloned()
        }
        Expression::Member(of, name) => match value(of, scope, inner)? {
            Some(Json::Object(map)) => map.get(name).cloned(),
            None | Some(Json::Null) => None,
            Some(_) => return Err(refused("a member of something that is no mapping")),
        },
        Expression::Item(of, place) => match value(of, scope, inner)? {
            Some(Json::Array(items)) => items.get(*place).cloned(),
            None | Some(Json::Null) => None,
            Some(_) => return Err(refused("an item of something that is no list")),
        },
        Expression::Not(of) => Some(Json::from(!is_true(value(of, scope, inner)?.as_ref()))),
        Expression::Both(one, and, two) => {
            let first = value(one, scope, inner)?;
            if is_true(first.as_ref()) == *and {
                value(two, scope, inner)?
            } else {
                first
            }
        }
        Expression::Equal(one, equal, two) => {
            let (one, two) = (value(one, scope, inner)?, value(two, scope, inner)?);
            Some(Json::from(same(one.as_ref(), two.as_ref())? == *equal))
        }
        Expression::Filter(of, filter, arguments) => {
            let of = value(of, scope, inner)?;
            let arguments: Result<Vec<_>, _> = arguments
                .iter()
                .map(|argument| value(argument, scope, inner))
                .collect();
            filtered(of, *filter, &arguments?)?
        }
    })
}

/// Equality of two values of one type; others are equal in JavaScript in ways of its own.
fn same(one: Option<&Json>, two: Option<&Json>) -> Result<bool, Untranslatable> {
    match (one, two) {
        (Some(Json::String(a)), Some(Json::String(b))) => Ok(a == b),
        (Some(Json::Number(a)), Some(Json::Number(b))) => Ok(a.as_f64() == b.as_f64()),
        (Some(Json::Bool(a)), Some(Json::Bool(b))) => Ok(a == b),
        _ => Err(refused("comparing values of two types")),
    }
}

fn filtered(
    of: Option<Json>,
    filter: Filter,
    arguments: &[Option<Json>],
) -> Result<Option<Json>, Untranslatable> {
    let text = |value: &Option<Json>| match value {
        Some(Json::String(text)) => Ok(text.clone()),
        _ => Err(refused("a filter for texts on something else")),
    };
    let list = |value: Option<Json>| match value {
        Some(Json::Array(items)) => Ok(items),
        _ => Err(refused("a filter for lists on something else")),
    };
    let value = match (filter, arguments) {
        (Filter::Safe, []) => return Ok(of),
        (Filter::Upper, []) => Json::from(text(&of)?.to_uppercase()),
        (Filter::Lower, []) => Json::from(text(&of)?.to_lowercase()),
        (Filter::Trim, []) => Json::from(text(&of)?.trim()),
        (Filter::Dump, []) => match of {
            Some(value) => Json::from(stringify(&value)),
            None => return Ok(None),
        },
        (Filter::Default, [other]) => return Ok(of.or_else(|| other.clone())),
        (Filter::Replace, [part, with]) => {
            let (part, with) = (text(part)?, text(with)?);
            if part.is_empty() {
                return Err(refused("replacing an empty text"));
            }
            Json::from(text(&of)?.replace(&part, &with))
        }
        (Filter::Join, [] | [_]) => {
            let between = match arguments.first() {
                Some(between) => text(between)?,
                None => String::new(),
            };
            let items: Result<Vec<String>, _> =
                list(of)?.iter().map(|item| printed(Some(item))).collect();
            Json::from(items?.join(&between))
        }
        (Filter::Length, []) => Json::from(list(of)?.len()),
        (Filter::First, []) => return Ok(list(of)?.first().cloned()),
        (Filter::Last, []) => return Ok(list(of)?.last().cloned()),
        _ => return Err(refused("a filter with these arguments")),
    };
    Ok(Some(value))
}
