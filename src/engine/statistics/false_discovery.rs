//! Many questions where a few wrong answers are bearable: the false discovery rate.

use super::count::number;

/// Which of several hypotheses are rejected so that of those the share that is true is at most
/// `rate`, on average.
///
/// With the p-values in order, the greatest i (from 1) with `p_i ≤ rate · i / m` and all before it
/// are rejected. Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the
/// Royal Statistical Society B 57 (1995), 289-300.
pub fn benjamini_hochberg(p_values: &[f64], rate: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, two| p_values[*one].total_cmp(&p_values[*two]));
    let all = number(p_values.len());
    let reached = order
        .iter()
        .zip(1..)
        .filter(|(place, rank)| p_values[**place] <= rate * number(*rank) / all);
    let count = reached.map(|(_, rank)| rank).last().unwrap_or(0);
    let mut rejected = vec![false; p_values.len()];
    for place in order.into_iter().take(count) {
        rejected[place] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.false_discovery_control([0.01, 0.02, 0.03, 0.04, 0.2]) gives
        // 0.05, 0.05, 0.05, 0.05, 0.2
        let p_values = [0.2, 0.01, 0.03, 0.04, 0.02];
        assert_eq!(
            benjamini_hochberg(&p_values, 0.0501),
            [false, true, true, true, true]
        );
        assert_eq!(benjamini_hochberg(&p_values, 0.0499), [false; 5]);
        assert_eq!(benjamini_hochberg(&[], 0.05), Vec::<bool>::new());
    }

    #[test]
    fn a_small_p_value_carries_none_that_is_too_great() {
        // 0.04 > 0.05 · 1/2, 0.06 > 0.05 · 2/2
        assert_eq!(benjamini_hochberg(&[0.06, 0.04], 0.05), [false, false]);
        // 0.049 ≤ 0.05 · 2/2 carries 0.03 > 0.05 · 1/2
        assert_eq!(benjamini_hochberg(&[0.049, 0.03], 0.05), [true, true]);
    }
}
