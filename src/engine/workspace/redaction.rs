//! Reads `[redaction]` of `pointsman.toml`: what must not be kept of traces.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::redaction::{
    BuiltIn, ContentPart, Pattern, PseudonymColumn, Redaction, RedactionExample, Validator,
};

use super::decode::Decoder;
use super::document::{Entry, Node, Value};
use super::matchers::compile_pattern;

/// The words that stand for all parts of content, and for none.
const CONTENT_WORDS: [(&str, bool); 2] = [("keep", true), ("drop", false)];

/// The longest name of a pattern.
const LONGEST_NAME: usize = 40;

/// Reads the settings.
pub(super) fn redaction(decoder: &mut Decoder<'_>, node: &Node) -> Option<Redaction> {
    let mut fields = decoder.fields(node)?;
    let mut texts = |decoder: &mut Decoder<'_>, key| {
        let node = fields.optional(key)?;
        Some(decoder.texts(node))
    };
    let (keep, drop) = (texts(decoder, "keep"), texts(decoder, "drop"));
    let (keys, allow) = (texts(decoder, "keys"), texts(decoder, "allow"));
    let content = fields
        .optional("content")
        .map(|node| content(decoder, node));
    let off = fields
        .optional("off")
        .map(|node| words(decoder, node, &BuiltIn::ALL));
    let pseudonyms = fields
        .optional("pseudonyms")
        .map(|node| words(decoder, node, &PseudonymColumn::ALL));
    let key_env = fields
        .optional("key_env")
        .map(|node| decoder.variable(node));
    let patterns = fields
        .optional("patterns")
        .map(|node| patterns(decoder, node));
    let examples = fields
        .optional("examples")
        .map(|node| decoder.list_of(node, example));
    fields.finish(decoder);
    Some(Redaction {
        content: content.unwrap_or(Some(None))?,
        keep: match keep {
            Some(keep) => Some(keep?),
            None => None,
        },
        drop: drop.unwrap_or(Some(Vec::new()))?,
        off: off.unwrap_or(Some(BTreeSet::new()))?,
        patterns: patterns.unwrap_or(Some(BTreeMap::new()))?,
        keys: keys.unwrap_or(Some(Vec::new()))?,
        allow: allow.unwrap_or(Some(Vec::new()))?,
        pseudonyms: pseudonyms.unwrap_or(Some(BTreeSet::new()))?,
        key_env: match key_env {
            Some(key_env) => Some(key_env?),
            None => None,
        },
        examples: examples.unwrap_or(Some(Vec::new()))?,
    })
}

/// `keep`, `drop`, or a list of the parts that are kept.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it could be read, the inner one whether all is kept"
)]
fn content(decoder: &mut Decoder<'_>, node: &Node) -> Option<Option<BTreeSet<ContentPart>>> {
    if let Value::List(_) = node.value {
        return words(decoder, node, &ContentPart::ALL).map(Some);
    }
    let keep = decoder.word(node, &CONTENT_WORDS)?;
    Some((!keep).then(BTreeSet::new))
}

