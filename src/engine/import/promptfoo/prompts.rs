//! Reads the prompts of a configuration: written out, or in files of many kinds.

use serde_json::Value as Json;

use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::id::kebab_case;
use crate::domain::prompt::Role;
use crate::engine::workspace::document::{Node, Source, Value, saturate};
use crate::engine::workspace::yaml::parse_yaml;

use super::files::{Item, Reader, ending};
use super::template::{Template, Untranslatable, parse, parse_prompt};
use super::value::{json_of, stringify};

/// The line between two prompts of a text file.
const DELIMITER: &str = "---";

/// The longest part of a prompt's own words that its name is made of, in bytes.
const LONGEST_HINT: usize = 40;

/// A prompt as the configuration has it.
#[derive(Debug, Clone)]
pub(super) struct RawPrompt {
    pub(super) place: Place,
    /// The name by which tests and providers mean it, where it has one.
    pub(super) id: Option<String>,
    /// The label, given or made by promptfoo.
    pub(super) label: String,
    /// The title, where one was given.
    pub(super) title: Option<String>,
    /// Words to make a name of.
    pub(super) hint: String,
    pub(super) text: String,
}

/// A prompt, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Messages {
    /// One text, which is what the user says.
    Text(Template),
    /// A conversation.
    Chat(Vec<(Role, Template)>),
}

impl Messages {
    pub(super) fn templates(&self) -> Vec<(Role, &Template)> {
        match self {
            Self::Text(template) => vec![(Role::User, template)],
            Self::Chat(messages) => messages.iter().map(|(role, it)| (*role, it)).collect(),
        }
    }
}

/// Reads all prompts of a configuration.
pub(super) fn prompts(reader: &mut Reader<'_>, configuration: &Item) -> Vec<RawPrompt> {
    let Some(list) = configuration.get("prompts") else {
        return vec![RawPrompt {
            place: configuration.place(),
            id: None,
            label: "{{prompt}}".to_owned(),
            title: None,
            hint: "prompt".to_owned(),
            text: "{{prompt}}".to_owned(),
        }];
    };
    if list.is_map() {
        // By file or text, with labels.
        let entries = list.entries().iter();
        return entries
            .flat_map(|entry| {
                let label = list.beside(&entry.node);
                let label = label.text().map(str::to_owned);
                let node = Node {
                    span: entry.key_span,
                    value: Value::Text(entry.key.clone()),
                };
                one(reader, &list.beside(&node), None, label)
            })
            .collect();
    }
    let items = list.items();
    items.iter().flat_map(|item| entry(reader, item)).collect()
}

fn entry(reader: &mut Reader<'_>, item: &Item) -> Vec<RawPrompt> {
    if !item.is_map() {
        return one(reader, item, None, None);
    }
    for entry in item.entries() {
        if !["id", "label", "raw", "display"].contains(&entry.key.as_str()) {
            let place = item.spot_of(entry.key_span).place();
            let message = format!("`{}` of a prompt is not imported", entry.key);
            reader.left_out(place, "unsupported-key", message);
        }
    }
    let text = |key: &str| {
        item.get(key)
            .and_then(|item| item.text().map(str::to_owned))
    };
    let (id, label) = (text("id"), text("label"));
    let Some(raw) = item.get("raw").or_else(|| item.get("id")) else {
        let message = "this prompt has neither `raw` nor `id`";
        reader.left_out(item.place(), "unsupported-prompt", message);
        return Vec::new();
    };
    one(reader, &raw, id, label)
}

fn one(
    reader: &mut Reader<'_>,
    item: &Item,
    id: Option<String>,
    label: Option<String>,
) -> Vec<RawPrompt> {
    let Some(text) = item.text() else {
        let message = format!("expected a prompt, found {}", item.node.value.kind());
        reader.left_out(item.place(), "unsupported-prompt", message);
        return Vec::new();
    };
    let remote = ["portkey://", "langfuse://", "helicone://", "exec:"];
    if remote.iter().any(|prefix| text.starts_with(prefix)) {
        let message = "a prompt that a program or a server makes is not imported";
        reader.left_out(item.place(), "unsupported-prompt", message);
        return Vec::new();
    }
    if !names_file(text) {
        return vec![RawPrompt {
            place: item.place(),
            id,
            hint: label.clone().unwrap_or_else(|| first_words(text)),
            title: label.clone(),
            label: label.unwrap_or_else(|| text.to_owned()),
            text: text.to_owned(),
        }];
    }
    let mut prompts = Vec::new();
    for path in reader.paths(item, text) {
        prompts.extend(file_prompts(reader, item, &path, label.as_deref()));
    }
    for prompt in &mut prompts {
        prompt.id = id.clone().or(prompt.id.take());
    }
    prompts
}

