//! What a pull request changes about redaction: what was taken out of traces, and would be kept.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::domain::finding::Finding;
use crate::domain::project::PROJECT_FILE;
use crate::domain::redaction::{BuiltIn, ContentPart, PseudonymColumn, Redaction};
use crate::engine::diff::Effect;

use super::{against, proposed_only};

/// What speaks against the pull request, and what takes out more than before.
pub(super) fn redaction(before: &Redaction, after: &Redaction) -> Vec<Finding> {
    let mut changes = Changes::default();
    changes.built_in_patterns(before, after);
    changes.own_patterns(before, after);
    changes.content(before, after);
    changes.attributes(before, after);
    let listed = |list: &[String]| list.iter().cloned().collect();
    let lists = [
        ("keys", &before.keys, &after.keys, Effect::Stronger),
        ("drop", &before.drop, &after.drop, Effect::Stronger),
        ("allow", &before.allow, &after.allow, Effect::Weaker),
    ];
    for (key, before, after, longer) in lists {
        changes.list(key, &listed(before), &listed(after), longer);
    }
    let named = |columns: &BTreeSet<PseudonymColumn>| {
        let names = columns.iter().map(|column| column.name().to_owned());
        names.collect::<BTreeSet<String>>()
    };
    let (before_names, after_names) = (named(&before.pseudonyms), named(&after.pseudonyms));
    changes.list("pseudonyms", &before_names, &after_names, Effect::Stronger);
    if before.key_env != after.key_env {
        let message = "pseudonyms are made with another key, or with none";
        changes.add(Effect::Different, message);
    }
    changes.0
}

#[derive(Default)]
struct Changes(Vec<Finding>);

impl Changes {
    fn add(&mut self, effect: Effect, what: impl Display) {
        let message = format!("redaction: {what} ({})", effect.name());
        self.0.push(match effect {
            Effect::Stronger => proposed_only(PROJECT_FILE, message),
            Effect::Weaker | Effect::Different => against("gate-redaction", PROJECT_FILE, message),
        });
    }

    /// A list of which every entry has the same effect, and its absence the opposite one.
    fn list(
        &mut self,
        key: &str,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
        longer: Effect,
    ) {
        for gone in before.difference(after) {
            let message = format!("`{key}` does not name `{gone}` any more");
            self.add(opposite(longer), message);
        }
        for new in after.difference(before) {
            self.add(longer, format!("`{key}` names `{new}`"));
        }
    }

    fn built_in_patterns(&mut self, before: &Redaction, after: &Redaction) {
        for (name, pattern) in BuiltIn::ALL {
            match (before.off.contains(&pattern), after.off.contains(&pattern)) {
                (false, true) => {
                    let message = format!("the built-in pattern `{name}` is not applied any more");
                    self.add(Effect::Weaker, message);
                }
                (true, false) => {
                    let message = format!("the built-in pattern `{name}` is applied");
                    self.add(Effect::Stronger, message);
                }
                _ => {}
            }
        }
    }

    fn own_patterns(&mut self, before: &Redaction, after: &Redaction) {
        for (name, pattern) in &before.patterns {
            match after.patterns.get(name) {
                None => self.add(Effect::Weaker, format!("the pattern `{name}` is removed")),
                Some(other) if other != pattern => {
                    self.add(
                        Effect::Different,
                        format!("the pattern `{name}` is another"),
                    );
                }
                Some(_) => {}
            }
        }
        for name in after
            .patterns
            .keys()
            .filter(|it| !before.patterns.contains_key(*it))
        {
            self.add(Effect::Stronger, format!("the pattern `{name}` is new"));
        }
    }

    fn content(&mut self, before: &Redaction, after: &Redaction) {
        for (name, part) in ContentPart::ALL {
            let keeps = |rules: &Redaction| {
                let kept = rules.content.as_ref();
                kept.is_none_or(|kept| kept.contains(&part))
            };
            match (keeps(before), keeps(after)) {
                (false, true) => self.add(Effect::Weaker, format!("`content` keeps `{name}`")),
                (true, false) => {
                    let message = format!("`content` does not keep `{name}` any more");
                    self.add(Effect::Stronger, message);
                }
                _ => {}
            }
        }
    }

    /// Without `keep`, every attribute is kept.
    fn attributes(&mut self, before: &Redaction, after: &Redaction) {
        match (&before.keep, &after.keep) {
            (None, None) => {}
            (Some(_), None) => self.add(Effect::Weaker, "`keep` is gone: every attribute is kept"),
            (None, Some(_)) => self.add(Effect::Stronger, "`keep` says which attributes are kept"),
            (Some(before), Some(after)) => {
                let listed = |list: &[String]| list.iter().cloned().collect();
                self.list("keep", &listed(before), &listed(after), Effect::Weaker);
            }
        }
    }
}

fn opposite(effect: Effect) -> Effect {
    match effect {
        Effect::Stronger => Effect::Weaker,
        Effect::Weaker => Effect::Stronger,
        Effect::Different => Effect::Different,
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::workspace::document::Source;
    use crate::engine::workspace::project::read_project;

    use super::*;

    /// What is told of a change, each with whether it speaks against the pull request.
    fn told(before: &str, after: &str) -> Vec<(bool, String)> {
        let read = |text: &str| {
            let text = format!("[redaction]\n{text}\n");
            read_project(&Source::new(PROJECT_FILE, text))
                .unwrap()
                .redaction
        };
        let found = redaction(&read(before), &read(after));
        let told = found.into_iter().map(|it| (it.is_error(), it.message));
        told.collect()
    }

    #[test]
    fn what_would_be_kept_that_was_taken_out_is_weaker_and_the_reverse_stronger() {
        for (strict, lax, what) in [
            ("", "off = [\"email\"]", "`email`"),
            ("patterns.a.regex = 'x'", "", "the pattern `a`"),
            ("content = \"drop\"", "content = [\"input\"]", "`input`"),
            (
                "content = [\"input\"]",
                "content = [\"input\", \"tools\"]",
                "`tools`",
            ),
            ("keep = [\"http.*\"]", "", "`keep`"),
            ("keep = [\"a\"]", "keep = [\"a\", \"b\"]", "`b`"),
            ("drop = [\"a\"]", "", "`a`"),
            ("keys = [\"a\"]", "", "`a`"),
            ("", "allow = [\"*@example.com\"]", "`*@example.com`"),
            ("pseudonyms = [\"user\"]", "", "`user`"),
        ] {
            let weaker = told(strict, lax);
            let [(true, message)] = weaker.as_slice() else {
                panic!("{strict} → {lax}: {weaker:?}");
            };
            assert!(
                message.contains(what) && message.ends_with("(weaker)"),
                "{message}"
            );
            let stronger = told(lax, strict);
            let [(false, message)] = stronger.as_slice() else {
                panic!("{lax} → {strict}: {stronger:?}");
            };
            assert!(
                message.contains(what) && message.ends_with("(stronger)"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_cannot_be_compared_speaks_against_it_and_examples_change_nothing() {
        for (one, other) in [
            ("patterns.a.regex = 'x'", "patterns.a.regex = 'y'"),
            ("key_env = \"ONE\"", "key_env = \"OTHER\""),
            ("key_env = \"ONE\"", ""),
        ] {
            let told = told(one, other);
            assert!(
                matches!(told.as_slice(), [(true, message)] if message.ends_with("(different)"))
            );
        }
        let examples = "examples = [{ text = \"a\", expect = \"a\" }]";
        assert_eq!(told("", examples), []);
    }
}