fn words<T: Copy + Ord>(
    decoder: &mut Decoder<'_>,
    node: &Node,
    known: &[(&'static str, T)],
) -> Option<BTreeSet<T>> {
    let words = decoder.list_of(node, |decoder, node| decoder.word(node, known))?;
    Some(words.into_iter().collect())
}

fn patterns(decoder: &mut Decoder<'_>, node: &Node) -> Option<BTreeMap<String, Pattern>> {
    let entries = decoder.entries(node)?;
    let patterns: Vec<Option<(String, Pattern)>> = entries
        .iter()
        .map(|entry| {
            let name = name(decoder, entry);
            let pattern = pattern(decoder, &entry.node);
            Some((name?, pattern?))
        })
        .collect();
    patterns.into_iter().collect()
}

/// The name of a pattern stands in what it leaves, so that it must not look like anything else.
fn name(decoder: &mut Decoder<'_>, entry: &Entry) -> Option<String> {
    let name = &entry.key;
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let reserved = BuiltIn::ALL.iter().any(|(known, _)| known == name)
        || PseudonymColumn::ALL.iter().any(|(known, _)| known == name);
    if !plain {
        let message = format!("`{name}` is not the name of a pattern");
        let help = "use lower-case letters, digits and hyphens, for example `customer-number`";
        decoder.error("invalid-name", entry.key_span, message, help);
    } else if reserved {
        let message = format!("`{name}` exists without being declared");
        decoder.error(
            "reserved-name",
            entry.key_span,
            message,
            "choose another name",
        );
    }
    (plain && !reserved).then(|| name.clone())
}

fn pattern(decoder: &mut Decoder<'_>, node: &Node) -> Option<Pattern> {
    let mut fields = decoder.fields(node)?;
    let regex = fields.required(decoder, "regex").and_then(|node| {
        let text = decoder.text(node)?;
        match compile_pattern(&text, false) {
            Ok(regex) if !regex.is_match("") => Some(text),
            Ok(_) => {
                let message = "this pattern matches where there is nothing";
                decoder.error(
                    "invalid-pattern",
                    node.span,
                    message,
                    "let it match something",
                );
                None
            }
            Err(error) => {
                let help = "write it as the Rust crate `regex` reads it";
                decoder.error("invalid-pattern", node.span, error, help);
                None
            }
        }
    });
    let validator = fields
        .optional("validator")
        .map(|node| decoder.word(node, &Validator::ALL));
    fields.finish(decoder);
    Some(Pattern {
        regex: regex?,
        validator: match validator {
            Some(validator) => Some(validator?),
            None => None,
        },
    })
}

fn example(decoder: &mut Decoder<'_>, node: &Node) -> Option<RedactionExample> {
    let mut fields = decoder.fields(node)?;
    let mut text = |key| {
        let node = fields.required(decoder, key)?;
        decoder.text(node)
    };
    let (before, after) = (text("text"), text("expect"));
    fields.finish(decoder);
    let place = decoder.place(node.span);
    Some(RedactionExample {
        text: before?,
        expect: after?,
        line: place.span.map_or(1, |span| span.line),
    })
}

#[cfg(test)]
mod tests {
    use super::super::document::Source;
    use super::super::project::read_project;
    use super::*;

    fn read(text: &str) -> Result<Redaction, Vec<String>> {
        let source = Source::new("pointsman.toml", text);
        let project = read_project(&source);
        project
            .map(|project| project.redaction)
            .map_err(|findings| findings.0.into_iter().map(|it| it.ident).collect())
    }

    #[test]
    fn every_setting_is_read() {
        let settings = read(
            r#"[redaction]
content = ["input", "output"]
keep = ["http.*"]
drop = "user.email"
off = ["phone"]
keys = ["customer_no"]
allow = ["*@example.com"]
pseudonyms = ["user"]
key_env = "TRACE_KEY"

[redaction.patterns.customer-number]
regex = 'C-\d{8}'
validator = "luhn"

[[redaction.examples]]
text = "C-12345674"
expect = "<customer-number>"
"#,
        )
        .unwrap();
        let kept = settings.content.unwrap();
        assert_eq!(
            kept,
            BTreeSet::from([ContentPart::Input, ContentPart::Output])
        );
        assert_eq!(settings.drop, ["user.email"]);
        assert_eq!(settings.key_env.as_deref(), Some("TRACE_KEY"));
        let pattern = &settings.patterns["customer-number"];
        assert_eq!(pattern.validator, Some(Validator::Luhn));
        assert_eq!(settings.examples[0].line, 15);
    }

    #[test]
    fn content_is_kept_unless_it_is_dropped() {
        assert_eq!(read("").unwrap().content, None);
        assert_eq!(read("redaction.content = \"keep\"").unwrap().content, None);
        let dropped = read("redaction.content = \"drop\"").unwrap();
        assert_eq!(dropped.content, Some(BTreeSet::new()));
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (text, ident) in [
            ("redaction.content = \"some\"", "unknown-word"),
            ("redaction.off = [\"e-mail\"]", "unknown-word"),
            ("redaction.key_env = \"s3cr3t key\"", "invalid-name"),
            ("redaction.contents = \"keep\"", "unknown-key"),
            ("redaction.patterns.Email.regex = 'a'", "invalid-name"),
            ("redaction.patterns.email.regex = 'a'", "reserved-name"),
            ("redaction.patterns.a.regex = '('", "invalid-pattern"),
            ("redaction.patterns.a.regex = 'a*'", "invalid-pattern"),
            ("redaction.patterns.a.validator = 'luhn'", "missing-key"),
        ] {
            assert_eq!(read(text).unwrap_err(), [ident], "{text}");
        }
    }
}
