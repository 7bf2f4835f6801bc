//! What must not be shown: keys are cut out of everything that comes back.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::run::Answer;

/// The shortest key that is cut out of texts: a shorter one stands in too many words.
const SHORTEST_SECRET: usize = 6;

/// Texts that must not be shown.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// These texts, but for those that are too short to be secret.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let long = |secret: &String| secret.len() >= SHORTEST_SECRET;
        Self(secrets.into_iter().filter(long).collect())
    }

    /// The text without the secrets.
    pub(super) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.0 {
            if clean.contains(secret.as_str()) {
                clean = Cow::Owned(clean.replace(secret.as_str(), "[key removed]"));
            }
        }
        clean
    }

    /// Cuts the secrets out of an answer.
    pub(super) fn scrub_answer(&self, answer: &mut Answer) {
        self.scrub_text(&mut answer.output);
        if let Some(reason) = &mut answer.finish_reason {
            self.scrub_text(reason);
        }
        for call in &mut answer.tool_calls {
            self.scrub_value(call);
        }
    }

    fn scrub_text(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.scrub(text) {
            *text = clean;
        }
    }

    fn scrub_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.scrub_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(map) => {
                for (key, mut item) in std::mem::take(map) {
                    self.scrub_value(&mut item);
                    map.insert(self.scrub(&key).into_owned(), item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_cut_out_wherever_it_stands() {
        let secrets = Secrets::new(["sk-canary".to_owned(), "no".to_owned()]);
        let mut answer = Answer {
            output: "no: sk-canary".to_owned(),
            tool_calls: vec![json!({"sk-canary": ["x sk-canary y"]})],
            finish_reason: Some("sk-canary".to_owned()),
            ..Answer::default()
        };
        secrets.scrub_answer(&mut answer);
        assert!(!format!("{answer:?}").contains("sk-canary"), "{answer:?}");
        assert_eq!(answer.output, "no: [key removed]");
    }
}