/// Whether a text is the name of a file, as promptfoo guesses it.
fn names_file(text: &str) -> bool {
    const ENDINGS: [&str; 12] = [
        ".txt", ".md", ".json", ".jsonl", ".yaml", ".yml", ".j2", ".csv", ".js", ".ts", ".py",
        ".mjs",
    ];
    if text.contains('\n') {
        return false;
    }
    let mut parts = text.rsplit(':').take(2);
    text.starts_with("file://")
        || parts.any(|part| ENDINGS.iter().any(|ending| part.ends_with(ending)))
        || text.contains(['*', '/', '\\'])
        || [3, 4].iter().any(|from_end| {
            let units: Vec<u16> = text.encode_utf16().collect();
            units.len() >= *from_end && units[units.len() - from_end] == u16::from(b'.')
        })
}

fn first_words(text: &str) -> String {
    let plain = text.replace(['{', '}', '%'], " ");
    let mut name = kebab_case(&plain);
    name.truncate(LONGEST_HINT);
    match name.rsplit_once('-') {
        Some((whole, _)) if name.len() == LONGEST_HINT => whole.to_owned(),
        _ => name,
    }
}

fn file_prompts(
    reader: &mut Reader<'_>,
    at: &Item,
    path: &str,
    label: Option<&str>,
) -> Vec<RawPrompt> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let is_text = ending(path) == "txt";
    let made = |(line, text): (usize, String)| RawPrompt {
        place: Place {
            span: Some(Span {
                line: saturate(line),
                column: 1,
                length: 1,
            }),
            ..Place::file(path)
        },
        id: None,
        label: match label {
            Some(label) if is_text => format!("{label}: {path}: {text}"),
            Some(label) => label.to_owned(),
            None => format!("{path}: {text}"),
        },
        title: label.map(str::to_owned),
        hint: stem.to_owned(),
        text,
    };
    let texts = file_texts(reader, at, path).unwrap_or_default();
    texts.into_iter().map(made).collect()
}

/// The prompts of a file, each with the number of its first line; what cannot be read is said.
fn file_texts(reader: &mut Reader<'_>, at: &Item, path: &str) -> Option<Vec<(usize, String)>> {
    match ending(path).as_str() {
        "txt" => Some(split(&reader.text(at, path)?.text)),
        "md" | "j2" => Some(vec![(1, reader.text(at, path)?.text)]),
        "json" | "yaml" | "yml" => {
            let item = reader.parsed_file(at, path)?;
            Some(vec![(1, stringify(&json_of(&item.node)))])
        }
        "jsonl" => {
            let source = reader.text(at, path)?;
            let lines = (1..).zip(source.text.lines());
            let lines = lines.filter(|(_, line)| !line.is_empty());
            Some(
                lines
                    .map(|(number, line)| (number, line.to_owned()))
                    .collect(),
            )
        }
        _ => {
            let finding = Finding::error(
                "unsupported-prompt",
                at.place(),
                format!(
                    "the prompt `{path}` is not imported: it is a program, or of no known kind"
                ),
            );
            let help =
                "write its text as .txt, .md, .j2, .json, .jsonl or .yaml; programs are never run";
            reader.remarks.push(finding.with_help(help));
            None
        }
    }
}

/// The prompts of a text file, each with the number of its first line.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut prompts = vec![(1, Vec::new())];
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim() == DELIMITER {
            prompts.push((number + 1, Vec::new()));
        } else if let Some((_, prompt)) = prompts.last_mut() {
            prompt.push(line);
        }
    }
    let prompts = prompts.into_iter().map(|(number, lines)| {
        let blank = lines
            .iter()
            .take_while(|line| line.trim().is_empty())
            .count();
        (number + blank, lines.join("\n").trim().to_owned())
    });
    prompts.filter(|(_, prompt)| !prompt.is_empty()).collect()
}

/// Takes the text of a prompt apart: a conversation in JSON or YAML, or one text.
pub(super) fn messages(text: &str) -> Result<Messages, Untranslatable> {
    if let Ok(value) = serde_json::from_str::<Json>(text) {
        return match value {
            Json::Array(items) => chat(&items, true),
            Json::Object(_) => Err(refused("it is JSON, but no list of messages")),
            _ => parse_prompt(text).map(Messages::Text),
        };
    }
    if text.trim_start().starts_with("- role:") {
        let node = parse_yaml(&Source::new("", text))
            .map_err(|Findings(_)| refused("it is no YAML as it stands"))?;
        let Json::Array(items) = json_of(&node) else {
            return Err(refused("it is no list of messages"));
        };
        return chat(&items, false);
    }
    if text.trim_start().starts_with(['[', '{']) && text.contains("\"role\"") {
        return unquoted_chat(text);
    }
    parse_prompt(text).map(Messages::Text)
}

