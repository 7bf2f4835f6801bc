//! JSON Schemas, of which the patterns end in time.

use jsonschema::{PatternOptions, ValidationError, Validator};
use jsonschema_regex::{Search, search_form, to_rust_regex};
use serde_json::Value;

use super::super::under_way;
use super::pattern::places;
use super::{MOST_STEPS, SIZE_LIMIT, TooLong};

/// A JSON Schema of somebody else.
///
/// References are followed within the schema only, and its patterns match in linear time: a step for each
/// byte of the texts of a value and each place of all patterns, at most. What would take more than a second
/// is not done.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// In how many places of its patterns a text may be at once.
    places: usize,
}

/// Why a value is not said to follow a schema.
#[derive(Debug, thiserror::Error)]
pub enum Broken<'v> {
    /// It does not.
    #[error(transparent)]
    Rule(ValidationError<'v>),
    /// It would take too long to know.
    #[error("a pattern of the schema: {0}")]
    TooLong(TooLong),
}

impl Schema {
    /// Compiles a schema. The error says what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex().size_limit(SIZE_LIMIT))
            .build(schema)
            .map_err(|error| error.to_string())?;
        let mut all = 0;
        for_each_pattern(schema, &mut |pattern| {
            // What cannot be counted is not run.
            all = usize::saturating_add(all, places_of(pattern).unwrap_or(usize::MAX));
        });
        Ok(Self {
            validator,
            places: all,
        })
    }

    /// Holds a value against the schema. The error is the first rule that it breaks.
    pub fn validate<'v>(&self, value: &'v Value) -> Result<(), Broken<'v>> {
        if self.places > 0 {
            let bytes = texts_in(value);
            if self.places.saturating_mul(bytes) > MOST_STEPS {
                return Err(Broken::TooLong(TooLong { bytes }));
            }
        }
        let what = "holding a value against its JSON Schema";
        under_way::watched(what, || self.validator.validate(value)).map_err(Broken::Rule)
    }
}

/// In how many places of a pattern, as JSON Schema writes it, a text may be at once. `None`: it cannot be
/// read.
fn places_of(pattern: &str) -> Option<usize> {
    let translated = to_rust_regex(pattern).ok()?;
    match search_form(pattern, &translated) {
        // Its characters are counted, and nothing is looked for.
        Some(Search::RepeatedClass(_)) => Some(1),
        Some(Search::Collapsed(simpler)) => places(&simpler, false),
        None => places(&translated, false),
    }
}

/// Every pattern that may be one of the schema's, at any depth.
fn for_each_pattern(schema: &Value, found: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(entries) => {
            for (name, value) in entries {
                match (name.as_str(), value) {
                    ("pattern", Value::String(pattern)) => found(pattern),
                    ("patternProperties", Value::Object(patterns)) => {
                        patterns.keys().for_each(|pattern| found(pattern));
                    }
                    _ => {}
                }
                for_each_pattern(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| for_each_pattern(item, found)),
        _ => {}
    }
}

/// How long the texts and names in a value are, in bytes.
fn texts_in(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(texts_in).sum(),
        Value::Object(entries) => {
            let entries = entries.iter();
            entries.map(|(name, it)| name.len() + texts_in(it)).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_are_counted_wherever_they_stand() {
        for (schema, wanted) in [
            (json!({}), 0),
            (json!({"type": "string", "pattern": "^[a-z]{3}$"}), 1),
            (json!({"properties": {"pattern": {"pattern": "^ab"}}}), 2),
            (
                json!({"allOf": [{"patternProperties": {"^x-[0-9]{4}": true}}]}),
                6,
            ),
            (json!({"pattern": "^(?:[0-9]{4}-){3}z"}), 16),
        ] {
            assert_eq!(Schema::compile(&schema).unwrap().places, wanted, "{schema}");
        }
    }

    #[test]
    fn a_long_value_is_held_against_patterns_that_count_little_and_not_against_others() {
        let schema = |pattern| Schema::compile(&json!({"pattern": pattern})).unwrap();
        let value = json!("ab".repeat(500_000));
        assert!(schema("^.{1,5000}$").validate(&value).is_err());
        assert!(schema("^[ab]+$").validate(&value).is_ok());
        let told = schema("[ab]*a[ab]{10000}c").validate(&value).unwrap_err();
        let wanted = TooLong { bytes: 1_000_000 };
        assert!(matches!(told, Broken::TooLong(told) if told == wanted));
        let told = schema("c").validate(&value).unwrap_err();
        assert!(matches!(told, Broken::Rule(_)));
    }
}
