//! Whether an answer has the shape that its prompt asks for, as the workspace has the prompt now.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::prompt::ResponseFormat;
use crate::domain::trace::embedded;
use crate::domain::trace::span::Span;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::matchers::{Broken, Schema};

/// The attribute by which an application says what it asked for.
const OUTPUT_TYPE: &str = "gen_ai.output.type";

/// The shapes of answers, by prompt.
#[derive(Default)]
pub(super) struct Formats(BTreeMap<String, Format>);

enum Format {
    Json,
    Object,
    Schema(Box<Schema>),
}

impl Formats {
    /// Those of a workspace. A prompt that cannot be read asks for nothing.
    pub(super) fn of(workspace: &Workspace<'_>) -> Self {
        let ids = workspace.prompt_ids().unwrap_or_default();
        let formats = ids.iter().filter_map(|id| {
            let format = match workspace.prompt(id).ok()?.response_format {
                ResponseFormat::Text => return None,
                ResponseFormat::JsonObject => Format::Object,
                ResponseFormat::JsonSchema(format) => {
                    Format::Schema(Box::new(Schema::compile(&format.schema).ok()?))
                }
            };
            Some((id.to_string(), format))
        });
        Self(formats.collect())
    }

    /// How an answer breaks what was asked for; `None` where it does not, or nothing was.
    pub(super) fn broken(&self, span: &Span, answer: &str) -> Option<String> {
        let named = span.lineage.prompt.as_ref();
        let format = named.and_then(|prompt| self.0.get(prompt));
        let said = span.attributes.get(OUTPUT_TYPE);
        let format = match (format, said) {
            (Some(format), _) => format,
            (None, Some(said)) if said == "json" => &Format::Json,
            _ => return None,
        };
        let Ok(value) = embedded::read::<Value>(answer) else {
            return Some(not_json(answer).to_owned());
        };
        match format {
            Format::Json => None,
            Format::Object => {
                (!value.is_object()).then(|| "the answer is JSON, but no object".to_owned())
            }
            Format::Schema(schema) => {
                // An answer of which it is not known whether it breaks the schema is not said to.
                let Broken::Rule(error) = schema.validate(&value).err()? else {
                    return None;
                };
                let path = error.instance_path().to_string();
                let keyword = error.kind().keyword();
                Some(format!(
                    "the answer breaks `{keyword}` of its schema at `{}`",
                    without_indices(&path)
                ))
            }
        }
    }
}

fn not_json(answer: &str) -> &'static str {
    let fenced = answer.trim().strip_prefix("```");
    let within = fenced.and_then(|rest| rest.trim_end().strip_suffix("```"));
    let within = within.and_then(|rest| rest.split_once('\n'));
    let is_json = within.is_some_and(|(_, text)| embedded::read::<Value>(text).is_ok());
    if is_json {
        "the answer is JSON within a fence"
    } else {
        "the answer is not JSON"
    }
}

/// A pointer in which every index of a list is `*`.
fn without_indices(pointer: &str) -> String {
    let segments = pointer.split('/').map(|segment| {
        let is_index = !segment.is_empty() && segment.bytes().all(|it| it.is_ascii_digit());
        if is_index { "*" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(format: Format, answer: &str) -> Option<String> {
        let mut span = Span::default();
        span.lineage.prompt = Some("triage".to_owned());
        Formats(BTreeMap::from([("triage".to_owned(), format)])).broken(&span, answer)
    }

    #[test]
    fn an_answer_is_held_against_what_its_prompt_asks_for() {
        let schema = json!({
            "type": "object",
            "properties": { "queues": { "type": "array", "items": { "enum": ["billing", "bug"] } } },
            "required": ["queues"],
        });
        let schema = || Format::Schema(Box::new(Schema::compile(&schema).unwrap()));
        for (format, answer, fault) in [
            (schema(), r#"{"queues": ["bug"]}"#, None),
            (
                schema(),
                r#"{"queues": ["bug", "sales"]}"#,
                Some("the answer breaks `enum` of its schema at `/queues/*`"),
            ),
            (
                schema(),
                "{}",
                Some("the answer breaks `required` of its schema at ``"),
            ),
            (schema(), "Of course!", Some("the answer is not JSON")),
            (
                Format::Object,
                "```json\n{\"a\": 1}\n```\n",
                Some("the answer is JSON within a fence"),
            ),
            (
                Format::Object,
                "[1]",
                Some("the answer is JSON, but no object"),
            ),
            (Format::Json, "[1]", None),
        ] {
            assert_eq!(broken(format, answer).as_deref(), fault, "{answer}");
        }
    }

    #[test]
    fn an_answer_to_an_unknown_prompt_is_held_against_what_the_span_says() {
        let mut span = Span::default();
        span.lineage.prompt = Some("other".to_owned());
        let formats = Formats::default();
        assert_eq!(formats.broken(&span, "Hi"), None);
        let attributes = &mut span.attributes;
        attributes.insert(OUTPUT_TYPE.to_owned(), "json".to_owned());
        let fault = formats.broken(&span, "Hi");
        assert_eq!(fault.as_deref(), Some("the answer is not JSON"));
    }
}
