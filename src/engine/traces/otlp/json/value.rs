//! The ways in which JSON spells values: no spelling that some sender uses is refused, and what is wrong
//! stays with the one value.

use std::borrow::Cow;

use super::super::value::{Attributes, Code, Text, Value, Whole};
use super::FEW;
use super::cursor::{Cursor, Next, Read, Scalar};

/// How many attributes are made room for at first.
const SOME: usize = 16;

/// Reads a text; what is none is empty, but for a number.
pub(super) fn text<'a>(cursor: &mut Cursor<'a>) -> Read<Text<'a>> {
    if let Some(plain) = cursor.plain_text() {
        return Ok(Text(Cow::Borrowed(plain)));
    }
    Ok(match value(cursor)? {
        Value::Text(text) => Text(text),
        Value::Whole(number) => Text(Cow::Owned(number.to_string())),
        _ => Text::default(),
    })
}

/// Reads a whole number.
pub(super) fn whole(cursor: &mut Cursor<'_>) -> Read<Whole> {
    if let Some(plain) = cursor.plain_text() {
        return Ok(Whole::of_text(plain));
    }
    Ok(match value(cursor)? {
        Value::Nothing => Whole::Absent,
        Value::Whole(number) => Whole::Is(number),
        Value::Number(number) => Whole::of_float(number),
        Value::Text(text) => Whole::of_text(&text),
        _ => Whole::Wrong,
    })
}

/// Reads a member of an enumeration.
pub(super) fn code(cursor: &mut Cursor<'_>) -> Read<Code> {
    Ok(match value(cursor)? {
        Value::Whole(number) => Code(u8::try_from(number).unwrap_or(0)),
        Value::Text(name) => Code::of_name(&name),
        _ => Code::default(),
    })
}

/// Reads attributes: a list of them, or an object, which is not OTLP's own spelling, but what many an
/// export of other tools has.
pub(super) fn attributes<'a>(cursor: &mut Cursor<'a>) -> Read<Attributes<'a>> {
    let mut attributes = Vec::new();
    let mut first = true;
    match cursor.next()? {
        Next::List => {
            cursor.enter()?;
            while cursor.item(&mut first)? {
                let attribute = match cursor.attempt(common_attribute) {
                    Some(attribute) => attribute,
                    None => attribute(cursor)?,
                };
                cursor.push(&mut attributes, attribute, SOME)?;
            }
        }
        Next::Object => {
            cursor.enter()?;
            while let Some(name) = cursor.member(&mut first)? {
                let value = value(cursor)?;
                cursor.push(&mut attributes, (name, value), SOME)?;
            }
        }
        Next::Scalar if cursor.takes("null") => {}
        Next::Scalar => return Err(cursor.expected("a list of attributes").into()),
    }
    Ok(Attributes(attributes))
}

/// Reads an attribute as nearly every sender spells nearly all of them; `None`: it is spelled otherwise.
fn common_attribute<'a>(cursor: &mut Cursor<'a>) -> Option<(Cow<'a, str>, Value<'a>)> {
    if !cursor.takes(r#"{"key":""#) {
        return None;
    }
    let key = cursor.plain()?;
    let value = if cursor.takes(r#","value":{"stringValue":""#) {
        Value::Text(Cow::Borrowed(cursor.plain()?))
    } else if cursor.takes(r#","value":{"intValue":""#) {
        Value::Whole(cursor.plain()?.parse().ok()?)
    } else {
        return None;
    };
    cursor.takes("}}").then_some((Cow::Borrowed(key), value))
}

fn attribute<'a>(cursor: &mut Cursor<'a>) -> Read<(Cow<'a, str>, Value<'a>)> {
    if cursor.next()? != Next::Object {
        return Err(cursor
            .expected("an attribute: `{\"key\": …, \"value\": …}`")
            .into());
    }
    let (mut key, mut said) = (Text::default(), Value::Nothing);
    let mut first = true;
    cursor.enter()?;
    while let Some(name) = cursor.member(&mut first)? {
        match name.as_ref() {
            "key" => key = text(cursor)?,
            "value" => said = value(cursor)?,
            _ => cursor.skip()?,
        }
    }
    Ok((key.0, said))
}

