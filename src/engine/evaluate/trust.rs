//! Whether judges agree enough with people to block a release: held against the rows that people
//! graded at the very time when the gate decides, so that the agreement is that of exactly the judge
//! that graded.

use crate::domain::agreement::Kappa;
use crate::domain::finding::Findings;
use crate::domain::gate::JudgeCheck;
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
    judges: Vec<(JudgeCheck, Option<Calibration<'w>>)>,
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
        let mut judges = Vec::new();
        for (name, rule) in plan.blocking_judges(policy) {
            let dataset = rule.calibration.as_ref().map(|(dataset, _)| dataset);
            let check = JudgeCheck {
                evaluator: name.clone(),
                judge: rule.prompt.0.clone(),
                dataset: dataset.cloned(),
                kappa: None,
                wanted,
                missing: Some("names no rows that people graded".to_owned()),
            };
            let calibration =
                dataset.map(|dataset| Calibration::of(workspace, name, rule, dataset));
            judges.push((check, calibration.transpose()?));
        }
        Ok(Some(Self { judges }))
    }

    /// Whether anybody will be asked.
    pub fn asks(&self) -> bool {
        self.judges
            .iter()
            .any(|(_, calibration)| calibration.is_some())
    }

    /// Who will be asked.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for calibration in self.judges.iter().filter_map(|(_, it)| it.as_ref()) {
            calibration.add_asked(&mut asked);
        }
        asked
    }

    /// Asks every judge about the rows that people graded.
    pub async fn checks(
        self,
        providers: &Providers<'_>,
        cache: Option<&dyn AnswerCache>,
        limits: RunLimits,
    ) -> Vec<JudgeCheck> {
        let mut checks = Vec::new();
        for (mut check, calibration) in self.judges {
            if let Some(calibration) = calibration {
                let calibrated = calibration.run(providers, cache, limits).await;
                (check.kappa, check.missing) = shown(&calibrated, check.wanted);
            }
            checks.push(check);
        }
        checks
    }
}

/// The agreement, and why it is not shown: every row must have a verdict, and even the lower end of
/// the interval must reach what is wanted. A verdict that goes with the order of two answers agrees
/// with nobody.
fn shown(calibrated: &Calibrated, wanted: f64) -> (Option<Kappa>, Option<String>) {
    let mut silent = calibrated.unanswered.iter().chain(&calibrated.unreadable);
    if let Some(first) = silent.next() {
        let missing = format!(
            "gave no verdict on {} row(s) that people graded, the first because {}",
            1 + silent.count(),
            first.graded.reason
        );
        return (None, Some(missing));
    }
    let mut table = calibrated.table;
    for flipped in calibrated.flipped.iter().flatten() {
        table.add(flipped.people_pass, !flipped.people_pass);
    }
    let kappa = table.kappa();
    let missing = match kappa {
        None => {
            Some("shows no agreement, because people or the judge gave only one verdict".to_owned())
        }
        Some(Kappa { low, .. }) if low >= wanted => None,
        Some(Kappa { value, low, .. }) => Some(format!(
            "agrees with people at a kappa of {value:.3} (with 95% confidence at least {low:.3}), and \
             the lane demands {wanted}"
        )),
    };
    (kappa, missing)
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

    fn missing(calibrated: &Calibrated, wanted: f64) -> Option<String> {
        shown(calibrated, wanted).1
    }

    #[test]
    fn even_the_lower_end_must_reach_what_is_wanted() {
        assert_eq!(missing(&calibrated(50, 50, 0), 0.9), None);
        assert_eq!(missing(&calibrated(50, 50, 2), 0.8), None);
        let small = missing(&calibrated(5, 5, 1), 0.6).unwrap();
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
        let reason = missing(&biased, 0.6).unwrap();
        assert!(reason.contains("kappa of 0.333"), "{reason}");
    }

    #[test]
    fn what_has_only_one_verdict_shows_nothing() {
        assert!(missing(&calibrated(0, 0, 0), 0.0).is_some());
        assert!(missing(&calibrated(90, 0, 0), 0.0).is_some());
    }
}
