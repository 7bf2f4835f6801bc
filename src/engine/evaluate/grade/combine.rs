//! Combining the grades of several rules into one. What could not be decided is never a pass, and
//! never made one by `not`.

use crate::domain::evaluator::{Combination, Grade};
use crate::domain::run::Graded;

use super::Grader;

/// A combination, ready to grade.
pub struct Combined {
    pub(in super::super) parts: Vec<CombinedPart>,
    pub(super) combination: Combination,
}

/// One rule of a combination, ready to grade.
pub(in super::super) struct CombinedPart {
    pub(in super::super) grader: Grader,
    pub(super) label: String,
    pub(super) weight: f64,
}

impl Combined {
    /// Whether a part's grade decides, so that the parts after it need not be asked.
    pub(in super::super) fn is_decided_by(&self, grade: Grade) -> bool {
        match self.combination {
            Combination::All => grade == Grade::Fail,
            Combination::Any => grade == Grade::Pass,
            Combination::Not | Combination::Weighted { .. } => false,
        }
    }

    /// The grade of the whole. `graded` are the grades of the parts that were asked, in order.
    pub(in super::super) fn conclude(&self, graded: &[Graded]) -> Graded {
        let scores = || graded.iter().map(|graded| graded.score);
        match self.combination {
            Combination::All => self
                .first(graded, Grade::Fail)
                .or_else(|| self.undecided(graded))
                .unwrap_or_else(|| Graded {
                    score: scores().fold(1.0, f64::min),
                    ..Graded::pass(format!("all {} parts pass", self.parts.len()))
                }),
            Combination::Any => self
                .first(graded, Grade::Pass)
                .or_else(|| self.undecided(graded))
                .unwrap_or_else(|| Graded {
                    score: scores().fold(0.0, f64::max),
                    ..Graded::fail(format!("none of {} parts passes", self.parts.len()))
                }),
            Combination::Not => self.undecided(graded).unwrap_or_else(|| self.turn(graded)),
            Combination::Weighted { threshold } => self
                .undecided(graded)
                .unwrap_or_else(|| self.weigh(graded, threshold)),
        }
    }

    /// The first part with this grade, as the grade of the whole.
    fn first(&self, graded: &[Graded], wanted: Grade) -> Option<Graded> {
        let index = graded.iter().position(|graded| graded.grade == wanted)?;
        Some(self.named(index, &graded[index]))
    }

    /// The first part that went wrong, or else the first that could not be decided. A part without
    /// weight is not missed.
    fn undecided(&self, graded: &[Graded]) -> Option<Graded> {
        let find = |wanted: Grade| {
            let mut parts = self.parts.iter().zip(graded);
            parts.position(|(part, graded)| graded.grade == wanted && part.weight > 0.0)
        };
        let index = find(Grade::Error).or_else(|| find(Grade::Unknown))?;
        Some(self.named(index, &graded[index]))
    }

    fn named(&self, index: usize, graded: &Graded) -> Graded {
        Graded {
            reason: format!("{}: {}", self.parts[index].label, graded.reason),
            ..graded.clone()
        }
    }

    fn turn(&self, graded: &[Graded]) -> Graded {
        let Some(only) = graded.first() else {
            return Graded::error("there is nothing to turn around");
        };
        Graded {
            grade: match only.grade {
                Grade::Pass => Grade::Fail,
                _ => Grade::Pass,
            },
            score: 1.0 - only.score,
            reason: self.named(0, only).reason,
        }
    }

