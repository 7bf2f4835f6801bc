//! What the policy has a floor for goes on being tested.

use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    for (prompt, evaluator) in &wanted.obstacles.dropped_tests {
        refusals.push(Refusal {
            condition: Condition::Tests,
            message: format!(
                "prompt `{prompt}` would no longer be tested by `{evaluator}`, for which the policy has a floor"
            ),
            next: format!(
                "name `{evaluator}` under `evals` of the prompt, or promote a policy without the floor first"
            ),
        });
    }
}
