//! Holm's step-down procedure: many questions, one level.

/// Which of several hypotheses are rejected so that a true one is rejected with probability α at
/// most, whatever their dependence.
///
/// The p-values are visited from the smallest; the i-th of m (from 0) is rejected while
/// `p ≤ α / (m − i)`. Holm, "A simple sequentially rejective multiple test procedure",
/// Scandinavian Journal of Statistics 6 (1979), 65–70.
pub fn holm(p_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, two| p_values[*one].total_cmp(&p_values[*two]));
    let mut rejected = vec![false; p_values.len()];
    for (left, place) in (1..=p_values.len()).rev().zip(order) {
        if p_values[place] > alpha / super::count::number(left) {
            break;
        }
        rejected[place] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_agree_with_the_procedure_in_the_paper() {
        // statsmodels.stats.multitest.multipletests(p, 0.05, method="holm") decides likewise:
        // 0.01 <= 0.05/4; 0.013 <= 0.05/3; 0.03 > 0.05/2, and 0.04 is not looked at.
        assert_eq!(
            holm(&[0.03, 0.01, 0.04, 0.013], 0.05),
            [false, true, false, true]
        );
        assert_eq!(holm(&[0.05], 0.05), [true]);
        assert_eq!(holm(&[0.04, 0.03], 0.05), [false, false]);
        assert_eq!(holm(&[], 0.05), Vec::<bool>::new());
    }
}
