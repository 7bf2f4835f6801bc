//! Picoschema, the short way in which dotprompt files write a schema, as JSON Schema.

use serde_json::{Map, Value as Json, json};

use crate::engine::workspace::document::{Entry, Node, Source, Value};

use super::super::remarks::{At, Remarks};

/// The types that stand alone.
const SCALARS: [&str; 6] = ["any", "boolean", "integer", "null", "number", "string"];

/// The key that stands for all other keys.
const WILDCARD: &str = "(*)";

/// Reads a schema, which is Picoschema or JSON Schema. What is wrong with it is a remark, and then there
/// is none.
pub(super) fn schema(node: &Node, source: &Source, remarks: &mut Remarks) -> Option<Json> {
    let mut reader = Reader { source, remarks };
    let Value::Map(entries) = &node.value else {
        return reader.value(node);
    };
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let type_name = find("type").and_then(|entry| match &entry.node.value {
        Value::Text(name) => Some(name.as_str()),
        _ => None,
    });
    let is_type = |name: &str| SCALARS.contains(&name) || matches!(name, "object" | "array");
    if type_name.is_some_and(is_type) {
        return Some(node.to_json());
    }
    if find("properties").is_some_and(|entry| matches!(entry.node.value, Value::Map(_))) {
        let mut schema = node.to_json();
        schema["type"] = json!("object");
        return Some(schema);
    }
    reader.object(entries)
}

struct Reader<'r> {
    source: &'r Source,
    remarks: &'r mut Remarks,
}

impl Reader<'_> {
    fn value(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::Text(text) => self.scalar(node, text),
            Value::Map(entries) => self.object(entries),
            Value::Null => self.scalar(node, "null"),
            other => {
                let message = format!("expected a type or a mapping, found {}", other.kind());
                self.wrong(
                    node,
                    message,
                    "write a type, for example `string, what it means`",
                );
                None
            }
        }
    }

    fn scalar(&mut self, node: &Node, text: &str) -> Option<Json> {
        let (name, description) = split_description(text);
        if !SCALARS.contains(&name) {
            let message = format!("the schema `{name}` is defined in code");
            let help = "write the schema out in this file; the types are `string`, `integer`, \
                        `number`, `boolean`, `any`";
            self.wrong(node, message, help);
            return None;
        }
        let mut schema = Map::new();
        if name != "any" {
            schema.insert("type".to_owned(), json!(name));
        }
        describe(&mut schema, description);
        Some(Json::Object(schema))
    }

    fn object(&mut self, entries: &[Entry]) -> Option<Json> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut others = json!(false);
        let mut complete = true;
        for entry in entries {
            if entry.key == WILDCARD {
                match self.value(&entry.node) {
                    Some(schema) => others = schema,
                    None => complete = false,
                }
                continue;
            }
            let (name, parenthesis) = match entry.key.split_once('(') {
                Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
                None => (entry.key.as_str(), None),
            };
            let plain = name.strip_suffix('?');
            let is_optional = plain.is_some();
            let name = plain.unwrap_or(name);
            if !is_optional {
                required.push(json!(name));
            }
            match self.property(entry, parenthesis, is_optional) {
                Some(schema) => {
                    properties.insert(name.to_owned(), schema);
                }
                None => complete = false,
            }
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = Json::Array(required);
        }
        schema["additionalProperties"] = others;
        complete.then_some(schema)
    }

    fn property(
        &mut self,
        entry: &Entry,
        parenthesis: Option<&str>,
        is_optional: bool,
    ) -> Option<Json> {
        let (sort, description) = match parenthesis {
            None => ("", None),
            Some(text) => split_description(text),
        };
        let mut schema = match (sort, &entry.node.value) {
            ("" | "object", _) => self.value(&entry.node)?,
            ("array", _) => json!({"type": "array", "items": self.value(&entry.node)?}),
            ("enum", Value::List(_)) => json!({"enum": entry.node.to_json()}),
            ("enum", other) => {
                let message = format!("expected a list of values, found {}", other.kind());
                self.wrong(&entry.node, message, "write the values as a list");
                return None;
            }
            _ => {
                let message = format!("`{sort}` is not known here");
                let help = "write `(array)`, `(object)` or `(enum)`";
                let at = At::Span(self.source, entry.key_span);
                self.remarks.left_out("invalid-schema", at, message, help);
                return None;
            }
        };
        if is_optional {
            make_nullable(&mut schema);
        }
        if let Json::Object(schema) = &mut schema {
            describe(schema, description);
        }
        Some(schema)
    }

    fn wrong(&mut self, node: &Node, message: String, help: &str) {
        let at = At::Span(self.source, node.span);
        self.remarks.left_out("invalid-schema", at, message, help);
    }
}

