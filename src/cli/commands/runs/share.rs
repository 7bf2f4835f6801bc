//! `pointsman runs push` and `pointsman runs fetch`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::adapters::git::GitRuns;
use crate::adapters::store::RunFiles;
use crate::adapters::store::shared::AdmissionError;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::run::{RunId, RunManifest};
use crate::domain::untrusted::Untrusted;
use crate::engine::evaluate::stored::{LATEST, find};
use crate::engine::ports::RunStore as _;

/// Share finished runs with everybody who uses the remote
///
/// The runs, answers included, become git objects under `refs/pointsman/runs/` on the remote that
/// `pointsman.toml` names. Runs that are there stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs push
  pointsman runs push 20260301T0900 20260302T1000")]
pub(super) struct PushArgs {
    /// The runs: names, starts of them that no other run has, or `latest`
    #[arg(value_name = "RUN", default_value = LATEST)]
    runs: Vec<String>,
}

/// Bring runs here that others have shared, so that gates can rely on them
///
/// A run is taken in only as what it says it is: under the digest of what it tested, whole, and
/// with a verdict on every case. Whoever may push to the remote may share runs; keep them from
/// doing so by the same rules that protect your lanes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs fetch")]
pub(super) struct FetchArgs {}

#[derive(Serialize)]
struct PushV1<'r> {
    schema: &'static str,
    remote: &'r str,
    pushed: &'r [RunId],
}

#[derive(Serialize)]
struct FetchV1<'r> {
    schema: &'static str,
    remote: &'r str,
    fetched: &'r [RunId],
    refused: Vec<RefusedV1<'r>>,
}

#[derive(Serialize)]
struct RefusedV1<'r> {
    run: &'r RunId,
    reason: &'r str,
}

/// Shares runs.
pub(super) fn push(context: &Context, ui: &mut Ui, args: &PushArgs) -> Result<Exit, CommandError> {
    let remote = remote(context)?;
    let store = super::store(context)?;
    let mut by_plan: BTreeMap<Digest, Vec<RunFiles>> = BTreeMap::new();
    for spec in &args.runs {
        let run = find(&store, spec)?;
        let id = run.manifest.id;
        if run.finished_at.is_none() {
            return Err(CommandError::usage(format!(
                "run {id} is not finished, and shows nothing yet"
            ))
            .with_hint(format!("go on with `pointsman eval --resume={id}`")));
        }
        let plan = RunManifest::plan_digest(&run.manifest.suites);
        by_plan.entry(plan).or_default().push(store.export(&id)?);
    }
    let runs = GitRuns::new(context.repository()?, remote.clone())?;
    let now = context.clock().now();
    let mut pushed = Vec::new();
    for (plan, files) in &by_plan {
        pushed.extend(runs.push(*plan, files, now)?);
    }
    if ui.wants_json() {
        ui.json(&PushV1 {
            schema: "pointsman/runs-push/v1",
            remote: &remote,
            pushed: &pushed,
        });
        return Ok(Exit::Success);
    }
    for id in &pushed {
        ui.line(format_args!("shared run {id} on {}", Untrusted(&remote)));
    }
    if pushed.is_empty() {
        ui.line(format_args!("{} has this already", Untrusted(&remote)));
    }
    Ok(Exit::Success)
}

/// Brings runs here.
pub(super) fn fetch(context: &Context, ui: &mut Ui, _: &FetchArgs) -> Result<Exit, CommandError> {
    let remote = remote(context)?;
    let store = super::store(context)?;
    let runs = GitRuns::new(context.repository()?, remote.clone())?;
    let mut fetched = Vec::new();
    let mut refused = Vec::new();
    let known: BTreeSet<RunId> = store
        .list()?
        .into_iter()
        .map(|run| run.manifest.id)
        .collect();
    for shared in runs.fetch()? {
        if known.contains(&shared.id) {
            continue;
        }
        let admission = match runs.read(&shared) {
            Ok(files) => store.admit(&files, shared.plan),
            Err(error) => Err(AdmissionError::Refused(error.to_string())),
        };
        match admission {
            Ok(()) => fetched.push(shared.id),
            Err(AdmissionError::Refused(reason)) => refused.push((shared.id, reason)),
            Err(AdmissionError::Store(error)) => return Err(error.into()),
        }
    }
    if ui.wants_json() {
        let refused = refused
            .iter()
            .map(|(run, reason)| RefusedV1 { run, reason });
        ui.json(&FetchV1 {
            schema: "pointsman/runs-fetch/v1",
            remote: &remote,
            fetched: &fetched,
            refused: refused.collect(),
        });
    } else {
        for id in &fetched {
            ui.line(format_args!("fetched run {id}"));
        }
        if fetched.is_empty() {
            ui.line(format_args!("{} has no new runs", Untrusted(&remote)));
        }
    }
    for (id, reason) in &refused {
        ui.warn(format_args!("run {id} is refused: {}", Untrusted(reason)));
    }
    Ok(if refused.is_empty() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn remote(context: &Context) -> Result<String, CommandError> {
    context.remote()?.ok_or_else(|| {
        CommandError::usage("no remote is named to share runs on")
            .with_hint("write `remote = \"origin\"` in `pointsman.toml`")
    })
}
