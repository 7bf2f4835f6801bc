//! The candidate beside the version that is live: paired row by row, or refused.
//!
//! A row of the candidate without an answer counts as not passed. A row of the version that is live
//! without one cannot be compared with: to count it as failed would make the candidate look better.

use std::collections::BTreeMap;

use crate::domain::digest::ShortDigest;
use crate::domain::gate::{Comparison, Measure, NotComparable, Outcome, RatioCheck};
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::lane::GatePolicy;
use crate::engine::statistics::{
    Paired, RatioInterval, Shown, interval_of_rows, level_per_look, mcnemar, percentile_ratio,
    ratio_of_means,
};

use super::flaky::FlakyRow;
use super::summary::SuiteSummary;
use super::tally::{RowTally, Rows};

/// The percentile of the latency that a policy bounds.
const LATENCY_SHARE: f64 = 0.95;

/// What is known of the version that is live, and of earlier runs, when a candidate is judged.
#[derive(Debug, Default)]
pub struct Live {
    /// The same tests of that version, by prompt and dataset. What is new or did not change has
    /// none.
    pub baselines: BTreeMap<(PromptId, DatasetId), Baseline>,
    /// Tests of that version that the candidate does not undergo.
    pub dropped: Vec<NotComparable>,
    /// The candidate's rows that must pass, and that earlier runs have shown to be too flaky for
    /// that.
    pub barred: BTreeMap<(PromptId, DatasetId), Vec<FlakyRow>>,
}

/// The same test of the version that is live.
#[derive(Debug)]
pub struct Baseline {
    /// What came of it.
    pub summary: SuiteSummary,
    /// How often the candidate's answers were drawn, the last time included.
    pub looks: u32,
}

/// Two summaries of the same test, paired row by row.
pub struct Pair<'s> {
    candidate: &'s SuiteSummary,
    alpha: f64,
    rows: Vec<PairedRow<'s>>,
}

struct PairedRow<'s> {
    before: RowTally<'s>,
    after: Option<RowTally<'s>>,
}

/// One comparison, and the p-value of failing.
pub(super) struct Judged {
    pub(super) comparison: Comparison,
    pub(super) p_worse: f64,
}

/// Why two summaries do not test the same thing; empty where they do.
pub fn differences(baseline: &SuiteSummary, candidate: &SuiteSummary) -> Vec<String> {
    let mut reasons = Vec::new();
    let (before, after) = (&baseline.suite, &candidate.suite);
    if before.dataset_digest != after.dataset_digest {
        reasons.push("the rows of the dataset are others".to_owned());
    }
    let names = before.evaluators.keys().chain(after.evaluators.keys());
    let names: std::collections::BTreeSet<&EvaluatorId> = names.collect();
    for name in names {
        if before.evaluators.get(name) != after.evaluators.get(name) {
            reasons.push(format!("evaluator `{name}`, or its judge, is another"));
        }
    }
    if before.repeats != after.repeats {
        let (before, after) = (before.repeats, after.repeats);
        reasons.push(format!("rows were tested {before} and {after} times"));
    }
    if baseline.missing() > 0 {
        let missing = baseline.missing();
        reasons.push(format!(
            "the version that is live was not tested in {missing} case(s)"
        ));
    }
    if let Some(row) = &baseline.first_unanswered {
        reasons.push(format!(
            "the version that is live has no answer for row `{row}`"
        ));
    }
    reasons
}

