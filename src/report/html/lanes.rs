//! Lanes and their records, as pages.

use crate::domain::deployment::{Changes, DeployKind, Deployment, ReleaseName};
use crate::domain::id::LaneName;
use crate::engine::ports::LaneRecord;
use crate::report::release::seconds;
use crate::report::status::{LaneAtAGlance, waits};

use super::blocks::{Block, Cell, Page, Table, Tone};
use super::form::Field;
use super::link;

/// A stretch of a lane's history.
#[derive(Debug)]
pub struct HistoryReport<'r> {
    /// The records, the newest first; there is one at least.
    pub records: &'r [LaneRecord],
    /// Whether the first of them is what is live.
    pub is_newest: bool,
}

/// Every lane.
pub fn lanes_page(lanes: &[LaneAtAGlance]) -> Page {
    let mut page = Page::new("Lanes");
    if lanes.is_empty() {
        page.note("There are no lanes; declare one in `environments/<lane>.toml`.");
        return page;
    }
    page.add(lane_table(lanes));
    let names: Vec<(&str, &str)> = lanes
        .iter()
        .filter(|it| it.record.is_some())
        .map(|it| (it.lane.as_str(), it.lane.as_str()))
        .collect();
    page.heading("Differences");
    let mut choices = vec![("worktree", "the files here")];
    choices.extend(names);
    let (old, new) = (choices.last().map_or("", |it| it.0), "worktree");
    page.add(Block::Form {
        action: "/diff".to_owned(),
        fields: vec![
            Field::choice("old", "From", old, &choices),
            Field::choice("new", "To", new, &choices),
        ],
        button: "Compare",
    });
    page
}

/// Lanes with what is live there, and what waits to come.
pub(super) fn lane_table(lanes: &[LaneAtAGlance]) -> Table {
    let titles = [
        "Lane",
        "-Live",
        "-Since",
        "From",
        "Waits to come here",
        "Why",
    ];
    let mut table = Table::new("the lanes", &titles);
    for it in lanes {
        let name = it.lane.as_str();
        let Some(record) = &it.record else {
            table.row([
                name,
                "-",
                "-",
                &it.from,
                "",
                "nothing was released here yet",
            ]);
            continue;
        };
        let deployment = &record.deployment;
        let release = ReleaseName::of(deployment);
        let reason = deployment.reason.as_deref().unwrap_or_default();
        table.pieces([
            vec![Cell::link(name, link::path(&["lanes", name]))],
            vec![
                Cell::link(format!("#{}", release.sequence), link::record(&release)),
                Cell::new(" "),
                kind(deployment.kind),
            ],
            vec![Cell::new(seconds(deployment.recorded_at))],
            vec![Cell::new(&it.from)],
            vec![what_waits(it, lanes)],
            vec![Cell::soft(reason)],
        ]);
    }
    table
}

/// What waits, with the difference that it makes.
fn what_waits(it: &LaneAtAGlance, lanes: &[LaneAtAGlance]) -> Cell {
    let Some(changes) = &it.waits else {
        return Cell::new("-");
    };
    if *changes == Changes::default() {
        return Cell::soft("nothing");
    }
    let is_lane = lanes.iter().any(|other| other.lane.as_str() == it.from);
    let from = if is_lane {
        it.from.as_str()
    } else {
        "worktree"
    };
    let pairs = [("old", it.lane.as_str()), ("new", from)];
    Cell::link(waits(changes), link::query("/diff", &pairs))
}

/// A sort of move.
pub(super) fn kind(kind: DeployKind) -> Cell {
    let tone = match kind {
        DeployKind::Promote => Tone::Good,
        DeployKind::Rollback => Tone::Bad,
        DeployKind::Hold => Tone::Warn,
        DeployKind::Unhold => Tone::Plain,
    };
    Cell::badge(kind.name(), tone)
}

/// The history of a lane.
pub fn history_page(report: &HistoryReport<'_>) -> Page {
    let Some(first) = report.records.first() else {
        return Page::new("Lane");
    };
    let lane = &first.deployment.lane;
    let mut page = Page::new(lane.as_str())
        .below([Cell::link("Lanes", "/lanes".to_owned())])
        .lead([Cell::new("Every move of the lane, the newest first.")]);
    if report.records.len() > 1 {
        page.add(compared(lane, report.records));
    }
    let titles = [
        "-Record", "-When", "-Move", "Changed", "Who", "Why", "-More",
    ];
    let mut table = Table::new("the records of the lane", &titles);
    for LaneRecord { deployment, .. } in report.records {
        let release = ReleaseName::of(deployment);
        let reason = deployment.reason.as_deref().unwrap_or_default();
        table.pieces([
            vec![Cell::link(
                format!("#{}", deployment.sequence),
                link::record(&release),
            )],
            vec![Cell::new(seconds(deployment.recorded_at))],
            vec![kind(deployment.kind)],
            vec![changed(deployment)],
            vec![Cell::soft(name_of(&deployment.actor))],
            vec![Cell::new(reason)],
            vec![Cell::link("evidence", evidence(&release))],
        ]);
    }
    page.add(table);
    let older = report
        .records
        .last()
        .and_then(|it| it.deployment.previous.as_ref());
    let here = link::path(&["lanes", lane.as_str()]);
    page.add(Block::pager(
        (!report.is_newest).then(|| ("Newest", here.clone())),
        older.map(|id| ("Older", link::query(&here, &[("from", id.as_str())]))),
    ));
    page
}

/// A form for the difference of two records.
fn compared(lane: &LaneName, records: &[LaneRecord]) -> Block {
    let choices: Vec<(String, String)> = records
        .iter()
        .map(|it| {
            let number = it.deployment.sequence.to_string();
            let label = format!("#{number} of {}", seconds(it.deployment.recorded_at));
            (number, label)
        })
        .collect();
    let (old, new) = (choices[1].0.clone(), choices[0].0.clone());
    Block::Form {
        action: link::path(&["lanes", lane.as_str(), "diff"]),
        fields: vec![
            Field::choice("old", "From", &old, &choices),
            Field::choice("new", "To", &new, &choices),
        ],
        button: "Compare",
    }
}

/// The pages above what belongs to a record.
pub fn above(release: &ReleaseName) -> [Cell; 3] {
    let lane = release.lane.as_str();
    [
        Cell::link("Lanes", "/lanes".to_owned()),
        Cell::link(lane, link::path(&["lanes", lane])),
        Cell::link(format!("#{}", release.sequence), link::record(release)),
    ]
}

/// The packet of a record.
pub(super) fn evidence(release: &ReleaseName) -> String {
    format!("{}/evidence", link::record(release))
}

/// What a move changed, with the difference that it made.
fn changed(deployment: &Deployment) -> Cell {
    if deployment.changes == Changes::default() {
        return Cell::soft("nothing");
    }
    let text = waits(&deployment.changes);
    match deployment.previous {
        Some(_) => Cell::link(text, difference(deployment)),
        None => Cell::new(text),
    }
}

/// The difference that a record made to the one before it.
pub(super) fn difference(deployment: &Deployment) -> String {
    let [old, new] = [deployment.sequence - 1, deployment.sequence].map(|it| it.to_string());
    let path = link::path(&["lanes", deployment.lane.as_str(), "diff"]);
    link::query(&path, &[("old", old.as_str()), ("new", new.as_str())])
}

/// A person without the address.
fn name_of(person: &str) -> &str {
    match person.split_once(" <") {
        Some((name, _)) if !name.is_empty() => name,
        _ => person,
    }
}
