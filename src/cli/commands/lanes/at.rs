//! `pointsman lanes at`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneStore;
use crate::engine::release::stays::{Question, Stay, stays};
use crate::report::stays::{StaysV1, not_live, stay};

use super::current;

/// Show what was live at a time, or when something was live
///
/// WHEN is a time (`2026-03-02T09:00:00Z`, `2026-03-02` for its first moment in UTC, `2h ago`,
/// `now`), a record (`#41`, or digits of its id), a snapshot, or the fingerprint of a prompt. Says
/// who let it in, from which commit, by whom that was written, and with which evidence.
#[derive(Debug, clap::Args)]
pub(super) struct AtArgs {
    /// The time, the record, the snapshot or the fingerprint
    #[arg(value_name = "WHEN", required = true, num_args = 1..)]
    when: Vec<String>,
    /// Only in this lane
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
}

pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    lanes: &dyn LaneStore,
    args: &AtArgs,
) -> Result<Exit, CommandError> {
    let question = Question::parse(&args.when.join(" "), context.clock().now());
    let question = question.map_err(|error| {
        CommandError::usage(error.to_string()).with_hint(
            "give a time like `2026-03-02T09:00:00Z`, `2026-03-02` or `2h ago`, a record like \
             `#41`, or seven digits or more of a record, a snapshot or a fingerprint",
        )
    })?;
    let names: Vec<LaneName> = match &args.lane {
        Some(lane) => vec![current(lanes, lane)?.deployment.lane],
        None => lanes.tips()?.into_keys().collect(),
    };
    let mut found: Vec<(LaneName, Vec<Stay>)> = Vec::new();
    for name in names {
        let stays = stays(lanes, &name, &question)?;
        found.push((name, stays));
    }
    if !matches!(question, Question::Time(_)) {
        found.retain(|(_, stays)| !stays.is_empty());
    }
    show(context, ui, &question, &found)
}

fn show(
    context: &Context,
    ui: &mut Ui,
    question: &Question,
    found: &[(LaneName, Vec<Stay>)],
) -> Result<Exit, CommandError> {
    let repository = context.repository()?;
    let author = |stay: &Stay| repository.author(&stay.since.deployment.source.commit);
    let mut answer = StaysV1::new(question);
    let mut text = String::new();
    for (lane, stays) in found {
        let authors: Result<Vec<Option<String>>, _> = stays.iter().map(author).collect();
        let authors = authors?;
        if stays.is_empty() {
            text.push_str(&not_live(lane));
        }
        for (it, author) in stays.iter().zip(&authors) {
            text.push_str(&stay(it, author.as_deref()));
        }
        answer.add(lane, stays, authors);
    }
    if ui.wants_json() {
        ui.json(&answer);
    } else {
        ui.text(text);
    }
    if found.is_empty() {
        ui.note("this has not been live in any lane that is asked about");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Success)
}
