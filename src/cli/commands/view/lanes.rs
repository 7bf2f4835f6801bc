//! Lanes: what is live, what was, and how it differs.

use crate::adapters::view::Asked;
use crate::adapters::webhooks::AnnouncedLanes;
use crate::cli::commands::evidence::packet::packet_of_record;
use crate::cli::commands::lanes::current;
use crate::cli::commands::status::lanes_at_a_glance;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::record::RecordName;
use crate::domain::deployment::{ObjectId, ReleaseName};
use crate::domain::id::LaneName;
use crate::engine::diff::compare;
use crate::engine::ports::{LaneError, LaneRecord, LaneStore as _};
use crate::engine::release::history::History;
use crate::engine::release::packet::approvals_of;
use crate::engine::workspace::Workspace;
use crate::report::html::blocks::Page;
use crate::report::html::difference::difference_page;
use crate::report::html::lanes::{HistoryReport, above, history_page, lanes_page};
use crate::report::html::record::{RecordReport, record_page};
use crate::report::packet::packet_page;

use super::fault::{Fault, only};

/// How many records stand on a page.
const RECORDS: usize = 50;

/// A page about lanes.
pub(super) fn page(context: &Context, asked: &Asked, path: &[&str]) -> Result<Page, Fault> {
    match path {
        [] => {
            only(asked, &[])?;
            Ok(lanes_page(&lanes_at_a_glance(context)?))
        }
        [lane] => history(context, asked, lane),
        [lane, "diff"] => between(context, asked, lane),
        [lane, number] => record(context, asked, lane, number),
        [lane, number, "evidence"] => evidence(context, asked, lane, number),
        _ => Err(Fault::no_page()),
    }
}

/// The lane that an address names, which must have records.
pub(super) fn lane_of(lanes: &AnnouncedLanes<'_>, text: &str) -> Result<LaneRecord, Fault> {
    let lane = LaneName::new(text)
        .map_err(|error| Fault::missing(CommandError::usage(error.to_string())))?;
    current(lanes, &lane).map_err(Fault::missing)
}

/// The record of a lane that a number, or digits of its id, name.
pub(super) fn record_of(
    lanes: &AnnouncedLanes<'_>,
    lane: &str,
    number: &str,
) -> Result<LaneRecord, Fault> {
    let newest = lane_of(lanes, lane)?;
    let name = RecordName {
        lane: newest.deployment.lane,
        record: Some(number.to_owned()),
    };
    let id = name.tip(lanes.lanes()).map_err(Fault::missing)?;
    Ok(lanes.record(&name.lane, &id)?)
}

fn history(context: &Context, asked: &Asked, lane: &str) -> Result<Page, Fault> {
    only(asked, &["from"])?;
    let lanes = context.lanes()?;
    let newest = lane_of(&lanes, lane)?;
    let from = asked.value("from");
    let first = if from.is_empty() {
        newest
    } else {
        let id = ObjectId::new(from)
            .map_err(|error| Fault::wrong(CommandError::usage(error.to_string())))?;
        let found = lanes.record(&newest.deployment.lane, &id);
        found.map_err(Fault::missing)?
    };
    let records: Result<Vec<LaneRecord>, LaneError> =
        History::from(&lanes, &first).take(RECORDS).collect();
    Ok(history_page(&HistoryReport {
        records: &records?,
        is_newest: from.is_empty(),
    }))
}

fn record(context: &Context, asked: &Asked, lane: &str, number: &str) -> Result<Page, Fault> {
    only(asked, &[])?;
    let lanes = context.lanes()?;
    let record = record_of(&lanes, lane, number)?;
    let tree = lanes.tree(&record)?;
    let approvals = approvals_of(&lanes, &record)?;
    Ok(record_page(&RecordReport {
        record: &record,
        prompts: &Workspace::new(tree.as_ref()).prompt_ids()?,
        author: context
            .repository()?
            .author(&record.deployment.source.commit)?
            .as_deref(),
        approvals: &approvals,
    }))
}

/// The evidence packet of a record.
fn evidence(context: &Context, asked: &Asked, lane: &str, number: &str) -> Result<Page, Fault> {
    only(asked, &[])?;
    let lanes = context.lanes()?;
    let record = record_of(&lanes, lane, number)?;
    let release = ReleaseName::of(&record.deployment);
    let packet = packet_of_record(
        context,
        &RecordName {
            lane: release.lane.clone(),
            record: Some(record.id.to_string()),
        },
    )?;
    Ok(packet_page(&packet).below(above(&release)))
}

/// How two records of a lane differ.
fn between(context: &Context, asked: &Asked, lane: &str) -> Result<Page, Fault> {
    only(asked, &["old", "new"])?;
    let lanes = context.lanes()?;
    let (old, new) = (asked.value("old"), asked.value("new"));
    let [before, after] = [record_of(&lanes, lane, old)?, record_of(&lanes, lane, new)?];
    let difference = compare(lanes.tree(&before)?.as_ref(), lanes.tree(&after)?.as_ref())?;
    let names = [&before, &after].map(|it| format!("{lane} #{}", it.deployment.sequence));
    Ok(difference_page(&difference, &names))
}

/// How two views of the workspace differ: lanes, revisions and the worktree.
pub(super) fn difference(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    only(asked, &["old", "new"])?;
    let [old, new] = ["old", "new"].map(|name| asked.value(name));
    let view = |spec: &str| context.view(spec).map_err(Fault::missing);
    let difference = compare(view(old)?.as_ref(), view(new)?.as_ref())?;
    Ok(difference_page(
        &difference,
        &[old.to_owned(), new.to_owned()],
    ))
}
