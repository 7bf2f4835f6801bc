//! Whether the results that a check rests on are here, and say what the record says: a record may have
//! come from anybody.

use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::domain::gate::EvaluatedSuite;
use crate::domain::improve::{AttemptId, Check};
use crate::domain::run::CaseResult;
use crate::engine::evaluate::compare::compare_suites;
use crate::engine::evaluate::plan::Plan;
use crate::engine::evaluate::reuse::results_digest;

use super::gather::cases_of;

/// Makes sure that nothing which passed fails, by the results themselves.
pub(super) fn holds(
    bench: &Workbench<'_>,
    id: &AttemptId,
    check: &Check,
    planned: &[Plan; 2],
) -> Result<(), CommandError> {
    for before in &check.before {
        let same = |it: &&EvaluatedSuite| {
            it.suite.dataset == before.suite.dataset
                && it.suite.evaluators == before.suite.evaluators
        };
        let Some(after) = check.after.iter().find(same) else {
            return Err(not_here(id));
        };
        let mut suites = planned[0].suites.iter();
        let digest = before.suite.digest();
        let blocking = suites.find(|it| it.digest == digest);
        let blocking = blocking.map(|it| it.blocking.clone()).unwrap_or_default();
        let cases = [before, after].map(|it| results(bench, id, it));
        let [old, new] = cases;
        let compared = compare_suites([&before.suite, &after.suite], [&old?, &new?])?;
        let broken = compared
            .flips
            .iter()
            .filter(|flip| !flip.passes_now && flip.gates);
        let count = broken
            .filter(|flip| blocking.contains(&flip.evaluator))
            .count();
        if count > 0 {
            return Err(CommandError::refused(format!(
                "the results show {count} case(s) that pass today and fail with candidate `{id}`, \
                 whatever its record says"
            ))
            .with_hint(format!("run `pointsman improve check {id}`")));
        }
    }
    Ok(())
}

/// The cases of a suite, where they are those that the record names.
fn results(
    bench: &Workbench<'_>,
    id: &AttemptId,
    evidence: &EvaluatedSuite,
) -> Result<Vec<CaseResult>, CommandError> {
    let cases = cases_of(bench, &evidence.run, &evidence.suite).map_err(|_| not_here(id))?;
    let digest = results_digest(&bench.store, &evidence.run, evidence.suite.digest())?;
    if digest == evidence.results && cases.len() as u64 == evidence.cases {
        Ok(cases)
    } else {
        Err(not_here(id))
    }
}

fn not_here(id: &AttemptId) -> CommandError {
    CommandError::refused(format!(
        "the results that the check of candidate `{id}` rests on are not here"
    ))
    .with_hint(format!(
        "run `pointsman improve check {id}`, or bring them here with `pointsman runs fetch`"
    ))
}
