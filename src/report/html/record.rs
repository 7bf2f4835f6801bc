//! One record of a lane, as a page.

use crate::domain::deployment::{Changes, Deployment, ReleaseName, Source};
use crate::domain::id::PromptId;
use crate::engine::ports::LaneRecord;
use crate::engine::release::packet::parts::PacketApproval;
use crate::report::packet::{approval_line, watch_lines};
use crate::report::release::{hold, seconds, source};

use super::blocks::{Block, Cell, Facts, Page};
use super::lanes::{difference, evidence, kind};
use super::link;

/// A record, with what is known of it elsewhere.
#[derive(Debug)]
pub struct RecordReport<'r> {
    /// The record.
    pub record: &'r LaneRecord,
    /// The prompts that it made live.
    pub prompts: &'r [PromptId],
    /// Who wrote the commit that it came from; absent: the commit is not here.
    pub author: Option<&'r str>,
    /// Who approved.
    pub approvals: &'r [PacketApproval],
}

/// The page.
pub fn record_page(report: &RecordReport<'_>) -> Page {
    let deployment = &report.record.deployment;
    let release = ReleaseName::of(deployment);
    let lane = deployment.lane.as_str();
    let mut page = Page::new(&format!("{lane} #{}", deployment.sequence))
        .badge(kind(deployment.kind))
        .below([
            Cell::link("Lanes", "/lanes".to_owned()),
            Cell::link(lane, link::path(&["lanes", lane])),
        ]);
    page.add(facts(report));
    page.add(Block::Pager {
        cells: more(deployment, &release),
    });
    changes(&deployment.changes, &mut page);
    listed(
        "Holds",
        deployment.holds.iter().map(hold).collect(),
        &mut page,
    );
    let evidence = deployment.evidence.iter().map(|it| it.path.clone());
    listed("Files of evidence", evidence.collect(), &mut page);
    let approvals = report.approvals.iter().map(approval_line);
    listed("Approvals", approvals.collect(), &mut page);
    let watch = deployment.watch.as_ref().map(watch_lines);
    listed("Watch plan", watch.unwrap_or_default(), &mut page);
    let prompts = report.prompts.iter().map(ToString::to_string);
    listed("Live prompts", prompts.collect(), &mut page);
    page
}

fn facts(report: &RecordReport<'_>) -> Facts {
    let LaneRecord { id, deployment } = report.record;
    let mut facts = Facts::default();
    facts.add("When", seconds(deployment.recorded_at));
    facts.add("Who", &deployment.actor);
    facts.known("Why", deployment.reason.as_ref());
    facts.line("From", vec![from(deployment)]);
    facts.known("Written by", report.author);
    facts.add("Record", Cell::code(id.as_str()));
    facts.add(
        "Snapshot",
        Cell::code(deployment.snapshot.sha256.to_string()),
    );
    facts.add("Tree", Cell::code(deployment.snapshot.git_tree.as_str()));
    match &deployment.rollback_target {
        None => facts.add("Rollback", "nothing to go back to"),
        Some(target) => {
            let release = ReleaseName {
                lane: deployment.lane.clone(),
                sequence: target.sequence,
            };
            let text = format!("to #{}", target.sequence);
            facts.add("Rollback", Cell::link(text, link::record(&release)));
        }
    }
    facts
}

/// The pages that have more of it.
fn more(deployment: &Deployment, release: &ReleaseName) -> Vec<Cell> {
    let mut cells = vec![Cell::link("Evidence packet", evidence(release))];
    if deployment.previous.is_some() {
        let difference = difference(deployment);
        cells.push(Cell::link("Difference to the record before", difference));
    }
    let around = release.to_string();
    for (text, page) in [
        ("Numbers around it", "/monitor"),
        ("Traces around it", "/traces"),
    ] {
        let pairs = [("around", around.as_str())];
        cells.push(Cell::link(text, link::query(page, &pairs)));
    }
    cells
}

/// Where the content comes from.
fn from(deployment: &Deployment) -> Cell {
    let told = source(&deployment.source);
    match &deployment.source {
        Source {
            lane: Some(lane),
            record: Some(record),
            ..
        } => Cell::link(told, link::path(&["lanes", lane.as_str(), record.as_str()])),
        _ => Cell::new(told),
    }
}

fn changes(changes: &Changes, page: &mut Page) {
    let signed = |sign: &str, ids: &[PromptId]| -> Vec<String> {
        ids.iter().map(|id| format!("{sign} {id}")).collect()
    };
    let mut lines = signed("+", &changes.added);
    lines.extend(signed("~", &changes.changed));
    lines.extend(signed("-", &changes.removed));
    listed("Changed prompts", lines, page);
    listed("Changed files", changes.files.clone(), page);
}

/// A list under its title; nothing where there is none.
fn listed(title: &str, lines: Vec<String>, page: &mut Page) {
    if !lines.is_empty() {
        page.heading(title);
        page.add(Block::list(lines));
    }
}
