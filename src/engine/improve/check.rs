//! The check of a candidate: the prompt as it is and the candidate on the same rows, case by case.
//! Nothing that passes on a row that gates may fail; what else changed is counted, and told apart by
//! what the candidate's author saw.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::deployment::ObjectId;
use crate::domain::evaluator::Grade;
use crate::domain::finding::Findings;
use crate::domain::gate::EvaluatedSuite;
use crate::domain::id::{DatasetId, EvaluatorId};
use crate::domain::improve::{Check, CheckedFlip, CheckedRate, CheckedUsage, RowPlace, Side};
use crate::domain::run::CaseResult;
use crate::domain::untrusted::shorten;
use crate::engine::evaluate::compare::{ComparedSuite, Flip};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::workspace::Workspace;

use super::cases::{KEPT_REASON, place};
use super::split::{SplitRow, like_seen};

/// How many flips of a sort a record keeps.
const KEPT_FLIPS: usize = 50;

/// The share of answers whose latency is told.
const LATENCY_SHARE: f64 = 0.95;

/// Both versions on one dataset.
pub struct CheckedSuite<'c> {
    /// What came of it, before and after.
    pub summaries: [&'c SuiteSummary; 2],
    /// The same, as evidence.
    pub evidence: [&'c EvaluatedSuite; 2],
    /// The cases of this suite, before and after.
    pub cases: [Vec<&'c CaseResult>; 2],
    /// Case by case.
    pub compared: ComparedSuite,
}

/// What a check was made with.
pub struct Checking<'c> {
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// The commit whose tests were used.
    pub base: ObjectId,
    /// The rows that the author saw, and those like them.
    pub train: &'c BTreeSet<RowPlace>,
}

/// The rows of these datasets that an author saw, and those that say nothing new about them.
pub fn train_rows(
    workspace: &Workspace<'_>,
    datasets: &BTreeSet<DatasetId>,
    seen: &BTreeSet<RowPlace>,
) -> Result<BTreeSet<RowPlace>, Findings> {
    let mut rows = Vec::new();
    for id in datasets.iter().filter(|_| !seen.is_empty()) {
        let dataset = workspace.dataset(id)?;
        for row in workspace.rows(&dataset)? {
            let row = row?;
            rows.push(SplitRow::new(place(id, &row.id), &row, false));
        }
    }
    Ok(like_seen(&rows, seen))
}

/// What the results say.
pub fn check(checking: Checking<'_>, suites: &[CheckedSuite<'_>]) -> Check {
    let train = checking.train;
    let mut found = Check {
        at: checking.at,
        by: checking.by,
        base: checking.base,
        before: Vec::new(),
        after: Vec::new(),
        train: Side::default(),
        validation: Side::default(),
        rates: Vec::new(),
        regressions: Vec::new(),
        regression_count: 0,
        recovered: Vec::new(),
        usage: [0, 1].map(|side| usage(suites.iter().map(|suite| suite.summaries[side]))),
    };
    for suite in suites {
        let [before, after] = suite.evidence;
        found.before.push(before.clone());
        found.after.push(after.clone());
        count_rows(suite, train, &mut found);
        found.rates.extend(rates(suite));
        for flip in suite
            .compared
            .flips
            .iter()
            .filter(|flip| blocks(suite, flip))
        {
            let kept = checked_flip(&suite.compared.dataset, flip, train);
            if flip.passes_now {
                keep(&mut found.recovered, kept);
            } else {
                found.regression_count += 1;
                keep(&mut found.regressions, kept);
            }
        }
    }
    found
}

fn keep(flips: &mut Vec<CheckedFlip>, flip: CheckedFlip) {
    if flips.len() < KEPT_FLIPS {
        flips.push(flip);
    }
}

fn blocks(suite: &CheckedSuite<'_>, flip: &Flip) -> bool {
    flip.gates && suite.summaries[0].blocking.contains(&flip.evaluator)
}

fn checked_flip(dataset: &DatasetId, flip: &Flip, train: &BTreeSet<RowPlace>) -> CheckedFlip {
    let at = place(dataset, &flip.row);
    let reason = |side: usize| {
        let side = &flip.sides[side];
        format!(
            "{}: {}",
            side.grade.name(),
            shorten(&side.reason, KEPT_REASON)
        )
    };
    CheckedFlip {
        seen: train.contains(&at),
        at,
        repeat: flip.repeat,
        evaluator: flip.evaluator.clone(),
        critical: flip.critical,
        reasons: [0, 1].map(reason),
    }
}

/// Counts the rows that gate: those that pass before and after, on the side that they belong to.
fn count_rows(suite: &CheckedSuite<'_>, train: &BTreeSet<RowPlace>, found: &mut Check) {
    let blocking = &suite.summaries[0].blocking;
    let [before, after] = [0, 1].map(|side| passing(&suite.cases[side], blocking));
    for (row, passed) in before {
        let passes = after.get(row).copied().unwrap_or(false);
        let seen = train.contains(&place(&suite.compared.dataset, row));
        let side = if seen {
            &mut found.train
        } else {
            &mut found.validation
        };
        side.rows += 1;
        side.passing[0] += u64::from(passed);
        side.passing[1] += u64::from(passes);
        side.recovered += u64::from(!passed && passes);
        side.regressed += u64::from(passed && !passes);
    }
}

/// By row that gates: whether every blocking evaluator lets every repeat pass.
fn passing<'c>(
    cases: &[&'c CaseResult],
    blocking: &BTreeSet<EvaluatorId>,
) -> BTreeMap<&'c str, bool> {
    let mut rows = BTreeMap::new();
    for case in cases.iter().filter(|case| case.gates) {
        let passes = blocking.iter().all(|name| {
            let graded = case.grades.get(name);
            graded.is_some_and(|graded| graded.grade == Grade::Pass)
        });
        *rows.entry(case.key.row.as_str()).or_insert(true) &= passes;
    }
    rows
}

fn rates<'s>(suite: &'s CheckedSuite<'_>) -> impl Iterator<Item = CheckedRate> + 's {
    let compared = &suite.compared;
    compared.evaluators.iter().map(|(name, rates)| CheckedRate {
        dataset: compared.dataset.clone(),
        evaluator: name.clone(),
        blocking: suite.summaries[0].blocking.contains(name),
        passed: rates.passed,
        total: rates.total,
        between: rates
            .interval
            .map(|interval| [interval.lower, interval.upper]),
    })
}

fn usage<'s>(summaries: impl Iterator<Item = &'s SuiteSummary>) -> CheckedUsage {
    let mut used = CheckedUsage::default();
    let mut all_priced = true;
    for summary in summaries {
        let usage = &summary.usage;
        used.cases = used.cases.saturating_add(summary.cases);
        all_priced &= usage.unpriced == 0;
        used.cost_usd = match (used.cost_usd, usage.cost_usd()) {
            (Some(sum), Some(more)) => Some(sum + more),
            (known, more) => known.or(more),
        };
        used.input_tokens = used.input_tokens.saturating_add(usage.input_tokens);
        used.output_tokens = used.output_tokens.saturating_add(usage.output_tokens);
        let latency = summary.latency_ms(LATENCY_SHARE);
        used.latency_p95_ms = match (used.latency_p95_ms, latency) {
            (Some(longest), Some(latency)) => Some(longest.max(latency)),
            (known, latency) => known.or(latency),
        };
    }
    used.cost_usd = used.cost_usd.filter(|_| all_priced);
    used
}
