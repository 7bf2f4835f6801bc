//! The variables of a prompt: read where they are declared, and taken from the templates where a file
//! of GitHub's has no `variables`.

use indexmap::IndexMap;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use crate::domain::prompt::{Message, Template, Variable, VariableKind};

use super::decode::Decoder;
use super::document::{Entry, Node};
use super::template::span_in_file;

/// Reads the variables that a file declares.
pub(super) fn variables(
    decoder: &mut Decoder<'_>,
    node: &Node,
) -> Option<IndexMap<String, Variable>> {
    let mut variables = IndexMap::new();
    for entry in decoder.entries(node)? {
        if !is_variable_name(&entry.key) {
            decoder.error(
                "invalid-name",
                entry.key_span,
                format!("`{}` is not a variable name", entry.key),
                "use ASCII letters, digits and `_`, and start with a letter",
            );
        }
        if let Some(variable) = variable(decoder, entry) {
            variables.insert(entry.key.clone(), variable);
        }
    }
    Some(variables)
}

/// Whether a text may name a variable.
pub(super) fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn variable(decoder: &mut Decoder<'_>, entry: &Entry) -> Option<Variable> {
    let mut fields = decoder.fields(&entry.node)?;
    let kind = match fields.optional("type") {
        Some(node) => decoder.word(node, &VariableKind::ALL)?,
        None => VariableKind::String,
    };
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let default = fields.optional("default");
    fields.finish(decoder);
    if let (Some(default), Some(_)) = (default, kind.media()) {
        decoder.error(
            "media-default",
            default.span,
            "a file has no default",
            "show a file of the prompt as a part with `path` instead of `variable`",
        );
    } else if let Some(default) = default
        && !kind.accepts(&default.to_json())
    {
        let message = format!(
            "the default is {}, but the type is {}",
            default.value.kind(),
            kind.name()
        );
        decoder.error("wrong-type", default.span, message, "make the two agree");
    }
    Some(Variable {
        kind,
        description,
        default: default.map(Node::to_json),
        span: entry.key_span,
    })
}

/// The variables that plain templates print, each a text that must be given. Templates are plain
/// where they hold `{{ name }}` and no other tag. One that does more can want a list or a number, so that its
/// variables have to be declared: then there are none here.
pub(super) fn derived(messages: &[Message]) -> IndexMap<String, Variable> {
    let mut variables = IndexMap::new();
    for message in messages {
        for (_, template) in message.content.templates() {
            let Some(names) = printed(template) else {
                return IndexMap::new();
            };
            for (name, variable) in names {
                variables.entry(name).or_insert(variable);
            }
        }
    }
    variables
}

/// The names that a template prints; `None` where it does anything else.
fn printed(template: &Template) -> Option<Vec<(String, Variable)>> {
    let mut names = Vec::new();
    let mut tokens = tokenize(&template.text, false, SyntaxConfig::default());
    while let Some(token) = tokens.next() {
        match token.ok()? {
            (Token::TemplateData(_), _) => {}
            (Token::VariableStart, _) => {
                let (Token::Ident(name), at) = tokens.next()?.ok()? else {
                    return None;
                };
                let (Token::VariableEnd, _) = tokens.next()?.ok()? else {
                    return None;
                };
                let range = at.start_offset as usize..at.end_offset as usize;
                let variable = Variable {
                    span: span_in_file(template, range),
                    ..Variable::default()
                };
                names.push((name.to_owned(), variable));
            }
            _ => return None,
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Content;
    use crate::domain::finding::Span;
    use crate::domain::prompt::Role;

    fn names(texts: &[&str]) -> Vec<String> {
        let message = |text: &&str| Message {
            role: Role::User,
            content: Content::Text(Template {
                text: (*text).to_owned(),
                span: Span::default(),
            }),
        };
        let messages: Vec<Message> = texts.iter().map(message).collect();
        derived(&messages).into_keys().collect()
    }

    #[test]
    fn plain_templates_need_the_texts_that_they_print() {
        assert_eq!(names(&["{{a}} and {{ b }}", "{{a}}{{c}}"]), ["a", "b", "c"]);
        assert!(names(&["no variable"]).is_empty());
    }

    #[test]
    fn a_template_that_does_more_takes_no_variable_for_granted() {
        for text in [
            "{% for x in xs %}{{ x }}{% endfor %}",
            "{{ a | upper }}",
            "{{ a.b }}",
            "{{ a + b }}",
            "{{ a",
            "{% include \"_partials/x.md\" %}",
        ] {
            assert!(names(&["{{ plain }}", text]).is_empty(), "{text}");
        }
    }
}
