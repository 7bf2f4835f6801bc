//! Assertions that ask a model.

use serde_json::json;

use super::super::fields::Assertion;
use super::super::shapes::Shape;
use super::{Mapping, Value, negate, texts, threshold};

/// The model that promptfoo 0.123 asks for a verdict where none is named.
const DEFAULT_JUDGE: &str = "openai:gpt-5.6-sol";

/// The model that it asks for embeddings.
const DEFAULT_EMBEDDING: &str = "openai:text-embedding-3-large";

impl Mapping<'_, '_> {
    fn model(&mut self, assertion: &Assertion, otherwise: &str) -> Result<String, String> {
        let named = assertion.provider.as_ref();
        let named = match named.map(|item| (item.text(), item.get("id"))) {
            None => self.grader.clone(),
            Some((Some(name), _)) => Some(name.to_owned()),
            Some((None, Some(id))) if id.text().is_some() => id.text().map(str::to_owned),
            Some(_) => return Err("its `provider` cannot be read".to_owned()),
        };
        let name = named.as_deref().unwrap_or(otherwise);
        let model = self.targets.grader(name);
        model.ok_or_else(|| format!("the provider `{name}`, which it asks, is not imported"))
    }

    /// A model that judges by a rubric.
    pub(super) fn judge(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let (rubric, variable) = match value {
            Value::Text(text, variable) if !text.is_empty() => (text, variable),
            _ => return Err("its rubric is no text".to_owned()),
        };
        let model = self.model(assertion, DEFAULT_JUDGE)?;
        let threshold = match assertion.threshold {
            Some(threshold) if !(0.0..=1.0).contains(&threshold) => {
                return Err("its threshold is not from 0 to 1".to_owned());
            }
            Some(threshold) => Some(threshold),
            None => self.scored.then_some(0.5),
        };
        let message =
            "the judge is asked in other words than promptfoo's, and may judge differently";
        self.reader
            .changed(assertion.spot.place(), "other-judge", message);
        let judge = Shape::Judge {
            model,
            threshold,
            rubric: self.slot(json!(rubric), variable),
        };
        Ok(negate(assertion, judge))
    }

    /// A meaning that is near enough.
    pub(super) fn similar(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let threshold = threshold(assertion, 0.75);
        if !(0.0..=1.0).contains(&threshold) {
            return Err("its threshold is not from 0 to 1".to_owned());
        }
        let (value, variable) = match value {
            Value::Text(text, variable) => (json!(text), variable),
            other => (json!(texts(other)?), None),
        };
        if value == "" || value == json!([]) {
            return Err("it needs a text".to_owned());
        }
        let model = self.model(assertion, DEFAULT_EMBEDDING)?;
        if !model.starts_with("openai") {
            return Err(format!("embeddings of `{model}` cannot be asked for"));
        }
        let near = Shape::Embedding {
            model,
            threshold,
            value: self.slot(value, variable),
        };
        Ok(negate(assertion, near))
    }
}
