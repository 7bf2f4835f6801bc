//! `pointsman prompt render`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::prompt::{ModelRef, Prompt};
use crate::domain::run::{ModelRequest, RenderedMessage};
use crate::domain::suggest::did_you_mean;
use crate::domain::untrusted::UntrustedBlock;
use crate::engine::workspace::Workspace;

/// Render a prompt: exactly what a model would be asked, without asking it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt render support/triage --var ticket='My parcel is late'
  pointsman prompt render support/triage --row support-golden:billing-double-charge --json")]
pub(super) struct RenderArgs {
    /// The prompt
    #[arg(value_parser = prompt_id)]
    prompt: PromptId,
    /// A variable's value; for anything but text, write JSON
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = assignment)]
    variables: Vec<(String, String)>,
    /// Take the values, and the conversation if there is one, from a row of a dataset
    #[arg(long, value_name = "DATASET:ROW", value_parser = row_name)]
    row: Option<(DatasetId, String)>,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write `name=value`")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn row_name(text: &str) -> Result<(DatasetId, String), String> {
    let (dataset, row) = text.split_once(':').ok_or("write `dataset:row`")?;
    let dataset = DatasetId::new(dataset).map_err(|error| error.to_string())?;
    Ok((dataset, row.to_owned()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RenderOutput<'r> {
    schema: &'static str,
    prompt: &'r PromptId,
    fingerprint: Digest,
    request: Digest,
    model: &'r ModelRef,
    messages: &'r [RenderedMessage],
    parameters: &'r Map<String, Value>,
    response_format: Value,
    tools: &'r [Value],
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &RenderArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let closure = workspace.closure(&args.prompt)?;
    let row = match &args.row {
        Some((dataset, row)) => Some(find_row(&workspace, dataset, row)?),
        None => None,
    };
    let (mut values, conversation) = row.map(|row| (row.vars, row.messages)).unwrap_or_default();
    for (name, text) in &args.variables {
        values.insert(name.clone(), variable_value(closure.prompt(), name, text)?);
    }
    let mut request = closure.render(&values, 0).map_err(|error| {
        CommandError::usage(error.to_string())
            .with_hint("give values with `--var name=value` or `--row dataset:row`")
    })?;
    request.messages.extend(conversation);
    if ui.wants_json() {
        ui.json(&output(&request, closure.fingerprint()));
    } else {
        ui.text(render(&request));
    }
    Ok(Exit::Success)
}

fn find_row(workspace: &Workspace<'_>, id: &DatasetId, row_id: &str) -> Result<Row, CommandError> {
    let dataset = workspace.dataset(id)?;
    let mut names = Vec::new();
    for row in workspace.rows(&dataset)? {
        let row = row?;
        if row.id == row_id {
            return Ok(row);
        }
        names.push(row.id);
    }
    let help = did_you_mean(row_id, names.iter().map(String::as_str));
    Err(CommandError::usage(format!("the dataset `{id}` has no row `{row_id}`")).with_hint(help))
}

/// The value that a text on the command line means for a variable: the text itself, or JSON where
/// the variable is not text.
fn variable_value(prompt: &Prompt, name: &str, text: &str) -> Result<Value, CommandError> {
    if prompt.variables.contains_key(name) {
        return Ok(Value::from(text));
    }
    let known = prompt.variables.keys().map(String::as_str);
    Err(CommandError::usage(format!(
        "the prompt `{}` has no variable `{name}`",
        prompt.id
    ))
    .with_hint(did_you_mean(name, known)))
}

fn output(request: &ModelRequest, fingerprint: Digest) -> RenderOutput<'_> {
    RenderOutput {
        schema: "pointsman/prompt-render/v1",
        prompt: &request.prompt,
        fingerprint,
        request: request.digest(),
        model: &request.model,
        messages: &request.messages,
        parameters: &request.parameters,
        response_format: request.response_format.canonical(),
        tools: &request.tools,
    }
}

fn render(request: &ModelRequest) -> String {
    let messages = request.messages.iter().map(|message| {
        format!(
            "[{}]\n{}\n",
            message.role.name(),
            UntrustedBlock(&message.content)
        )
    });
    messages.collect::<Vec<_>>().join("\n")
}
