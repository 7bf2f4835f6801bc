//! The interval of a ratio of means, for what a release costs.

use super::count::number;
use super::student::t_quantile;

/// An interval of a ratio, both ends one-sided at the same level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioInterval {
    /// The estimate.
    pub ratio: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// The interval of mean(after) / mean(before) over paired groups of rows, each given as the sums
/// of its rows before and after; rows that are not clustered are groups of one. `None` for fewer
/// than two groups, or where a mean is not above zero.
///
/// By the delta method on the log ratio, which keeps the interval symmetric between the versions:
///
/// ```text
/// w_i = b_i / b̄ − a_i / ā      SE = √(Σw_i² / (n·(n−1)))
/// ratio = b̄ / ā                L, U = ratio · exp(∓ t(1−α, n−1) · SE)
/// ```
///
/// Casella and Berger, *Statistical Inference* (2002), §5.5.4. The `w_i` have mean zero.
pub fn ratio_of_means(groups: &[(f64, f64)], alpha: f64) -> Option<RatioInterval> {
    let n = number(groups.len());
    let mut sorted = groups.to_vec();
    sorted.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.total_cmp(&two.1)));
    let before = sorted.iter().map(|(before, _)| before).sum::<f64>() / n;
    let after = sorted.iter().map(|(_, after)| after).sum::<f64>() / n;
    if groups.len() < 2 || before <= 0.0 || after <= 0.0 {
        return None;
    }
    let squares: f64 = sorted
        .iter()
        .map(|(a, b)| (b / after - a / before).powi(2))
        .sum();
    let reach = t_quantile(1.0 - alpha, n - 1.0) * (squares / (n * (n - 1.0))).sqrt();
    let ratio = after / before;
    Some(RatioInterval {
        ratio,
        lower: ratio * (-reach).exp(),
        upper: ratio * reach.exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: [(f64, f64); 5] = [(1.0, 1.5), (2.0, 2.0), (3.0, 3.5), (4.0, 4.0), (5.0, 7.0)];

    #[test]
    fn bounds_agree_with_numpy_and_scipy() {
        // numpy 2 and scipy 1.17.1: the formula above, with scipy.stats.t.ppf(0.95, n - 1)
        let interval = ratio_of_means(&COSTS, 0.05).unwrap();
        assert!((interval.ratio - 1.2).abs() < 1e-12);
        assert!((interval.lower - 0.999_799_546_584_420_2).abs() < 1e-9);
        assert!((interval.upper - 1.440_288_710_791_499_2).abs() < 1e-9);
    }

    #[test]
    fn swapping_the_versions_inverts_the_interval() {
        let swapped = COSTS.map(|(before, after)| (after, before));
        let (one, two) = (
            ratio_of_means(&COSTS, 0.05).unwrap(),
            ratio_of_means(&swapped, 0.05).unwrap(),
        );
        assert!((one.lower * two.upper - 1.0).abs() < 1e-12);
        assert!((one.upper * two.lower - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_needs_two_groups_and_something_to_divide() {
        assert_eq!(ratio_of_means(&COSTS[..1], 0.05), None);
        assert_eq!(ratio_of_means(&[(0.0, 1.0), (0.0, 1.0)], 0.05), None);
        assert_eq!(ratio_of_means(&[(1.0, 0.0), (1.0, 0.0)], 0.05), None);
    }
}
