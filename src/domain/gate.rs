//! What a gate says about an evaluation.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agreement::Kappa;
use super::digest::Digest;
use super::id::{DatasetId, EvaluatorId, PromptId};
use super::run::{RunId, Suite};

/// The verdict of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that the policy asks for was shown.
    Pass,
    /// Something that the policy asks for was shown not to hold.
    Fail,
    /// The results show neither that it holds nor that it does not.
    Inconclusive,
    /// The candidate and the version that is live were not tested alike.
    NotComparable,
    /// Nothing was evaluated: that is never a pass.
    NothingEvaluated,
}

impl Verdict {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NotComparable => "not-comparable",
            Self::NothingEvaluated => "nothing-evaluated",
        }
    }

    /// What the gate did, for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Fail => "failed",
            Self::Inconclusive => "inconclusive",
            Self::NotComparable => "not comparable with the version that is live",
            Self::NothingEvaluated => "nothing was evaluated",
        }
    }
}

/// The verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The pass rate of every evaluator with what was demanded of it.
    pub checks: Vec<FloorCheck>,
    /// Rows that must pass and did not.
    pub critical_failures: Vec<CriticalFailure>,
    /// The candidate beside the version that is live, by evaluator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// What the candidate takes in time and money beside the version that is live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<RatioCheck>,
    /// Why the candidate cannot be compared with the version that is live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_comparable: Vec<NotComparable>,
    /// How far the judges that may block agree with people, where the policy asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<JudgeCheck>,
    /// What must be shown and was not, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_shown: Vec<String>,
}

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The candidate is better: a pass.
    Improved,
    /// The candidate is not worse by the margin.
    Pass,
    /// The candidate is worse.
    Fail,
    /// Neither was shown.
    Inconclusive,
}

impl Outcome {
    /// Whether it stands in nobody's way.
    pub fn lets_in(self) -> bool {
        matches!(self, Self::Improved | Self::Pass)
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The pass rate of one evaluator over the same rows, of the version that is live and of the
/// candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Whether the gate may block on it.
    pub blocking: bool,
    /// Rows that gate.
    pub rows: u64,
    /// Groups of rows that are not independent; absent: every row stands for itself.
    pub clusters: Option<u64>,
    /// The pass rate of the version that is live.
    pub baseline: f64,
    /// The pass rate of the candidate.
    pub candidate: f64,
    /// The mean over rows of candidate − baseline.
    pub difference: f64,
    /// The lower bound of the difference.
    pub lower: f64,
    /// The upper bound of the difference.
    pub upper: f64,
    /// The loss that the policy lets through.
    pub margin: f64,
    /// Rows that pass less often than before.
    pub worse_rows: u64,
    /// Rows that pass more often than before.
    pub better_rows: u64,
    /// `McNemar`'s exact one-sided p-value of those two counts; reported only.
    pub mcnemar_p: f64,
    /// What it shows.
    pub outcome: Outcome,
}

/// What is compared as a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The 95th percentile of the latency.
    LatencyP95,
    /// The mean cost of an answer.
    Cost,
}

impl Measure {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LatencyP95 => "latency p95",
            Self::Cost => "cost",
        }
    }
}

/// A ratio of the candidate to the version that is live, and the most that the policy allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatioCheck {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// What is compared.
    pub measure: Measure,
    /// The ratio with its lower and its upper bound; absent where it cannot be known.
    pub ratio: Option<[f64; 3]>,
    /// Why it cannot be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The most that the policy allows.
    pub limit: f64,
    /// What it shows.
    pub outcome: Outcome,
}

/// Why two versions of a prompt cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotComparable {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// What differs.
    pub reason: String,
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = |share: f64| format!("{:+.1}", share * 100.0);
        write!(
            formatter,
            "`{}` on `{}`: `{}` went from {:.1}% to {:.1}%, {} points ({} to {}), and the margin is {:.1}",
            self.prompt,
            self.dataset,
            self.evaluator,
            self.baseline * 100.0,
            self.candidate * 100.0,
            points(self.difference),
            points(self.lower),
            points(self.upper),
            self.margin * 100.0,
        )
    }
}

impl fmt::Display for RatioCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prompt, dataset, ..
        } = self;
        let (measure, limit) = (self.measure.name(), self.limit);
        write!(formatter, "`{prompt}` on `{dataset}`: {measure} ")?;
        if let Some([ratio, lower, upper]) = self.ratio {
            write!(formatter, "is {ratio:.2} times ({lower:.2} to {upper:.2})")?;
        } else {
            let reason = self.reason.as_deref().unwrap_or("unknown");
            write!(formatter, "cannot be compared, because {reason}")?;
        }
        write!(formatter, ", and the limit is {limit}")
    }
}