/// What is optional may be `null`, too.
fn make_nullable(schema: &mut Json) {
    if let Some(name) = schema.get("type").filter(|name| name.is_string()).cloned() {
        schema["type"] = json!([name, "null"]);
    } else if let Some(Json::Array(choices)) = schema.get_mut("enum")
        && !choices.contains(&Json::Null)
    {
        choices.push(Json::Null);
    }
}

fn describe(schema: &mut Map<String, Json>, description: Option<&str>) {
    if let Some(description) = description {
        schema.insert("description".to_owned(), json!(description));
    }
}

/// A type and what is said about it, behind the first comma.
fn split_description(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((name, description)) => (name, Some(description.trim_start_matches(' '))),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::yaml::parse_yaml;

    fn read(text: &str) -> (Option<Json>, Vec<crate::domain::finding::Finding>) {
        let source = Source::new("a.prompt", text);
        let node = parse_yaml(&source).unwrap();
        let mut remarks = Remarks::default();
        let schema = schema(&node, &source, &mut remarks);
        (schema, remarks.finish("a.prompt", "imported"))
    }

    /// The expected schemas are those of google/dotprompt's `spec/picoschema.yaml`, in other words.
    #[test]
    fn the_short_way_says_what_json_schema_says() {
        for (text, expected) in [
            ("string", json!({"type": "string"})),
            (
                "number,  how many, at most",
                json!({"type": "number", "description": "how many, at most"}),
            ),
            (
                "queue: string\nurgent?: boolean, whether to hurry",
                json!({
                    "type": "object", "required": ["queue"], "additionalProperties": false,
                    "properties": {
                        "queue": {"type": "string"},
                        "urgent": {"type": ["boolean", "null"], "description": "whether to hurry"},
                    },
                }),
            ),
            (
                "tags(array, labels): string, one of them\nvector?(array): number",
                json!({
                    "type": "object", "required": ["tags"], "additionalProperties": false,
                    "properties": {
                        "tags": {
                            "type": "array", "description": "labels",
                            "items": {"type": "string", "description": "one of them"},
                        },
                        "vector": {"type": ["array", "null"], "items": {"type": "number"}},
                    },
                }),
            ),
            (
                "who?(object, the customer):\n  name?: string\nplan(enum): [free, paid]\nage?(enum): [1]",
                json!({
                    "type": "object", "required": ["plan"], "additionalProperties": false,
                    "properties": {
                        "who": {
                            "type": ["object", "null"], "description": "the customer",
                            "properties": {"name": {"type": ["string", "null"]}},
                            "additionalProperties": false,
                        },
                        "plan": {"enum": ["free", "paid"]},
                        "age": {"enum": [1, null]},
                    },
                }),
            ),
            (
                "first: any\n(*): number, lucky",
                json!({
                    "type": "object", "required": ["first"], "properties": {"first": {}},
                    "additionalProperties": {"type": "number", "description": "lucky"},
                }),
            ),
            (
                "type: string\nminLength: 1",
                json!({"type": "string", "minLength": 1}),
            ),
            (
                "properties: {a: {type: string}}",
                json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            ),
        ] {
            let (schema, remarks) = read(text);
            assert_eq!(schema, Some(expected), "{text}");
            assert!(remarks.is_empty(), "{remarks:?}");
        }
    }

    #[test]
    fn what_is_no_schema_is_found_where_it_stands() {
        for (text, line, message) in [
            ("Customer", 1, "the schema `Customer` is defined in code"),
            (
                "a: string\nb: Customer, who asks",
                2,
                "the schema `Customer` is defined in code",
            ),
            (
                "a: [string]",
                1,
                "expected a type or a mapping, found a list",
            ),
            ("a(tuple): string", 1, "`tuple` is not known here"),
            ("a(enum): x", 1, "expected a list of values, found text"),
            (
                "a:\n  b: 5",
                2,
                "expected a type or a mapping, found a whole number",
            ),
        ] {
            let (schema, remarks) = read(text);
            assert_eq!(schema, None, "{text}");
            let found = (
                remarks[0].place.span.unwrap().line,
                remarks[0].message.as_str(),
            );
            assert_eq!(found, (line, message), "{text}");
        }
    }
}
