//! As many people as the policy asks for have approved.

use std::fmt::Write as _;

use crate::domain::gate::Evaluation;
use crate::engine::release::approval::NotCounted;
use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let asked = wanted.policy.and_then(|policy| policy.approval.as_ref());
    let Some(asked) = asked else {
        return;
    };
    let (needed, have) = (asked.required as usize, wanted.approvals.people(|_| true));
    if have < needed {
        let message = format!(
            "lane `{}` needs the approval of {needed} person(s) for this snapshot on top of what is \
             live, and has that of {have}",
            wanted.lane
        );
        refusals.push(refusal(wanted, message));
    }
}

/// Says what is missing for people to decide what the gate could not, if anything is.
pub(super) fn check_undecided(wanted: &Move<'_>, evaluation: &Evaluation) -> Result<(), Refusal> {
    let asked = wanted.policy.and_then(|policy| policy.approval.as_ref());
    let needed = asked.map_or(1, |asked| asked.required as usize).max(1);
    let results = evaluation.results_digest();
    let have = wanted.approvals.people(|it| it.saw_inconclusive(results));
    if have >= needed {
        return Ok(());
    }
    let message = format!(
        "the gate could not decide, and lane `{}` lets that in with the approval of {needed} \
         person(s) who saw these results; it has that of {have}",
        wanted.lane
    );
    Err(refusal(wanted, message))
}

fn refusal(wanted: &Move<'_>, mut message: String) -> Refusal {
    for NotCounted { by, why } in &wanted.approvals.not_counted {
        let _ = write!(message, "; that of {by} does not count: {why}");
    }
    let lane = wanted.lane;
    Refusal {
        condition: Condition::Approval,
        message,
        next: format!("ask for it: `pointsman approve {lane}`, with the same arguments"),
    }
}
