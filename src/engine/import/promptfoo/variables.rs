//! Which type the variables of prompts have, so that ours print what promptfoo's print.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::template::Scope;
use super::value::text_of;

/// What a variable is declared as.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    kind: &'static str,
    /// The value where a row has none, where that happens.
    default: Option<Json>,
    /// Whether values of other types become texts.
    as_text: bool,
}

/// The variables by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Plans(BTreeMap<String, Plan>);

impl Plans {
    /// Plans the variables that prompts name, for these rows.
    pub(super) fn new(names: &[String], rows: &[&Scope]) -> Self {
        let plan = |name: &String| {
            let values: Vec<Option<&Json>> = rows.iter().map(|row| row.get(name)).collect();
            (name.clone(), plan(&values))
        };
        Self(names.iter().map(plan).collect())
    }

    /// A row with its values as the prompts want them.
    pub(super) fn row(&self, values: &Scope) -> Scope {
        let mut row = values.clone();
        for (name, plan) in &self.0 {
            if let Some(value) = row.get_mut(name)
                && plan.as_text
                && !value.is_string()
            {
                let text = if value.is_null() {
                    Some(String::new())
                } else {
                    text_of(value)
                };
                *value = Json::from(text.unwrap_or_default());
            }
        }
        row
    }

    /// The variables of a prompt, as its file declares them.
    pub(super) fn declared(&self, names: &[String]) -> Json {
        let mut declared = Map::new();
        for name in names {
            let Some(plan) = self.0.get(name) else {
                continue;
            };
            let mut variable = json!({"type": plan.kind});
            if let Some(default) = &plan.default {
                variable["default"] = default.clone();
            }
            declared.insert(name.clone(), variable);
        }
        Json::Object(declared)
    }
}

fn plan(values: &[Option<&Json>]) -> Plan {
    let is_missing = values.iter().any(Option::is_none);
    let known: Vec<&Json> = values.iter().copied().flatten().collect();
    let all = |test: fn(&Json) -> bool| !known.is_empty() && known.iter().all(|value| test(value));
    let (kind, empty) = if known.is_empty() || all(Json::is_string) {
        ("string", json!(""))
    } else if all(Json::is_array) {
        ("array", json!([]))
    } else if all(Json::is_object) {
        ("object", json!({}))
    } else if all(Json::is_boolean) && !is_missing {
        ("boolean", json!(false))
    } else if all(Json::is_i64) && !is_missing {
        ("integer", json!(0))
    } else {
        return Plan {
            kind: "string",
            default: is_missing.then(|| json!("")),
            as_text: true,
        };
    };
    Plan {
        kind,
        default: (is_missing && !values.is_empty()).then_some(empty),
        as_text: false,
    }
}
