//! Reads what shape a prompt's answer must have.

use crate::domain::finding::{Findings, Span};
use crate::domain::prompt::{JsonSchemaFormat, ResponseFormat};

use super::decode::{Decoder, Fields};
use super::document::{Node, Source, Value};
use super::json::parse_json;

#[derive(Clone, Copy)]
enum FormatWord {
    Text,
    JsonObject,
    JsonSchema,
}

/// Reads what shape the answer must have.
pub(super) fn response_format(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<ResponseFormat> {
    const WORDS: [(&str, FormatWord); 3] = [
        ("text", FormatWord::Text),
        ("json_object", FormatWord::JsonObject),
        ("json_schema", FormatWord::JsonSchema),
    ];
    let word_node = fields.optional("responseFormat");
    let schema_node = fields.optional("jsonSchema");
    let word = match word_node {
        Some(node) => decoder.word(node, &WORDS)?,
        None => FormatWord::Text,
    };
    match (word, schema_node) {
        (FormatWord::Text, None) => Some(ResponseFormat::Text),
        (FormatWord::JsonObject, None) => Some(ResponseFormat::JsonObject),
        (FormatWord::JsonSchema, Some(node)) => {
            json_schema(decoder, node).map(ResponseFormat::JsonSchema)
        }
        (FormatWord::JsonSchema, None) => {
            let span = word_node.map_or_else(Span::default, |node| node.span);
            let help = "add `jsonSchema` with `name` and `schema`";
            decoder.error("missing-key", span, "`json_schema` needs a schema", help);
            None
        }
        (_, Some(node)) => {
            let help = "set `responseFormat: json_schema`, or remove the schema";
            decoder.error("unused-schema", node.span, "this schema is not used", help);
            None
        }
    }
}

fn json_schema(decoder: &mut Decoder<'_>, node: &Node) -> Option<JsonSchemaFormat> {
    match &node.value {
        Value::Text(text) => {
            let written = json_in(decoder, text, node.span)?;
            schema_fields(decoder, &written)
        }
        _ => schema_fields(decoder, node),
    }
}

fn schema_fields(decoder: &mut Decoder<'_>, node: &Node) -> Option<JsonSchemaFormat> {
    let mut fields = decoder.fields(node)?;
    let name = fields
        .required(decoder, "name")
        .and_then(|node| decoder.text(node));
    let strict = match fields.optional("strict") {
        Some(node) => decoder.boolean(node)?,
        None => false,
    };
    let schema = fields.required(decoder, "schema");
    fields.finish(decoder);
    let schema = schema?;
    decoder.entries(schema)?;
    Some(JsonSchemaFormat {
        name: name?,
        strict,
        schema: schema.to_json(),
    })
}

/// JSON that stands as text at `at`, as GitHub writes schemas.
fn json_in(decoder: &mut Decoder<'_>, text: &str, at: Span) -> Option<Node> {
    let source = Source::part("", text, at.line);
    match parse_json(&source) {
        Ok(mut node) => {
            indent(&mut node, at.column - 1);
            Some(node)
        }
        Err(Findings(findings)) => {
            for finding in findings {
                let mut span = finding.place.span.unwrap_or(at);
                span.column += at.column - 1;
                let help = "write the schema as JSON, or as a mapping";
                decoder.error(&finding.ident, span, finding.message, help);
            }
            None
        }
    }
}

/// Moves places to where a block of text is indented.
fn indent(node: &mut Node, columns: u32) {
    node.span.column += columns;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| indent(item, columns)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span.column += columns;
                indent(&mut entry.node, columns);
            }
        }
        _ => {}
    }
}
