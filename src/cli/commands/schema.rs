//! `pointsman schema`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::schemas::{SCHEMAS, write};
use crate::cli::ui::Ui;
use crate::domain::suggest::did_you_mean;

/// Print the JSON Schema of a file format, for editors and other tools
///
/// Without a format, lists those that there are. `init` writes all schemas to `.pointsman/schemas/`,
/// and a comment at the top of each file that tells editors so; after an update, `--write` brings
/// them up to date.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman schema
  pointsman schema evaluator > evaluator.schema.json
  pointsman schema --write")]
pub struct SchemaArgs {
    /// The format: `prompt`, `evaluator` and others
    #[arg(conflicts_with = "write")]
    format: Option<String>,
    /// Write all schemas to `.pointsman/schemas/` in the workspace, over those that are there
    #[arg(long)]
    write: bool,
}

#[derive(Serialize)]
struct SchemasV1 {
    schema: &'static str,
    formats: Vec<FormatV1>,
}

#[derive(Serialize)]
struct FormatV1 {
    name: &'static str,
    files: &'static str,
    path: &'static str,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &SchemaArgs) -> Result<Exit, CommandError> {
    match &args.format {
        Some(format) => print(ui, format)?,
        None if args.write => {
            let written = write(&context.workspace_root()?)?;
            ui.line(format_args!(
                "wrote {written} schemas to .pointsman/schemas"
            ));
        }
        None => list(ui),
    }
    Ok(Exit::Success)
}

fn print(ui: &mut Ui, format: &str) -> Result<(), CommandError> {
    let known = SCHEMAS.iter().find(|schema| schema.name == format);
    let Some(schema) = known else {
        let help = did_you_mean(format, SCHEMAS.iter().map(|schema| schema.name));
        return Err(CommandError::usage(format!("there is no format `{format}`")).with_hint(help));
    };
    ui.text(schema.text);
    Ok(())
}

fn list(ui: &mut Ui) {
    if ui.wants_json() {
        let formats = SCHEMAS.iter().map(|schema| FormatV1 {
            name: schema.name,
            files: schema.files,
            path: schema.path,
        });
        ui.json(&SchemasV1 {
            schema: "pointsman/schemas/v1",
            formats: formats.collect(),
        });
        return;
    }
    for schema in &SCHEMAS {
        ui.line(format_args!("{:<10} {}", schema.name, schema.files));
    }
}