impl<'s> Pair<'s> {
    /// Pairs the rows of two summaries of the same test, the older one first; otherwise says what
    /// differs.
    pub fn new(
        baseline: &Baseline,
        candidate: &'s SuiteSummary,
        [before, after]: &'s [Rows<'s>; 2],
        policy: &GatePolicy,
    ) -> Result<Self, Vec<String>> {
        let reasons = differences(&baseline.summary, candidate);
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let mut after = after.iter().peekable();
        let mut rows = Vec::new();
        for before in before.iter() {
            let same = after.next_if(|after| after.digest() == before.digest());
            rows.push(PairedRow {
                before,
                after: same,
            });
        }
        if after.next().is_some() {
            let reason = "the candidate was tested on rows that the version that is live was not";
            return Err(vec![reason.to_owned()]);
        }
        rows.retain(|row| row.before.gates());
        Ok(Self {
            candidate,
            alpha: level_per_look(policy.alpha(), baseline.looks),
            rows,
        })
    }

    /// The level of every bound.
    pub(super) fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Each evaluator, compared by the pass rate of the rows that gate.
    pub(super) fn comparisons(&self, margin: f64) -> Vec<Judged> {
        let evaluators = self.candidate.suite.evaluators.keys();
        evaluators
            .filter(|_| !self.rows.is_empty())
            .map(|evaluator| self.comparison(evaluator, margin))
            .collect()
    }

    fn comparison(&self, evaluator: &EvaluatorId, margin: f64) -> Judged {
        let repeats = self.candidate.suite.repeats.max(1);
        let rate = |passed: u32| f64::from(passed) / f64::from(repeats);
        let rates: Vec<(f64, f64)> = self
            .rows
            .iter()
            .map(|row| {
                let after = row.after.map_or(0, |after| after.passed(evaluator));
                (rate(row.before.passed(evaluator)), rate(after))
            })
            .collect();
        let differences: Vec<f64> = rates.iter().map(|(before, after)| after - before).collect();
        let clusters = self.rows.iter().map(|row| row.before.cluster());
        let by_cluster = clusters.zip(differences.iter().copied());
        let (interval, clusters) = interval_of_rows(by_cluster, self.alpha);
        let mean = mean(differences.iter().copied());
        let shown = Shown { interval, mean };
        let worse_rows = count(differences.iter().filter(|d| **d < 0.0));
        let better_rows = count(differences.iter().filter(|d| **d > 0.0));
        let outcome = if !shown.is_no_worse(margin) {
            Outcome::Inconclusive
        } else if shown.is_better() {
            Outcome::Improved
        } else {
            Outcome::Pass
        };
        let suite = &self.candidate.suite;
        let comparison = Comparison {
            prompt: suite.prompt.clone(),
            dataset: suite.dataset.clone(),
            evaluator: evaluator.clone(),
            blocking: self.candidate.blocking.contains(evaluator),
            rows: count(differences.iter()),
            clusters,
            baseline: self::mean(rates.iter().map(|(before, _)| *before)),
            candidate: self::mean(rates.iter().map(|(_, after)| *after)),
            difference: mean,
            lower: interval.lower,
            upper: interval.upper,
            margin,
            worse_rows,
            better_rows,
            mcnemar_p: mcnemar(worse_rows, better_rows),
            outcome,
        };
        Judged {
            comparison,
            p_worse: shown.p_worse(margin),
        }
    }

    /// The latency beside the policy's limit.
    pub(super) fn latency(&self, limit: f64) -> RatioCheck {
        let known = |row: RowTally<'_>| count(row.latencies_ms()) == u64::from(row.cases());
        if !self.both(known) {
            return self.unknown(Measure::LatencyP95, limit, "not every latency is known");
        }
        let mut groups: BTreeMap<GroupKey, Paired> = BTreeMap::new();
        for row in &self.rows {
            let group = groups.entry(row.group()).or_default();
            group.0.extend(row.before.latencies_ms());
            let after = row.after.into_iter();
            group.1.extend(after.flat_map(RowTally::latencies_ms));
        }
        let groups: Vec<Paired> = groups.into_values().collect();
        match percentile_ratio(&groups, LATENCY_SHARE, self.alpha) {
            Some(interval) => self.ratio(Measure::LatencyP95, limit, interval),
            None => self.unknown(
                Measure::LatencyP95,
                limit,
                "there are too few answers for a percentile",
            ),
        }
    }

    /// The cost beside the policy's limit.
    pub(super) fn cost(&self, limit: f64) -> RatioCheck {
        let known = |row: RowTally<'_>| count(row.costs_usd()) == u64::from(row.cases());
        if !self.both(known) {
            return self.unknown(Measure::Cost, limit, "not every cost is known");
        }
        let mut groups: BTreeMap<GroupKey, (f64, f64)> = BTreeMap::new();
        for row in &self.rows {
            let group = groups.entry(row.group()).or_default();
            group.0 += row.before.costs_usd().sum::<f64>();
            let after = row.after.into_iter();
            group.1 += after.flat_map(RowTally::costs_usd).sum::<f64>();
        }
        let groups: Vec<(f64, f64)> = groups.into_values().collect();
        match ratio_of_means(&groups, self.alpha) {
            Some(interval) => self.ratio(Measure::Cost, limit, interval),
            None => self.unknown(
                Measure::Cost,
                limit,
                "there are too few answers, or they cost nothing",
            ),
        }
    }

    /// Whether something is known of both versions of every row.
    fn both(&self, known: impl Fn(RowTally<'_>) -> bool) -> bool {
        let mut rows = self.rows.iter();
        rows.all(|row| known(row.before) && row.after.is_some_and(&known))
    }

    /// The same three answers as for a margin, on the log ratio.
    fn ratio(&self, measure: Measure, limit: f64, interval: RatioInterval) -> RatioCheck {
        let RatioInterval {
            ratio,
            lower,
            upper,
        } = interval;
        let outcome = if lower > limit || (lower > 1.0 && ratio >= limit) {
            Outcome::Fail
        } else if upper >= limit {
            Outcome::Inconclusive
        } else if upper < 1.0 {
            Outcome::Improved
        } else {
            Outcome::Pass
        };
        RatioCheck {
            ratio: Some([ratio, lower, upper]),
            reason: None,
            outcome,
            ..self.unknown(measure, limit, "")
        }
    }

    fn unknown(&self, measure: Measure, limit: f64, reason: &str) -> RatioCheck {
        RatioCheck {
            prompt: self.candidate.suite.prompt.clone(),
            dataset: self.candidate.suite.dataset.clone(),
            measure,
            ratio: None,
            reason: Some(reason.to_owned()),
            limit,
            outcome: Outcome::Inconclusive,
        }
    }
}

/// Orders groups of rows: clusters by name, and rows without one by digest.
type GroupKey = (Option<u32>, Option<ShortDigest>);

impl PairedRow<'_> {
    /// What the row belongs to: its cluster, or itself.
    fn group(&self) -> GroupKey {
        match self.before.cluster() {
            Some(cluster) => (Some(cluster), None),
            None => (None, Some(self.before.digest())),
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of rows are far below 2^52"
    )]
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn count<T>(values: impl Iterator<Item = T>) -> u64 {
    values.count() as u64
}
