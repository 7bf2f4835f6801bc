//! `pointsman incident classify`.

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::IncidentId;
use crate::domain::incident::Layer;
use crate::engine::workspace::incident::layer_setting;

use super::file::{IncidentFile, signed_now, tell};

/// Say in which layer the fault lies, which is where it is mended
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident classify 2026-03-02-slow-refunds --layer provider")]
pub(super) struct ClassifyArgs {
    /// The incident
    incident: IncidentId,
    /// The layer
    #[arg(long, value_enum)]
    layer: LayerWord,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LayerWord {
    /// The model had what it needed, and answered wrongly
    Prompt,
    /// A rule graded wrongly
    Evaluator,
    /// The case was not among the rows, or its expected answer is wrong
    Dataset,
    /// The schema of a tool, or what is said of it, led to wrong calls
    Tool,
    /// The model was given the wrong context
    Retrieval,
    /// The application, or a service that it calls
    Backend,
    /// The provider of the model
    Provider,
    /// The wrong version was live, in the wrong place, or was read too late
    Deployment,
}

impl From<LayerWord> for Layer {
    fn from(word: LayerWord) -> Self {
        match word {
            LayerWord::Prompt => Self::Prompt,
            LayerWord::Evaluator => Self::Evaluator,
            LayerWord::Dataset => Self::Dataset,
            LayerWord::Tool => Self::Tool,
            LayerWord::Retrieval => Self::Retrieval,
            LayerWord::Backend => Self::Backend,
            LayerWord::Provider => Self::Provider,
            LayerWord::Deployment => Self::Deployment,
        }
    }
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &ClassifyArgs,
) -> Result<Exit, CommandError> {
    let file = IncidentFile::read(context, &args.incident)?;
    file.require_open()?;
    let layer = Layer::from(args.layer);
    let signed = signed_now(context)?;
    let said = format!("classified as {}", layer.name());
    let incident = file.change(context, &[layer_setting(layer)], &signed, &said)?;
    let line = format!("{}: the fault lies in the {}", incident.id, layer.name());
    tell(ui, &incident, &line);
    ui.note(mended(layer));
    Ok(Exit::Success)
}

/// Where such a fault is mended.
fn mended(layer: Layer) -> &'static str {
    match layer {
        Layer::Prompt => {
            "change the prompt, and show with `pointsman eval` that the rows of this incident pass"
        }
        Layer::Evaluator => {
            "correct the evaluator, add the case to its `examples`, and run `pointsman evaluator test`"
        }
        Layer::Dataset => {
            "add the case to a dataset of kind `regression`, with the answer that is wanted"
        }
        Layer::Tool => "correct the tool's schema and description in the prompt's `tools`",
        Layer::Retrieval => {
            "mend what is found and handed to the prompt; its wording would only hide this"
        }
        Layer::Backend => "mend the application; look at its steps with `pointsman traces show`",
        Layer::Provider => {
            "ask another model or provider for the time being, by a release of its own"
        }
        Layer::Deployment => {
            "see with `pointsman doctor runtime` which version answers, and with `pointsman lanes at` which \
             one should"
        }
    }
}
