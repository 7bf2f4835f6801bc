//! A text with what must not be kept replaced in it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::domain::redaction::{BuiltIn, Redaction, Validator};
use crate::domain::trace::embedded;
use crate::engine::workspace::matchers::compile_pattern;

use super::detect::{Detectors, Match, is_clean_word};
use super::keys::{any_name, names_a_secret, names_one_of, plain};
use super::pseudonym::{PseudonymKey, placeholder, placeholders};

/// How deep texts in JSON may hold texts in JSON before they are read as plain texts.
const MOST_NESTED: usize = 4;

/// What stands for JSON that may hold what must not be kept, and is more than is read.
const BEYOND_READING: &str = "beyond-reading";

/// How often a text is gone over again after something in it was replaced.
const MOST_PASSES: usize = 8;

/// How often each rule replaced something.
pub type Replaced = BTreeMap<String, u64>;

/// Replaces what must not be kept.
pub struct TextRedactor {
    detectors: Detectors,
    secrets: bool,
    own: Vec<Own>,
    keys: Vec<String>,
    allow: Vec<String>,
    key: Option<PseudonymKey>,
    placeholders: Regex,
}

/// A pattern of the workspace's own.
struct Own {
    name: String,
    regex: Regex,
    validator: Option<Validator>,
}

/// A match of any rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit<'r> {
    pub(super) start: usize,
    /// Counted from the end, so that of two that begin alike the longer one comes first.
    end_backwards: Reverse<usize>,
    pub(super) rule: &'r str,
}

impl Hit<'_> {
    pub(super) fn end(&self) -> usize {
        self.end_backwards.0
    }
}

impl TextRedactor {
    /// Redacts by the settings.
    pub fn new(settings: &Redaction, key: Option<PseudonymKey>) -> Self {
        let own = settings.patterns.iter().map(|(name, pattern)| Own {
            name: name.clone(),
            regex: compile_pattern(&pattern.regex, false)
                .expect("it was compiled when it was read"),
            validator: pattern.validator,
        });
        Self {
            detectors: Detectors::without(&settings.off),
            secrets: !settings.off.contains(&BuiltIn::Secret),
            own: own.collect(),
            keys: settings.keys.iter().map(|name| plain(name)).collect(),
            allow: settings.allow.clone(),
            key,
            placeholders: placeholders(),
        }
    }

    /// Whether what stands under a name must not be kept.
    pub fn is_secret_name(&self, name: &str) -> bool {
        self.secrets && (names_a_secret(name) || names_one_of(name, &self.keys))
    }

    /// Replaces a value that must not be kept as a whole.
    pub fn replace_whole(&self, rule: &str, value: &mut String, replaced: &mut Replaced) {
        let done = self.placeholders.find(value);
        if value.is_empty() || done.is_some_and(|it| it.len() == value.len()) {
            return;
        }
        *value = placeholder(self.key.as_ref(), rule, value);
        count(replaced, rule);
    }

    /// Replaces what must not be kept in a text. In JSON, the texts in it are gone over one by one, and
    /// what is left is JSON.
    pub fn redact(&self, text: &mut String, replaced: &mut Replaced) {
        // Most texts are a word or an id.
        if !(self.own.is_empty() && is_clean_word(text)) {
            self.redact_nested(text, replaced, 0);
        }
    }

    fn redact_nested(&self, text: &mut String, replaced: &mut Replaced, depth: usize) {
        let is_json = depth < MOST_NESTED && text.trim_start().starts_with(['{', '[', '"']);
        if is_json {
            if !self.json_may_match(text) {
                return;
            }
            if let Ok(mut json) = embedded::read::<Json>(text) {
                let before = replaced.values().sum::<u64>();
                self.redact_json(&mut json, replaced, depth + 1);
                if replaced.values().sum::<u64>() > before {
                    *text = json.to_string();
                }
                return;
            }
            if embedded::is_beyond_reading(text) {
                self.replace_whole(BEYOND_READING, text, replaced);
                return;
            }
        }
        for _ in 0..MOST_PASSES {
            match self.replaced(text, replaced) {
                Some(next) => *text = next,
                None => return,
            }
        }
    }

    /// Whether reading a text in JSON may be worth it. An escaped character may be any.
    pub(super) fn json_may_match(&self, text: &str) -> bool {
        self.detectors.may_match(text)
            || text.contains("\\u")
            || any_name(text, |name| self.is_secret_name(name))
            || self.own.iter().any(|own| own.regex.is_match(text))
            || (!self.own.is_empty() && text.contains('\\'))
    }

    fn redact_json(&self, json: &mut Json, replaced: &mut Replaced, depth: usize) {
        match json {
            Json::String(text) => self.redact_nested(text, replaced, depth),
            Json::Number(number) => {
                let mut text = number.to_string();
                if text.len() >= 8 {
                    let before = replaced.values().sum::<u64>();
                    self.redact_nested(&mut text, replaced, MOST_NESTED);
                    if replaced.values().sum::<u64>() > before {
                        *json = Json::String(text);
                    }
                }
            }
            Json::Array(items) => {
                for item in items {
                    self.redact_json(item, replaced, depth);
                }
            }
            Json::Object(entries) => self.redact_object(entries, replaced, depth),
            Json::Null | Json::Bool(_) => {}
        }
    }

