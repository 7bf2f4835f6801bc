//! The interval of a ratio of percentiles, for how long a release takes to answer.

use super::RatioInterval;
use super::random::SplitMix64;
use super::ranked::Ranked;

/// How often the rows are drawn again.
pub(super) const RESAMPLES: usize = 2_000;

/// Where the sequence of draws starts: fixed, so that a gate decides alike everywhere.
pub(super) const SEED: u64 = 0x706F_696E_7473_6D61;

/// What one group of rows took, before and after, in any unit above zero.
pub type Paired = (Vec<f64>, Vec<f64>);

/// The interval of percentile(after) / percentile(before) over paired groups of rows, by the
/// percentile bootstrap: groups are drawn with replacement, both versions of a group together, and
/// the interval spans all but a share of α of the ratios at either end. `None` for fewer than two
/// groups, for fewer answers on a side than [`fewest_answers`] asks for, or where one took no time.
/// The groups must come in an order that depends on nothing but what they are.
///
/// Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13; drawing whole
/// groups keeps what hangs together together. The percentile is the smallest value that at least
/// this share of the answers does not exceed. There is no usable formula for the variance of a
/// tail percentile without assuming a distribution, and latencies follow none.
pub fn percentile_ratio(groups: &[Paired], share: f64, alpha: f64) -> Option<RatioInterval> {
    let before = ranked(groups.iter().map(|group| &group.0));
    let after = ranked(groups.iter().map(|group| &group.1));
    let fewest = fewest_answers(share, alpha);
    let usable = |side: &Ranked| side.len() >= fewest && side.smallest() > Some(0.0);
    let both = |(before, after): &Paired| !before.is_empty() && !after.is_empty();
    if groups.len() < 2 || !groups.iter().all(both) || !usable(&before) || !usable(&after) {
        return None;
    }
    let percentile = |side: &Ranked, weights: &[f64]| {
        side.quantile(weights, share)
            .expect("every group has values, and some group is always drawn")
    };
    let ratio_of = |weights: &[f64]| percentile(&after, weights) / percentile(&before, weights);
    let ratio = ratio_of(&vec![1.0; groups.len()]);
    let mut random = SplitMix64(SEED);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut weights = vec![0.0; groups.len()];
            for _ in 0..groups.len() {
                weights[random.below(groups.len())] += 1.0;
            }
            ratio_of(&weights)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let cut = rank(alpha, RESAMPLES).min(RESAMPLES / 2);
    Some(RatioInterval {
        ratio,
        lower: ratios[cut].min(ratio),
        upper: ratios[RESAMPLES - 1 - cut].max(ratio),
    })
}

/// The fewest answers that say anything about a tail percentile at this level: with fewer, even
/// the largest of them is below the true percentile more often than α, because
/// `share^n > α`. 59 for the 95th percentile at 95 % confidence.
pub fn fewest_answers(share: f64, alpha: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count that is not negative"
    )]
    let fewest = (alpha.ln() / share.ln()).ceil() as usize;
    fewest
}

/// The values of one version, each with its group.
fn ranked<'g>(groups: impl Iterator<Item = &'g Vec<f64>>) -> Ranked {
    let values = groups.enumerate();
    Ranked::new(values.flat_map(|(group, values)| values.iter().map(move |value| (*value, group))))
}

/// The rank, from 1, of a share of so many values.
pub(super) fn rank(share: f64, count: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among fewer than 2^52 values"
    )]
    let rank = (share * super::count::number(count)).ceil() as usize;
    rank
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Latencies around 100 ms with a tail, one answer a row; version 1 takes `factor` times as long.
    fn latencies(rows: usize, factor: f64) -> Vec<Paired> {
        let mut random = SplitMix64(7);
        let mut latency = || {
            let uniform = (super::super::count::number(random.below(1_000)) + 1.0) / 1_001.0;
            60.0 - 40.0 * uniform.ln()
        };
        (0..rows)
            .map(|_| (vec![latency()], vec![latency() * factor]))
            .collect()
    }

    #[test]
    fn the_interval_holds_the_true_ratio_and_narrows_with_rows() {
        let few = percentile_ratio(&latencies(100, 1.5), 0.95, 0.05).unwrap();
        let many = percentile_ratio(&latencies(1_000, 1.5), 0.95, 0.05).unwrap();
        assert!(few.lower < 1.5 && 1.5 < few.upper, "{few:?}");
        assert!(many.lower < 1.5 && 1.5 < many.upper, "{many:?}");
        assert!(many.upper / many.lower < few.upper / few.lower);
    }

    #[test]
    fn the_same_rows_give_the_same_interval() {
        let groups = latencies(80, 1.1);
        assert_eq!(
            percentile_ratio(&groups, 0.95, 0.05),
            percentile_ratio(&groups, 0.95, 0.05)
        );
    }

    #[test]
    fn a_version_that_is_the_same_has_the_ratio_one() {
        let groups: Vec<Paired> = latencies(60, 1.0)
            .into_iter()
            .map(|(before, _)| (before.clone(), before))
            .collect();
        let same = percentile_ratio(&groups, 0.95, 0.05).unwrap();
        assert_eq!((same.ratio, same.lower, same.upper), (1.0, 1.0, 1.0));
    }

    #[test]
    fn too_few_answers_say_nothing_about_a_tail() {
        // 0.95^58 = 0.0510, 0.95^59 = 0.0485
        assert_eq!(fewest_answers(0.95, 0.05), 59);
        assert_eq!(fewest_answers(0.95, 0.01), 90);
        assert_eq!(percentile_ratio(&latencies(58, 1.0), 0.95, 0.05), None);
        assert!(percentile_ratio(&latencies(59, 1.0), 0.95, 0.05).is_some());
        let mut instant = latencies(100, 1.0);
        instant[0].0 = vec![0.0];
        assert_eq!(percentile_ratio(&instant, 0.95, 0.05), None);
    }
}
