//! A snapshot under a hold does not come in before the hold is released.

use crate::domain::deployment::DeployKind;
use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    if wanted.kind == DeployKind::Unhold {
        return;
    }
    let lane = wanted.lane;
    let holds = wanted
        .current
        .map_or(&[][..], |record| &record.deployment.holds);
    for hold in holds.iter().filter(|hold| hold.snapshot == wanted.snapshot) {
        refusals.push(Refusal {
            condition: Condition::Hold,
            message: format!(
                "snapshot {} is under a hold since #{}: {}",
                hold.snapshot.short(),
                hold.set_by_sequence,
                hold.reason
            ),
            next: format!("release it with `pointsman lanes unhold {lane} --reason \"…\"`"),
        });
    }
}
