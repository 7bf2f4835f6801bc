//! What an interval shows about a margin.

use super::Interval;

/// What the rows show about the difference between two versions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The interval of the difference.
    pub interval: Interval,
    /// The plain mean of the differences.
    pub mean: f64,
}

impl Shown {
    /// Whether the loss is shown to be smaller than the margin δ: `L > −δ`. Never where the plain
    /// mean itself loses δ.
    pub fn is_no_worse(&self, margin: f64) -> bool {
        self.interval.lower > -margin && self.mean > -margin
    }

    /// Whether a gain is shown: `L > 0`.
    pub fn is_better(&self) -> bool {
        self.interval.lower > 0.0
    }

    /// The p-value of failing. At level α, `p ≤ α` says that either `U < −δ`: the loss is larger
    /// than the margin; or `U < 0` and the plain mean loses δ: there is a loss, and the best guess
    /// is that it is as large as the margin.
    pub fn p_worse(&self, margin: f64) -> f64 {
        let surely_lost = if self.mean <= -margin { 0.0 } else { -margin };
        self.interval.p_below(surely_lost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plus_two;
    use super::*;

    fn shown(differences: &[f64]) -> Shown {
        Shown {
            interval: plus_two(differences, 0.05),
            mean: differences.iter().sum::<f64>() / super::super::count::number(differences.len()),
        }
    }

    #[test]
    fn the_sample_size_decides_what_an_unchanged_version_can_show() {
        assert!(!shown(&[0.0; 20]).is_no_worse(0.05));
        assert!(shown(&[0.0; 50]).is_no_worse(0.05));
        assert!(shown(&[0.0; 50]).p_worse(0.05) > 0.9);
    }

    #[test]
    fn a_large_loss_is_shown_and_a_large_gain_too() {
        let mut differences = [0.0; 50];
        differences[..15].fill(-1.0);
        assert!(shown(&differences).p_worse(0.05) < 0.001);
        differences[..15].fill(1.0);
        assert!(shown(&differences).is_better());
    }

    proptest! {
        #[test]
        fn a_bound_and_its_p_value_agree(
            lost in 0usize..40,
            won in 0usize..40,
            same in 0usize..40,
            margin in 0.01..0.3f64,
        ) {
            let mut differences = vec![-1.0; lost];
            differences.extend(vec![1.0; won]);
            differences.extend(vec![0.0; same + 1]);
            let shown = shown(&differences);
            let upper = shown.interval.upper;
            let surely = upper < -margin || (upper < 0.0 && shown.mean <= -margin);
            prop_assert_eq!(surely, shown.p_worse(margin) < 0.05);
            prop_assert!(!(surely && shown.is_no_worse(margin)));
        }

        #[test]
        fn a_row_that_fails_never_turns_a_failure_into_a_pass(
            lost in 0usize..40,
            won in 0usize..40,
            same in 0usize..40,
            margin in 0.01..0.3f64,
            failed_before: bool,
        ) {
            let mut differences = vec![-1.0; lost];
            differences.extend(vec![1.0; won]);
            differences.extend(vec![0.0; same + 1]);
            let failed = shown(&differences).p_worse(margin) <= 0.05;
            differences.push(if failed_before { 0.0 } else { -1.0 });
            prop_assert!(!(failed && shown(&differences).is_no_worse(margin)));
        }
    }
}
