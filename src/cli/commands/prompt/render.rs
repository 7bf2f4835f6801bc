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
use crate::domain::media::Media;
use crate::domain::message::{RenderedContent, RenderedMessage, RenderedPart};
use crate::domain::prompt::{ModelRef, Prompt, Variable};
use crate::domain::run::ModelRequest;
use crate::domain::suggest::did_you_mean;
use crate::domain::untrusted::UntrustedBlock;
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::media::{media_path, read_media};

/// Render a prompt: exactly what a model would be asked, without asking it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt render support/triage --var ticket='My parcel is late'
  pointsman prompt render support/triage --row support-golden:billing-double-charge --json")]
pub(super) struct RenderArgs {
    /// The prompt
    #[arg(value_parser = prompt_id)]
    prompt: PromptId,
    /// A variable's value; for a picture or a document its path, `datasets/...`; for anything else
    /// but text, write JSON
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
    let mut row = row.unwrap_or_default();
    for (name, text) in &args.variables {
        let prompt = closure.prompt();
        match variable(prompt, name)?.kind.media() {
            Some(_) => {
                let media = find_media(tree.as_ref(), text)?;
                row.files.insert(name.clone(), media);
            }
            None => {
                row.vars.insert(name.clone(), Value::from(text.as_str()));
            }
        }
    }
    let request = closure
        .render_row(&row, tree.as_ref(), 0)
        .map_err(|error| {
            CommandError::usage(error.to_string())
                .with_hint("give values with `--var name=value` or `--row dataset:row`")
        })?;
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

fn variable<'p>(prompt: &'p Prompt, name: &str) -> Result<&'p Variable, CommandError> {
    prompt.variables.get(name).ok_or_else(|| {
        let known = prompt.variables.keys().map(String::as_str);
        CommandError::usage(format!(
            "the prompt `{}` has no variable `{name}`",
            prompt.id
        ))
        .with_hint(did_you_mean(name, known))
    })
}

/// A file below `datasets/`, named from the workspace root.
fn find_media(tree: &dyn FileTree, path: &str) -> Result<Media, CommandError> {
    let below = path.strip_prefix("datasets/").unwrap_or_default();
    let file = media_path("datasets", below).and_then(|path| read_media(tree, &path));
    let file = file.map_err(|error| {
        CommandError::usage(error.to_string())
            .with_hint("name a picture or document by its path, `datasets/...`")
    })?;
    Ok(file.media)
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
    let messages = request
        .messages
        .iter()
        .map(|message| format!("[{}]\n{}\n", message.role.name(), shown(&message.content)));
    messages.collect::<Vec<_>>().join("\n")
}

/// Text as it is; a picture or a document by its name, type, size and digest.
fn shown(content: &RenderedContent) -> String {
    let parts = match content {
        RenderedContent::Text(text) => return UntrustedBlock(text).to_string(),
        RenderedContent::Parts(parts) => parts,
    };
    let lines: Vec<String> = parts
        .iter()
        .map(|part| match part {
            RenderedPart::Text(text) => UntrustedBlock(text).to_string(),
            RenderedPart::Media(media) => format!("[{media}]"),
        })
        .collect();
    lines.join("\n")
}
