//! `pointsman doctor runtime`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::arguments::prompt_id;
use crate::cli::commands::lanes::current;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::suggest::did_you_mean;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::LaneStore;
use crate::engine::release::runtime::{LiveLane, trace_attributes};

/// Show what an application must send, so that its traces can be matched to what is live
///
/// A span of a call to a model carries these attributes, with exactly these values, while the
/// record is live. `pointsman serve` and `pointsman export` hand them to the application with each
/// prompt, as `traceAttributes`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman doctor runtime
  pointsman doctor runtime production support/triage --json")]
pub(super) struct RuntimeArgs {
    /// The lane; absent: every lane
    lane: Option<LaneName>,
    /// Only this prompt
    #[arg(value_parser = prompt_id, requires = "lane")]
    prompt: Option<PromptId>,
}

#[derive(Serialize)]
struct RuntimeOutput<'l> {
    schema: &'static str,
    lanes: Vec<LaneOutput<'l>>,
}

#[derive(Serialize)]
struct LaneOutput<'l> {
    lane: &'l LaneName,
    sequence: u64,
    record: &'l str,
    prompts: Vec<PromptOutput<'l>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PromptOutput<'l> {
    prompt: &'l PromptId,
    trace_attributes: Map<String, Value>,
}

impl<'l> From<&'l LiveLane> for LaneOutput<'l> {
    fn from(live: &'l LiveLane) -> Self {
        let record = &live.record;
        let prompts = live.prompts.iter().map(|(id, prompt)| PromptOutput {
            prompt: id,
            trace_attributes: trace_attributes(record, id, &prompt.fingerprint),
        });
        Self {
            lane: &record.deployment.lane,
            sequence: record.deployment.sequence,
            record: record.id.as_str(),
            prompts: prompts.collect(),
        }
    }
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &RuntimeArgs,
) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    let names = match &args.lane {
        Some(lane) => vec![lane.clone()],
        None => lanes.tips()?.into_keys().collect(),
    };
    let mut found = Vec::new();
    for lane in &names {
        let mut live = LiveLane::of(&lanes, current(&lanes, lane)?)?;
        if let Some(prompt) = &args.prompt {
            keep_only(&mut live, prompt)?;
        }
        found.push(live);
    }
    let found: Vec<LaneOutput<'_>> = found.iter().map(LaneOutput::from).collect();
    if ui.wants_json() {
        ui.json(&RuntimeOutput {
            schema: "pointsman/doctor-runtime/v1",
            lanes: found,
        });
    } else if found.is_empty() {
        ui.note("no lane has a record yet");
    } else {
        for lane in &found {
            show(ui, lane);
        }
        ui.note("a span of a call to a model carries these, and nothing is matched without them");
    }
    Ok(Exit::Success)
}

fn keep_only(live: &mut LiveLane, prompt: &PromptId) -> Result<(), CommandError> {
    if !live.prompts.contains_key(prompt) {
        let lane = &live.record.deployment.lane;
        let help = did_you_mean(prompt.as_str(), live.prompts.keys().map(PromptId::as_str));
        return Err(
            CommandError::usage(format!("lane `{lane}` has no prompt `{prompt}`")).with_hint(help),
        );
    }
    live.prompts.retain(|id, _| id == prompt);
    Ok(())
}

fn show(ui: &mut Ui, lane: &LaneOutput<'_>) {
    for prompt in &lane.prompts {
        ui.line(format!(
            "{} #{}, {}",
            lane.lane, lane.sequence, prompt.prompt
        ));
        for (name, value) in &prompt.trace_attributes {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            ui.line(format!("  {name:<29} {}", Untrusted(&value)));
        }
    }
}