    fn weigh(&self, graded: &[Graded], threshold: f64) -> Graded {
        let weight: f64 = self.parts.iter().map(|part| part.weight).sum();
        let points = self.parts.iter().zip(graded);
        let points: f64 = points
            .map(|(part, graded)| part.weight * graded.score)
            .sum();
        let score = (points / weight).clamp(0.0, 1.0);
        let scores: Vec<String> = self
            .parts
            .iter()
            .zip(graded)
            .map(|(part, graded)| format!("{} {:.3}", part.label, graded.score))
            .collect();
        // Sums of decimal fractions miss a threshold that they mean to reach by one part in 10^16.
        let passes = score >= threshold - 1e-9;
        Graded {
            grade: if passes { Grade::Pass } else { Grade::Fail },
            score,
            reason: format!(
                "the weighted score is {score:.3}, at least {threshold} is asked for ({})",
                scores.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::evaluator;
    use super::*;
    use crate::domain::evaluator::{CombineRule, LengthUnit, Part, Rule};

    const ALL_GRADES: [Grade; 4] = [Grade::Pass, Grade::Fail, Grade::Unknown, Grade::Error];

    fn combined(combination: Combination, weights: &[f64]) -> Combined {
        let part = |weight: &f64| Part {
            name: None,
            weight: *weight,
            rule: Rule::Length {
                unit: LengthUnit::Words,
                min: None,
                max: Some(1),
            },
        };
        let rule = Rule::Combine(CombineRule {
            combination,
            parts: weights.iter().map(part).collect(),
        });
        match Grader::compile(&evaluator(rule), &[]).unwrap() {
            Grader::Combined(combined) => combined,
            _ => panic!("a combination is not a rule by itself"),
        }
    }

    fn graded(grade: Grade, score: f64) -> Graded {
        Graded {
            grade,
            score,
            reason: "because".to_owned(),
        }
    }

    fn of_two(combination: Combination, one: Grade, two: Grade) -> Grade {
        let score = |grade| if grade == Grade::Pass { 1.0 } else { 0.0 };
        let parts = [graded(one, score(one)), graded(two, score(two))];
        combined(combination, &[1.0, 1.0]).conclude(&parts).grade
    }

    #[test]
    fn all_fails_with_any_failure_and_passes_only_where_every_part_does() {
        use Grade::{Error, Fail, Pass, Unknown};
        for (one, two, wanted) in [
            (Pass, Pass, Pass),
            (Pass, Fail, Fail),
            (Error, Fail, Fail),
            (Unknown, Fail, Fail),
            (Pass, Unknown, Unknown),
            (Unknown, Error, Error),
            (Error, Pass, Error),
        ] {
            assert_eq!(
                of_two(Combination::All, one, two),
                wanted,
                "{one:?} {two:?}"
            );
        }
    }

    #[test]
    fn any_passes_with_any_pass_and_fails_only_where_every_part_does() {
        use Grade::{Error, Fail, Pass, Unknown};
        for (one, two, wanted) in [
            (Fail, Fail, Fail),
            (Fail, Pass, Pass),
            (Error, Pass, Pass),
            (Unknown, Pass, Pass),
            (Fail, Unknown, Unknown),
            (Unknown, Error, Error),
            (Error, Fail, Error),
        ] {
            assert_eq!(
                of_two(Combination::Any, one, two),
                wanted,
                "{one:?} {two:?}"
            );
        }
    }

    #[test]
    fn not_turns_what_was_decided_and_nothing_else() {
        let not = combined(Combination::Not, &[1.0]);
        for (given, wanted) in [
            (Grade::Pass, Grade::Fail),
            (Grade::Fail, Grade::Pass),
            (Grade::Unknown, Grade::Unknown),
            (Grade::Error, Grade::Error),
        ] {
            assert_eq!(not.conclude(&[graded(given, 0.0)]).grade, wanted);
        }
        assert!((not.conclude(&[graded(Grade::Fail, 0.25)]).score - 0.75).abs() < 1e-12);
    }

    #[test]
    fn no_order_of_parts_makes_an_undecided_part_a_pass_by_all_or_by_weight() {
        let weighted = Combination::Weighted { threshold: 0.0 };
        for one in ALL_GRADES {
            for two in ALL_GRADES {
                let undecided = |grade| matches!(grade, Grade::Unknown | Grade::Error);
                if undecided(one) || undecided(two) {
                    assert_ne!(of_two(Combination::All, one, two), Grade::Pass);
                    assert_ne!(of_two(weighted, one, two), Grade::Pass);
                }
                assert_eq!(
                    of_two(Combination::All, one, two),
                    of_two(Combination::All, two, one)
                );
                assert_eq!(
                    of_two(Combination::Any, one, two),
                    of_two(Combination::Any, two, one)
                );
            }
        }
    }

    #[test]
    fn a_weighted_mean_passes_from_its_threshold_on() {
        let parts = [graded(Grade::Pass, 0.7), graded(Grade::Fail, 0.1)];
        let weighted = |threshold| combined(Combination::Weighted { threshold }, &[2.0, 1.0]);
        let graded_whole = weighted(0.5).conclude(&parts);
        assert_eq!(graded_whole.grade, Grade::Pass);
        assert!((graded_whole.score - 0.5).abs() < 1e-12);
        assert_eq!(weighted(0.501).conclude(&parts).grade, Grade::Fail);
        let without_weight = combined(Combination::Weighted { threshold: 0.5 }, &[1.0, 0.0]);
        let parts = [graded(Grade::Pass, 1.0), graded(Grade::Error, 0.0)];
        assert_eq!(without_weight.conclude(&parts).grade, Grade::Pass);
    }
}
