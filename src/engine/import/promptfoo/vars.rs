//! The values of a test's variables: lists of texts make one row for each combination, files are read,
//! and texts that name other variables are filled in.

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value as Json;

use crate::domain::finding::Findings;
use crate::engine::workspace::yaml::parse_yaml;

use super::files::{Item, Reader, ending};
use super::template::{Scope, parse, render};
use super::tests::TestCase;
use super::value::{json_of, stringify, text_of};

/// How many rows one test may make.
const MAX_COMBINATIONS: usize = 10_000;

/// How often promptfoo fills variables into each other.
const MAX_ROUNDS: usize = 5;

/// The values of one row.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    /// As prompts see them.
    pub(super) shown: Scope,
    /// As assertions see them.
    pub(super) graded: Scope,
}

/// The rows of a test; `None` where it is left out, which is said.
pub(super) fn rows(reader: &mut Reader<'_>, test: &TestCase) -> Option<Vec<Values>> {
    let keep_lists = test.options.get("disableVarExpansion");
    let keep_lists = keep_lists.is_some_and(|item| item.json() == true);
    let mut rows: Vec<IndexMap<String, Json>> = vec![IndexMap::new()];
    for (name, item) in &test.vars {
        let values = values(reader, item, keep_lists)?;
        if rows.len() * values.len() > MAX_COMBINATIONS {
            let message =
                format!("the test is left out: it makes more than {MAX_COMBINATIONS} rows");
            reader.left_out(item.place(), "unsupported-test", message);
            return None;
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut row = row.clone();
                    row.insert(name.clone(), value.clone());
                    row
                })
            })
            .collect();
    }
    let rows = rows.into_iter().map(|row| match filled_in(row) {
        Ok(values) => Some(values),
        Err(message) => {
            let message = format!("the test is left out: {message}");
            reader.left_out(test.spot.place(), "unsupported-test", message);
            None
        }
    });
    rows.collect()
}

/// The values that a variable takes, one after the other.
fn values(reader: &mut Reader<'_>, item: &Item, keep_lists: bool) -> Option<Vec<Json>> {
    if let Some(name) = item.file_name() {
        let paths = reader.paths(item, name);
        let texts: Vec<Option<Json>> = paths
            .iter()
            .map(|path| file_value(reader, item, path))
            .collect();
        let texts: Vec<Json> = texts.into_iter().collect::<Option<_>>()?;
        return (!texts.is_empty()).then_some(texts);
    }
    let value = item.json();
    if value
        .as_str()
        .is_some_and(|text| text.starts_with("package:"))
    {
        let message = "the test is left out: a program makes this value";
        reader.left_out(item.place(), "unsupported-test", message);
        return None;
    }
    match value {
        Json::Array(items) if !keep_lists && items.first().is_some_and(Json::is_string) => {
            let files = items
                .iter()
                .any(|it| it.as_str().is_some_and(|it| it.starts_with("file://")));
            if files {
                let parts = item.items();
                let read = parts.iter().map(|part| values(reader, part, true));
                return Some(read.collect::<Option<Vec<_>>>()?.concat());
            }
            Some(items)
        }
        value => Some(vec![value]),
    }
}

/// What a file stands for.
fn file_value(reader: &mut Reader<'_>, at: &Item, path: &str) -> Option<Json> {
    const NO_TEXT: [&str; 22] = [
        "js", "cjs", "mjs", "ts", "cts", "mts", "py", "pdf", "png", "jpg", "jpeg", "gif", "webp",
        "bmp", "svg", "mp3", "wav", "m4a", "mp4", "mov", "webm", "ogg",
    ];
    let ending = ending(path);
    if NO_TEXT.contains(&ending.as_str()) {
        let message = format!("the test is left out: `{path}` is no text");
        reader.left_out(at.place(), "unsupported-test", message);
        return None;
    }
    let source = reader.text(at, path)?;
    if ending == "yaml" || ending == "yml" {
        return match parse_yaml(&source) {
            Ok(node) => Some(Json::from(stringify(&json_of(&node)))),
            Err(Findings(findings)) => {
                reader.remarks.extend(findings);
                None
            }
        };
    }
    Some(Json::from(source.text.trim()))
}

