//! The settings of a dotprompt file.

use serde_json::{Map, Value as Json, json};

use crate::domain::prompt::{ModelRef, ResponseFormat};
use crate::engine::workspace::yaml_text::yaml_text;

use super::super::subject::Subject;
use super::schema;

/// Names of ours for what has another one there.
const PARAMETERS: [(&str, &str); 2] = [("maxTokens", "maxOutputTokens"), ("stop", "stopSequences")];

/// Writes the settings, as YAML.
pub(super) fn settings(subject: &mut Subject<'_>) -> String {
    let mut file = subject.words();
    file.insert("model".to_owned(), json!(model(&subject.model())));
    let parameters = parameters(subject);
    if !parameters.is_empty() {
        file.insert("config".to_owned(), Json::Object(parameters));
    }
    if !subject.prompt.variables.is_empty() {
        file.insert("input".to_owned(), input(subject));
    }
    if let Some(output) = output(subject) {
        file.insert("output".to_owned(), output);
    }
    if !subject.prompt.tools.is_empty() {
        file.insert("toolDefs".to_owned(), tools(subject));
    }
    for key in ["testData", "evaluators"] {
        if subject.entry(key).is_some() {
            let message = format!("there is no place for `{key}` there");
            let help = "keep them here: they can test the prompt as it is";
            subject.left_out("tests", &[key], &message, help);
        }
    }
    subject.leave_evals();
    yaml_text(&Json::Object(file))
}

/// The model by its name there.
fn model(model: &ModelRef) -> String {
    match model.provider.as_str() {
        "gemini" => format!("googleai/{}", model.model),
        _ => model.to_string(),
    }
}

fn parameters(subject: &mut Subject<'_>) -> Map<String, Json> {
    let mut renamed = Map::new();
    for (key, value) in subject.parameters() {
        let known = PARAMETERS.iter().find(|(own, _)| *own == key);
        let name = known.map_or(key.as_str(), |(_, foreign)| foreign);
        renamed.insert(name.to_owned(), value);
    }
    renamed
}

/// The variables with their defaults.
fn input(subject: &mut Subject<'_>) -> Json {
    let variables = &subject.prompt.variables;
    let mut input = json!({"schema": schema::of_variables(variables)});
    let defaults = variables.iter();
    let defaults: Map<String, Json> = defaults
        .filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)))
        .collect();
    if !defaults.is_empty() {
        input["default"] = Json::Object(defaults);
    }
    input
}

/// What the answer must look like.
fn output(subject: &mut Subject<'_>) -> Option<Json> {
    let format = match &subject.prompt.response_format {
        ResponseFormat::Text => return None,
        ResponseFormat::JsonObject => return Some(json!({"format": "json"})),
        ResponseFormat::JsonSchema(format) => format.clone(),
    };
    if format.strict {
        let message = "no provider is asked there to enforce the schema";
        let help = "the answer is held against it after it came";
        subject.left_out("strict", &["jsonSchema", "strict"], message, help);
    }
    let last = subject.prompt.id.as_str().rsplit('/').next();
    if format.name != last.unwrap_or_default().replace('-', "_") {
        let message = format!("the schema has no name there: `{}`", format.name);
        let help = "where it needs one, it is called like the prompt";
        subject.left_out("schema-name", &["jsonSchema", "name"], &message, help);
    }
    if schema::is_json_schema(&format.schema) {
        return Some(json!({"format": "json", "schema": format.schema}));
    }
    let message = "without a `type`, this schema would be read as picoschema there";
    let help = "add `type: object`";
    subject.left_out("schema", &["jsonSchema", "schema"], message, help);
    Some(json!({"format": "json"}))
}

fn tools(subject: &mut Subject<'_>) -> Json {
    let mut tools = Vec::new();
    for tool in &subject.prompt.tools {
        let function = &tool["function"];
        let name = &function["name"];
        let mut definition = json!({"name": name});
        if let Some(description) = function.get("description") {
            definition["description"] = description.clone();
        }
        if function.get("strict").and_then(Json::as_bool) == Some(true) {
            let message = format!("no provider is asked there to enforce the schema of {name}");
            let help = "the arguments are what the model makes of them";
            subject.left_out("strict", &["tools"], &message, help);
        }
        match function.get("parameters") {
            Some(parameters) if schema::is_json_schema(parameters) => {
                definition["inputSchema"] = parameters.clone();
            }
            Some(_) => {
                let message = format!(
                    "without a `type`, the schema of {name} would be read as picoschema there"
                );
                let help = "add `type: object`";
                subject.left_out("schema", &["tools"], &message, help);
            }
            None => {}
        }
        tools.push(definition);
    }
    tools.into()
}
