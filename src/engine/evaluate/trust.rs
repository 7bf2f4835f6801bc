//! Whether judges agree enough with people to block a release: held against the rows that people
//! graded at the very time when the gate decides, so that the agreement is that of exactly the judge
//! that graded.

use crate::domain::agreement::Kappa;
use crate::domain::finding::Findings;
use crate::domain::id::DatasetId;
use crate::domain::lane::GatePolicy;
use crate::engine::ports::AnswerCache;
use crate::engine::workspace::Workspace;

use super::asked::Asked;
use super::budget::RunLimits;
use super::calibrate::{Calibrated, Calibration};
use super::call::Providers;
use super::plan::Plan;

/// The judges that may block, and the agreement that a lane demands of them.
pub struct Trust<'w> {
    wanted: f64,
    judges: Vec<(String, DatasetId, Calibration<'w>)>,
    unlabelled: Vec<String>,
}

impl<'w> Trust<'w> {
    /// The judges that the policy may block on in a plan; `None` where it demands nothing of them.
    pub fn of(
        workspace: &Workspace<'w>,
        plan: &Plan,
        policy: &GatePolicy,
    ) -> Result<Option<Self>, Findings> {
        let Some(wanted) = policy.judge_kappa else {
            return Ok(None);
        };
        let mut trust = Self {
            wanted,
            judges: Vec::new(),
            unlabelled: Vec::new(),
        };
        for (name, rule) in plan.blocking_judges(policy) {
            let judge = format!("judge `{}` of `{name}`", rule.prompt.0);
            match &rule.calibration {
                Some((dataset, _)) => {
                    let calibration = Calibration::of(workspace, name, rule, dataset)?;
                    trust.judges.push((judge, dataset.clone(), calibration));
                }
                None => trust.unlabelled.push(format!(
                    "{judge} names no rows that people graded: name a dataset as its `calibration`"
                )),
            }
        }
        Ok(Some(trust))
    }

    /// Who will be asked.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for (_, _, calibration) in &self.judges {
            calibration.add_asked(&mut asked);
        }
        asked
    }

    /// Asks the judges, and says of which of them the agreement was not shown, and why.
    pub async fn not_shown(
        self,
        providers: &Providers<'_>,
        cache: Option<&dyn AnswerCache>,
        limits: RunLimits,
    ) -> Vec<String> {
        let mut not_shown = self.unlabelled;
        for (judge, dataset, calibration) in &self.judges {
            let calibrated = calibration.run(providers, cache, limits).await;
            if let Some(reason) = too_little(&calibrated, self.wanted) {
                let evaluator = calibration.evaluator();
                not_shown.push(format!(
                    "{judge} {reason}: see `pointsman evaluator calibrate {evaluator} --dataset \
                     {dataset}`"
                ));
            }
        }
        not_shown
    }
}

/// Why the agreement is not shown: every row must have a verdict, and even the lower end of the
/// interval must reach what is wanted. A verdict that goes with the order of two answers agrees with
/// nobody.
fn too_little(calibrated: &Calibrated, wanted: f64) -> Option<String> {
    let mut silent = calibrated.unanswered.iter().chain(&calibrated.unreadable);
    if let Some(first) = silent.next() {
        return Some(format!(
            "gave no verdict on {} row(s) that people graded, the first because {}",
            1 + silent.count(),
            first.graded.reason
        ));
    }
    let mut table = calibrated.table;
    for flipped in calibrated.flipped.iter().flatten() {
        table.add(flipped.people_pass, !flipped.people_pass);
    }
    match table.kappa() {
        None => Some("shows no agreement: people or the judge gave only one verdict".to_owned()),
        Some(Kappa { low, .. }) if low >= wanted => None,
        Some(Kappa { value, low, .. }) => Some(format!(
            "agrees with people at a kappa of {value:.3} (with 95% confidence at least {low:.3}), and \
             the lane demands {wanted}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreement::TruthTable;
    use crate::domain::run::Graded;
    use crate::engine::evaluate::calibrate::JudgedRow;

    fn calibrated(both_pass: u64, both_fail: u64, differ: u64) -> Calibrated {
        Calibrated {
            table: TruthTable {
                both_pass,
                only_people_pass: differ,
                only_judge_passes: differ,
                both_fail,
            },
            disagreements: Vec::new(),
            flipped: None,
            unreadable: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    #[test]
    fn even_the_lower_end_must_reach_what_is_wanted() {
        assert_eq!(too_little(&calibrated(50, 50, 0), 0.9), None);
        assert_eq!(too_little(&calibrated(50, 50, 2), 0.8), None);
        let small = too_little(&calibrated(5, 5, 1), 0.6).unwrap();
        assert!(small.contains("kappa of 0.667"), "{small}");
    }

    #[test]
    fn a_verdict_that_goes_with_the_order_counts_as_one_that_differs() {
        let flipped = (0..50).map(|index| JudgedRow {
            row: format!("r{index}"),
            people_pass: index % 2 == 0,
            graded: Graded::unknown("depends on the order"),
        });
        let biased = Calibrated {
            flipped: Some(flipped.collect()),
            ..calibrated(50, 50, 0)
        };
        let reason = too_little(&biased, 0.6).unwrap();
        assert!(reason.contains("kappa of 0.333"), "{reason}");
    }

    #[test]
    fn what_has_only_one_verdict_shows_nothing() {
        assert!(too_little(&calibrated(0, 0, 0), 0.0).is_some());
        assert!(too_little(&calibrated(90, 0, 0), 0.0).is_some());
    }
}
