//! The plus-two interval of a mean difference.

use super::count::number;
use super::student::{t_cdf, t_quantile};

/// An interval of a mean difference, both ends one-sided at the same level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate that the interval stands around.
    pub centre: f64,
    /// The lower bound, at least −1.
    pub lower: f64,
    /// The upper bound, at most 1.
    pub upper: f64,
    /// The standard error of the estimate.
    pub standard_error: f64,
    /// The degrees of freedom of the t quantile.
    pub degrees_of_freedom: f64,
}

impl Interval {
    pub(super) fn around(
        centre: f64,
        standard_error: f64,
        degrees_of_freedom: f64,
        alpha: f64,
    ) -> Self {
        let reach = t_quantile(1.0 - alpha, degrees_of_freedom) * standard_error;
        Self {
            centre,
            lower: (centre - reach).max(-1.0),
            upper: (centre + reach).min(1.0),
            standard_error,
            degrees_of_freedom,
        }
    }

    /// How likely an estimate this low, or a lower one, would be if the difference were `value`:
    /// the p-value of "the difference is at least `value`".
    pub fn p_below(&self, value: f64) -> f64 {
        t_cdf(
            (self.centre - value) / self.standard_error,
            self.degrees_of_freedom,
        )
    }
}

/// The plus-two interval of the mean of differences that lie between −1 and 1.
///
/// Two imagined rows are added, one won and one lost:
///
/// ```text
/// Δ̃  = Σd / (n+2)
/// v  = (Σd² + 1) / (n+2) − Δ̃²
/// SE = √(v / (n+2))
/// L, U = Δ̃ ∓ t(1−α, n+1) · SE
/// ```
///
/// Without them, a small sample in which no row changed would claim a difference of exactly zero,
/// and the paired t interval misses its level several times over. The device is that of Agresti and
/// Coull (1998) for one proportion and of Agresti and Min (2005) for paired ones; the t quantile in
/// the place of the normal one makes up for the variance being estimated.
pub fn plus_two(differences: &[f64], alpha: f64) -> Interval {
    let n = number(differences.len());
    let (centre, standard_error) = plus_two_parts(differences);
    Interval::around(centre, standard_error, n + 1.0, alpha)
}

/// The centre and the standard error. Sums run in order of size, so that the order of rows does
/// not show in the last digit.
pub(super) fn plus_two_parts(differences: &[f64]) -> (f64, f64) {
    let mut sorted = differences.to_vec();
    sorted.sort_by(|one, two| one.abs().total_cmp(&two.abs()).then(one.total_cmp(two)));
    let size = number(sorted.len()) + 2.0;
    let centre = sorted.iter().sum::<f64>() / size;
    let squares: f64 = sorted
        .iter()
        .map(|difference| difference * difference)
        .sum();
    let variance = (squares + 1.0) / size - centre * centre;
    (centre, (variance / size).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn near(value: f64, reference: f64) {
        assert!(
            (value - reference).abs() < 1e-12,
            "{value} is not {reference}"
        );
    }

    #[test]
    fn bounds_agree_with_numpy_and_scipy() {
        // numpy 2 and scipy 1.17.1: the formula above, with scipy.stats.t.ppf(1 - alpha, n + 1)
        let same = plus_two(&[0.0; 50], 0.05);
        near(same.standard_error, 0.019_230_769_230_769_232);
        near(same.lower, -0.032_217_018_277_402_12);
        let mut worse = vec![-1.0, -1.0, 0.0, 1.0];
        worse.extend([0.0; 36]);
        let worse = plus_two(&worse, 0.05);
        near(worse.centre, -0.023_809_523_809_523_808);
        near(worse.lower, -0.103_707_712_436_316_57);
        near(worse.upper, 0.056_088_664_817_268_96);
        let shares = [0.2, -0.6, 0.0, 1.0, -0.2, 0.0, 0.0, -1.0 / 3.0];
        let shares = plus_two(&shares, 0.1);
        near(shares.lower, -0.214_214_179_755_859_46);
        near(shares.upper, 0.227_547_513_089_192_83);
    }

    #[test]
    fn no_rows_say_nothing() {
        let nothing = plus_two(&[], 0.05);
        assert_eq!((nothing.lower, nothing.upper), (-1.0, 1.0));
    }

    fn differences() -> impl Strategy<Value = Vec<f64>> {
        let difference = prop_oneof![
            4 => Just(0.0),
            1 => Just(-1.0),
            1 => Just(1.0),
            2 => -1.0..=1.0f64,
        ];
        prop::collection::vec(difference, 1..80)
    }

    proptest! {
        #[test]
        fn swapping_the_versions_mirrors_the_interval(differences in differences()) {
            let swapped: Vec<f64> = differences.iter().map(|difference| -difference).collect();
            let (one, two) = (plus_two(&differences, 0.05), plus_two(&swapped, 0.05));
            prop_assert!((one.lower + two.upper).abs() < 1e-12);
            prop_assert!((one.upper + two.lower).abs() < 1e-12);
        }

        #[test]
        fn more_confidence_is_never_a_narrower_interval(
            differences in differences(),
            alpha in 0.001..0.2f64,
            more in 0.001..0.2f64,
        ) {
            let (less, more) = (alpha.min(more), alpha.max(more));
            let (wide, narrow) = (plus_two(&differences, less), plus_two(&differences, more));
            prop_assert!(wide.lower <= narrow.lower && narrow.upper <= wide.upper);
        }

        #[test]
        fn the_order_of_rows_does_not_show(differences in differences(), by in 0usize..80) {
            let mut turned = differences.clone();
            turned.rotate_left(by % differences.len());
            prop_assert_eq!(plus_two(&differences, 0.05), plus_two(&turned, 0.05));
        }

        #[test]
        fn a_row_that_is_lost_never_raises_the_lower_bound(mut differences in differences()) {
            let before = plus_two(&differences, 0.05).lower;
            differences.push(-1.0);
            prop_assert!(plus_two(&differences, 0.05).lower <= before + 1e-12);
        }
    }
}