/// Fills texts into texts as promptfoo does before it prints a prompt.
fn filled_in(mut row: Scope) -> Result<Values, String> {
    for value in row.values_mut() {
        if let Json::String(text) = value
            && text.ends_with('\n')
        {
            text.pop();
        }
    }
    let placeholder = Regex::new(r"\{\{[\s\u{feff}]*([0-9A-Za-z_]+)[\s\u{feff}]*\}\}");
    let placeholder = placeholder.map_err(|error| error.to_string())?;
    for _ in 0..MAX_ROUNDS {
        let mut settled = true;
        let names: Vec<String> = row.keys().cloned().collect();
        for name in names {
            let Some(Json::String(text)) = row.get(&name) else {
                continue;
            };
            let Some(found) = placeholder.captures(text) else {
                continue;
            };
            let Some(value) = row.get(&found[1]) else {
                continue;
            };
            let Some(with) = text_of(value) else {
                return Err(format!(
                    "`{name}` prints the list or mapping `{}`",
                    &found[1]
                ));
            };
            if with.contains('$') {
                return Err(format!(
                    "`{name}` prints `{}`, which holds a `$`",
                    &found[1]
                ));
            }
            let text = text.replacen(&found[0], &with, 1);
            row.insert(name, Json::from(text));
            settled = false;
        }
        if settled {
            break;
        }
    }
    let mut shown = row.clone();
    for (name, value) in &mut shown {
        if let Json::String(text) = value
            && ["{{", "{%", "{#"]
                .iter()
                .any(|opening| text.contains(opening))
        {
            *text = printed(name, text, &row)?;
        }
    }
    Ok(Values { shown, graded: row })
}

/// A value that is a template itself; one that names a variable that is not there stays as it is.
fn printed(name: &str, text: &str, row: &Scope) -> Result<String, String> {
    let refused = |error| format!("the value of `{name}` is a template: {error}");
    let template = super::template::parse_prompt(text).map_err(refused)?;
    if template.names().iter().any(|name| !row.contains_key(name)) {
        return Ok(text.to_owned());
    }
    render(&template, row).map_err(refused)
}

/// What a template prints for a row, and the one variable that it is, where it is nothing else.
pub(super) fn print_value(text: &str, row: &Scope) -> Result<(String, Option<String>), String> {
    if !["{{", "{%", "{#"]
        .iter()
        .any(|opening| text.contains(opening))
    {
        return Ok((text.to_owned(), None));
    }
    let template = parse(text).map_err(|error| error.to_string())?;
    let printed = render(&template, row).map_err(|error| error.to_string())?;
    let name = template
        .only_name()
        .filter(|name| row.get(*name) == Some(&Json::from(printed.as_str())));
    Ok((printed, name.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(value: Json) -> Scope {
        match value {
            Json::Object(map) => map.into_iter().collect(),
            _ => panic!("a scope is an object"),
        }
    }

    #[test]
    fn texts_are_filled_into_texts_and_lose_one_break_at_their_end() {
        let row =
            scope(json!({"a": "{{ b }} and {{c}}\n", "b": "x\n\n", "c": 5, "d": "{{ missing }}"}));
        let values = filled_in(row).unwrap();
        assert_eq!(values.graded["a"], "x\n and 5");
        assert_eq!(values.shown["d"], "{{ missing }}");
    }

    #[test]
    fn a_value_that_is_a_template_is_printed_for_prompts_only() {
        let row = scope(json!({"a": "{{ b | upper }}", "b": "x"}));
        let values = filled_in(row).unwrap();
        assert_eq!(
            (&values.shown["a"], &values.graded["a"]),
            (&json!("X"), &json!("{{ b | upper }}"))
        );
    }

    #[test]
    fn an_assertion_that_is_one_variable_knows_which() {
        let row = scope(json!({"a": "x", "n": 5}));
        assert_eq!(
            print_value("{{ a }}", &row),
            Ok(("x".to_owned(), Some("a".to_owned())))
        );
        assert_eq!(print_value("{{ n }}", &row), Ok(("5".to_owned(), None)));
        assert_eq!(
            print_value("{{ a }}!{{ b }}", &row),
            Ok(("x!".to_owned(), None))
        );
        assert!(print_value("{{ a | wordcount }}", &row).is_err());
    }
}
