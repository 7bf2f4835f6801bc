//! The values of OTLP.

use std::borrow::Cow;

use serde_json::{Map, Number, Value as Json};

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

    pub(super) fn of_text(text: &str) -> Self {
        if let Ok(number) = text.parse() {
            return Self::Is(number);
        }
        let text = text.trim();
        if text.is_empty() {
            return Self::Absent;
        }
        text.parse().map_or(Self::Wrong, Self::Is)
    }

    pub(super) fn of_float(float: f64) -> Self {
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
