//! `pointsman review launch`.

use jiff::{SignedDuration, Timestamp};

use crate::cli::commands::incident::signed_now;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::selection::Around;
use crate::cli::ui::Ui;
use crate::domain::deployment::ReleaseName;
use crate::domain::period::Period;
use crate::domain::review::{LaunchDay, Review, Subject, launch_id};
use crate::domain::trace::filter::TimeRange;
use crate::engine::monitor::releases::{around, live_release, releases_in};
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::scene::Scene;
use super::{days, file};

/// Write the review of a release, 0, 1, 3 or 7 days after it
///
/// Day 0: do the numbers hold, does what should run, and can it go back? Day 1: how does it fail? Day 3:
/// what does it do again and again? Day 7: what was learned? The numbers are those since the release, for
/// as many days, against as much time before it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman review launch --day 0
  pointsman review launch --day 7 --deployment production#12 --json")]
pub(super) struct LaunchArgs {
    /// How many days after the release: 0, 1, 3 or 7
    #[arg(long, value_parser = day)]
    day: LaunchDay,
    /// The release; absent: what is live in the last of the lanes
    #[arg(long, value_name = "LANE#SEQ", value_parser = release)]
    deployment: Option<Around>,
}

fn day(text: &str) -> Result<LaunchDay, String> {
    let day = text.parse().ok().and_then(LaunchDay::of);
    day.ok_or_else(|| "a release is reviewed on the days 0, 1, 3 and 7".to_owned())
}

fn release(text: &str) -> Result<Around, String> {
    let named: Around = text.parse()?;
    match named.period {
        None => Ok(named),
        Some(_) => Err("the day says how much time is looked at: leave out `:…`".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &LaunchArgs) -> Result<Exit, CommandError> {
    let signed = signed_now(context)?;
    let lanes = context.lanes()?;
    let record = match &args.deployment {
        Some(named) => named.record(&lanes)?,
        None => last_release(context, &lanes)?,
    };
    let length = Period {
        seconds: args.day.covers_days() * 24 * 3_600,
    };
    let compared = around(&lanes, &record, length, signed.at)?;
    let window = not_empty(live_window(&lanes, &record, length, signed.at)?, signed.at)?;
    let release = ReleaseName::of(&record.deployment);
    let review = Review {
        id: launch_id(&release, args.day),
        title: format!("{release}, day {}", args.day.days()),
        subject: Subject::Launch(release, args.day),
        window,
        updated: signed,
    };
    let scene = Scene::of_release(context, compared, window)?;
    let parts = days::parts(&scene, args.day)?;
    file::write(context, ui, &review, &parts)
}

/// The time since a release, of this length at most: until the next release, or until now.
fn live_window(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    length: Period,
    now: Timestamp,
) -> Result<TimeRange, CommandError> {
    let from = record.deployment.recorded_at;
    let end = from.checked_add(SignedDuration::from_secs(length.seconds));
    let mut until = end.unwrap_or(Timestamp::MAX).min(now);
    let later = TimeRange {
        from,
        until: Timestamp::MAX,
    };
    for other in releases_in(lanes, &record.deployment.lane, &later)? {
        if other.deployment.sequence > record.deployment.sequence {
            until = until.min(other.deployment.recorded_at);
        }
    }
    Ok(TimeRange { from, until })
}

/// What is live in the last of the lanes that has a release.
fn last_release(context: &Context, lanes: &dyn LaneStore) -> Result<LaneRecord, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let mut declared = Vec::new();
    for name in workspace.lane_names()? {
        declared.push((workspace.lane(&name)?.order, name));
    }
    declared.sort();
    for (_, name) in declared.iter().rev() {
        if let Some(live) = live_release(lanes, name)? {
            return Ok(live);
        }
    }
    Err(
        CommandError::usage("no lane of this workspace has a release to review")
            .with_hint("name one with `--deployment <lane>#<number>`"),
    )
}

/// A window in which some time has passed.
fn not_empty(window: TimeRange, now: Timestamp) -> Result<TimeRange, CommandError> {
    if window.is_empty() {
        let message = format!("no time has passed since this release, it is {now}");
        return Err(CommandError::usage(message).with_hint("run this again when it has traffic"));
    }
    Ok(window)
}
