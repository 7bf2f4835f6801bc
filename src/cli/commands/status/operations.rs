//! What waits for people: incidents, rows, and reviews.

use std::io::BufRead as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::adapters::git::GitImprovements;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::dataset::{Dataset, RowsFormat};
use crate::domain::deployment::ReleaseName;
use crate::domain::id::ReviewId;
use crate::domain::improve::State;
use crate::domain::incident::{Incident, IncidentState};
use crate::domain::review::{LaunchDay, launch_id};
use crate::engine::ports::LaneRecord;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::files::read_text;
use crate::report::review::page::UNANSWERED;
use crate::report::status::Urgency;

use super::Gathered;

/// Looks at what stands in files; `live` is the release that is reviewed.
pub(super) fn look(
    context: &Context,
    workspace: &Workspace<'_>,
    live: Option<&LaneRecord>,
    gathered: &mut Gathered,
) {
    let now = context.clock().now();
    let found = incidents(workspace, gathered);
    gathered.keep(found, "pointsman check");
    let found = candidates(context, gathered);
    gathered.keep(found, "pointsman improve list");
    let found = behaviors(workspace, gathered);
    gathered.keep(found, "pointsman check");
    let found = rows(workspace, gathered);
    gathered.keep(found, "pointsman check");
    let found = reviews(workspace, live, now, gathered);
    gathered.keep(found, "pointsman check");
}

fn incidents(workspace: &Workspace<'_>, gathered: &mut Gathered) -> Result<(), CommandError> {
    for id in workspace.incident_ids()? {
        let read = workspace.incident(&id).map_err(CommandError::from);
        let Some(incident) = gathered.keep(read, "pointsman check") else {
            continue;
        };
        let state = incident.state();
        if state != IncidentState::Closed {
            let what = format!("incident {id} is {}: {}", state.name(), incident.title);
            let urgency = match state {
                IncidentState::Open => Urgency::Now,
                IncidentState::Contained | IncidentState::Closed => Urgency::Next,
            };
            gathered.add(urgency, "incident", what, after(&incident));
        }
    }
    Ok(())
}

/// What an incident needs next.
fn after(incident: &Incident) -> Vec<String> {
    let id = &incident.id;
    let mut next = Vec::new();
    if incident.deployment.is_some() && incident.contained.is_none() {
        next.push(format!("pointsman incident contain {id}"));
    }
    if incident.rows.is_empty() && !incident.evidence.is_empty() {
        next.push(format!("pointsman incident preserve {id} --to <dataset>"));
    }
    if incident.layer.is_none() {
        next.push(format!("pointsman incident classify {id} --layer <layer>"));
    }
    next.push(format!(
        "pointsman incident close {id} --row <dataset>:<row>"
    ));
    next
}

/// Candidates that wait for a check or for a person.
fn candidates(context: &Context, gathered: &mut Gathered) -> Result<(), CommandError> {
    for kept in GitImprovements::new(context.repository()?)?.all()? {
        let attempt = kept.attempt;
        let (id, state) = (&attempt.id, attempt.state());
        if state.is_open() {
            let what = format!("candidate {id} is {}", state.name());
            let command = match state {
                State::Unchecked => format!("pointsman improve check {id}"),
                _ => format!("pointsman improve show {id}"),
            };
            gathered.add(Urgency::Next, "candidate-open", what, vec![command]);
        }
    }
    Ok(())
}

/// Issues that began, came back or got worse since somebody looked.
fn behaviors(workspace: &Workspace<'_>, gathered: &mut Gathered) -> Result<(), CommandError> {
    for id in workspace.behavior_ids()? {
        let read = workspace.behavior(&id).map_err(CommandError::from);
        let Some(behavior) = gathered.keep(read, "pointsman check") else {
            continue;
        };
        if behavior.is_urgent() {
            let (state, title) = (behavior.state().name(), behavior.title());
            let what = format!("behavior {id} is {state}: {title}");
            let next = vec![format!("pointsman behaviors show {id}")];
            gathered.add(Urgency::Next, "failure-repeats", what, next);
        }
    }
    Ok(())
}

