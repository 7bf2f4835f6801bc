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
use super::calibrate::{Calibrated, Calibration};
use super::call::Providers;
use super::plan::Plan;

/// The judges that may block, and the agreement that a lane demands of them.
pub struct Trust {
    wanted: f64,
    judges: Vec<(String, DatasetId, Calibration)>,
    unlabelled: Vec<String>,
}

impl Trust {
    /// The judges among the blocking evaluators of a plan; `None` where the lane demands nothing.
    pub fn of(
        workspace: &Workspace<'_>,
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
        for (name, rule) in plan.blocking_judges() {
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
    ) -> Vec<String> {
        let mut not_shown = self.unlabelled;
        for (judge, dataset, calibration) in &self.judges {
            let calibrated = calibration.run(providers, cache).await;
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
/// interval must reach what is wanted.
fn too_little(calibrated: &Calibrated, wanted: f64) -> Option<String> {
    let flipped = calibrated.flipped.as_ref().map_or(0, Vec::len);
    let silent = calibrated.unanswered.len() + calibrated.unreadable.len();
    if silent > 0 {
        return Some(format!(
            "gave no verdict on {silent} row(s) that people graded"
        ));
    }
    if flipped > 0 && calibrated.table.total() == 0 {
        return Some("changes every verdict with the order".to_owned());
    }
    match calibrated.table.kappa() {
        None => Some("shows no agreement: people or the judge gave only one verdict".to_owned()),
        Some(Kappa { low, .. }) if low >= wanted => None,
        Some(Kappa { value, low, .. }) => Some(format!(
            "agrees with people at a kappa of {value:.3}, surely only {low:.3}, and the lane \
             demands {wanted}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreement::TruthTable;

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
    fn what_has_only_one_verdict_shows_nothing() {
        assert!(too_little(&calibrated(0, 0, 0), 0.0).is_some());
        assert!(too_little(&calibrated(90, 0, 0), 0.0).is_some());
    }
}
