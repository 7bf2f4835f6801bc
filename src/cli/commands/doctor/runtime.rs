//! `pointsman doctor runtime`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::arguments::prompt_id;
use crate::cli::commands::lanes::current;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::period::Period;
use crate::domain::suggest::did_you_mean;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::Filter;
use crate::domain::trace::selection::Selection;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::LaneStore;
use crate::engine::release::runtime::{LiveLane, trace_attributes};
use crate::engine::traces::versions::{Shown, Standing, Versions, VersionsError, versions};
use crate::report::versions::{PromptVersionsV1, called, render_shown, versions_v1};

/// Show what an application must send, and whether its traces show what is live
///
/// A span of a call to a model carries these attributes, with exactly these values, while the
/// record is live. `pointsman serve` and `pointsman export` hand them to the application with each
/// prompt, as `traceAttributes`. Calls of the last day, or of the time that is said, are compared with
/// what their lane said when they were made: a service that still answers with an older version is
/// named.
///
/// Exits with 1 where a version that is not live is in use.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman doctor runtime
  pointsman doctor runtime production support/triage --json
  pointsman doctor runtime production --since 2h --grace 5m")]
pub(super) struct RuntimeArgs {
    /// The lane; absent: every lane
    lane: Option<LaneName>,
    /// Only this prompt
    #[arg(value_parser = prompt_id, requires = "lane")]
    prompt: Option<PromptId>,
    /// How long after a record the version before it may still be used
    #[arg(long, value_name = "PERIOD", default_value = "1m")]
    grace: Period,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// How far back calls are looked at where nobody says.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(24);

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
    traces: Vec<PromptVersionsV1<'l>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PromptOutput<'l> {
    prompt: &'l PromptId,
    trace_attributes: Map<String, Value>,
}

/// A lane with what its traces show.
struct Looked {
    live: LiveLane,
    versions: Versions,
}

impl<'l> From<&'l Looked> for LaneOutput<'l> {
    fn from(Looked { live, versions }: &'l Looked) -> Self {
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
            traces: versions_v1(versions),
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
    let selection = recent(context, args)?;
    let store = context.trace_store()?;
    let grace = SignedDuration::from_secs(args.grace.seconds);
    let mut looked = Vec::new();
    for lane in &names {
        let mut live = LiveLane::of(&lanes, current(&lanes, lane)?)?;
        if let Some(prompt) = &args.prompt {
            keep_only(&mut live, prompt)?;
        }
        let versions = versions(store.as_ref(), &lanes, lane, &selection, grace)?;
        looked.push(Looked { live, versions });
    }
    let found: Vec<LaneOutput<'_>> = looked.iter().map(LaneOutput::from).collect();
    if ui.wants_json() {
        ui.json(&RuntimeOutput {
            schema: "pointsman/doctor-runtime/v1",
            lanes: found,
        });
    } else if found.is_empty() {
        ui.note("no lane has a record yet");
    } else {
        for (lane, looked) in found.iter().zip(&looked) {
            show(ui, lane, &looked.versions);
        }
        ui.note("a span of a call to a model carries these, and nothing is matched without them");
    }
    let all = looked.iter().flat_map(|it| it.versions.values().flatten());
    let wrong: Vec<&Shown> = all.filter(|one| one.is_wrong()).collect();
    say_what_next(ui, &wrong);
    Ok(if wrong.is_empty() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// The calls that are looked at: those of the last day, where nobody says which.
fn recent(context: &Context, args: &RuntimeArgs) -> Result<Selection, CommandError> {
    let mut selection = args.selection.recent(context, LOOKED_AT)?;
    if let Some(prompt) = &args.prompt {
        let of_prompt = Filter::is(Column::Prompt, prompt.as_str());
        selection.filter = selection.filter.and(of_prompt);
    }
    Ok(selection)
}

/// What to do about versions that are in use and not live.
fn say_what_next(ui: &mut Ui, wrong: &[&Shown]) {
    let callers = |standing: Standing| -> BTreeSet<String> {
        let such = wrong.iter().filter(|one| one.standing == standing);
        such.map(|one| called(&one.caller)).collect()
    };
    for caller in callers(Standing::Older) {
        ui.note(format_args!(
            "{} keeps an older record: restart it, or let it ask again; readers that ask each \
             time are in docs/runtime.md",
            Untrusted(&caller)
        ));
    }
    for caller in callers(Standing::Unknown) {
        ui.note(format_args!(
            "{} uses a version that was never live in this lane: it reads another lane, or a file \
             that was not released",
            Untrusted(&caller)
        ));
    }
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

fn show(ui: &mut Ui, lane: &LaneOutput<'_>, versions: &Versions) {
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
        if let Some(shown) = versions.get(prompt.prompt.as_str()) {
            ui.text(render_shown(shown));
        }
    }
    let is_live = |name: &&String| lane.prompts.iter().any(|it| it.prompt.as_str() == *name);
    for (name, shown) in versions.iter().filter(|(name, _)| !is_live(name)) {
        ui.line(format!(
            "{}, {}, which is not live",
            lane.lane,
            Untrusted(name)
        ));
        ui.text(render_shown(shown));
    }
}

impl From<VersionsError> for CommandError {
    fn from(error: VersionsError) -> Self {
        match error {
            VersionsError::Store(error) => error.into(),
            VersionsError::Release(error) => error.into(),
        }
    }
}
