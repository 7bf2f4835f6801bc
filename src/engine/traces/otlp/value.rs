//! The values of OTLP, and the ways in which JSON spells them: no spelling that some sender uses is
//! refused, and what is wrong stays with the one value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use super::room::{ItemsVisitor, push};

/// How many attributes, and how many members of a plain object, are made room for at first.
const SOME: usize = 16;
const FEW: usize = 4;

/// A text; absent, `null` and what is no text is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text<'a>(pub Cow<'a, str>);

/// A whole number: a JSON number or its digits in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whole {
    /// Not said.
    #[default]
    Absent,
    /// Said.
    Is(i64),
    /// Said, and no whole number that OTLP could mean.
    Wrong,
}

/// A member of an enumeration by its number, or by the end of its name (`STATUS_CODE_ERROR`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Code(pub u8);

/// A list; absent and `null` is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The names and values of attributes, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes<'a>(pub Vec<(Cow<'a, str>, Value<'a>)>);

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Nothing: `{}`, `null`, or what cannot be read.
    #[default]
    Nothing,
    /// A text. Bytes are one, too: as base64.
    Text(Cow<'a, str>),
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// A list.
    List(Vec<Value<'a>>),
    /// Names with values.
    Map(Attributes<'a>),
}

impl Text<'_> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Whole {
    /// The number, where it is one.
    pub fn get(self) -> Option<i64> {
        match self {
            Self::Is(number) => Some(number),
            Self::Absent | Self::Wrong => None,
        }
    }

    fn of_text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Absent;
        }
        text.parse().map_or(Self::Wrong, Self::Is)
    }

    fn of_float(float: f64) -> Self {
        // Senders without 64-bit integers write them as floating-point numbers.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if float.fract() == 0.0 && float.abs() < LIMIT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and within the bounds"
            )]
            return Self::Is(float as i64);
        }
        Self::Wrong
    }
}

impl Code {
    /// The number behind a name: those of the kinds of spans and of statuses do not collide.
    pub fn of_name(name: &str) -> Self {
        let end = name.rsplit('_').next().unwrap_or_default();
        let number = match end.to_ascii_lowercase().as_str() {
            "internal" | "ok" => 1,
            "server" | "error" => 2,
            "client" => 3,
            "producer" => 4,
            "consumer" => 5,
            digits => digits.parse().unwrap_or(0),
        };
        Self(number)
    }
}

impl Value<'_> {
    /// The value as a column or attribute holds it: a text as it is, all else as JSON; nothing is
    /// `None`.
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Flag(true) => Some(Cow::Borrowed("true")),
            Self::Flag(false) => Some(Cow::Borrowed("false")),
            Self::Whole(number) => Some(Cow::Owned(number.to_string())),
            other => Some(Cow::Owned(other.to_json().to_string())),
        }
    }

    /// The value as JSON. A number that JSON cannot say is a text.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => Json::from(text.as_ref()),
            Self::Flag(flag) => Json::from(*flag),
            Self::Whole(number) => Json::from(*number),
            Self::Number(number) => Number::from_f64(*number)
                .map_or_else(|| Json::from(number.to_string()), Json::Number),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => Json::Object(entries.to_json()),
        }
    }

    /// The number that it is or spells.
    pub fn to_number(&self) -> Option<f64> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "what is read as a number has no digits beyond 2^53 that matter"
            )]
            Self::Whole(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// The count that it is or spells; a count is not negative.
    pub fn to_count(&self) -> Option<u64> {
        let whole = match self {
            Self::Whole(number) => Whole::Is(*number),
            Self::Number(number) => Whole::of_float(*number),
            Self::Text(text) => Whole::of_text(text),
            _ => Whole::Absent,
        };
        u64::try_from(whole.get()?).ok()
    }

    /// The same value, owning all that it says.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Nothing => Value::Nothing,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Flag(flag) => Value::Flag(flag),
            Self::Whole(number) => Value::Whole(number),
            Self::Number(number) => Value::Number(number),
            Self::List(items) => Value::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Map(entries) => Value::Map(entries.into_owned()),
        }
    }
}

impl From<Json> for Value<'static> {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Nothing,
            Json::Bool(flag) => Self::Flag(flag),
            Json::String(text) => Self::Text(Cow::Owned(text)),
            Json::Number(number) => number.as_i64().map_or_else(
                || number.as_f64().map_or(Self::Nothing, Self::Number),
                Self::Whole,
            ),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                let entries = entries.into_iter();
                let pairs = entries.map(|(key, value)| (Cow::Owned(key), Self::from(value)));
                Self::Map(Attributes(pairs.collect()))
            }
        }
    }
}

