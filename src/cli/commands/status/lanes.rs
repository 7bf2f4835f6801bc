//! What is live in each lane, and what waits to come there.

use std::collections::BTreeSet;

use crate::cli::error::CommandError;
use crate::domain::deployment::Changes;
use crate::domain::id::LaneName;
use crate::engine::diff::{changed_paths, prompt_changes};
use crate::engine::monitor::releases::live_release;
use crate::engine::ports::{FileTree, LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;
use crate::report::status::{LaneAtAGlance, Urgency, named};

use super::Gathered;

/// Where releases come from that come from no lane.
const AT_HAND: &str = "the files here";

/// What stands there for lanes that no file declares.
const UNDECLARED: &str = "-";

/// Looks at every lane that is declared or has records. Only what differs is read.
pub(super) fn look(
    workspace: &Workspace<'_>,
    lanes: &dyn LaneStore,
    gathered: &mut Gathered,
) -> Result<Vec<LaneAtAGlance>, CommandError> {
    let tips = lanes.tips()?;
    let mut order: BTreeSet<(i64, LaneName, Option<LaneName>)> = BTreeSet::new();
    for name in workspace.lane_names()? {
        let policy = gathered.keep(
            workspace.lane(&name).map_err(CommandError::from),
            "pointsman check",
        );
        if let Some(policy) = policy {
            let from = policy.from.map(|(from, _)| from);
            order.insert((policy.order, name, from));
        }
    }
    let declared: BTreeSet<LaneName> = order.iter().map(|(_, name, _)| name.clone()).collect();
    let others = tips.keys().filter(|name| !declared.contains(name));
    order.extend(others.map(|name| (i64::MAX, name.clone(), None)));
    let mut found = Vec::new();
    for (order, lane, from) in order {
        let record = tips
            .get(&lane)
            .map(|id| lanes.record(&lane, id))
            .transpose()?;
        let waits = match &record {
            Some(record) if order != i64::MAX => {
                let live = lanes.tree(record)?;
                let changes = waits(workspace, lanes, from.as_ref(), live.as_ref());
                gathered.keep(changes, "pointsman check").flatten()
            }
            _ => None,
        };
        found.push(LaneAtAGlance {
            from: match &from {
                Some(from) => from.to_string(),
                None if order == i64::MAX => UNDECLARED.to_owned(),
                None => AT_HAND.to_owned(),
            },
            lane,
            record,
            waits,
        });
    }
    Ok(found)
}

/// What is other where releases of a lane come from.
fn waits(
    workspace: &Workspace<'_>,
    lanes: &dyn LaneStore,
    from: Option<&LaneName>,
    live: &dyn FileTree,
) -> Result<Option<Changes>, CommandError> {
    let compared = |source: &dyn FileTree| -> Result<Changes, CommandError> {
        let paths = changed_paths(live, source)?;
        Ok(prompt_changes(live, source, &paths)?)
    };
    let Some(from) = from else {
        return compared(workspace.tree()).map(Some);
    };
    match lanes.tip(from)? {
        None => Ok(None),
        Some(record) => compared(lanes.tree(&record)?.as_ref()).map(Some),
    }
}

/// What can be released: prompts that are other where a lane is promoted from.
pub(super) fn releasable(lanes: &[LaneAtAGlance], gathered: &mut Gathered) {
    for glance in lanes {
        let lane = &glance.lane;
        let holds = glance.record.as_ref().map(|it| it.deployment.holds.len());
        if let Some(holds) = holds.filter(|count| *count > 0) {
            let what = format!("{holds} hold(s) keep something out of {lane}");
            let show = format!("pointsman lanes show {lane}");
            let next = vec![show, format!("pointsman lanes unhold {lane} --reason '…'")];
            gathered.add(Urgency::Later, "hold", what, next);
        }
        let Some(changes) = &glance.waits else {
            continue;
        };
        let all = [&changes.changed, &changes.added, &changes.removed];
        let prompts: Vec<_> = all.into_iter().flatten().cloned().collect();
        if prompts.is_empty() {
            continue;
        }
        let what = format!("{} can go from {} to {lane}", named(&prompts), glance.from);
        let next = match glance.from.as_str() {
            AT_HAND => vec![
                format!("pointsman diff {lane}"),
                format!("pointsman eval --gate {lane}"),
                format!("pointsman promote {lane}"),
            ],
            from => vec![
                format!("pointsman diff {lane} {from}"),
                format!("pointsman promote {lane}"),
            ],
        };
        gathered.add(Urgency::Later, "prompt-ready", what, next);
    }
}

/// What is live in the last of the declared lanes that has a release: what a launch is reviewed of.
pub(super) fn last_release(
    glance: &[LaneAtAGlance],
    lanes: &dyn LaneStore,
) -> Result<Option<LaneRecord>, CommandError> {
    let declared = glance.iter().rev().filter(|it| it.from != UNDECLARED);
    for it in declared {
        if let Some(live) = live_release(lanes, &it.lane)? {
            return Ok(Some(live));
        }
    }
    Ok(None)
}
