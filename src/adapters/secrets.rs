//! What must not be shown: keys are cut out of everything that comes back, and of what is kept of it.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::project::{Project, ProviderSettings};
use crate::domain::run::Answer;

/// The shortest key that is cut out of texts: a shorter one stands in too many words.
const SHORTEST_SECRET: usize = 6;

/// What stands in the place of a secret.
const REMOVED: &str = "[key removed]";

/// Texts that must not be shown.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The keys of all providers of a workspace, as far as the environment has them.
    pub fn keys(project: &Project, environment: impl Fn(&str) -> Option<String>) -> Self {
        let providers = project.providers.values();
        let variables = providers.filter_map(|settings| match settings {
            ProviderSettings::Server(settings) => settings.key_env.as_deref(),
            ProviderSettings::Program(_) => None,
        });
        Self::new(variables.filter_map(environment))
    }

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
                clean = Cow::Owned(clean.replace(secret.as_str(), REMOVED));
            }
        }
        clean
    }

    /// An error without the secrets. What it repeats of a server may have been cut off within one of them.
    pub(super) fn scrub_error(&self, text: &str) -> String {
        let mut clean = self.scrub(text).into_owned();
        if !clean.contains('…') {
            return clean;
        }
        for secret in &self.0 {
            let cuts = secret.char_indices().rev().map(|(end, _)| end);
            for end in cuts.take_while(|end| *end >= SHORTEST_SECRET) {
                let cut = format!("{}…", &secret[..end]);
                clean = clean.replace(&cut, &format!("{REMOVED}…"));
            }
        }
        clean
    }

    /// A text of JSON without the secrets, however it escapes them.
    pub(super) fn scrub_json<'t>(&self, json: &'t str) -> Cow<'t, str> {
        let mut clean = self.scrub(json);
        for secret in &self.0 {
            let escaped = Value::from(secret.as_str()).to_string();
            let escaped = escaped.trim_matches('"');
            if escaped != secret && clean.contains(escaped) {
                clean = Cow::Owned(clean.replace(escaped, REMOVED));
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
    fn of_a_secret_that_an_error_was_cut_off_in_nothing_is_left() {
        let secrets = Secrets::new(["sk-canary-é-1".to_owned()]);
        let scrubbed = |text| secrets.scrub_error(text);
        assert_eq!(scrubbed("401: sk-cana… (x)"), "401: [key removed]… (x)");
        assert_eq!(scrubbed("sk-canary-é…"), "[key removed]…");
        assert_eq!(scrubbed("sk-canary-é-1…"), "[key removed]…");
        assert_eq!(scrubbed("ask…"), "ask…");
    }

    #[test]
    fn a_secret_is_cut_out_of_json_as_json_spells_it() {
        let secrets = Secrets::new(["sk-\"canary\\1".to_owned()]);
        let json = json!({"ticket": "is sk-\"canary\\1 right?"}).to_string();
        assert_eq!(
            secrets.scrub_json(&json),
            "{\"ticket\":\"is [key removed] right?\"}"
        );
    }

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
