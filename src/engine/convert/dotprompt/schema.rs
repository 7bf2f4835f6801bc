//! Schemas as dotprompt reads them: variables in picoschema, the short way, where that can say it, and
//! JSON Schema elsewhere.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::domain::prompt::{Variable, VariableKind};

/// The types by which JSON Schema is told from picoschema.
const TYPES: [&str; 8] = [
    "any", "array", "boolean", "integer", "null", "number", "object", "string",
];

/// Whether a schema is taken for what it is.
pub(super) fn is_json_schema(schema: &Json) -> bool {
    let is_type = schema["type"]
        .as_str()
        .is_some_and(|name| TYPES.contains(&name));
    is_type || schema["properties"].is_object()
}

/// The schema of the input. What has a default is required all the same: it is there when the schema is
/// looked at.
pub(super) fn of_variables(variables: &IndexMap<String, Variable>) -> Json {
    let is_short = |variable: &Variable| {
        let description = variable.description.as_deref().unwrap_or("x");
        let is_plain = |character: char| !character.is_control() && !matches!(character, '(' | ')');
        description.chars().all(is_plain)
            && !description.is_empty()
            && description.trim() == description
    };
    // By these, JSON Schema is told from picoschema.
    let has_keyword = ["type", "properties"]
        .iter()
        .any(|it| variables.contains_key(*it));
    if variables.values().all(is_short) && !has_keyword {
        return picoschema(variables);
    }
    let mut properties = Map::new();
    for (name, variable) in variables {
        let mut schema = json!({"type": type_name(variable.kind)});
        if let Some(description) = &variable.description {
            schema["description"] = json!(description);
        }
        properties.insert(name.clone(), schema);
    }
    let required: Vec<&String> = variables.keys().collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn picoschema(variables: &IndexMap<String, Variable>) -> Json {
    let mut schema = Map::new();
    for (name, variable) in variables {
        let said = match &variable.description {
            Some(description) => format!(", {description}"),
            None => String::new(),
        };
        match variable.kind {
            VariableKind::Array => schema.insert(format!("{name}(array{said})"), json!("any")),
            VariableKind::Object => {
                schema.insert(format!("{name}(object{said})"), json!({"(*)": "any"}))
            }
            kind => schema.insert(name.clone(), json!(format!("{}{said}", type_name(kind)))),
        };
    }
    Json::Object(schema)
}

/// A type there; files are told by their addresses.
fn type_name(kind: VariableKind) -> &'static str {
    match kind {
        VariableKind::Image | VariableKind::File => VariableKind::String.name(),
        other => other.name(),
    }
}