impl Decision {
    /// What the comparison with the version that is live shows, one line each.
    pub fn beside_live(&self) -> Vec<String> {
        let comparisons = self.comparisons.iter().map(|comparison| {
            let advisory = if comparison.blocking {
                ""
            } else {
                ", advisory"
            };
            format!("{comparison}: {}{advisory}", comparison.outcome.name())
        });
        let ratios = self.ratios.iter();
        let ratios = ratios.map(|ratio| format!("{ratio}: {}", ratio.outcome.name()));
        let different = self.not_comparable.iter().map(|different| {
            let NotComparable {
                prompt,
                dataset,
                reason,
            } = different;
            format!("`{prompt}` on `{dataset}`: not comparable, because {reason}")
        });
        let not_shown = self.not_shown.iter().cloned();
        comparisons
            .chain(ratios)
            .chain(different)
            .chain(not_shown)
            .collect()
    }

    /// A decision about nothing, which is never a pass.
    pub fn nothing() -> Self {
        Self {
            verdict: Verdict::NothingEvaluated,
            checks: Vec::new(),
            critical_failures: Vec::new(),
            comparisons: Vec::new(),
            ratios: Vec::new(),
            not_comparable: Vec::new(),
            judges: Vec::new(),
            not_shown: Vec::new(),
        }
    }
}

/// The pass rate of one evaluator over the gating rows of one suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorCheck {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Gating cases that passed.
    pub passed: u64,
    /// Gating cases in all; `unknown` and `error` count here, never as passed.
    pub total: u64,
    /// The least rate that the policy demands; absent: reported only.
    pub floor: Option<f64>,
    /// Whether the rate reaches the floor.
    pub met: bool,
}

/// How far a judge agrees with people, and what the policy demands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeCheck {
    /// The evaluator that asks the judge.
    pub evaluator: EvaluatorId,
    /// The judge's prompt.
    pub judge: PromptId,
    /// The rows that people graded; absent: the evaluator names none.
    pub dataset: Option<DatasetId>,
    /// The agreement; absent: it cannot be said.
    pub kappa: Option<Kappa>,
    /// The least lower end of the agreement that the policy demands.
    pub wanted: f64,
    /// Why the agreement is not shown; absent: it is.
    pub missing: Option<String>,
}

impl JudgeCheck {
    /// What is not shown and what to do next, in words; `None` where the agreement is shown.
    pub fn not_shown(&self) -> Option<String> {
        let missing = self.missing.as_ref()?;
        let Self {
            evaluator, judge, ..
        } = self;
        let next = match &self.dataset {
            Some(dataset) => {
                format!("see `pointsman evaluator calibrate {evaluator} --dataset {dataset}`")
            }
            None => "name a dataset as its `calibration`".to_owned(),
        };
        Some(format!(
            "judge `{judge}` of `{evaluator}` {missing}: {next}"
        ))
    }
}

/// A row that must pass and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalFailure {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// The evaluator's reason.
    pub reason: String,
}

/// An evaluation as a gate saw it: what was tested, in which runs, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What was tested, with the run that tested it.
    pub suites: Vec<EvaluatedSuite>,
    /// The version that is live, tested on the same rows by the same evaluators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<EvaluatedSuite>,
    /// What the gate says.
    pub decision: Decision,
}

impl Evaluation {
    /// A name for the results: another answer or grade, of the candidate or of the version that is
    /// live, gives another.
    pub fn results_digest(&self) -> Digest {
        let name = |evaluated: &EvaluatedSuite| {
            let suite = evaluated.suite.digest();
            format!("{suite} {}\n", evaluated.results)
        };
        let candidate: String = self.suites.iter().map(name).collect();
        let live: String = self.baselines.iter().map(name).collect();
        Digest::of(format!("{candidate}\n{live}").as_bytes())
    }

    /// An evaluation of nothing, which is never a pass.
    pub fn nothing() -> Self {
        Self {
            suites: Vec::new(),
            baselines: Vec::new(),
            decision: Decision::nothing(),
        }
    }
}

/// One suite and the run that tested it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedSuite {
    /// What was tested.
    pub suite: Suite,
    /// The run.
    pub run: RunId,
    /// When the run finished.
    pub finished_at: Timestamp,
    /// Cases in the suite.
    pub cases: u64,
    /// The digest of the suite's results.
    pub results: Digest,
}