/// Reads a value: one of OTLP's own (`{"stringValue": …}`), or what any other JSON says.
pub(super) fn value<'a>(cursor: &mut Cursor<'a>) -> Read<Value<'a>> {
    match cursor.next()? {
        Next::Scalar => Ok(match cursor.scalar()? {
            Scalar::Null => Value::Nothing,
            Scalar::Flag(flag) => Value::Flag(flag),
            Scalar::Whole(number) => Value::Whole(number),
            Scalar::Number(number) => Value::Number(number),
            Scalar::Text(text) => Value::Text(text),
        }),
        Next::List => {
            let mut items = Vec::new();
            let mut first = true;
            cursor.enter()?;
            while cursor.item(&mut first)? {
                let item = value(cursor)?;
                cursor.push(&mut items, item, FEW)?;
            }
            Ok(Value::List(items))
        }
        Next::Object => object(cursor),
    }
}

fn object<'a>(cursor: &mut Cursor<'a>) -> Read<Value<'a>> {
    let mut found = Value::Nothing;
    let mut plain = Vec::new();
    let mut first = true;
    cursor.enter()?;
    while let Some(name) = cursor.member(&mut first)? {
        let said = value(cursor)?;
        let said = match name.as_ref() {
            "stringValue" | "string_value" | "boolValue" | "bool_value" | "bytesValue"
            | "bytes_value" => said,
            "intValue" | "int_value" => as_whole(said),
            "doubleValue" | "double_value" => as_number(said),
            "arrayValue" | "array_value" => Value::List(values(said)),
            "kvlistValue" | "kvlist_value" => map(said),
            _ => {
                cursor.push(&mut plain, (name, said), FEW)?;
                continue;
            }
        };
        // A member that is `null` beside the one that is meant says nothing.
        if said != Value::Nothing {
            found = said;
        }
    }
    if found == Value::Nothing && !plain.is_empty() {
        return Ok(Value::Map(Attributes(plain)));
    }
    Ok(found)
}

fn as_whole(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) => match Whole::of_text(&text) {
            Whole::Is(number) => Value::Whole(number),
            _ => Value::Text(text),
        },
        Value::Number(number) => match Whole::of_float(number) {
            Whole::Is(number) => Value::Whole(number),
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// Protobuf's JSON writes `NaN` and infinities as texts, and a whole number without its point.
fn as_number(value: Value<'_>) -> Value<'_> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the sender had a floating-point number"
        )]
        Value::Whole(number) => Value::Number(number as f64),
        Value::Text(text) => match text.trim() {
            "Infinity" => Value::Number(f64::INFINITY),
            "-Infinity" => Value::Number(f64::NEG_INFINITY),
            digits => digits
                .parse()
                .map_or_else(|_| Value::Text(text.clone()), Value::Number),
        },
        other => other,
    }
}

/// The list in `{"values": […]}`.
fn values(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::List(items) => items,
        Value::Map(Attributes(entries)) => {
            let found = entries.into_iter().find(|(key, _)| key == "values");
            found.map_or_else(Vec::new, |(_, value)| values(value))
        }
        _ => Vec::new(),
    }
}

/// The map in `{"values": [{"key": …, "value": …}]}`.
fn map(value: Value<'_>) -> Value<'_> {
    let pairs = values(value).into_iter().filter_map(|item| {
        let Value::Map(Attributes(entries)) = item else {
            return None;
        };
        let mut key = None;
        let mut value = Value::Nothing;
        for (name, said) in entries {
            match (name.as_ref(), said) {
                ("key", Value::Text(text)) => key = Some(text),
                ("value", said) => value = said,
                _ => {}
            }
        }
        Some((key?, value))
    });
    Value::Map(Attributes(pairs.collect()))
}
