//! `pointsman prompt show`.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::prompt::{ModelRef, Prompt, Role, VariableKind};
use crate::domain::untrusted::{Untrusted, UntrustedBlock};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

/// Show one prompt: its contract, its templates and what tests it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt show support/triage
  pointsman prompt show support/triage --at lanes/production")]
pub(super) struct ShowArgs {
    /// The prompt
    #[arg(value_parser = prompt_id)]
    prompt: PromptId,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShowOutput<'p> {
    schema: &'static str,
    id: &'p PromptId,
    name: Option<&'p str>,
    description: Option<&'p str>,
    fingerprint: Digest,
    model: &'p ModelRef,
    model_parameters: &'p Map<String, Value>,
    variables: Vec<ShownVariable<'p>>,
    messages: Vec<ShownMessage>,
    response_format: Value,
    tools: &'p [Value],
    includes: Vec<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<Value>,
    evals: Vec<ShownBinding<'p>>,
}

#[derive(Serialize)]
struct ShownVariable<'p> {
    name: &'p str,
    #[serde(rename = "type")]
    kind: VariableKind,
    description: Option<&'p str>,
    default: Option<&'p Value>,
}

#[derive(Serialize)]
struct ShownMessage {
    role: Role,
    content: Value,
}

#[derive(Serialize)]
struct ShownBinding<'p> {
    dataset: &'p DatasetId,
    evaluators: Vec<&'p EvaluatorId>,
}

impl<'p> From<&'p Closure> for ShowOutput<'p> {
    fn from(closure: &'p Closure) -> Self {
        let prompt = closure.prompt();
        let variables = prompt
            .variables
            .iter()
            .map(|(name, variable)| ShownVariable {
                name,
                kind: variable.kind,
                description: variable.description.as_deref(),
                default: variable.default.as_ref(),
            });
        let messages = prompt.messages.iter().map(|message| ShownMessage {
            role: message.role,
            content: message
                .content
                .to_json(|part, path| json!({"type": part.kind.name(), "path": path})),
        });
        let evals = prompt.evals.iter().map(|binding| ShownBinding {
            dataset: &binding.dataset.0,
            evaluators: binding.evaluators.iter().map(|(id, _)| id).collect(),
        });
        Self {
            schema: "pointsman/prompt-show/v1",
            id: &prompt.id,
            name: prompt.name.as_deref(),
            description: prompt.description.as_deref(),
            fingerprint: closure.fingerprint(),
            model: &prompt.model,
            model_parameters: &prompt.model_parameters,
            variables: variables.collect(),
            messages: messages.collect(),
            response_format: prompt.response_format.canonical(),
            tools: &prompt.tools,
            includes: closure.includes().keys().map(String::as_str).collect(),
            media: closure.media().values().map(|it| it.reference()).collect(),
            evals: evals.collect(),
        }
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let closure = Workspace::new(tree.as_ref()).closure(&args.prompt)?;
    if ui.wants_json() {
        ui.json(&ShowOutput::from(&closure));
    } else {
        ui.text(render(&closure));
    }
    Ok(Exit::Success)
}

fn render(closure: &Closure) -> String {
    let prompt = closure.prompt();
    let mut text = String::new();
    let _ = writeln!(text, "{}", prompt.id);
    let mut field = |title: &str, value: &str| {
        let _ = writeln!(text, "  {title:<13}{}", Untrusted(value));
    };
    for (title, value) in [("name", &prompt.name), ("description", &prompt.description)] {
        if let Some(value) = value {
            field(title, value);
        }
    }
    field("fingerprint", &closure.fingerprint().to_string());
    field("model", &prompt.model.to_string());
    if !prompt.model_parameters.is_empty() {
        field(
            "parameters",
            &Value::from(prompt.model_parameters.clone()).to_string(),
        );
    }
    for path in closure.includes().keys() {
        field("includes", path);
    }
    for media in closure.media().values() {
        field("shows", &media.to_string());
    }
    for (name, variable) in &prompt.variables {
        let default = variable
            .default
            .as_ref()
            .map(|default| format!(", default {default}"));
        field(
            "variable",
            &format!(
                "{name}: {}{}",
                variable.kind.name(),
                default.unwrap_or_default()
            ),
        );
    }
    for binding in &prompt.evals {
        let evaluators: Vec<&str> = binding
            .evaluators
            .iter()
            .map(|(id, _)| id.as_str())
            .collect();
        field(
            "tested on",
            &format!("{} by {}", binding.dataset.0, evaluators.join(", ")),
        );
    }
    render_messages(prompt, &mut text);
    text
}

fn render_messages(prompt: &Prompt, text: &mut String) {
    for message in &prompt.messages {
        let _ = writeln!(text, "\n[{}]", message.role.name());
        let content = message.content.to_string();
        let _ = writeln!(text, "{}", UntrustedBlock(content.trim_end()));
    }
}
