//! `pointsman lanes at`.

use std::collections::BTreeMap;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneStore;
use crate::engine::release::packet::approvals_of;
use crate::engine::release::packet::parts::PacketApproval;
use crate::engine::release::stays::{Question, Stay, stays};
use crate::engine::traces::explore::find::{FindError, find};
use crate::engine::traces::explore::lineage::{Lineages, Live};
use crate::report::stays::{StaysV1, not_live, ran, stay};

use super::current;

/// Show what was live at a time, or when something was live
///
/// WHEN is a time (`2026-03-02T09:00:00Z`, `2026-03-02` for its first moment in UTC, `2h ago`,
/// `now`), a record (`#41`, or digits of its id), a snapshot, the fingerprint of a prompt, or a trace
/// (`4bf92f3577b3`, or `4bf92f3577b3/00f0` for one of its spans): then it is what was live when that ran.
/// Says who let it in, from which commit, by whom that was written, and with which evidence.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes at 2h ago --lane production
  pointsman lanes at '#41' --lane production
  pointsman lanes at 4bf92f3577b3")]
pub(super) struct AtArgs {
    /// The time, the record, the snapshot, the fingerprint or the trace
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
    let text = args.when.join(" ");
    let asked = Question::parse(&text, context.clock().now());
    let names: Vec<LaneName> = match &args.lane {
        Some(lane) => vec![current(lanes, lane)?.deployment.lane],
        None => lanes.tips()?.into_keys().collect(),
    };
    let mut found: Vec<(LaneName, Vec<Stay>)> = Vec::new();
    if let Ok(question) = &asked {
        for name in &names {
            found.push((name.clone(), stays(lanes, name, question)?));
        }
    }
    if !matches!(asked, Ok(Question::Time(_))) {
        found.retain(|(_, stays)| !stays.is_empty());
    }
    if found.is_empty()
        && may_be_trace(&text, asked.as_ref().ok())
        && let Some(trace) = Ran::find(context, lanes, &text)?
    {
        found = trace.live;
        found.retain(|(lane, _)| names.contains(lane));
        let said = Said::Trace(&trace.id, trace.spans);
        return show(context, ui, &said, &found);
    }
    let question = asked.map_err(|error| {
        CommandError::usage(error.to_string()).with_hint(
            "give a time like `2026-03-02T09:00:00Z`, `2026-03-02` or `2h ago`, a record like \
             `#41`, or seven digits or more of a record, a snapshot, a fingerprint or a trace",
        )
    })?;
    show(context, ui, &Said::Question(&question), &found)
}

/// What is asked about.
enum Said<'s> {
    Question(&'s Question),
    /// A trace, and how many spans of it.
    Trace(&'s str, usize),
}

/// Whether a text could name a trace or one of its spans.
fn may_be_trace(text: &str, question: Option<&Question>) -> bool {
    match question {
        Some(question) => matches!(question, Question::Digits(_)),
        None => text.contains('/'),
    }
}

/// A trace, or a span of one, with what was live when it ran.
struct Ran {
    id: String,
    spans: usize,
    live: Vec<(LaneName, Vec<Stay>)>,
}

impl Ran {
    /// Finds it; `None`: no trace that is kept here is called so.
    fn find(
        context: &Context,
        lanes: &dyn LaneStore,
        text: &str,
    ) -> Result<Option<Self>, CommandError> {
        let store = context.trace_store()?;
        let found = match find(store.as_ref(), text) {
            Ok(found) => found,
            Err(FindError::Empty | FindError::Unknown { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let spans = match found.span {
            Some(index) => &found.spans[index..=index],
            None => &found.spans[..],
        };
        let mut lineages = Lineages::new(lanes);
        let mut live: BTreeMap<LaneName, Vec<Stay>> = BTreeMap::new();
        for span in spans {
            let Some(Live { stay, .. }) = lineages.of(span)? else {
                continue;
            };
            let stays = live.entry(stay.lane.clone()).or_default();
            if !stays.contains(&stay) {
                stays.push(stay);
            }
        }
        Ok(spans.first().map(|span| Self {
            id: span.trace_id.clone(),
            spans: spans.len(),
            live: live.into_iter().collect(),
        }))
    }
}

fn show(
    context: &Context,
    ui: &mut Ui,
    said: &Said<'_>,
    found: &[(LaneName, Vec<Stay>)],
) -> Result<Exit, CommandError> {
    let repository = context.repository()?;
    let lanes: &dyn LaneStore = &context.lanes()?;
    let author = |stay: &Stay| repository.author(&stay.since.deployment.source.commit);
    let mut text = String::new();
    let mut answer = match said {
        Said::Question(question) => StaysV1::new(question),
        Said::Trace(trace, spans) => {
            text.push_str(&ran(trace, *spans));
            StaysV1::of_trace(trace)
        }
    };
    for (lane, stays) in found {
        let authors: Result<Vec<Option<String>>, _> = stays.iter().map(author).collect();
        let authors = authors?;
        let approvals: Result<Vec<Vec<PacketApproval>>, _> = stays
            .iter()
            .map(|stay| approvals_of(lanes, &stay.since))
            .collect();
        let approvals = approvals?;
        if stays.is_empty() {
            text.push_str(&not_live(lane));
        }
        for ((it, author), approvals) in stays.iter().zip(&authors).zip(&approvals) {
            text.push_str(&stay(it, author.as_deref(), approvals));
        }
        answer.add(lane, stays, authors, approvals);
    }
    if ui.wants_json() {
        ui.json(&answer);
    } else {
        ui.text(text);
    }
    if found.is_empty() {
        ui.note(match said {
            Said::Question(_) => "this has not been live in any lane that is asked about",
            Said::Trace(..) => {
                "it names no lane that is asked about, or none that had a record then"
            }
        });
        return Ok(Exit::Failed);
    }
    Ok(Exit::Success)
}
