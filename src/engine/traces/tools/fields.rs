//! The fields of a record: each is taken once, and what is left is what nobody understands.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::domain::trace::embedded;

/// The fields of a record, under names in `snake_case`.
pub(super) struct Fields(Map<String, Json>);

impl Fields {
    /// Of a record whose names are in `snake_case` or `camelCase`.
    pub(super) fn new(record: Map<String, Json>) -> Self {
        let fields = record.into_iter();
        Self(
            fields
                .map(|(name, value)| (snake_case(&name), value))
                .collect(),
        )
    }

    /// Whether there is a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether there is such a field, though it may be `null`.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes a value.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text that is not empty; a number or truth value is one, too.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = plain_text(&self.take(name)?)?;
        (!text.is_empty()).then_some(text)
    }

    /// Takes a number.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        number(&self.take(name)?)
    }

    /// Takes a time, in nanoseconds since 1970.
    pub(super) fn time(&mut self, name: &str) -> Option<i64> {
        time_ns(&self.take(name)?)
    }

    /// Takes an object or a list, which may be JSON in a text.
    pub(super) fn json(&mut self, name: &str) -> Option<Json> {
        Some(parsed(self.take(name)?))
    }

    /// Takes the entries of an object.
    pub(super) fn object(&mut self, name: &str) -> Map<String, Json> {
        match self.json(name) {
            Some(Json::Object(entries)) => entries,
            _ => Map::new(),
        }
    }

    /// Takes the items of a list.
    pub(super) fn list(&mut self, name: &str) -> Vec<Json> {
        match self.json(name) {
            Some(Json::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// Passes over fields that say nothing of what happened.
    pub(super) fn pass_over(&mut self, names: &[&str]) {
        for name in names {
            self.0.shift_remove(*name);
        }
    }

    /// What was not taken.
    pub(super) fn rest(self) -> Map<String, Json> {
        self.0
    }
}

/// `parentObservationId` is `parent_observation_id`. A name with dots is somebody's own, and stays.
fn snake_case(name: &str) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
        before = character;
    }
    snake
}

/// What is JSON in a text.
pub(super) fn parsed(value: Json) -> Json {
    match &value {
        Json::String(text) if text.trim_start().starts_with(['{', '[']) => {
            embedded::read(text).unwrap_or(value)
        }
        _ => value,
    }
}

/// A text as it is, a number and a truth value as they are written.
pub(super) fn plain_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A number, or what spells one.
pub(super) fn number(value: &Json) -> Option<f64> {
    let number = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A time in nanoseconds since 1970. A text without a zone is in UTC; a number counts seconds,
/// milliseconds, microseconds or nanoseconds since 1970, as its size tells.
pub(super) fn time_ns(value: &Json) -> Option<i64> {
    if let Json::String(text) = value
        && text.trim().parse::<f64>().is_err()
    {
        let text = text.trim();
        let at = text.parse::<Timestamp>().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()
        })?;
        return i64::try_from(at.as_nanosecond()).ok();
    }
    let unit = match number(value)?.abs() {
        size if size < 1e11 => 1e9,
        size if size < 1e14 => 1e6,
        size if size < 1e17 => 1e3,
        _ => 1.0,
    };
    whole_ns(value, unit)
}

/// A whole number, or what spells one.
fn whole(value: &Json) -> Option<i64> {
    match value {
        Json::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

/// A number of units of so many nanoseconds each. Whole numbers are not rounded.
pub(super) fn whole_ns(value: &Json, unit: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "units are powers of ten, and times are checked to be within the bounds"
    )]
    if let Some(whole) = whole(value) {
        return whole.checked_mul(unit as i64);
    }
    let nanoseconds = (number(value)? * unit).round();
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    (-9e18..9e18)
        .contains(&nanoseconds)
        .then_some(nanoseconds as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_known_however_a_tool_writes_it() {
        let nine = 1_772_442_000_123_000_000;
        for written in [
            json!("2026-03-02T09:00:00.123Z"),
            json!("2026-03-02T10:00:00.123+01:00"),
            json!("2026-03-02T09:00:00.123000"),
            json!("2026-03-02 09:00:00.123000"),
            json!("2026-03-02 09:00:00.123000+00:00"),
            json!(1_772_442_000_123_i64),
            json!(1_772_442_000_123_000_i64),
            json!(1_772_442_000_123_000_000_i64),
            json!("1772442000123"),
        ] {
            assert_eq!(time_ns(&written), Some(nine), "{written}");
        }
        assert_eq!(
            time_ns(&json!(1_772_442_000)),
            Some(1_772_442_000_000_000_000)
        );
        for wrong in [
            json!("soon"),
            json!(""),
            json!([1]),
            json!(1e300),
            json!(null),
        ] {
            assert_eq!(time_ns(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn fields_have_one_name_in_either_case_and_are_taken_once() {
        let record = json!({"parentObservationId": "a", "trace_id": "b", "context.span_id": 7,
            "endTime": null, "htmlPath": "/x"});
        let Json::Object(record) = record else {
            unreachable!("it is an object")
        };
        let mut fields = Fields::new(record);
        assert!(fields.has("trace_id") && !fields.has("end_time"));
        assert_eq!(fields.text("parent_observation_id").as_deref(), Some("a"));
        assert_eq!(fields.text("parent_observation_id"), None);
        assert_eq!(fields.text("context.span_id").as_deref(), Some("7"));
        fields.pass_over(&["html_path", "end_time"]);
        let rest: Vec<String> = fields.rest().into_iter().map(|(name, _)| name).collect();
        assert_eq!(rest, ["trace_id"]);
    }
}