/// A conversation in which whole texts are printed by `{{ name | dump }}`, so that it is JSON only when
/// it is printed.
fn unquoted_chat(text: &str) -> Result<Messages, Untranslatable> {
    let mut json = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let end = rest[at..].find("}}").map(|end| at + end);
        let end = end.ok_or_else(|| refused("it is no JSON"))?;
        let inner = rest[at + 2..end].trim();
        json.push_str(&rest[..at]);
        match inner
            .strip_suffix("dump")
            .and_then(|it| it.trim_end().strip_suffix('|'))
        {
            Some(name) => json.push_str(&Json::from(format!("{{{{{name}}}}}")).to_string()),
            None => json.push_str(&rest[at..end + 2]),
        }
        rest = &rest[end + 2..];
    }
    json.push_str(rest);
    match serde_json::from_str::<Json>(&json) {
        Ok(Json::Array(items)) => chat(&items, true),
        _ => Err(refused("it is JSON only when it is printed")),
    }
}

fn refused(why: &str) -> Untranslatable {
    Untranslatable(why.to_owned())
}

/// The messages of a conversation. In JSON, each text is a template of its own; in YAML, promptfoo
/// prints the whole first, and a tag that a line does not close makes it text.
fn chat(items: &[Json], each: bool) -> Result<Messages, Untranslatable> {
    let mut messages = Vec::new();
    for item in items {
        let role = item["role"].as_str().unwrap_or_default();
        let role = Role::ALL.iter().find(|(name, _)| *name == role);
        let (_, role) = role.ok_or_else(|| refused("a message has no role that is known here"))?;
        let keys = item.as_object().map(serde_json::Map::len);
        let content = match &item["content"] {
            Json::String(text) => text.clone(),
            Json::Array(parts) => only_text(parts)?,
            _ => return Err(refused("a message has no text")),
        };
        if keys != Some(2) {
            return Err(refused("a message has more than `role` and `content`"));
        }
        let template = if each {
            parse(&content)?
        } else {
            parse_prompt(&content)?
        };
        messages.push((*role, template));
    }
    if messages.is_empty() {
        return Err(refused("it has no messages"));
    }
    Ok(Messages::Chat(messages))
}

/// The text of a content that is a list of one part.
fn only_text(parts: &[Json]) -> Result<String, Untranslatable> {
    match parts {
        [part] if part["type"] == "text" => {
            let text = part["text"].as_str().map(str::to_owned);
            text.ok_or_else(|| refused("a part has no text"))
        }
        _ => Err(refused("a message has pictures, or more than one part")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_file_is_split_at_lines_of_three_dashes() {
        let prompts = |text| -> Vec<(usize, String)> { split(text) };
        let two = [(1, "a".to_owned()), (5, "b\nc".to_owned())];
        assert_eq!(prompts("a\n\n---\n\nb\nc\n --- \n\n"), two);
        assert_eq!(prompts("a --- b"), [(1, "a --- b".to_owned())]);
    }

    #[test]
    fn a_text_is_taken_for_a_file_where_promptfoo_does() {
        for name in [
            "file://a",
            "a.txt",
            "prompts/*",
            "a/b",
            "x.py:main",
            "end.ab",
        ] {
            assert!(names_file(name), "{name}");
        }
        for text in ["Say hello", "a/b\nc", "Hello {{name}}."] {
            assert!(!names_file(text), "{text}");
        }
    }

    #[test]
    fn conversations_are_found_in_json_and_yaml_and_where_texts_are_printed_by_dump() {
        let expected = messages(r#"[{"role": "user", "content": "Hi {{ name }}"}]"#).unwrap();
        assert!(matches!(&expected, Messages::Chat(list) if list.len() == 1));
        assert_eq!(
            messages("- role: user\n  content: Hi {{ name }}\n").unwrap(),
            expected
        );
        let printed = messages(r#"[{"role": "user", "content": {{ name | dump }}}]"#).unwrap();
        let Messages::Chat(list) = printed else {
            panic!("no conversation")
        };
        assert_eq!(list[0].1.only_name(), Some("name"));
        assert!(messages(r#"{"messages": []}"#).is_err());
    }
}
