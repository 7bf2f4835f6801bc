//! The loop at a glance: what is live in each lane, what waits, and what to do next.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::deployment::Changes;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::ports::LaneRecord;
use crate::report::release::seconds;
use crate::report::release_json::RecordV1;
use crate::report::traces::fit::fitting_table;

/// How many things to do are shown: so many fit on a screen.
const SHOWN: usize = 8;

/// How many prompts are named in a cell.
const NAMED: usize = 3;

/// How wide a line may be where nobody says.
const WIDTH: usize = 120;

/// What is live in a lane, and what waits to come there.
pub struct LaneAtAGlance {
    /// The lane.
    pub lane: LaneName,
    /// The newest record; absent: nothing was released there yet.
    pub record: Option<LaneRecord>,
    /// Where releases come from: a lane, or the files at hand.
    pub from: String,
    /// What is other there than in the lane; absent: nothing is there that could come.
    pub waits: Option<Changes>,
}

/// How soon something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Users are hurt, or may be.
    Now,
    /// Somebody waits for it.
    Next,
    /// It has time.
    Later,
}

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ToDo {
    /// How soon.
    pub urgency: Urgency,
    /// What sort of thing it is, in a word for programs.
    pub situation: &'static str,
    /// What it is.
    pub what: String,
    /// The commands that lead on, the first thing first.
    pub next: Vec<String>,
}

/// The loop at a glance.
pub struct StatusReport {
    /// The lanes, in the order of promotion.
    pub lanes: Vec<LaneAtAGlance>,
    /// What is to be done, the most urgent first.
    pub to_do: Vec<ToDo>,
}

/// The same for programs: `pointsman/status/v1`. The shape is frozen: fields may be added, and nothing
/// else changes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusV1<'s> {
    schema: &'static str,
    lanes: Vec<LaneV1<'s>>,
    to_do: &'s [ToDo],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LaneV1<'s> {
    lane: &'s LaneName,
    current: Option<RecordV1<'s>>,
    from: &'s str,
    waits: Option<&'s Changes>,
}

impl<'s> From<&'s StatusReport> for StatusV1<'s> {
    fn from(report: &'s StatusReport) -> Self {
        let lane = |lane: &'s LaneAtAGlance| LaneV1 {
            lane: &lane.lane,
            current: lane.record.as_ref().map(Into::into),
            from: &lane.from,
            waits: lane.waits.as_ref(),
        };
        Self {
            schema: "pointsman/status/v1",
            lanes: report.lanes.iter().map(lane).collect(),
            to_do: &report.to_do,
        }
    }
}

/// The page for a terminal of this width.
pub fn status_text(report: &StatusReport, width: Option<usize>) -> String {
    let mut text = lanes(&report.lanes, width);
    let width = width.unwrap_or(WIDTH).max(40);
    if report.to_do.is_empty() {
        text.push_str("\nnothing waits\n");
        return text;
    }
    let mut urgency = None;
    for it in report.to_do.iter().take(SHOWN) {
        if urgency != Some(it.urgency) {
            let _ = write!(text, "\n{}\n", in_words(it.urgency));
            urgency = Some(it.urgency);
        }
        let what = Untrusted(&it.what).to_string();
        let _ = writeln!(text, "  {}", shorten(&what, width - 2));
        if let Some(command) = it.next.first() {
            let _ = writeln!(text, "    {}", Untrusted(command));
        }
    }
    if report.to_do.len() > SHOWN {
        let more = report.to_do.len() - SHOWN;
        let _ = writeln!(text, "\nand {more} more; `--all` shows everything");
    }
    text
}

/// Everything that is to be done, however long that is.
pub fn whole_text(report: &StatusReport, width: Option<usize>) -> String {
    let mut text = lanes(&report.lanes, width);
    for it in &report.to_do {
        let _ = write!(
            text,
            "\n{}: {}\n",
            in_words(it.urgency),
            Untrusted(&it.what)
        );
        for command in &it.next {
            let _ = writeln!(text, "    {}", Untrusted(command));
        }
    }
    text
}

pub(super) fn in_words(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "now",
        Urgency::Next => "next",
        Urgency::Later => "later",
    }
}

fn lanes(lanes: &[LaneAtAGlance], width: Option<usize>) -> String {
    let titles = ["LANE", "LIVE", "SINCE", "FROM", "WAITS TO COME HERE"].map(str::to_owned);
    let rows = lanes.iter().map(|lane| {
        let deployment = lane.record.as_ref().map(|record| &record.deployment);
        let live = deployment.map(|it| format!("#{} {}", it.sequence, it.kind.name()));
        let since = deployment.map(|it| seconds(it.recorded_at));
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            lane.lane.to_string(),
            or_none(live),
            or_none(since),
            lane.from.clone(),
            or_none(lane.waits.as_ref().map(waits)),
        ]
    });
    fitting_table(&titles, rows.collect(), &[], width)
}

/// What waits, by prompt.
pub(super) fn waits(changes: &Changes) -> String {
    let mut parts = Vec::new();
    for (sign, prompts) in [
        ("~", &changes.changed),
        ("+", &changes.added),
        ("-", &changes.removed),
    ] {
        if !prompts.is_empty() {
            parts.push(format!("{sign} {}", named(prompts)));
        }
    }
    match (parts.is_empty(), changes.files.len()) {
        (true, 0) => "nothing".to_owned(),
        (true, files) => format!("{files} file(s), and no prompt"),
        (false, _) => parts.join(", "),
    }
}

/// The first of some prompts.
pub fn named(prompts: &[PromptId]) -> String {
    let mut names: Vec<&str> = prompts.iter().take(NAMED).map(PromptId::as_str).collect();
    let more = format!("{} more", prompts.len().saturating_sub(NAMED));
    if prompts.len() > NAMED {
        names.push(&more);
    }
    names.join(", ")
}
