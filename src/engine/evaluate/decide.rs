//! What a gate says about results. `Unknown`, `Error` and missing cases never count as passed.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::gate::{Decision, FloorCheck, JudgeCheck, Outcome, Verdict};
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::lane::{GatePolicy, OnInconclusive};

use super::beside::beside_live;
use super::paired::Live;
use super::summary::SuiteSummary;

/// What results must show.
#[derive(Debug, Clone, Copy)]
pub enum Demand<'p> {
    /// Every blocking evaluator passes every case that gates.
    AllBlocking,
    /// What a lane's policy says.
    Policy {
        /// The policy.
        policy: &'p GatePolicy,
        /// Evaluators that grade prompts of the workspace that are not tested here: a floor under
        /// one of them says nothing about this evaluation.
        elsewhere: &'p BTreeSet<EvaluatorId>,
        /// How far the judges that may block agree with people, where the policy asks.
        judges: &'p [JudgeCheck],
        /// The version that is live, which a candidate must not fall behind.
        live: &'p Live,
    },
}

/// Decides whether the suites show what is demanded.
pub fn decide(demand: Demand<'_>, suites: &[SuiteSummary]) -> Decision {
    let mut checks: Vec<FloorCheck> = suites
        .iter()
        .flat_map(|suite| checks(demand, suite))
        .collect();
    let mut decision = Decision::nothing();
    if let Demand::Policy {
        policy,
        elsewhere,
        judges,
        live,
    } = demand
    {
        checks.extend(unseen_floors(policy, elsewhere, suites));
        decision = beside_live(policy, live, suites);
        let not_shown = judges.iter().filter_map(JudgeCheck::not_shown);
        decision.not_shown.extend(not_shown);
        decision.judges = judges.to_vec();
    }
    decision.checks = checks;
    decision.critical_failures = suites.iter().flat_map(SuiteSummary::critical).collect();
    decision.verdict = verdict(&decision, demand, &graded_by_prompt(suites));
    decision
}

/// A failure that was shown weighs most; then what makes every other answer worthless; then what
/// was not shown.
fn verdict(decision: &Decision, demand: Demand<'_>, graded: &BTreeMap<&PromptId, u64>) -> Verdict {
    let outcomes = || {
        let blocking = decision.comparisons.iter().filter(|it| it.blocking);
        let ratios = decision.ratios.iter().map(|ratio| ratio.outcome);
        blocking.map(|comparison| comparison.outcome).chain(ratios)
    };
    let warns = matches!(demand, Demand::Policy { policy, .. }
        if policy.on_inconclusive == OnInconclusive::Warn);
    let not_shown = !decision.not_shown.is_empty()
        || outcomes().any(|outcome| outcome == Outcome::Inconclusive);
    if graded.values().all(|total| *total == 0) {
        Verdict::NothingEvaluated
    } else if !decision.critical_failures.is_empty()
        || decision.checks.iter().any(|check| !check.met)
        || outcomes().any(|outcome| outcome == Outcome::Fail)
    {
        Verdict::Fail
    } else if graded.values().any(|total| *total == 0) {
        Verdict::NothingEvaluated
    } else if !decision.not_comparable.is_empty() {
        Verdict::NotComparable
    } else if not_shown && !warns {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn checks(demand: Demand<'_>, suite: &SuiteSummary) -> impl Iterator<Item = FloorCheck> {
    suite.evaluators.iter().map(move |(evaluator, summary)| {
        let total = summary.gating_total + suite.missing();
        let floor = match demand {
            Demand::AllBlocking => (total > 0 && suite.blocking.contains(evaluator)).then_some(1.0),
            Demand::Policy { policy, .. } => policy.floors.get(evaluator).map(|floor| floor.rate),
        };
        FloorCheck {
            passed: summary.gating_passed,
            total,
            floor,
            met: floor.is_none_or(|floor| reaches(summary.gating_passed, total, floor)),
            ..check(suite, evaluator)
        }
    })
}

/// A floor under an evaluator that grades nothing was not shown to hold.
fn unseen_floors(
    policy: &GatePolicy,
    elsewhere: &BTreeSet<EvaluatorId>,
    suites: &[SuiteSummary],
) -> Vec<FloorCheck> {
    let seen: BTreeSet<&EvaluatorId> = suites
        .iter()
        .flat_map(|suite| suite.evaluators.keys())
        .collect();
    let unseen = policy
        .floors
        .iter()
        .filter(|(name, _)| !seen.contains(name) && !elsewhere.contains(name));
    unseen
        .flat_map(|(evaluator, floor)| {
            suites.iter().map(|suite| FloorCheck {
                floor: Some(floor.rate),
                met: false,
                ..check(suite, evaluator)
            })
        })
        .collect()
}

fn check(suite: &SuiteSummary, evaluator: &EvaluatorId) -> FloorCheck {
    FloorCheck {
        prompt: suite.suite.prompt.clone(),
        dataset: suite.suite.dataset.clone(),
        evaluator: evaluator.clone(),
        passed: 0,
        total: 0,
        floor: None,
        met: true,
    }
}

fn reaches(passed: u64, total: u64, floor: f64) -> bool {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of cases are far below 2^52, where the division is correctly rounded"
    )]
    let rate = passed as f64 / total as f64;
    total > 0 && rate >= floor
}

