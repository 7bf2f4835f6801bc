//! Lists of properties, which Prompty has for inputs, outputs and the parameters of tools: a list with
//! names, or a mapping by name, or the value alone.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::domain::finding::Span;
use crate::domain::media::MediaKind;
use crate::domain::prompt::VariableKind;
use crate::engine::workspace::document::{Entry, Node, Value};

use super::super::reading::Reading;
use super::super::remarks::At;
use super::super::settings::holds_reference;
use super::super::shape::kind_of;

/// Keys that make a mapping a property, and not a value.
const KEYS: [&str; 18] = [
    "kind",
    "type",
    "name",
    "description",
    "required",
    "default",
    "example",
    "sample",
    "enumValues",
    "enum",
    "items",
    "properties",
    "json_schema",
    "strict",
    "anyOf",
    "oneOf",
    "nullable",
    "title",
];

/// What a property is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PropertyKind {
    /// A value; absent: of any type.
    Value(Option<VariableKind>),
    /// A conversation.
    Thread,
    /// A picture or a document.
    Media(MediaKind),
    /// Sound.
    Audio,
}

/// A property.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) kind: PropertyKind,
    pub(super) description: Option<String>,
    pub(super) default: Option<Json>,
    pub(super) example: Option<Json>,
    pub(super) required: Option<bool>,
    /// Where it is declared.
    pub(super) span: Span,
    /// What it may be, as JSON Schema.
    pub(super) schema: Json,
}

/// Reads properties by name.
pub(super) fn properties(node: &Node, reading: &mut Reading<'_>) -> IndexMap<String, Property> {
    let mut all = IndexMap::new();
    match &node.value {
        Value::Null => {}
        Value::List(items) => {
            for item in items {
                let name = reading
                    .entries(item)
                    .iter()
                    .find(|entry| entry.key == "name");
                match name.map(|entry| (&entry.node.value, entry.node.span)) {
                    Some((Value::Text(name), span)) => {
                        let property = property(item, span, reading);
                        all.insert(name.clone(), property);
                    }
                    _ => reading.wrong(item, "this property has no name"),
                }
            }
        }
        Value::Map(entries) => match entries.iter().find(|entry| entry.key == "properties") {
            Some(inner) if !is_property(&inner.node) => return properties(&inner.node, reading),
            _ => {
                for entry in entries {
                    let property = property(&entry.node, entry.key_span, reading);
                    all.insert(entry.key.clone(), property);
                }
            }
        },
        other => {
            let message = format!("expected a list of properties, found {}", other.kind());
            reading.wrong(node, message);
        }
    }
    all
}

/// The JSON Schema of an object with these properties.
pub(super) fn object_schema<'p>(
    properties: impl Iterator<Item = (&'p String, &'p Property)>,
    is_strict: bool,
) -> Json {
    let mut fields = Map::new();
    let mut required = Vec::new();
    for (name, property) in properties {
        let is_required = property.required == Some(true);
        let mut schema = property.schema.clone();
        if is_strict && !is_required && schema["type"].is_string() {
            schema["type"] = json!([schema["type"], "null"]);
        }
        if is_strict || is_required {
            required.push(json!(name));
        }
        fields.insert(name.clone(), schema);
    }
    let mut schema = json!({"type": "object", "properties": fields});
    if !required.is_empty() {
        schema["required"] = Json::Array(required);
    }
    schema
}

/// Whether a mapping describes a property, and is not the value itself.
fn is_property(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else {
        return false;
    };
    entries.iter().any(|entry| match entry.key.as_str() {
        "kind" | "type" => matches!(entry.node.value, Value::Text(_)),
        "name" | "description" | "required" | "default" | "example" | "sample" | "enumValues"
        | "json_schema" => true,
        _ => false,
    })
}

fn property(node: &Node, span: Span, reading: &mut Reading<'_>) -> Property {
    let mut property = Property {
        kind: PropertyKind::Value(None),
        description: None,
        default: None,
        example: None,
        required: None,
        span,
        schema: json!({}),
    };
    if !is_property(node) && !matches!(node.value, Value::Null) {
        let value = node.to_json();
        property.kind = PropertyKind::Value(kind_of(&value));
        property.schema = schema_of(property.kind);
        property.default = Some(value).filter(|_| !holds_reference(node));
        return property;
    }
    for entry in reading.entries(node) {
        read_key(entry, &mut property, reading);
    }
    let mut schema = schema_of(property.kind);
    if let Some(description) = &property.description {
        schema["description"] = json!(description);
    }
    for entry in reading.entries(node) {
        match entry.key.as_str() {
            "enumValues" | "enum" => schema["enum"] = entry.node.to_json(),
            "items" => {
                schema["items"] = self::property(&entry.node, entry.key_span, reading).schema;
            }
            "properties" => {
                let inner = properties(&entry.node, reading);
                let inner = object_schema(inner.iter(), false);
                for key in ["properties", "required"] {
                    if let Some(value) = inner.get(key) {
                        schema[key] = value.clone();
                    }
                }
            }
            "json_schema" => schema = entry.node.to_json(),
            _ => {}
        }
    }
    property.schema = schema;
    property
}

fn read_key(entry: &Entry, property: &mut Property, reading: &mut Reading<'_>) {
    let node = &entry.node;
    match entry.key.as_str() {
        "kind" | "type" => {
            if let Some(name) = reading.text(node) {
                property.kind = kind(&name, node, reading);
            }
        }
        "description" => property.description = reading.text(node),
        "required" => property.required = reading.boolean(node),
        "default" | "example" | "sample" => {
            if holds_reference(node) {
                let at = At::Secret(reading.source, entry.key_span);
                let message = format!("`{}` is a reference, and is not copied", entry.key);
                let help = "write the value out, if it is no secret";
                reading.remarks.left_out("reference", at, message, help);
            } else if !matches!(node.value, Value::Null) {
                let value = Some(node.to_json());
                if entry.key == "default" {
                    property.default = value;
                } else {
                    property.example = value;
                }
            }
        }
        "name" | "title" | "enumValues" | "enum" | "items" | "properties" | "json_schema"
        | "strict" | "nullable" => {}
        _ => reading.unsupported(entry, &KEYS),
    }
}

fn kind(name: &str, node: &Node, reading: &mut Reading<'_>) -> PropertyKind {
    let value = |kind| PropertyKind::Value(Some(kind));
    match name {
        "string" | "str" => value(VariableKind::String),
        "integer" | "int" => value(VariableKind::Integer),
        "float" | "number" => value(VariableKind::Number),
        "boolean" | "bool" => value(VariableKind::Boolean),
        "array" | "list" => value(VariableKind::Array),
        "object" | "dict" => value(VariableKind::Object),
        "thread" => PropertyKind::Thread,
        "image" => PropertyKind::Media(MediaKind::Image),
        "file" => PropertyKind::Media(MediaKind::File),
        "audio" => PropertyKind::Audio,
        "any" | "union" => PropertyKind::Value(None),
        _ => {
            let message = format!("the kind `{name}` is not known here");
            reading.wrong(node, message);
            PropertyKind::Value(None)
        }
    }
}

fn schema_of(kind: PropertyKind) -> Json {
    match kind {
        PropertyKind::Value(Some(kind)) => json!({"type": kind.name()}),
        _ => json!({}),
    }
}
