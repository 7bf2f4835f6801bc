//! Writes Jinja templates from texts and tags, so that a text is printed as it is, whatever it holds.

use serde_json::Value;

/// A template that is being written.
#[derive(Debug, Clone, Default)]
pub(super) struct Jinja {
    written: String,
    /// Text that is not written yet: what follows it decides how.
    text: String,
}

impl Jinja {
    /// Adds text.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a tag, or a piece of a template that begins and ends with one.
    pub(super) fn tag(&mut self, tag: &str) {
        if tag.is_empty() {
            return;
        }
        self.write_text();
        if self.written.ends_with('{') {
            // The brace and that of the tag would be read as one.
            self.written.pop();
            self.written.push_str("{{ \"{\" }}");
        }
        self.written.push_str(tag);
    }

    /// Puts tags before everything else.
    pub(super) fn begin_with(&mut self, tags: &str) {
        self.written.insert_str(0, tags);
    }

    /// Whether nothing but white space was added.
    pub(super) fn is_blank(&self) -> bool {
        self.written.is_empty() && self.text.trim().is_empty()
    }

    /// What was written, to stand between two tags.
    pub(super) fn between_tags(mut self) -> String {
        self.tag("{");
        self.written.pop();
        self.written
    }

    /// The whole template. The engine cuts one line break off its end, so that one is added where the
    /// text ends with one.
    pub(super) fn finish(mut self) -> String {
        let tail = if self.text.ends_with('\n') {
            "\n"
        } else if self.text.ends_with('\r') {
            "\r\n"
        } else {
            ""
        };
        self.write_text();
        self.written.push_str(tail);
        self.written
    }

    fn write_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        let mut rest = text.as_str();
        while let Some(at) = rest.find('{') {
            let (before, tail) = rest.split_at(at);
            self.written.push_str(before);
            let opening = tail
                .get(..2)
                .filter(|two| matches!(*two, "{{" | "{%" | "{#"));
            if let Some(opening) = opening {
                self.written.push_str("{{ \"");
                self.written.push_str(opening);
                self.written.push_str("\" }}");
            } else {
                self.written.push('{');
            }
            rest = &tail[opening.map_or(1, str::len)..];
        }
        self.written.push_str(rest);
    }
}

/// A text as it is written in an expression.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Words that no variable can be named.
const RESERVED: [&str; 24] = [
    "and", "as", "dict", "elif", "else", "endfor", "endif", "false", "False", "for", "if",
    "import", "in", "include", "is", "loop", "none", "None", "not", "or", "range", "self", "true",
    "True",
];

/// The name of a variable for a name of another tool: letters, digits and `_`, a letter first.
pub(super) fn variable_name(foreign: &str) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() {
            character
        } else {
            '_'
        }
    };
    let mut name: String = foreign.chars().map(plain).collect();
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name.insert_str(0, "v_");
    }
    if RESERVED.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// Whether a text can stand behind a dot as the name of a member.
pub(super) fn is_member_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::Environment;
    use proptest::prelude::*;

    fn rendered(template: &str) -> String {
        let engine = Environment::new();
        engine.render_str(template, ()).unwrap()
    }

    #[test]
    fn texts_that_look_like_tags_are_printed_as_they_are() {
        let mut jinja = Jinja::default();
        for piece in ["{", "{ a }} {% b %} {# c #} {{{", "{% if %}\n"] {
            jinja.text(piece);
        }
        jinja.tag("{{ 1 }}");
        jinja.text("}\r\n");
        let text = "{{ a }} {% b %} {# c #} {{{{% if %}\n1}\r\n";
        assert_eq!(rendered(&jinja.finish()), text);
    }

    #[test]
    fn names_become_those_that_a_template_can_use() {
        for (foreign, name) in [
            ("user", "user"),
            ("first-name", "first_name"),
            ("_id", "v__id"),
            ("4x", "v_4x"),
            ("in", "in_"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(variable_name(foreign), name);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_printed_as_it_is(texts in prop::collection::vec("[{}%#\\-\r\n\\\\\"a ]{0,6}", 0..5)) {
            let mut jinja = Jinja::default();
            let mut expected = String::new();
            for text in &texts {
                jinja.tag("{{ 1 }}");
                jinja.text(text);
                expected.push('1');
                expected.push_str(text);
            }
            prop_assert_eq!(rendered(&jinja.clone().finish()), expected.clone());
            let inside = format!("{{% if true %}}{}{{% endif %}}", jinja.between_tags());
            prop_assert_eq!(rendered(&inside), expected);
        }
    }
}