    fn redact_object(
        &self,
        entries: &mut Map<String, Json>,
        replaced: &mut Replaced,
        depth: usize,
    ) {
        let before = std::mem::take(entries);
        for (mut name, mut value) in before {
            if self.is_secret_name(&name) {
                self.replace_leaves(&mut value, replaced);
            } else {
                self.redact_json(&mut value, replaced, depth);
            }
            self.redact_nested(&mut name, replaced, MOST_NESTED);
            entries.insert(name, value);
        }
    }

    /// Replaces every text and number in what stands under the name of a secret.
    fn replace_leaves(&self, value: &mut Json, replaced: &mut Replaced) {
        match value {
            Json::String(text) => self.replace_whole(BuiltIn::Secret.name(), text, replaced),
            Json::Number(number) => {
                let mut text = number.to_string();
                self.replace_whole(BuiltIn::Secret.name(), &mut text, replaced);
                *value = Json::String(text);
            }
            Json::Array(items) => {
                for item in items {
                    self.replace_leaves(item, replaced);
                }
            }
            Json::Object(entries) => {
                for (_, value) in entries.iter_mut() {
                    self.replace_leaves(value, replaced);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// The text with all hits replaced; `None`: there are none.
    fn replaced(&self, text: &str, replaced: &mut Replaced) -> Option<String> {
        let hits = self.hits(text);
        if hits.is_empty() {
            return None;
        }
        let mut next = String::with_capacity(text.len());
        let mut from = 0;
        for hit in hits {
            next.push_str(&text[from..hit.start]);
            let value = &text[hit.start..hit.end()];
            next.push_str(&placeholder(self.key.as_ref(), hit.rule, value));
            count(replaced, hit.rule);
            from = hit.end();
        }
        next.push_str(&text[from..]);
        Some(next)
    }

    /// The hits in a text, in its order, none of which overlap. What was replaced before is no part of
    /// any.
    pub(super) fn hits<'r>(&'r self, text: &str) -> Vec<Hit<'r>> {
        let mut hits = Vec::new();
        if !self.detectors.may_match(text) && self.own.is_empty() {
            return hits;
        }
        let mut from = 0;
        if text.contains('<') {
            for done in self.placeholders.find_iter(text) {
                self.hits_between(text, from, done.start(), &mut hits);
                from = done.end();
            }
        }
        self.hits_between(text, from, text.len(), &mut hits);
        hits
    }

    fn hits_between<'r>(&'r self, text: &str, from: usize, until: usize, hits: &mut Vec<Hit<'r>>) {
        let piece = &text[from..until];
        let mut built_in = Vec::new();
        self.detectors.find(piece, &mut built_in);
        let built_in = built_in.into_iter().map(|it: Match| Hit {
            start: from + it.start,
            end_backwards: Reverse(from + it.end),
            rule: it.pattern.name(),
        });
        let own = self.own.iter().flat_map(|own| {
            let matches = own.regex.find_iter(piece);
            let valid = matches.filter(|it| {
                let passes = own.validator.is_none_or(|by| by.passes(it.as_str()));
                passes && !it.is_empty()
            });
            valid.map(|it| Hit {
                start: from + it.start(),
                end_backwards: Reverse(from + it.end()),
                rule: own.name.as_str(),
            })
        });
        let mut found: Vec<Hit<'_>> = built_in.chain(own).collect();
        found.retain(|hit| !self.is_allowed(&text[hit.start..hit.end()]));
        found.sort_unstable();
        let mut taken = from;
        for hit in found {
            if hit.start >= taken {
                taken = hit.end();
                hits.push(hit);
            }
        }
    }

    fn is_allowed(&self, value: &str) -> bool {
        self.allow.iter().any(|allowed| fits(allowed, value))
    }
}

/// Whether a text is another, or begins or ends with it where that has a `*`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) if pattern.len() > 1 => text.contains(&pattern[1..pattern.len() - 1]),
        (Some(end), _) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

fn count(replaced: &mut Replaced, rule: &str) {
    match replaced.get_mut(rule) {
        Some(count) => *count += 1,
        None => {
            replaced.insert(rule.to_owned(), 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::redaction::Pattern;

    use super::*;

    fn redactor() -> TextRedactor {
        let pattern = Pattern {
            regex: r"C-\d{4,}|name: .*".to_owned(),
            validator: None,
        };
        let settings = Redaction {
            patterns: BTreeMap::from([("customer".to_owned(), pattern)]),
            keys: vec!["ticket_owner".to_owned()],
            allow: vec!["*@example.org".to_owned()],
            ..Redaction::default()
        };
        TextRedactor::new(&settings, None)
    }

    fn redacted(text: &str) -> String {
        let mut text = text.to_owned();
        redactor().redact(&mut text, &mut Replaced::new());
        text
    }

    #[test]
    fn json_that_is_too_much_to_be_read_is_not_kept_where_it_may_hold_a_secret() {
        let secret = r#"{"password":"hunter2"}"#;
        let deep = format!("{}{secret}{}", "[".repeat(200), "]".repeat(200));
        let many = format!("[{}{secret}]", "[],".repeat(embedded::MOST_VALUES));
        for text in [&deep, &many] {
            assert!(redacted(text) == "<beyond-reading>", "{text:.80}");
            let harmless = text.replace("password", "greeting");
            assert!(redacted(&harmless) == harmless, "{harmless:.80}");
        }
    }

    #[test]
    fn what_a_rule_finds_is_replaced_by_its_name() {
        for (text, left) in [
            ("Write to kim@example.com!", "Write to <email>!"),
            (
                "Card 4111 1111 1111 1111, C-12345",
                "Card <card>, <customer>",
            ),
            ("kim@example.org stays", "kim@example.org stays"),
            (
                "postgres://kim:s3cret@db/x",
                "postgres://kim:<url-secret>@db/x",
            ),
            ("name: kim@example.com", "<customer>"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(redacted(text), left);
        }
    }

    #[test]
    fn json_stays_json_whatever_is_escaped_in_it() {
        for (text, left) in [
            (
                r#"{"to":"a\nkim@example.com\nb"}"#,
                r#"{"to":"a\n<email>\nb"}"#,
            ),
            (r#"{"to":"kim\u0040example.com"}"#, r#"{"to":"<email>"}"#),
            (
                r#"["4111111111111111",4111111111111111]"#,
                r#"["<card>","<card>"]"#,
            ),
            (
                r#"{"password":"hunter2","max_tokens":5,"Ticket-Owner":["Kim",{"age":7}]}"#,
                r#"{"password":"<secret>","max_tokens":5,"Ticket-Owner":["<secret>",{"age":"<secret>"}]}"#,
            ),
            (
                r#"{"arguments":"{\"api_key\": \"abc\"}"}"#,
                r#"{"arguments":"{\"api_key\":\"<secret>\"}"}"#,
            ),
            (r#"{"kim@example.com": 1}"#, r#"{"<email>":1}"#),
            (r#"{ "spaces" :  "stay" }"#, r#"{ "spaces" :  "stay" }"#),
        ] {
            assert_eq!(redacted(text), left);
        }
    }

    #[test]
    fn what_looks_like_json_and_is_none_is_gone_over_as_text() {
        assert_eq!(redacted("{kim@example.com"), "{<email>");
        assert_eq!(redacted("[see] kim@example.com"), "[see] <email>");
    }

    #[test]
    fn a_key_makes_equal_values_equal_and_their_pseudonyms_stay() {
        let key = PseudonymKey::new("0123456789abcdef").unwrap();
        let redactor = TextRedactor::new(&Redaction::default(), Some(key));
        let mut text = "kim@example.com, lee@example.com, kim@example.com".to_owned();
        let mut replaced = Replaced::new();
        redactor.redact(&mut text, &mut replaced);
        let parts: Vec<&str> = text.split(", ").collect();
        assert_eq!(parts[0], parts[2]);
        assert_ne!(parts[0], parts[1]);
        assert_eq!(replaced["email"], 3);
        let before = text.clone();
        redactor.redact(&mut text, &mut replaced);
        assert_eq!((text, replaced["email"]), (before, 3));
    }

    /// Texts in which secrets, their surroundings and what is left of them stand together.
    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "kim@example.com",
                "4111 1111 1111 1111",
                "4111111111111111",
                "+49 30 901820",
                "DE89370400440532013000",
                "C-1234",
                "name: ",
                "<email>",
                "<card:0123456789ab>",
                "sk-abcdefghijklmnopqrstu",
                "Bearer abcdefghijklmnopqrs",
                "eyJhbGciOiJI",
                "://a:b@",
                "?token=x",
                "\\",
                "\"",
                "{",
                "}",
                "[",
                "]",
                ":",
                ",",
                "password",
                "<",
                ">",
                "-",
                "+",
                " ",
                "1",
                "555-234-5678",
                "123-45-6789",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn redacting_twice_is_redacting_once(text in any_text()) {
            let once = redacted(&text);
            prop_assert_eq!(redacted(&once), once);
        }

        #[test]
        fn json_stays_json(texts in prop::collection::vec(any_text(), 0..4)) {
            let json = Json::from(texts.clone()).to_string();
            let left: Vec<String> = serde_json::from_str(&redacted(&json)).unwrap();
            let each: Vec<String> = texts.iter().map(|text| redacted(text)).collect();
            prop_assert_eq!(left, each);
        }
    }
}
