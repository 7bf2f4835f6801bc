//! What is known of a value from a JSON Schema: its kind, and that of what it holds.

use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::domain::prompt::VariableKind;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Shape {
    /// Its kind; absent: any.
    pub(super) kind: Option<VariableKind>,
    /// Its fields, and whether each must be there.
    pub(super) fields: IndexMap<String, (Rc<Shape>, bool)>,
    /// What its other fields, or its items, are like.
    pub(super) items: Option<Rc<Shape>>,
    /// The only values that it takes.
    pub(super) choices: Vec<Value>,
    /// What it means, for people.
    pub(super) description: Option<String>,
    /// Its value where none is given.
    pub(super) default: Option<Value>,
}

impl Shape {
    /// Of a kind, and no more is known.
    pub(super) fn of(kind: VariableKind) -> Rc<Self> {
        Rc::new(Self {
            kind: Some(kind),
            ..Self::default()
        })
    }

    /// What a JSON Schema says.
    pub(super) fn of_schema(schema: &Value) -> Rc<Self> {
        let Value::Object(schema) = schema else {
            return Rc::default();
        };
        let choices = match schema.get("enum") {
            Some(Value::Array(choices)) => choices.clone(),
            _ => Vec::new(),
        };
        let kind = declared_kind(schema).or_else(|| kind_of_all(&choices));
        let items = match kind {
            Some(VariableKind::Array) => schema.get("items"),
            _ => schema
                .get("additionalProperties")
                .filter(|it| it.is_object()),
        };
        let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        Rc::new(Self {
            kind,
            fields: fields(schema),
            items: items.map(Self::of_schema),
            choices,
            description: text("description"),
            default: schema.get("default").filter(|it| !it.is_null()).cloned(),
        })
    }

    /// What is known of a field, and whether it must be there.
    pub(super) fn field(&self, name: &str) -> (Rc<Self>, bool) {
        match self.fields.get(name) {
            Some(field) => field.clone(),
            None => (
                self.items.clone().unwrap_or_default(),
                self.fields.is_empty(),
            ),
        }
    }

    /// What is known of an item.
    pub(super) fn item(&self) -> Rc<Self> {
        self.items.clone().unwrap_or_default()
    }

    /// What the value means, and which values it takes.
    pub(super) fn described(&self) -> Option<String> {
        let choices: Vec<String> = self
            .choices
            .iter()
            .filter(|choice| !choice.is_null())
            .map(|choice| choice.as_str().map_or(choice.to_string(), str::to_owned))
            .collect();
        if choices.is_empty() {
            return self.description.clone();
        }
        let choices = format!("one of {}", choices.join(", "));
        Some(match &self.description {
            Some(description) => format!("{description} ({choices})"),
            None => choices,
        })
    }

    /// Whether more is known than the kind, so that a declaration of the kind alone says less.
    pub(super) fn is_structured(&self) -> bool {
        !self.fields.is_empty()
            || self
                .items
                .as_ref()
                .is_some_and(|item| **item != Self::default())
    }
}

fn fields(schema: &Map<String, Value>) -> IndexMap<String, (Rc<Shape>, bool)> {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return IndexMap::new();
    };
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let required: std::collections::BTreeSet<&str> = required.into_iter().collect();
    let field = |(name, schema): (&String, &Value)| {
        let is_required = required.contains(name.as_str());
        (name.clone(), (Shape::of_schema(schema), is_required))
    };
    properties.iter().map(field).collect()
}

/// The kind that `type` names, `null` beside it left aside.
fn declared_kind(schema: &Map<String, Value>) -> Option<VariableKind> {
    let name = match schema.get("type")? {
        Value::String(name) => name.as_str(),
        Value::Array(names) => {
            let mut names = names.iter().filter_map(Value::as_str);
            let first = names.find(|name| *name != "null")?;
            if names.any(|name| name != "null") {
                return None;
            }
            first
        }
        _ => return None,
    };
    let known = VariableKind::ALL
        .into_iter()
        .find(|(known, _)| *known == name);
    known
        .map(|(_, kind)| kind)
        .filter(|kind| kind.media().is_none())
}

/// The kind of some values, where it is the same for all but `null`.
fn kind_of_all(values: &[Value]) -> Option<VariableKind> {
    let mut kinds = values.iter().filter(|value| !value.is_null()).map(kind_of);
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// The kind of a value.
pub(super) fn kind_of(value: &Value) -> Option<VariableKind> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => VariableKind::Boolean,
        Value::Number(number) if number.is_f64() => VariableKind::Number,
        Value::Number(_) => VariableKind::Integer,
        Value::String(_) => VariableKind::String,
        Value::Array(_) => VariableKind::Array,
        Value::Object(_) => VariableKind::Object,
    })
}

/// The value of a kind that prints as nothing, or as little as can be; no number does.
pub(super) fn nothing(kind: VariableKind) -> Option<Value> {
    match kind {
        VariableKind::String => Some(json!("")),
        VariableKind::Boolean => Some(json!(false)),
        VariableKind::Array => Some(json!([])),
        VariableKind::Object => Some(json!({})),
        VariableKind::Integer | VariableKind::Number | VariableKind::Image | VariableKind::File => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_taken_from_types_and_from_choices() {
        for (schema, kind) in [
            (json!({"type": "string"}), Some(VariableKind::String)),
            (
                json!({"type": ["integer", "null"]}),
                Some(VariableKind::Integer),
            ),
            (json!({"type": ["integer", "string"]}), None),
            (json!({"type": "image"}), None),
            (json!({"enum": ["a", null]}), Some(VariableKind::String)),
            (json!({"enum": ["a", 1]}), None),
            (json!({"enum": []}), None),
            (json!({}), None),
            (json!(true), None),
        ] {
            assert_eq!(Shape::of_schema(&schema).kind, kind, "{schema}");
        }
    }

    #[test]
    fn fields_are_optional_unless_the_schema_wants_them() {
        let schema = json!({
            "type": "object", "required": ["a"],
            "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "number"}}},
        });
        let shape = Shape::of_schema(&schema);
        assert!(shape.field("a").1);
        let (list, is_required) = shape.field("b");
        assert_eq!(
            (list.item().kind, is_required),
            (Some(VariableKind::Number), false)
        );
        assert!(!shape.field("c").1);
        assert!(Shape::default().field("anything").1);
    }
}
