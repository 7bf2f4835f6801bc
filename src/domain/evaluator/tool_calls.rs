//! Rules about the tools that an answer calls.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What must hold for the tool calls of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCallsRule {
    /// Which calls are wanted; absent: whichever.
    pub calls: Option<CallsWanted>,
    /// How the calls must follow one another.
    pub order: CallOrder,
    /// How arguments are compared.
    pub arguments: ArgumentsMatch,
    /// Whether each call must name a tool of the prompt and follow the schema of its parameters.
    pub schema: bool,
}

/// Which calls are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum CallsWanted {
    /// The same for every row.
    Fixed(Vec<WantedCall>),
    /// The row's value in this column.
    Column(String),
}

/// One call that is wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WantedCall {
    /// The tool.
    pub name: String,
    /// Its arguments; absent: whichever.
    pub arguments: Option<Map<String, Value>>,
}

/// How calls must follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallOrder {
    /// The wanted ones in their order; others may stand between them.
    InOrder,
    /// The wanted ones in their order, and no other.
    Exact,
    /// The wanted ones in any order; others may be there.
    AnyOrder,
}

impl CallOrder {
    /// Every order with its spelling in files.
    pub const ALL: [(&'static str, Self); 3] = [
        ("in-order", Self::InOrder),
        ("exact", Self::Exact),
        ("any-order", Self::AnyOrder),
    ];
}

/// How the arguments of a call are compared with those that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentsMatch {
    /// Every wanted argument is there with its value; others may be there.
    Partial,
    /// The arguments are the wanted ones and no others.
    Exact,
}

impl ArgumentsMatch {
    /// Every way with its spelling in files.
    pub const ALL: [(&'static str, Self); 2] = [("partial", Self::Partial), ("exact", Self::Exact)];
}

impl WantedCall {
    /// Reads a wanted call: a name, or a mapping of `name` and `arguments`.
    pub fn read(value: &Value) -> Option<Self> {
        let (name, arguments) = match value {
            Value::String(name) => (name.clone(), None),
            Value::Object(map) => {
                let known = map.keys().all(|key| key == "name" || key == "arguments");
                let name = map.get("name")?.as_str()?.to_owned();
                let arguments = match map.get("arguments") {
                    None => None,
                    Some(Value::Object(arguments)) => Some(arguments.clone()),
                    Some(_) => return None,
                };
                known.then_some((name, arguments))?
            }
            _ => return None,
        };
        (!name.is_empty()).then_some(Self { name, arguments })
    }
}

impl ToolCallsRule {
    pub(super) fn canonical(&self) -> Value {
        json!({
            "calls": match &self.calls {
                None => Value::Null,
                Some(CallsWanted::Fixed(calls)) => json!(calls),
                Some(CallsWanted::Column(column)) => json!({"column": column}),
            },
            "order": self.order,
            "arguments": self.arguments,
            "schema": self.schema,
        })
    }
}
