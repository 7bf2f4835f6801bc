//! How far a judge agrees with people on which answers pass.

use serde::{Deserialize, Serialize};

/// The normal quantile of a two-sided 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// Answers by what people and what the judge said of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TruthTable {
    /// People pass the answer, and so does the judge.
    pub both_pass: u64,
    /// People pass the answer, and the judge fails it.
    pub only_people_pass: u64,
    /// People fail the answer, and the judge lets it through.
    pub only_judge_passes: u64,
    /// People fail the answer, and so does the judge.
    pub both_fail: u64,
}

/// Cohen's kappa: agreement beyond what two independent raters with the same habits would show.
/// 1 is full agreement, 0 is none beyond chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Kappa {
    /// The estimate.
    pub value: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

impl TruthTable {
    /// Adds an answer.
    pub fn add(&mut self, people_pass: bool, judge_passes: bool) {
        *match (people_pass, judge_passes) {
            (true, true) => &mut self.both_pass,
            (true, false) => &mut self.only_people_pass,
            (false, true) => &mut self.only_judge_passes,
            (false, false) => &mut self.both_fail,
        } += 1;
    }

    /// How many answers there are.
    pub fn total(&self) -> u64 {
        self.both_pass + self.only_people_pass + self.only_judge_passes + self.both_fail
    }

    /// How many answers the judge saw as people did.
    pub fn agreed(&self) -> u64 {
        self.both_pass + self.both_fail
    }

    /// How many answers people pass.
    pub fn people_pass(&self) -> u64 {
        self.both_pass + self.only_people_pass
    }

    /// How many answers people fail.
    pub fn people_fail(&self) -> u64 {
        self.only_judge_passes + self.both_fail
    }

    /// Whether the judge said the same of every answer: such a judge tells nothing apart.
    pub fn judge_is_constant(&self) -> bool {
        let passed = self.both_pass + self.only_judge_passes;
        self.total() > 1 && (passed == 0 || passed == self.total())
    }

    /// The share of answers that the judge saw as people did.
    pub fn agreement(&self) -> Option<f64> {
        (self.total() > 0).then(|| self.shares().iter().take(2).sum())
    }

    /// Cohen's kappa, with the large-sample interval of Fleiss, Cohen and Everitt (1969). Not
    /// defined where people and judge gave one and the same verdict throughout.
    pub fn kappa(&self) -> Option<Kappa> {
        if self.total() == 0 {
            return None;
        }
        let [pass, fail, people, judge] = self.shares();
        let people_pass = pass + people;
        let judge_passes = pass + judge;
        let (people_fail, judge_fails) = (1.0 - people_pass, 1.0 - judge_passes);
        let observed = pass + fail;
        let by_chance = people_pass * judge_passes + people_fail * judge_fails;
        let beyond = 1.0 - by_chance;
        if beyond < 1e-12 {
            return None;
        }
        let kappa = (observed - by_chance) / beyond;
        let rest = 1.0 - kappa;
        let agreeing = pass * (1.0 - (people_pass + judge_passes) * rest).powi(2)
            + fail * (1.0 - (people_fail + judge_fails) * rest).powi(2);
        let differing = rest.powi(2)
            * (people * (judge_passes + people_fail).powi(2)
                + judge * (judge_fails + people_pass).powi(2));
        let variance = agreeing + differing - (kappa - by_chance * rest).powi(2);
        let error = variance.max(0.0).sqrt() / (beyond * as_float(self.total()).sqrt());
        Some(Kappa {
            value: kappa,
            low: (kappa - Z_95 * error).max(-1.0),
            high: (kappa + Z_95 * error).min(1.0),
        })
    }

    /// The shares of: both pass, both fail, only people pass, only the judge passes.
    fn shares(&self) -> [f64; 4] {
        let total = as_float(self.total());
        [
            self.both_pass,
            self.both_fail,
            self.only_people_pass,
            self.only_judge_passes,
        ]
        .map(|count| as_float(count) / total)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody labels more than 2^52 answers"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table([pass, people, judge, fail]: [u64; 4]) -> TruthTable {
        TruthTable {
            both_pass: pass,
            only_people_pass: people,
            only_judge_passes: judge,
            both_fail: fail,
        }
    }

    /// Reference values: `statsmodels` 0.15.0, `stats.inter_rater.cohens_kappa`, which has
    /// `std_kappa` by Fleiss, Cohen and Everitt.
    #[test]
    fn kappa_and_its_interval_agree_with_statsmodels() {
        for (cells, value, low, high) in [
            ([20, 5, 10, 15], 0.4, 0.151_092_290_477, 0.648_907_709_523),
            (
                [45, 15, 25, 15],
                0.130_434_782_609,
                -0.062_938_277_793,
                0.323_807_843_010,
            ),
            (
                [88, 2, 3, 7],
                0.709_302_325_581,
                0.468_439_851_797,
                0.950_164_799_365,
            ),
            ([10, 0, 0, 10], 1.0, 1.0, 1.0),
        ] {
            let kappa = table(cells).kappa().unwrap();
            assert!((kappa.value - value).abs() < 1e-9, "{cells:?} {kappa:?}");
            assert!((kappa.low - low).abs() < 1e-9, "{cells:?} {kappa:?}");
            assert!((kappa.high - high).abs() < 1e-9, "{cells:?} {kappa:?}");
        }
    }

    #[test]
    fn a_judge_that_says_one_thing_agrees_by_chance_only() {
        let lenient = table([90, 0, 10, 0]);
        assert!(lenient.judge_is_constant());
        assert!((lenient.agreement().unwrap() - 0.9).abs() < 1e-12);
        assert!(lenient.kappa().unwrap().value.abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        assert_eq!(table([0, 0, 0, 0]).agreement(), None);
        assert_eq!(table([0, 0, 0, 0]).kappa(), None);
        assert_eq!(table([7, 0, 0, 0]).kappa(), None);
        assert!(!table([1, 0, 0, 0]).judge_is_constant());
    }
}
