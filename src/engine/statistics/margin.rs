//! What an interval shows about a margin.

use super::Interval;
use super::count::number;
use super::power::{MOST_ROWS, fewest};

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

    /// How many rows like these it takes until something is shown that they do not show; `None`: more
    /// than anybody has. A row of the same kind has the same mean and variance.
    pub fn rows_until(&self, rows: u64, alpha: f64, shows: impl Fn(&Self) -> bool) -> Option<u64> {
        let size = |rows: u64| number(usize::try_from(rows).unwrap_or(usize::MAX));
        let variance = self.interval.standard_error.powi(2) * (size(rows) + 2.0);
        fewest(rows + 1, MOST_ROWS, |rows| {
            let all = size(rows) + 2.0;
            let centre = self.mean * size(rows) / all;
            let standard_error = (variance / all).sqrt();
            let interval = Interval::around(centre, standard_error, size(rows) + 1.0, alpha);
            shows(&Self {
                interval,
                mean: self.mean,
            })
        })
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
    fn what_more_rows_would_show_is_foreseen() {
        let few = shown(&[0.0; 20]);
        let enough = few.rows_until(20, 0.05, |shown| shown.is_no_worse(0.05));
        // The imagined two let these 20 vary by 1/22. (t(0.95, 51)·√(1/22) / 0.05)² is 51.03, which
        // the rows and the imagined two exceed from 50 on: with 49, t(0.95, 50) asks for 51.07.
        assert_eq!(enough, Some(50));
        let mut differences = [0.0; 40];
        differences[..4].fill(-1.0);
        let lost = shown(&differences);
        let is_lost = |shown: &Shown| shown.interval.upper < 0.0;
        assert!(!is_lost(&lost) || lost.rows_until(40, 0.05, is_lost) == Some(41));
        let never = few.rows_until(20, 0.05, is_lost);
        assert_eq!(never, None);
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