/// How many gradings of cases that gate there are, for each prompt.
fn graded_by_prompt(suites: &[SuiteSummary]) -> BTreeMap<&PromptId, u64> {
    let mut graded = BTreeMap::new();
    for suite in suites {
        let totals = suite.evaluators.values();
        let total: u64 = totals
            .map(|summary| summary.gating_total + suite.missing())
            .sum();
        *graded.entry(&suite.suite.prompt).or_insert(0) += total;
    }
    graded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::digest::Digest;
    use crate::domain::evaluator::Grade;
    use crate::domain::finding::Span;
    use crate::domain::id::DatasetId;
    use crate::domain::lane::Floor;
    use crate::domain::run::{Answer, CaseKey, CaseResult, Graded, Suite};

    /// What a case of the tests is: its row's marks and the grade of each of two evaluators.
    #[derive(Debug, Clone)]
    struct Case {
        critical: bool,
        gates: bool,
        grades: [Grade; 2],
    }

    fn name(index: usize) -> EvaluatorId {
        EvaluatorId::new(["blocking", "advisory"][index]).unwrap()
    }

    fn gating(grade: Grade) -> Case {
        Case {
            critical: false,
            gates: true,
            grades: [grade, Grade::Pass],
        }
    }

    fn summary(prompt: &str, cases: &[Case], planned: u64) -> SuiteSummary {
        let suite = Suite {
            prompt: PromptId::new(prompt).unwrap(),
            dataset: DatasetId::new("golden").unwrap(),
            model: "echo/echo".to_owned().try_into().unwrap(),
            fingerprint: Digest::of(b"prompt"),
            dataset_digest: Digest::of(b"rows"),
            answerer: None,
            evaluators: (0..2)
                .map(|index| (name(index), Digest::of(b"rule")))
                .collect(),
            repeats: 1,
        };
        let mut summary = SuiteSummary::empty(suite, [name(0)].into(), planned);
        for (index, case) in cases.iter().enumerate() {
            summary.add(&result(index, case));
        }
        summary
    }

    fn result(index: usize, case: &Case) -> CaseResult {
        let graded = |grade| Graded {
            grade,
            score: 0.0,
            reason: String::new(),
        };
        let pairs = case.grades.iter().enumerate();
        CaseResult {
            key: CaseKey {
                suite: Digest::of(b"suite"),
                row: format!("r{index}"),
                repeat: 0,
            },
            row_digest: Digest::of(&index.to_le_bytes()),
            critical: case.critical,
            gates: case.gates,
            tags: Vec::new(),
            cluster: None,
            columns: BTreeMap::new(),
            expected: None,
            shown: Vec::new(),
            request: None,
            answer: Ok(Answer {
                output: String::new(),
                ..Answer::default()
            }),
            reused: false,
            grades: pairs
                .map(|(index, grade)| (name(index), graded(*grade)))
                .collect(),
            judged: BTreeMap::new(),
        }
    }

    fn decided(demand: Demand<'_>, cases: &[Case]) -> Decision {
        decide(demand, &[summary("p", cases, cases.len() as u64)])
    }

    /// A lane before its first record.
    static NOTHING_LIVE: Live = Live {
        baselines: BTreeMap::new(),
        dropped: Vec::new(),
        barred: BTreeMap::new(),
    };

    /// The demand of a policy in a workspace where nothing else is graded.
    fn by(policy: &GatePolicy) -> Demand<'_> {
        static NONE: BTreeSet<EvaluatorId> = BTreeSet::new();
        Demand::Policy {
            policy,
            elsewhere: &NONE,
            judges: &[],
            live: &NOTHING_LIVE,
        }
    }

    fn policy(floors: &[(&str, f64)]) -> GatePolicy {
        let floors = floors.iter().map(|(name, rate)| {
            let floor = Floor {
                rate: *rate,
                span: Span::default(),
            };
            (EvaluatorId::new(*name).unwrap(), floor)
        });
        GatePolicy {
            floors: floors.collect(),
            repeats: 1,
            ..GatePolicy::default()
        }
    }

    #[test]
    fn nothing_evaluated_is_never_a_pass() {
        assert_eq!(
            decide(Demand::AllBlocking, &[]).verdict,
            Verdict::NothingEvaluated
        );
        assert_eq!(
            decided(Demand::AllBlocking, &[]).verdict,
            Verdict::NothingEvaluated
        );
        let pending = Case {
            gates: false,
            ..gating(Grade::Pass)
        };
        let lax = policy(&[]);
        for demand in [Demand::AllBlocking, by(&lax)] {
            assert_eq!(
                decided(demand, std::slice::from_ref(&pending)).verdict,
                Verdict::NothingEvaluated
            );
            let shown = summary("a", &[gating(Grade::Pass)], 1);
            let empty = summary("b", &[], 0);
            assert_eq!(
                decide(demand, &[shown, empty]).verdict,
                Verdict::NothingEvaluated
            );
        }
    }

    #[test]
    fn without_a_policy_every_blocking_evaluator_passes_every_case_that_gates() {
        let verdict =
            |grade| decided(Demand::AllBlocking, &[gating(Grade::Pass), gating(grade)]).verdict;
        assert_eq!(verdict(Grade::Pass), Verdict::Pass);
        for grade in [Grade::Fail, Grade::Unknown, Grade::Error] {
            assert_eq!(verdict(grade), Verdict::Fail, "{grade:?}");
        }
        let advisory = Case {
            grades: [Grade::Pass, Grade::Fail],
            ..gating(Grade::Pass)
        };
        assert_eq!(
            decided(Demand::AllBlocking, &[advisory]).verdict,
            Verdict::Pass
        );
    }

    #[test]
    fn a_floor_is_reached_at_its_exact_rate() {
        let cases: Vec<Case> = (0..10)
            .map(|index| {
                gating(if index == 0 {
                    Grade::Unknown
                } else {
                    Grade::Pass
                })
            })
            .collect();
        let verdict = |rate| decided(by(&policy(&[("blocking", rate)])), &cases).verdict;
        assert_eq!(verdict(0.9), Verdict::Pass);
        assert_eq!(verdict(0.900_001), Verdict::Fail);
    }

    #[test]
    fn a_floor_under_an_evaluator_that_no_suite_has_is_not_met() {
        let decision = decided(by(&policy(&[("gone", 0.0)])), &[gating(Grade::Pass)]);
        assert_eq!(decision.verdict, Verdict::Fail);
        let check = decision
            .checks
            .iter()
            .find(|check| check.evaluator.as_str() == "gone")
            .unwrap();
        assert!(!check.met && check.total == 0);
    }

    #[test]
    fn a_floor_under_an_evaluator_of_other_prompts_says_nothing_here() {
        let elsewhere = BTreeSet::from([EvaluatorId::new("gone").unwrap()]);
        let demand = Demand::Policy {
            policy: &policy(&[("gone", 1.0)]),
            elsewhere: &elsewhere,
            judges: &[],
            live: &NOTHING_LIVE,
        };
        let decision = decided(demand, &[gating(Grade::Pass)]);
        assert_eq!(decision.verdict, Verdict::Pass);
    }

    #[test]
    fn a_critical_row_must_pass_whatever_the_floors_say() {
        let critical = Case {
            critical: true,
            ..gating(Grade::Fail)
        };
        let cases = [gating(Grade::Pass), critical];
        let decision = decided(by(&policy(&[("blocking", 0.1)])), &cases);
        assert_eq!(decision.verdict, Verdict::Fail);
        assert_eq!(decision.critical_failures[0].row, "r1");
        assert_eq!(decision.critical_failures[0].evaluator, name(0));
    }

    #[test]
    fn cases_that_are_missing_count_as_not_passed() {
        let suites = [summary("p", &[gating(Grade::Pass)], 2)];
        let half = policy(&[("blocking", 0.5)]);
        let more = policy(&[("blocking", 0.51)]);
        assert_eq!(decide(by(&half), &suites).verdict, Verdict::Pass);
        assert_eq!(decide(by(&more), &suites).verdict, Verdict::Fail);
        assert_eq!(decide(Demand::AllBlocking, &suites).verdict, Verdict::Fail);
    }

    fn any_case() -> impl Strategy<Value = Case> {
        let grade =
            || prop::sample::select(vec![Grade::Pass, Grade::Fail, Grade::Unknown, Grade::Error]);
        (any::<bool>(), any::<bool>(), grade(), grade()).prop_map(|(critical, gates, one, two)| {
            Case {
                critical,
                gates,
                grades: [one, two],
            }
        })
    }

    fn rates(decision: &Decision) -> Vec<(u64, u64)> {
        decision
            .checks
            .iter()
            .map(|check| (check.passed, check.total))
            .collect()
    }

    proptest! {
        #[test]
        fn a_failing_row_never_turns_a_red_gate_green_and_never_raises_a_rate(
            cases in prop::collection::vec(any_case(), 1..12),
            mut failing in any_case(),
            floor in 0.0..=1.0f64,
            with_policy: bool,
        ) {
            failing.grades = [Grade::Fail, Grade::Fail];
            let policy = policy(&[("blocking", floor), ("advisory", floor / 2.0)]);
            let demand = if with_policy { by(&policy) } else { Demand::AllBlocking };
            let before = decided(demand, &cases);
            let mut more = cases;
            more.push(failing);
            let after = decided(demand, &more);
            prop_assert!(before.verdict == Verdict::Pass || after.verdict != Verdict::Pass);
            for ((passed, total), (passed_after, total_after)) in rates(&before).into_iter().zip(rates(&after)) {
                prop_assert!(passed_after * total.max(1) <= passed * total_after.max(1));
            }
        }

        #[test]
        fn the_order_of_rows_does_not_matter(
            cases in prop::collection::vec(any_case(), 1..12),
            rotation in 0usize..12,
        ) {
            let results: Vec<_> = cases.iter().enumerate().map(|(index, case)| result(index, case)).collect();
            let in_order = |results: &[CaseResult]| {
                let mut suite = summary("p", &[], results.len() as u64);
                for result in results {
                    suite.add(result);
                }
                decide(Demand::AllBlocking, std::slice::from_ref(&suite))
            };
            let mut turned = results.clone();
            turned.rotate_left(rotation % results.len());
            prop_assert_eq!(in_order(&results), in_order(&turned));
        }
    }
}
