//! What a comparison with the version that is live has against a move, in words.

use crate::domain::gate::{Comparison, Decision, NotComparable, Outcome, RatioCheck};
use crate::engine::release::authorize::{Condition, Refusal};

/// What was not shown, with the way to show it.
pub(super) fn not_shown(decision: &Decision) -> Vec<Refusal> {
    let next = "see with `pointsman plan` what more rows or repeats would show";
    let condition = Condition::Inconclusive;
    let in_words = decision.not_shown.iter().map(|message| Refusal {
        condition,
        message: message.clone(),
        next: next.to_owned(),
    });
    beside_live(decision, Outcome::Inconclusive, condition, next)
        .chain(in_words)
        .collect()
}

pub(super) fn not_comparable(decision: &Decision) -> Vec<Refusal> {
    let reasons = decision.not_comparable.iter();
    let refusal = |different: &NotComparable| Refusal {
        condition: Condition::Comparable,
        message: format!(
            "`{}` on `{}` cannot be compared with the version that is live: {}",
            different.prompt, different.dataset, different.reason
        ),
        next: "change the prompt and what tests it in two releases, the tests first".to_owned(),
    };
    reasons.map(refusal).collect()
}

/// What a comparison with the version that is live shows, in words.
pub(super) fn beside_live(
    decision: &Decision,
    outcome: Outcome,
    condition: Condition,
    next: &str,
) -> impl Iterator<Item = Refusal> {
    let comparisons = decision.comparisons.iter();
    let comparisons = comparisons
        .filter(move |it| it.blocking && it.outcome == outcome)
        .map(Comparison::to_string);
    let ratios = decision.ratios.iter();
    let ratios = ratios
        .filter(move |it| it.outcome == outcome)
        .map(RatioCheck::to_string);
    comparisons.chain(ratios).map(move |message| Refusal {
        condition,
        message,
        next: next.to_owned(),
    })
}
