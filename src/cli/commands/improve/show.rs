//! `pointsman improve show`.

use jiff::SignedDuration;

use crate::adapters::git::GitImprovements;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::improve::{Attempt, AttemptId};
use crate::domain::trace::filter::TimeRange;
use crate::engine::diff::{PromptDiff, compare_versions};
use crate::engine::improve::{
    LiveStanding, Situation, Traffic, WithFile, from_production, leaks, traffic,
};
use crate::engine::ports::LaneStore as _;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;
use crate::report::improve::{Review, ReviewV1, render_review};

use super::{kept, text_in};

/// How far back production is looked at.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Show what a reviewer needs: seven sections, each with what must stop you
///
/// Diagnosis, candidate, prompt diff, traffic, regressions, cost with tokens and latency, and where it
/// would go. What can be told from data is told; the rest is yours to judge.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve show support/triage/1
  pointsman improve show support/triage/1 --json")]
pub(super) struct ShowArgs {
    /// The candidate
    #[arg(value_name = "CANDIDATE")]
    id: AttemptId,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let kept = kept(&improvements, &args.id)?;
    let texts = match &kept.attempt.candidate {
        None => None,
        Some(candidate) => Some((
            text_in(context, &improvements, &kept.attempt.base, &args.id.prompt)?,
            text_in(context, &improvements, &candidate.commit, &args.id.prompt)?,
        )),
    };
    let texts = texts
        .as_ref()
        .map(|(old, new)| [old.as_str(), new.as_str()]);
    let review = Review {
        situation: situation(context, &improvements, &kept.attempt, texts)?,
        diff: diff(context, &kept.attempt, texts)?,
        attempt: &kept.attempt,
    };
    if ui.wants_json() {
        ui.json(&ReviewV1::from(&review));
    } else {
        ui.text(render_review(&review, ui.color()));
    }
    Ok(Exit::Success)
}

/// What the candidate changes in the commit that it was made from.
fn diff(
    context: &Context,
    attempt: &Attempt,
    texts: Option<[&str; 2]>,
) -> Result<Option<PromptDiff>, CommandError> {
    let Some([_, new]) = texts else {
        return Ok(None);
    };
    let prompt = &attempt.id.prompt;
    let base = context.tree_of_commit(&attempt.base)?;
    let candidate = WithFile {
        base: base.as_ref(),
        path: prompt.path(),
        text: new,
    };
    let old = Workspace::new(base.as_ref()).closure(prompt)?;
    let new = Workspace::new(&candidate).closure(prompt)?;
    Ok(Some(compare_versions(&old, &new)))
}

/// What production shows of the prompt. Traces that cannot be read hold up no review.
fn production(context: &Context, attempt: &Attempt) -> Option<Traffic> {
    let until = context.clock().now();
    let from = until.checked_sub(RECENT).unwrap_or(until);
    let range = TimeRange { from, until };
    let store = context.trace_store().ok()?;
    traffic(
        store.as_ref(),
        &attempt.id.prompt,
        attempt.base_fingerprint,
        range,
    )
    .ok()
}

/// How things stand around a candidate.
fn situation(
    context: &Context,
    improvements: &GitImprovements<'_>,
    attempt: &Attempt,
    texts: Option<[&str; 2]>,
) -> Result<Situation, CommandError> {
    let prompt = &attempt.id.prompt;
    let head = context.repository()?.commit("HEAD")?;
    let tree = context.tree_of_commit(&head)?;
    let workspace = Workspace::new(tree.as_ref());
    let closure = workspace.closure(prompt).ok();
    let commit = attempt.candidate.as_ref().map(|it| &it.commit);
    let branch = improvements.branch(&attempt.id)?;
    let mut situation = Situation {
        production: production(context, attempt),
        head: closure.as_ref().map(Closure::fingerprint),
        branch_moved: branch.is_some() && branch.as_ref() != commit,
        ..Situation::default()
    };
    if let Some(closure) = &closure {
        situation.from_production = Some(from_production(&workspace, closure.prompt())?);
        if let Some(texts) = texts {
            situation.leaks = leaks(&workspace, closure.prompt(), texts)?;
        }
    }
    let lanes = context.lanes()?;
    for lane in lanes.tips()?.into_keys() {
        let Some(record) = lanes.tip(&lane)? else {
            continue;
        };
        let live = lanes.tree(&record)?;
        let closure = Workspace::new(live.as_ref()).closure(prompt).ok();
        situation.lanes.push(LiveStanding {
            lane,
            sequence: record.deployment.sequence,
            fingerprint: closure.map(|closure| closure.fingerprint()),
        });
    }
    Ok(situation)
}
