//! Assertions that measure the answer's text.

use serde_json::{Value as Json, json};

use super::super::fields::Assertion;
use super::super::scripts;
use super::super::shapes::Shape;
use super::{Mapping, Value, negate, script, texts, threshold};

impl Mapping<'_, '_> {
    /// A likeness to a text that is enough.
    pub(super) fn measured(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
        let (body, otherwise) = match assertion.kind.as_str() {
            "levenshtein" => (scripts::LEVENSHTEIN, 5.0),
            "rouge-n" => (scripts::ROUGE_N, 0.75),
            "bleu" => (scripts::BLEU, 0.5),
            _ => (scripts::GLEU, 0.5),
        };
        let takes_several = matches!(assertion.kind.as_str(), "bleu" | "gleu");
        let value = match value {
            value if takes_several => ("values", self.slot(json!(texts(value)?), None)),
            Value::Text(text, variable) => ("value", self.slot(json!(text), variable)),
            _ => return Err("it needs a text".to_owned()),
        };
        let constants = vec![("threshold", json!(threshold(assertion, otherwise)))];
        Ok(negate(assertion, script(body, Some(value), constants)))
    }

    /// How many words the answer has.
    pub(super) fn word_count(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
        let count = match value {
            Value::Text(text, _) => text.trim().parse().ok(),
            Value::Other(Json::Number(number)) => number.as_f64(),
            Value::Other(Json::Object(range)) => {
                let bound = |key: &str| range.get(key).map(Json::as_f64);
                let (min, max) = (bound("min"), bound("max"));
                let numbers = min != Some(None) && max != Some(None) && (min, max) != (None, None);
                let ordered = match (min.flatten(), max.flatten()) {
                    (Some(min), Some(max)) => min <= max,
                    _ => true,
                };
                if !(numbers && ordered) {
                    return Err("it needs `min`, `max` or both, in order".to_owned());
                }
                let value = self.slot(Json::Object(range), None);
                let shape = script(scripts::WORD_RANGE, Some(("range", value)), Vec::new());
                return Ok(negate(assertion, shape));
            }
            _ => None,
        };
        let count: f64 = count
            .filter(|count: &f64| count.is_finite())
            .ok_or("it needs a number")?;
        let value = self.slot(json!(count), None);
        let shape = script(scripts::WORD_COUNT, Some(("count", value)), Vec::new());
        Ok(negate(assertion, shape))
    }
}
