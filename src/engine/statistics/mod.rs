//! The statistics of gates, of Monitor and of behaviors: pure functions of numbers, one concept a file,
//! each with its formula and its source. `docs/statistics.md`, `docs/monitor.md` and
//! `docs/behaviors.md` say in plain words why these and no others.
//!
//! Every bound is one-sided at level α: it is exceeded with probability α at most.

mod association;
mod bootstrap;
mod cluster;
mod count;
mod false_discovery;
mod fisher;
mod holm;
mod margin;
mod mcnemar;
mod newcombe;
mod plus_two;
mod power;
mod random;
mod ranked;
mod ratio;
#[cfg(test)]
mod simulation;
mod student;
mod two_samples;

pub use association::{Association, association};
pub use bootstrap::{Paired, fewest_answers, percentile_ratio};
pub use cluster::interval_of_rows;
pub use count::of_count;
pub use false_discovery::benjamini_hochberg;
pub use fisher::fisher_exact;
pub use holm::holm;
pub use margin::Shown;
pub use mcnemar::mcnemar;
pub use newcombe::{Difference, Proportion, difference_of_shares, p_of_equal_shares};
pub use plus_two::{Interval, plus_two};
pub use power::{Design, MIXED_ROWS_VARIANCE, POWER};
pub use ranked::Ranked;
pub use ratio::{RatioInterval, ratio_of_means};
pub use two_samples::{Pair, Resampled, Summary, resample};

#[cfg(test)]
pub(crate) use random::SplitMix64;

/// The level that is left for one look at data that was looked at this often: α/looks (Bonferroni).
/// Whoever draws again until the result pleases must pay for every draw.
pub fn level_per_look(alpha: f64, looks: u32) -> f64 {
    alpha / f64::from(looks.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_look_costs_its_share_of_the_level() {
        assert!((level_per_look(0.05, 1) - 0.05).abs() < 1e-12);
        assert!((level_per_look(0.05, 4) - 0.0125).abs() < 1e-12);
        assert!((level_per_look(0.05, 0) - 0.05).abs() < 1e-12);
    }
}
