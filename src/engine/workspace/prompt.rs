//! Reads prompt files.

use serde_json::{Map, Value as Json};

use crate::domain::content::{Content, MediaPart, MediaSource, Part};
use crate::domain::finding::{Findings, Span};
use crate::domain::id::PromptId;
use crate::domain::media::MediaKind;
use crate::domain::prompt::{EvalBinding, Message, ModelRef, Prompt, Role, Template};

use super::decode::{Decoder, Fields};
use super::document::{Node, Source, Value};
use super::own::Reader;
use super::parts::parts;
use super::response_format::response_format;
use super::variables::{derived, variables};
use super::yaml::parse_yaml;

/// Reads one prompt.
pub fn read_prompt(id: &PromptId, source: &Source) -> Result<Prompt, Findings> {
    let node = parse_yaml(source)?;
    let mut decoder = Decoder::new(source);
    let prompt = prompt(id, &mut decoder, &node);
    decoder.finish(prompt)
}

fn prompt(id: &PromptId, decoder: &mut Decoder<'_>, node: &Node) -> Option<Prompt> {
    let mut fields = decoder.fields(node)?;
    let name = fields.optional("name").and_then(|node| decoder.text(node));
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let model_node = fields.required(decoder, "model");
    let model = model_node.and_then(|node| model(decoder, node));
    let model_span = model_node.map(|node| node.span);
    let model_parameters = match fields.optional("modelParameters") {
        Some(node) => parameters(decoder, node),
        None => Some(Map::new()),
    };
    let messages = fields
        .required(decoder, "messages")
        .and_then(|node| messages(decoder, node));
    let variables = match fields.optional("variables") {
        Some(node) => variables(decoder, node),
        None => messages.as_deref().map(derived),
    };
    let response_format = response_format(decoder, &mut fields);
    let tools = match fields.optional("tools") {
        Some(node) => decoder.list_of(node, tool),
        None => Some(Vec::new()),
    };
    let evals = match fields.optional("evals") {
        Some(node) => decoder.list_of(node, eval_binding),
        None => Some(Vec::new()),
    };
    let (rows, evaluators) = (fields.optional("testData"), fields.optional("evaluators"));
    fields.finish(decoder);
    let variables = variables?;
    let reader = Reader {
        id,
        variables: &variables,
    };
    let (own, own_binding) = reader.tests(decoder, rows, evaluators)?;
    let mut evals = evals?;
    evals.extend(own_binding);
    Some(Prompt {
        id: id.clone(),
        name,
        description,
        model: model?,
        model_span: model_span?,
        model_parameters: model_parameters?,
        variables,
        messages: messages?,
        response_format: response_format?,
        tools: tools?,
        evals,
        own,
    })
}

/// Reads the name of a model; a list of models is refused.
pub(super) fn model(decoder: &mut Decoder<'_>, node: &Node) -> Option<ModelRef> {
    if matches!(node.value, Value::List(_)) {
        decoder.error(
            "model-fallback",
            node.span,
            "a prompt has one model: a release must know which one it was tested with",
            "name one model; to change it when a provider fails, release a prompt with another",
        );
        return None;
    }
    let text = decoder.text(node)?;
    match ModelRef::try_from(text) {
        Ok(model) => Some(model),
        Err(error) => {
            decoder.error(
                "invalid-model",
                node.span,
                "this does not name a model",
                error.to_string(),
            );
            None
        }
    }
}

fn parameters(decoder: &mut Decoder<'_>, node: &Node) -> Option<Map<String, Json>> {
    decoder.entries(node)?;
    match node.to_json() {
        Json::Object(map) => Some(map),
        _ => None,
    }
}

