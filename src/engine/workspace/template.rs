//! What a template says about itself before it is rendered: its syntax, and what it includes.

use std::collections::BTreeMap;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;

use crate::domain::finding::{Finding, Span};
use crate::domain::prompt::Template;

use super::document::{Source, saturate};
use super::media::is_plain_path;
use super::renderer::engine;

/// Where includes may live.
pub const PARTIALS_FOLDER: &str = "prompts/_partials";

/// An include of another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The name as it is written, relative to `prompts/`.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// The includes of a template. Other ways to reach a file, and names that are computed, are
/// findings: what a prompt is made of must be known without rendering it.
pub fn includes(source: &Source, template: &Template) -> Result<Vec<Include>, Vec<Finding>> {
    let mut includes = Vec::new();
    let mut findings = Vec::new();
    let tokens: Vec<_> = tokenize(&template.text, false, SyntaxConfig::default())
        .map_while(Result::ok)
        .collect();
    for (index, (token, _)) in tokens.iter().enumerate() {
        let (Token::BlockStart, Some((Token::Ident(word), at))) = (token, tokens.get(index + 1))
        else {
            continue;
        };
        let span = span_in_file(template, at.start_offset as usize..at.end_offset as usize);
        match *word {
            "include" => match (tokens.get(index + 2), tokens.get(index + 3)) {
                (Some((Token::Str(name), at)), Some((Token::BlockEnd, _))) => {
                    let range = at.start_offset as usize..at.end_offset as usize;
                    includes.push(Include {
                        name: (*name).to_owned(),
                        span: span_in_file(template, range),
                    });
                }
                _ => findings.push(
                    Finding::error(
                        "dynamic-include",
                        source.place(span),
                        "an include must name its file",
                    )
                    .with_help(
                        "write `{% include \"_partials/name.md\" %}` and nothing else in the tag",
                    ),
                ),
            },
            "extends" | "import" | "from" | "macro" | "call" => findings.push(
                Finding::error(
                    "unsupported-tag",
                    source.place(span),
                    format!("`{word}` is not available in prompts"),
                )
                .with_help("use `{% include \"_partials/name.md\" %}` to share text"),
            ),
            _ => {}
        }
    }
    if findings.is_empty() {
        Ok(includes)
    } else {
        Err(findings)
    }
}

/// Where a variable is first named in a template.
pub fn find_name(template: &Template, name: &str) -> Span {
    tokenize(&template.text, false, SyntaxConfig::default())
        .map_while(Result::ok)
        .find(|(token, _)| matches!(token, Token::Ident(word) if *word == name))
        .map_or(template.span, |(_, at)| {
            span_in_file(template, at.start_offset as usize..at.end_offset as usize)
        })
}

/// The place in the file of a range of bytes of the template.
pub fn span_in_file(template: &Template, range: std::ops::Range<usize>) -> Span {
    let own = Source::new("", template.text.as_str()).span_of_bytes(range);
    Span {
        line: template.span.line + own.line - 1,
        column: template.span.column + own.column - 1,
        length: own.length,
    }
}

/// A finding for what the template engine says about a template.
pub fn engine_finding(source: &Source, template: &Template, error: &minijinja::Error) -> Finding {
    let span = match (error.range(), error.line()) {
        (Some(range), _) => span_in_file(template, range),
        (None, Some(line)) => Span {
            line: template.span.line + saturate(line) - 1,
            ..template.span
        },
        (None, None) => template.span,
    };
    Finding::error(
        "invalid-template",
        source.place(span),
        engine_message(error),
    )
}

/// What the template engine says, in one line.
pub fn engine_message(error: &minijinja::Error) -> String {
    let kind = error.kind().to_string();
    match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind,
    }
}

/// Whether templates can use this filter.
pub fn is_filter(name: &str) -> bool {
    holds("name is filter", name)
}

/// Whether templates can ask this test, as in `x is defined`.
pub fn is_test(name: &str) -> bool {
    holds("name is test", name)
}

fn holds(question: &str, name: &str) -> bool {
    let engine = engine();
    let asked = engine.compile_expression(question);
    let values = Serde(BTreeMap::from([("name", name)]));
    let answer = asked.and_then(|asked| asked.eval(values));
    answer.is_ok_and(|answer| answer.is_true())
}

/// The path of an include in the workspace, if the name is one that may be read: below
/// `prompts/_partials/`, in plain segments.
pub fn include_path(name: &str) -> Option<String> {
    let below = name.strip_prefix("_partials/")?;
    is_plain_path(below).then(|| format!("{PARTIALS_FOLDER}/{below}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template {
            text: text.to_owned(),
            span: Span {
                line: 10,
                column: 7,
                length: 1,
            },
        }
    }

    fn found(text: &str) -> Result<Vec<Include>, Vec<Finding>> {
        includes(&Source::new("a.yml", ""), &template(text))
    }

    #[test]
    fn includes_are_found_where_they_stand_and_not_in_comments_or_raw_text() {
        let includes = found("a\n {%- include \"_partials/x.md\" -%}{# {% include 'y' %} #}{% raw %}{% include 'z' %}{% endraw %}").unwrap();
        assert_eq!(includes.len(), 1);
        assert_eq!(includes[0].name, "_partials/x.md");
        assert_eq!((includes[0].span.line, includes[0].span.column), (11, 20));
    }

    #[test]
    fn computed_includes_and_other_ways_to_reach_files_are_findings() {
        for text in [
            "{% include name %}",
            "{% include ['a', 'b'] %}",
            "{% include 'a' ignore missing %}",
            "{% extends 'a' %}",
            "{% import 'a' as b %}",
            "{% from 'a' import b %}",
        ] {
            assert!(found(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_paths_below_the_partials_are_read() {
        assert_eq!(
            include_path("_partials/a/tone.md").as_deref(),
            Some("prompts/_partials/a/tone.md")
        );
        for name in [
            "tone.md",
            "_partials/../x",
            "_partials/",
            "_partials//a",
            "/etc/passwd",
            "_partials/.git",
            "_partials\\a",
            "_partials/a:b",
            "_partials/a b",
            "../_partials/a",
            "_partialsx/a",
            "_partials/ä",
        ] {
            assert_eq!(include_path(name), None, "{name}");
        }
    }

    #[test]
    fn filters_and_tests_are_those_of_the_engine() {
        for name in ["upper", "tojson", "default", "join"] {
            assert!(is_filter(name), "{name}");
        }
        for name in ["indent", "format", "shout", "", "\" is filter or \""] {
            assert!(!is_filter(name), "{name}");
        }
        assert!(is_test("defined") && is_test("mapping") && !is_test("callable_"));
    }
}
