//! A lane takes its releases from the lane before it.

use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let from = wanted.policy.and_then(|policy| policy.from.as_ref());
    let Some((from, _)) = from else {
        return;
    };
    if wanted.source.lane.as_ref() != Some(from) {
        let lane = wanted.lane;
        refusals.push(Refusal {
            condition: Condition::Order,
            message: format!("lane `{lane}` takes releases from lane `{from}` only"),
            next: format!(
                "promote to `{from}` first, then run `pointsman promote {lane}` without `--from`"
            ),
        });
    }
}