fn messages(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<Message>> {
    let messages = decoder.list_of(node, message)?;
    if messages.is_empty() {
        decoder.error(
            "no-messages",
            node.span,
            "there is no message",
            "add one with `role` and `content`",
        );
        return None;
    }
    Some(messages)
}

fn message(decoder: &mut Decoder<'_>, node: &Node) -> Option<Message> {
    let mut fields = decoder.fields(node)?;
    let role = fields
        .required(decoder, "role")
        .and_then(|node| decoder.word(node, &Role::ALL));
    let content = fields
        .required(decoder, "content")
        .and_then(|node| content(decoder, node, role));
    fields.finish(decoder);
    Some(Message {
        role: role?,
        content: content?,
    })
}

fn content(decoder: &mut Decoder<'_>, node: &Node, role: Option<Role>) -> Option<Content> {
    if !matches!(node.value, Value::List(_)) {
        return template(decoder, node).map(Content::Text);
    }
    let text = |decoder: &mut Decoder<'_>, node: &Node| template(decoder, node).map(Part::Text);
    parts(decoder, node, role, text, media_part).map(Content::Parts)
}

fn template(decoder: &mut Decoder<'_>, node: &Node) -> Option<Template> {
    Some(Template {
        text: decoder.text(node)?,
        span: node.span,
    })
}

/// A picture or a document: a file of the prompt, or the one that a variable names.
fn media_part(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    kind: MediaKind,
    span: Span,
) -> Option<Part> {
    let source = match (fields.optional("path"), fields.optional("variable")) {
        (Some(node), None) => (MediaSource::File(decoder.text(node)?), node.span),
        (None, Some(node)) => (MediaSource::Variable(decoder.text(node)?), node.span),
        _ => {
            let help = "write `path: _media/<file>` for a file of the prompt, or `variable: <name>` \
                        for one that each row names";
            let message = "this part does not say which file it shows";
            decoder.error("missing-key", span, message, help);
            return None;
        }
    };
    Some(Part::Media(MediaPart {
        kind,
        source: source.0,
        span: source.1,
    }))
}

fn tool(decoder: &mut Decoder<'_>, node: &Node) -> Option<Json> {
    let mut fields = decoder.fields(node)?;
    let kind = fields.required(decoder, "type");
    let kind = kind.and_then(|node| decoder.word(node, &[("function", ())]));
    let function = fields.required(decoder, "function");
    fields.finish(decoder);
    let mut inner = decoder.fields(function?)?;
    let name = inner
        .required(decoder, "name")
        .and_then(|node| decoder.text(node));
    let _ = inner
        .optional("description")
        .and_then(|node| decoder.text(node));
    let _ = inner
        .optional("parameters")
        .and_then(|node| decoder.entries(node));
    let _ = inner
        .optional("strict")
        .and_then(|node| decoder.boolean(node));
    inner.finish(decoder);
    kind?;
    name?;
    Some(node.to_json())
}

fn eval_binding(decoder: &mut Decoder<'_>, node: &Node) -> Option<EvalBinding> {
    let mut fields = decoder.fields(node)?;
    let dataset = fields
        .required(decoder, "dataset")
        .and_then(|node| Some((decoder.parsed(node)?, node.span)));
    let evaluators_node = fields.required(decoder, "evaluators");
    let evaluators = evaluators_node.and_then(|node| {
        decoder.list_of(node, |decoder, node| {
            Some((decoder.parsed(node)?, node.span))
        })
    });
    fields.finish(decoder);
    let evaluators = evaluators?;
    if evaluators.is_empty() {
        let span = evaluators_node.map_or(node.span, |node| node.span);
        decoder.error(
            "no-evaluators",
            span,
            "no evaluator is named",
            "name at least one of `evaluators/`",
        );
        return None;
    }
    Some(EvalBinding {
        dataset: dataset?,
        evaluators,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use indexmap::IndexMap;

    use super::*;

    fn read(text: &str) -> Result<Prompt, Findings> {
        let id = PromptId::new("a").unwrap();
        read_prompt(&id, &Source::new(id.path(), text))
    }

    #[test]
    fn every_problem_of_a_file_is_reported_at_once_and_where_it_stands() {
        let text = "mdel: x\nmodel: gpt\nmessages:\n  - role: sytem\n    content: 5\n    extra: 1\nevals:\n  - dataset: A b\n    evaluators: []\n";
        let findings = read(text).unwrap_err().0;
        let seen: Vec<(&str, u32)> = findings
            .iter()
            .map(|finding| (finding.ident.as_str(), finding.place.span.unwrap().line))
            .collect();
        assert_eq!(
            seen,
            [
                ("invalid-model", 2),
                ("unknown-word", 4),
                ("wrong-type", 5),
                ("unknown-key", 6),
                ("invalid-value", 8),
                ("no-evaluators", 9),
                ("unknown-key", 1),
            ]
        );
        assert_eq!(findings[1].help.as_deref(), Some("did you mean `system`?"));
        assert_eq!(findings[6].help.as_deref(), Some("did you mean `model`?"));
    }

    #[test]
    fn the_fingerprint_ignores_words_for_people_and_sees_everything_else() {
        let base = "model: echo/echo\nmessages:\n  - role: user\n    content: hi\n";
        let print = |text: &str| {
            read(text)
                .unwrap()
                .fingerprint(&IndexMap::new(), &BTreeMap::new())
        };
        assert_eq!(
            print(base),
            print(&format!("# remark\nname: N\ndescription: D\n{base}"))
        );
        for other in [
            base.replace("echo/echo", "echo/other"),
            base.replace("hi", "ho"),
            base.replace("user", "system"),
            format!("{base}modelParameters: {{temperature: 0}}\n"),
            format!("{base}variables: {{x: {{type: string}}}}\n"),
            format!("{base}responseFormat: json_object\n"),
            format!("{base}tools: [{{type: function, function: {{name: f}}}}]\n"),
        ] {
            assert_ne!(print(base), print(&other), "{other}");
        }
    }
}
