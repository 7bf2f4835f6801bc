//! The table of lanes.

use crate::domain::id::LaneName;
use crate::engine::ports::LaneRecord;

use super::release::seconds;
use super::table::TextTable;

/// What the workspace at hand says about a lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneLine<'a> {
    /// Its name.
    pub name: &'a LaneName,
    /// Whether it is declared.
    pub declared: bool,
    /// The lane that it takes releases from.
    pub from: Option<&'a LaneName>,
}

/// The lanes with what is live there.
pub fn table(lines: &[(LaneLine<'_>, Option<LaneRecord>)]) -> String {
    let mut table = TextTable::new(&[
        "LANE", "FROM", "SEQ", "KIND", "WHEN", "SOURCE", "HOLDS", "WHY",
    ]);
    for (line, record) in lines {
        let name = if line.declared {
            line.name.to_string()
        } else {
            format!("{} (not declared)", line.name)
        };
        let from = line.from.map(ToString::to_string).unwrap_or_default();
        let mut cells = vec![name, from];
        match record.as_ref().map(|record| &record.deployment) {
            None => cells.push("-".to_owned()),
            Some(deployment) => cells.extend([
                format!("#{}", deployment.sequence),
                deployment.kind.name().to_owned(),
                seconds(deployment.recorded_at),
                deployment.source.commit.short().to_owned(),
                deployment.holds.len().to_string(),
                deployment.reason.clone().unwrap_or_default(),
            ]),
        }
        table.row(cells);
    }
    table.render()
}