fn rows(workspace: &Workspace<'_>, gathered: &mut Gathered) -> Result<(), CommandError> {
    for id in workspace.datasets_in_files()? {
        let dataset = workspace.dataset(&id).map_err(CommandError::from);
        let counted = dataset.and_then(|dataset| pending(workspace, &dataset));
        let count = gathered.keep(counted, "pointsman check").unwrap_or(0);
        if count > 0 {
            let what = format!("{count} row(s) of {id} wait for a review, and count for no gate");
            let next = vec![format!("pointsman dataset review {id}")];
            gathered.add(Urgency::Next, "rows-pending", what, next);
        }
    }
    Ok(())
}

/// How many rows wait. Only lines that may say so are read as rows: a status must be quick.
fn pending(workspace: &Workspace<'_>, dataset: &Dataset) -> Result<u64, CommandError> {
    const WORD: &str = "\"pending\"";
    if dataset.rows_format != RowsFormat::Jsonl {
        return Ok(0);
    }
    let Some(input) = workspace.tree().open(&dataset.rows_path)? else {
        return Ok(0);
    };
    let unreadable = |error: std::io::Error| {
        CommandError::usage(format!("cannot read `{}`: {error}", dataset.rows_path))
    };
    let mut count = 0;
    for line in input.lines() {
        let line = line.map_err(unreadable)?;
        let waits = |row: Value| row["status"] == "pending";
        if line.contains(WORD) && serde_json::from_str(&line).is_ok_and(waits) {
            count += 1;
        }
    }
    Ok(count)
}

fn reviews(
    workspace: &Workspace<'_>,
    live: Option<&LaneRecord>,
    now: Timestamp,
    gathered: &mut Gathered,
) -> Result<(), CommandError> {
    let written = workspace.review_ids()?;
    for id in &written {
        let text = read_text(workspace.tree(), &id.path()).map_err(CommandError::from);
        let text = gathered.keep(text, "pointsman check").flatten();
        let open = text.map_or(0, |source| source.text.matches(UNANSWERED).count());
        if open > 0 {
            let what = format!("{open} question(s) of the review {id} wait for an answer");
            gathered.add(Urgency::Later, "review-open", what, vec![id.path()]);
        }
    }
    if let Some(record) = live {
        launch_due(record, &written, now, gathered);
        if has_been(record.deployment.recorded_at, 7, now) {
            weekly_due(&written, now, gathered);
        }
    }
    Ok(())
}

/// Whether so many days have gone by since a moment.
fn has_been(since: Timestamp, days: i64, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::from_hours(24 * days)
}

/// The newest day of a release that was not reviewed.
fn launch_due(record: &LaneRecord, written: &[ReviewId], now: Timestamp, gathered: &mut Gathered) {
    let deployment = &record.deployment;
    let release = ReleaseName::of(deployment);
    let days = LaunchDay::ALL.into_iter().rev();
    let day = days
        .into_iter()
        .find(|day| has_been(deployment.recorded_at, day.days(), now));
    let Some(day) = day.filter(|day| !written.contains(&launch_id(&release, *day))) else {
        return;
    };
    let what = format!("the review of {release} on day {} is due", day.days());
    let next = format!(
        "pointsman review launch --day {} --deployment {release}",
        day.days()
    );
    gathered.add(Urgency::Next, "review-due", what, vec![next]);
}

fn weekly_due(written: &[ReviewId], now: Timestamp, gathered: &mut Gathered) {
    let date = TimeZone::UTC.to_datetime(now).date().iso_week_date();
    let id = format!("{}-w{:02}", date.year(), date.week());
    if !written.iter().any(|it| it.as_str() == id) {
        let what = format!("the review of this week ({id}) is due");
        let next = vec!["pointsman review weekly".to_owned()];
        gathered.add(Urgency::Later, "review-due", what, next);
    }
}
