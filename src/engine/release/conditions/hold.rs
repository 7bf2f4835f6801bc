//! What is under a hold does not come in before the hold is released.

use crate::domain::deployment::DeployKind;
use crate::domain::hold::{Held, Hold};
use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    if !wanted.kind.moves_content() {
        return;
    }
    let holds = wanted
        .current
        .map_or(&[][..], |record| &record.deployment.holds);
    let comes_in = |hold: &&Hold| match &hold.held {
        Held::Snapshot(digest) => *digest == wanted.snapshot,
        Held::Prompt { id, fingerprint } => {
            let mut prompts = wanted.obstacles.held_prompts.iter();
            prompts.any(|(prompt, found)| prompt == id && found == fingerprint)
        }
    };
    let lane = wanted.lane;
    refusals.extend(holds.iter().filter(comes_in).map(|hold| Refusal {
        condition: Condition::Hold,
        message: format!(
            "{} is under a hold since #{}: {}",
            hold.held, hold.set_by_sequence, hold.reason
        ),
        next: format!("release it with `pointsman lanes unhold {lane} --reason \"…\"`"),
    }));
    let Some(source) = wanted.source.lane.as_ref() else {
        return;
    };
    if wanted.kind == DeployKind::Promote {
        refusals.extend(wanted.obstacles.held_at_source.iter().map(|hold| Refusal {
            condition: Condition::Hold,
            message: format!(
                "{} is live in lane `{source}`, and under a hold there since #{}: {}",
                hold.held, hold.set_by_sequence, hold.reason
            ),
            next: format!("release it with `pointsman lanes unhold {source} --reason \"…\"`"),
        }));
    }
}
