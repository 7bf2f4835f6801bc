//! The part of a decision that sets the candidate beside the version that is live.

use crate::domain::gate::{Comparison, Decision, NotComparable, Outcome};
use crate::domain::lane::GatePolicy;
use crate::engine::statistics::holm;

use super::flaky::FlakyRow;
use super::paired::{Judged, Live, Pair};
use super::summary::{ENOUGH_REPEATS, SuiteSummary};

/// The candidate beside the version that is live.
pub(super) fn beside_live(policy: &GatePolicy, live: &Live, suites: &[SuiteSummary]) -> Decision {
    let mut decision = Decision::nothing();
    let mut judged = Vec::new();
    decision.not_comparable.clone_from(&live.dropped);
    for suite in suites {
        if policy.compares() {
            decision.not_shown.extend(untested_critical_rows(suite));
        }
        let key = (suite.suite.prompt.clone(), suite.suite.dataset.clone());
        let barred = live.barred.get(&key).into_iter().flatten();
        let reason = |row: &FlakyRow| format!("`{}` on `{}`: {}", key.0, key.1, row.reason());
        decision.not_shown.extend(barred.map(reason));
        let Some(baseline) = live.baselines.get(&key) else {
            continue;
        };
        let rows = [baseline.summary.rows.by_row(), suite.rows.by_row()];
        match Pair::new(baseline, suite, &rows, policy) {
            Ok(pair) => {
                let comparisons = policy.margin.map(|margin| pair.comparisons(margin));
                let with_level = |judged| (pair.alpha(), judged);
                judged.extend(comparisons.into_iter().flatten().map(with_level));
                let latency = policy.max_latency_p95_ratio;
                decision
                    .ratios
                    .extend(latency.map(|limit| pair.latency(limit)));
                let cost = policy.max_cost_ratio;
                decision.ratios.extend(cost.map(|limit| pair.cost(limit)));
            }
            Err(reasons) => {
                let (prompt, dataset) = key;
                let reasons = reasons.into_iter().map(|reason| NotComparable {
                    prompt: prompt.clone(),
                    dataset: dataset.clone(),
                    reason,
                });
                decision.not_comparable.extend(reasons);
            }
        }
    }
    decision.comparisons = with_failures(judged);
    decision
}

/// Marks the failures among the comparisons that may block. Many evaluators are many chances to
/// fail by accident, so that all of them share one level; to pass needs no such care, because all
/// of them must. The level is that of the suite that was looked at most often.
fn with_failures(judged: Vec<(f64, Judged)>) -> Vec<Comparison> {
    let alpha = judged.iter().map(|(alpha, _)| *alpha).fold(1.0, f64::min);
    let blocking = |judged: &Judged| judged.comparison.blocking;
    let p_values: Vec<f64> = judged
        .iter()
        .filter(|(_, judged)| blocking(judged))
        .map(|(_, judged)| judged.p_worse)
        .collect();
    let mut failed = holm(&p_values, alpha).into_iter();
    judged
        .into_iter()
        .map(|(own_alpha, judged)| {
            let failed = if blocking(&judged) {
                failed.next().unwrap_or(false)
            } else {
                judged.p_worse <= own_alpha
            };
            Comparison {
                outcome: if failed {
                    Outcome::Fail
                } else {
                    judged.comparison.outcome
                },
                ..judged.comparison
            }
        })
        .collect()
}

/// A row that must pass, and whose result depends on chance, must be tested often enough.
fn untested_critical_rows(suite: &SuiteSummary) -> Option<String> {
    let chance = suite.blocking.intersection(&suite.by_chance).next()?;
    let row = suite.first_critical.as_ref()?;
    let repeats = suite.suite.repeats;
    (repeats < ENOUGH_REPEATS).then(|| {
        format!(
            "`{}` on `{}`: critical row `{row}` was tested {repeats} time(s), and `{chance}` depends on chance: {ENOUGH_REPEATS} repeats show whether it holds",
            suite.suite.prompt, suite.suite.dataset
        )
    })
}
