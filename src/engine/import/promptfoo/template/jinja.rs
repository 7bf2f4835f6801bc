//! Writes a template in Jinja.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Expression, Filter, Piece, Template};

/// The template in Jinja. With `lenient`, members that are not there print nothing.
pub(in super::super) fn jinja(template: &Template, lenient: bool) -> String {
    let mut text = String::new();
    pieces(&template.0, lenient, &mut text);
    // Jinja leaves out one line break at the end.
    if text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn pieces(from: &[Piece], lenient: bool, text: &mut String) {
    for piece in from {
        match piece {
            Piece::Text(plain) => text.push_str(&escaped(plain)),
            Piece::Output(expression) => {
                let shown = written(expression, false);
                let may_be_missing =
                    matches!(expression, Expression::Member(..) | Expression::Item(..));
                if lenient && may_be_missing {
                    let _ = write!(text, "{{{{ {shown} | default(\"\") }}}}");
                } else {
                    let _ = write!(text, "{{{{ {shown} }}}}");
                }
            }
            Piece::If(branches) => {
                for (index, (condition, body)) in branches.iter().enumerate() {
                    let word = if index == 0 { "if" } else { "elif" };
                    match condition {
                        Some(condition) => {
                            let condition = written(condition, false);
                            let _ = write!(text, "{{% {word} {condition} %}}");
                        }
                        None => text.push_str("{% else %}"),
                    }
                    pieces(body, lenient, text);
                }
                text.push_str("{% endif %}");
            }
            Piece::For { name, list, body } => {
                let _ = write!(text, "{{% for {name} in {} %}}", written(list, false));
                pieces(body, lenient, text);
                text.push_str("{% endfor %}");
            }
        }
    }
}

/// Text that Jinja would take for a tag, printed as it is.
fn escaped(plain: &str) -> String {
    if !["{{", "{%", "{#"]
        .iter()
        .any(|opening| plain.contains(opening))
    {
        return plain.to_owned();
    }
    if plain.contains("endraw") {
        return plain.replace('{', "{{ \"{\" }}");
    }
    format!("{{% raw %}}{plain}{{% endraw %}}")
}

/// An expression, in parentheses where it stands in another one and has parts.
fn written(expression: &Expression, inside: bool) -> String {
    let (text, has_parts) = match expression {
        Expression::Name(name) => (name.clone(), false),
        Expression::Literal(Json::String(text)) => (Json::from(text.as_str()).to_string(), false),
        Expression::Literal(literal) => (literal.to_string(), false),
        Expression::Member(of, name) => (format!("{}.{name}", written(of, true)), false),
        Expression::Item(of, place) => (format!("{}[{place}]", written(of, true)), false),
        Expression::Not(of) => (format!("not {}", written(of, true)), true),
        Expression::Both(one, and, two) => {
            let word = if *and { "and" } else { "or" };
            let text = format!("{} {word} {}", written(one, true), written(two, true));
            (text, true)
        }
        Expression::Equal(one, equal, two) => {
            let sign = if *equal { "==" } else { "!=" };
            let text = format!("{} {sign} {}", written(one, true), written(two, true));
            (text, true)
        }
        Expression::Filter(of, filter, arguments) => {
            let of = written(of, !matches!(**of, Expression::Filter(..)));
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| written(argument, true))
                .collect();
            let arguments = if arguments.is_empty() {
                String::new()
            } else {
                format!("({})", arguments.join(", "))
            };
            (format!("{of} | {}{arguments}", name(*filter)), true)
        }
    };
    if inside && has_parts {
        format!("({text})")
    } else {
        text
    }
}

fn name(filter: Filter) -> &'static str {
    match filter {
        Filter::Dump => "tojson",
        other => {
            let known = Filter::ALL.iter().find(|(_, filter)| *filter == other);
            known.map_or("", |(name, _)| name)
        }
    }
}
