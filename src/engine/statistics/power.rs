//! What a number of rows can show: for planning, before anything is asked.

use super::count::number;
use super::student::{normal_quantile, t_quantile};

/// How likely a version that is no worse must be to pass.
pub const POWER: f64 = 0.8;

/// The mean of p·(1 − p) over rows of which nine in ten pass with probability 0.99 and the rest
/// with any probability between 0.1 and 0.9: what to expect where nothing was measured.
pub const MIXED_ROWS_VARIANCE: f64 = 0.9 * 0.99 * 0.01 + 0.1 * (0.5 - 0.25 - 0.8 * 0.8 / 12.0);

/// The most rows and repeats that are thought of.
pub(super) const MOST_ROWS: u64 = 1 << 24;
const MOST_REPEATS: u32 = 100;

/// An evaluation that could be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// Rows that gate and are independent of one another: where rows are clustered, clusters.
    pub rows: u64,
    /// How often each is tested.
    pub repeats: u32,
    /// The mean over rows of p·(1 − p), where p is how likely a row passes; 0: no answer changes.
    pub variance_within_rows: f64,
    /// The level of the gate.
    pub alpha: f64,
}

impl Design {
    /// The smallest margin that a version which is exactly as good is shown to keep, with
    /// probability [`POWER`].
    ///
    /// Per row, the difference of two means of K repeats has the variance σ² = 2·p(1−p)/K (Miller
    /// 2024, arXiv 2411.00640, §3 and §5). With the plus-two interval that the gate uses,
    ///
    /// ```text
    /// δ = t(1−α, n+1) · √((nσ²+1) / (n+2)²)  +  z(power) · √(nσ²) / (n+2)
    /// ```
    ///
    /// Without chance in the answers this is exact: δ = t(1−α, n+1) / (n+2).
    pub fn provable_margin(&self) -> f64 {
        let n = number(usize::try_from(self.rows).unwrap_or(usize::MAX));
        let flips = n * 2.0 * self.variance_within_rows / f64::from(self.repeats.max(1));
        let width = t_quantile(1.0 - self.alpha, n + 1.0) * (flips + 1.0).sqrt();
        ((width + normal_quantile(POWER) * flips.sqrt()) / (n + 2.0)).min(1.0)
    }

    /// The fewest rows that can show this margin; `None`: more than anybody has.
    pub fn rows_for(&self, margin: f64) -> Option<u64> {
        fewest(1, MOST_ROWS, |rows| {
            Self { rows, ..*self }.provable_margin() < margin
        })
    }

    /// The fewest repeats with which these rows can show this margin; `None`: no number of repeats
    /// is enough, and more rows are needed.
    pub fn repeats_for(&self, margin: f64) -> Option<u32> {
        let repeats = fewest(1, u64::from(MOST_REPEATS), |repeats| {
            let repeats = u32::try_from(repeats).unwrap_or(MOST_REPEATS);
            Self { repeats, ..*self }.provable_margin() < margin
        });
        repeats.and_then(|repeats| u32::try_from(repeats).ok())
    }
}

/// The least number for which something holds that holds for all larger ones.
pub(super) fn fewest(least: u64, most: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(most) {
        return None;
    }
    let (mut low, mut high) = (least, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATED: [(u64, u32, f64); 12] = [
        (20, 1, 15.48),
        (20, 3, 11.61),
        (20, 5, 10.22),
        (50, 1, 9.35),
        (50, 3, 5.95),
        (50, 5, 5.22),
        (100, 1, 6.25),
        (100, 3, 3.90),
        (100, 5, 3.27),
        (400, 1, 2.99),
        (400, 3, 1.78),
        (400, 5, 1.41),
    ];

    fn design(rows: u64, repeats: u32, variance_within_rows: f64) -> Design {
        Design {
            rows,
            repeats,
            variance_within_rows,
            alpha: 0.05,
        }
    }

    #[test]
    fn without_chance_the_margin_is_exactly_the_width_of_the_interval() {
        for rows in [10, 50, 400] {
            let rows_of_zeros = vec![0.0; usize::try_from(rows).unwrap()];
            let interval = super::super::plus_two(&rows_of_zeros, 0.05);
            let margin = design(rows, 1, 0.0).provable_margin();
            assert!((margin + interval.lower).abs() < 1e-12);
        }
    }

    #[test]
    fn margins_agree_with_simulated_ones() {
        // Simulated with numpy: the 80 % quantile of −L over 20,000 pairs of equal versions of
        // rows as in `MIXED_ROWS_VARIANCE`, in points.
        for (rows, repeats, simulated) in SIMULATED {
            let margin = design(rows, repeats, MIXED_ROWS_VARIANCE).provable_margin() * 100.0;
            assert!(
                (margin - simulated).abs() < 0.06 * simulated,
                "{rows} rows, {repeats} repeats: {margin} is not {simulated}"
            );
        }
    }

    #[test]
    fn more_rows_and_more_repeats_show_smaller_margins() {
        let rows = design(1, 1, MIXED_ROWS_VARIANCE).rows_for(0.05).unwrap();
        assert!(design(rows, 1, MIXED_ROWS_VARIANCE).provable_margin() < 0.05);
        assert!(design(rows - 1, 1, MIXED_ROWS_VARIANCE).provable_margin() >= 0.05);
        let repeats = design(60, 1, MIXED_ROWS_VARIANCE)
            .repeats_for(0.05)
            .unwrap();
        assert!(repeats > 1);
        assert!(design(60, repeats, MIXED_ROWS_VARIANCE).provable_margin() < 0.05);
        assert!(design(60, repeats - 1, MIXED_ROWS_VARIANCE).provable_margin() >= 0.05);
    }

    #[test]
    fn no_number_of_repeats_makes_up_for_too_few_rows() {
        assert_eq!(design(20, 1, MIXED_ROWS_VARIANCE).repeats_for(0.05), None);
        assert_eq!(design(20, 1, 0.0).rows_for(1e-9), None);
    }
}
