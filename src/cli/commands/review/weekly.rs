//! `pointsman review weekly`.

use jiff::tz::TimeZone;

use crate::cli::commands::incident::signed_now;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::ReviewId;
use crate::domain::review::{Review, Subject};
use crate::engine::reviews::releases::days_before;

use super::scene::Scene;
use super::{file, week};

/// Write the review of the last seven days, named after the week that it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman review weekly")]
pub(super) struct WeeklyArgs {}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, _: &WeeklyArgs) -> Result<Exit, CommandError> {
    let signed = signed_now(context)?;
    let window = days_before(signed.at, 7);
    let date = TimeZone::UTC.to_datetime(signed.at).date().iso_week_date();
    let id = format!("{}-w{:02}", date.year(), date.week());
    let review = Review {
        id: ReviewId::new(id).expect("a year and a week are a name"),
        title: format!("Week {} of {}", date.week(), date.year()),
        subject: Subject::Week,
        window,
        updated: signed,
    };
    let scene = Scene::of_week(context, window)?;
    let parts = week::parts(&scene)?;
    file::write(context, ui, &review, &parts)
}
