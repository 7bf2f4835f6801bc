//! `pointsman lanes list`.

use std::collections::BTreeSet;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::domain::lane::Lane;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;
use crate::report::lanes::{LaneLine, table};
use crate::report::release_json::{LaneV1, LanesV1};

pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    lanes: &dyn LaneStore,
) -> Result<Exit, CommandError> {
    let declared = declared_lanes(context)?;
    let tips = lanes.tips()?;
    let mut names: BTreeSet<(i64, &LaneName)> = BTreeSet::new();
    names.extend(declared.iter().map(|lane| (lane.order, &lane.name)));
    let known: BTreeSet<&LaneName> = declared.iter().map(|lane| &lane.name).collect();
    let only_existing = tips.keys().filter(|name| !known.contains(name));
    names.extend(only_existing.map(|name| (i64::MAX, name)));
    let mut rows: Vec<(LaneLine<'_>, Option<LaneRecord>)> = Vec::new();
    for (_, name) in names {
        let policy = declared.iter().find(|lane| lane.name == *name);
        let record = tips
            .get(name)
            .map(|id| lanes.record(name, id))
            .transpose()?;
        let line = LaneLine {
            name,
            declared: policy.is_some(),
            from: policy.and_then(|lane| lane.from.as_ref().map(|(from, _)| from)),
        };
        rows.push((line, record));
    }
    if ui.wants_json() {
        let found = rows.iter().map(|(line, record)| LaneV1 {
            name: line.name,
            declared: line.declared,
            from: line.from,
            current: record.as_ref().map(Into::into),
        });
        ui.json(&LanesV1::new(found.collect()));
    } else if rows.is_empty() {
        ui.note("there are no lanes; declare one in `environments/<lane>.toml`");
    } else {
        ui.text(table(&rows));
    }
    Ok(Exit::Success)
}

/// The lanes that the workspace at hand declares.
fn declared_lanes(context: &Context) -> Result<Vec<Lane>, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let names = workspace.lane_names()?;
    let lanes: Result<Vec<Lane>, _> = names.iter().map(|name| workspace.lane(name)).collect();
    Ok(lanes?)
}
