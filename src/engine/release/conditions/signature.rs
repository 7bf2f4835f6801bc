//! The record is signed by somebody whom the lane trusts.

use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let Some(allowed) = wanted.signing.allowed else {
        return;
    };
    let lane = wanted.lane;
    let refusal = |message: String| Refusal {
        condition: Condition::Signature,
        message,
        next: "name a key of an allowed signer with `--sign-with <file>` or `--sign-with agent`"
            .to_owned(),
    };
    match &wanted.signing.key {
        None => refusals.push(refusal(format!(
            "the records of lane `{lane}` must be signed"
        ))),
        Some(key) => {
            if let Err(why) = allowed.trusted(key, &[wanted.now]) {
                refusals.push(refusal(format!(
                    "the records of lane `{lane}` must be signed by an allowed signer, and {why}"
                )));
            }
        }
    }
}