impl Attributes<'_> {
    /// The value under a name; the last one, where there are several.
    pub fn get(&self, name: &str) -> Option<&Value<'_>> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    /// The attributes as a JSON object.
    pub fn to_json(&self) -> Map<String, Json> {
        let entries = self.0.iter();
        let pairs = entries.map(|(key, value)| (key.clone().into_owned(), value.to_json()));
        pairs.collect()
    }

    /// The same attributes, owning all that they say.
    pub fn into_owned(self) -> Attributes<'static> {
        let entries = self.0.into_iter();
        let pairs = entries.map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()));
        Attributes(pairs.collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match value {
            Value::Text(text) => Self(text),
            Value::Whole(number) => Self(Cow::Owned(number.to_string())),
            _ => Self::default(),
        })
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match value {
            Value::Nothing => Self::Absent,
            Value::Whole(number) => Self::Is(number),
            Value::Number(number) => Self::of_float(number),
            Value::Text(text) => Self::of_text(&text),
            _ => Self::Wrong,
        })
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match value {
            Value::Whole(number) => Self(u8::try_from(number).unwrap_or(0)),
            Value::Text(name) => Self::of_name(&name),
            _ => Self::default(),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ItemsVisitor::default())
            .map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributesVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value<'de>, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^63 a number is no count and no time"
        )]
        let large = || Value::Number(number as f64);
        Ok(i64::try_from(number).map_or_else(|_| large(), Value::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value<'de>, A::Error> {
        ItemsVisitor::default().visit_seq(items).map(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value<'de>, A::Error> {
        let mut value = Value::Nothing;
        let mut plain = Vec::new();
        while let Some(Text(key)) = entries.next_key()? {
            let said = match key.as_ref() {
                "stringValue" | "string_value" | "boolValue" | "bool_value" | "bytesValue"
                | "bytes_value" => entries.next_value()?,
                "intValue" | "int_value" => whole(entries.next_value()?),
                "doubleValue" | "double_value" => number(entries.next_value()?),
                "arrayValue" | "array_value" => Value::List(values(entries.next_value()?)),
                "kvlistValue" | "kvlist_value" => map(entries.next_value()?),
                _ => {
                    push(&mut plain, (key, entries.next_value()?), FEW)?;
                    continue;
                }
            };
            // A member that is `null` beside the one that is meant says nothing.
            if said != Value::Nothing {
                value = said;
            }
        }
        if value == Value::Nothing && !plain.is_empty() {
            return Ok(Value::Map(Attributes(plain)));
        }
        Ok(value)
    }
}

fn whole(value: Value<'_>) -> Value<'_> {
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
fn number(value: Value<'_>) -> Value<'_> {
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

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of attributes")
    }

    fn visit_unit<E>(self) -> Result<Attributes<'de>, E> {
        Ok(Attributes::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Attributes<'de>, A::Error> {
        let mut attributes = Vec::new();
        while let Some(Pair { key, value }) = items.next_element()? {
            push(&mut attributes, (key, value), SOME)?;
        }
        Ok(Attributes(attributes))
    }

    /// Not OTLP's own spelling, but what many an export of other tools has.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Attributes<'de>, A::Error> {
        let mut attributes = Vec::new();
        while let Some(Text(key)) = entries.next_key()? {
            push(&mut attributes, (key, entries.next_value()?), SOME)?;
        }
        Ok(Attributes(attributes))
    }
}

/// One attribute in a list of them.
struct Pair<'a> {
    key: Cow<'a, str>,
    value: Value<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Pair<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairVisitor;

        impl<'de> Visitor<'de> for PairVisitor {
            type Value = Pair<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`key` and `value`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pair<'de>, A::Error> {
                let mut pair = Pair {
                    key: Cow::Borrowed(""),
                    value: Value::Nothing,
                };
                while let Some(Text(name)) = entries.next_key()? {
                    match name.as_ref() {
                        "key" => pair.key = entries.next_value::<Text<'de>>()?.0,
                        "value" => pair.value = entries.next_value()?,
                        _ => {
                            entries.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(pair)
            }
        }

        deserializer.deserialize_map(PairVisitor)
    }
}
