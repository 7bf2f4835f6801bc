//! Langfuse's objects of counts and of dollars: any number of names, each of which says by its words
//! which of the sums it is a part of.

use serde_json::{Map, Value as Json};

use crate::domain::trace::embedded;

use super::super::otlp::value::Value;
use super::table::Slot;

/// The words of which the name of a count of these tokens has one.
pub fn words_of_tokens(slot: Slot) -> &'static [&'static str] {
    match slot {
        Slot::InputTokens => &["input", "prompt"],
        Slot::OutputTokens => &["output", "completion"],
        Slot::CacheReadTokens => &["cached", "cache_read"],
        Slot::CacheWriteTokens => &["cache_creation", "cache_write"],
        Slot::ReasoningTokens => &["reasoning"],
        _ => &[],
    }
}

/// The tokens of one sort in an object of counts.
pub(super) fn tokens_of_details(details: &Value<'_>, slot: Slot) -> Option<u64> {
    let details = object(details)?;
    let words = words_of_tokens(slot);
    let belongs = |name: &str| words.iter().any(|word| name.contains(word));
    let counts = details.iter().filter(|(name, _)| belongs(name));
    let counts = counts.filter_map(|(_, count)| Value::from(count.clone()).to_count());
    counts.reduce(u64::saturating_add)
}

/// The sum in an object of dollars: `total`, or what its parts make.
pub(super) fn cost_of_details(details: &Value<'_>) -> Option<f64> {
    let details = object(details)?;
    let number = |json: &Json| Value::from(json.clone()).to_number();
    if let Some(total) = details.get("total").and_then(number) {
        return Some(total);
    }
    details
        .values()
        .filter_map(number)
        .reduce(|sum, part| sum + part)
}

fn object(value: &Value<'_>) -> Option<Map<String, Json>> {
    let json = match value {
        Value::Text(text) => embedded::read(text).ok()?,
        other => other.to_json(),
    };
    match json {
        Json::Object(entries) => Some(entries),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &'static str, slot: Slot) -> Option<u64> {
        tokens_of_details(&Value::Text(text.into()), slot)
    }

    #[test]
    fn every_part_of_the_input_and_of_the_output_is_counted() {
        let details = r#"{"input":100,"input_cached_tokens":40,"output":"7",
            "output_reasoning_tokens":3,"cache_creation_input_tokens":5,"total":155}"#;
        assert_eq!(tokens(details, Slot::InputTokens), Some(145));
        assert_eq!(tokens(details, Slot::OutputTokens), Some(10));
        assert_eq!(tokens(details, Slot::CacheReadTokens), Some(40));
        assert_eq!(tokens(details, Slot::CacheWriteTokens), Some(5));
        assert_eq!(tokens(details, Slot::ReasoningTokens), Some(3));
        assert_eq!(tokens("{}", Slot::InputTokens), None);
        assert_eq!(tokens("nonsense", Slot::InputTokens), None);
    }

    #[test]
    fn a_total_is_taken_as_it_is_and_parts_are_added_up() {
        let cost = |text: &'static str| cost_of_details(&Value::Text(text.into()));
        assert_eq!(
            cost(r#"{"input":0.5,"output":0.25,"total":0.8}"#),
            Some(0.8)
        );
        assert_eq!(cost(r#"{"input":0.5,"output":0.25}"#), Some(0.75));
        assert_eq!(cost("{}"), None);
    }
}
