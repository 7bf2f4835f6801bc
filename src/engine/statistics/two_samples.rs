//! The difference and the ratio between two samples that were drawn apart, by the bootstrap over
//! groups of values that hang together.

use super::RatioInterval;
use super::bootstrap::{RESAMPLES, SEED, rank};
use super::count::number;
use super::newcombe::Difference;
use super::random::SplitMix64;
use super::ranked::Ranked;

/// What is said of a sample in one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Summary {
    /// The mean of the values.
    Mean,
    /// The smallest value that this share of the values does not exceed.
    Quantile(f64),
}

impl Summary {
    fn of(self, values: &Ranked, weights: &[f64]) -> Option<f64> {
        match self {
            Self::Mean => values.mean(weights),
            Self::Quantile(share) => values.quantile(weights, share),
        }
    }
}

/// One number of both samples.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'s> {
    /// What is said of them.
    pub summary: Summary,
    /// The values of the first sample, by group.
    pub before: &'s Ranked,
    /// The values of the second sample, by group.
    pub after: &'s Ranked,
}

/// One number of both samples, as it is and as it was in every resample.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// Of the first sample.
    pub before: f64,
    /// Of the second sample.
    pub after: f64,
    draws: Vec<(f64, f64)>,
}

/// Draws both samples again and again, groups with replacement, and says every pair of numbers of
/// each draw. `weights` are those of the groups of the first and the second sample: 1 each, or what
/// makes the samples comparable. A pair is absent where a sample has no value of it.
///
/// The percentile bootstrap: Efron and Tibshirani, *An Introduction to the Bootstrap* (1993),
/// chapters 8 (two samples) and 13. Groups must come in an order that depends on nothing but what
/// they are: the draws start from a fixed seed.
pub fn resample(weights: [&[f64]; 2], pairs: &[Pair<'_>]) -> Vec<Option<Resampled>> {
    let numbers = |pair: &Pair<'_>, before: &[f64], after: &[f64]| {
        let first = pair.summary.of(pair.before, before)?;
        Some((first, pair.summary.of(pair.after, after)?))
    };
    let mut found: Vec<Option<Resampled>> = pairs
        .iter()
        .map(|pair| {
            let (before, after) = numbers(pair, weights[0], weights[1])?;
            let draws = Vec::with_capacity(RESAMPLES);
            Some(Resampled {
                before,
                after,
                draws,
            })
        })
        .collect();
    if found.iter().all(Option::is_none) {
        return found;
    }
    let mut random = SplitMix64(SEED);
    for _ in 0..RESAMPLES {
        let before = drawn(weights[0], &mut random);
        let after = drawn(weights[1], &mut random);
        for (pair, resampled) in pairs.iter().zip(&mut found) {
            if let Some(resampled) = resampled {
                resampled.draws.extend(numbers(pair, &before, &after));
            }
        }
    }
    found
}

/// The weights of groups that were drawn with replacement.
fn drawn(weights: &[f64], random: &mut SplitMix64) -> Vec<f64> {
    let mut drawn = vec![0.0; weights.len()];
    for _ in 0..weights.len() {
        let group = random.below(weights.len());
        drawn[group] += weights[group];
    }
    drawn
}

impl Resampled {
    /// The same around other numbers: those of the whole that the samples are a part of.
    #[must_use]
    pub fn centred(self, before: f64, after: f64) -> Self {
        let (first, second) = (before - self.before, after - self.after);
        let draws = self.draws.into_iter();
        Self {
            before,
            after,
            draws: draws
                .map(|(before, after)| (before + first, after + second))
                .collect(),
        }
    }

    /// The difference with its interval, each end at level α.
    pub fn difference(&self, alpha: f64) -> Difference {
        let difference = self.after - self.before;
        let [lower, upper] = self.ends(alpha, |(before, after)| after - before);
        Difference {
            difference,
            lower: lower.min(difference),
            upper: upper.max(difference),
        }
    }

    /// The ratio with its interval, each end at level α. `None` where the first number is not above
    /// zero.
    pub fn ratio(&self, alpha: f64) -> Option<RatioInterval> {
        let positive = |value: f64| value > 0.0;
        let all = self.draws.iter().all(|(before, _)| positive(*before));
        if !positive(self.before) || !all {
            return None;
        }
        let ratio = self.after / self.before;
        let [lower, upper] = self.ends(alpha, |(before, after)| after / before);
        Some(RatioInterval {
            ratio,
            lower: lower.min(ratio),
            upper: upper.max(ratio),
        })
    }

    /// The two-sided p-value of "both are equal" that belongs to [`Self::difference`]: twice the
    /// share of draws on the rarer side of zero, the sample itself counted as one of them.
    pub fn p_of_equal(&self) -> f64 {
        let count = |side: fn(f64) -> bool| {
            let draws = self.draws.iter();
            let on_side = draws.filter(|(before, after)| side(after - before)).count();
            number(on_side + 1)
        };
        let rarer = count(|it| it <= 0.0).min(count(|it| it >= 0.0));
        (2.0 * rarer / number(self.draws.len() + 1)).min(1.0)
    }

    fn ends(&self, alpha: f64, of: impl Fn((f64, f64)) -> f64) -> [f64; 2] {
        let mut values: Vec<f64> = self.draws.iter().copied().map(of).collect();
        values.sort_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else {
            return [f64::NEG_INFINITY, f64::INFINITY];
        };
        let cut = rank(alpha, values.len()).min(last / 2);
        [values[cut], values[last - cut]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many values around 100 with a tail, one a group.
    fn sample(count: usize, seed: u64, factor: f64) -> Ranked {
        let mut random = SplitMix64(seed);
        Ranked::new((0..count).map(|group| {
            let uniform = (number(random.below(1_000)) + 1.0) / 1_001.0;
            (factor * (60.0 - 40.0 * uniform.ln()), group)
        }))
    }

    fn compared(summary: Summary, before: &Ranked, after: &Ranked) -> Resampled {
        let weights = [before, after].map(|side| vec![1.0; side.len()]);
        let pair = Pair {
            summary,
            before,
            after,
        };
        let mut found = resample([&weights[0], &weights[1]], &[pair]);
        found.pop().flatten().unwrap()
    }

    #[test]
    fn a_change_is_shown_and_its_interval_holds_it() {
        let (before, after) = (sample(400, 1, 1.0), sample(300, 2, 1.5));
        for summary in [Summary::Mean, Summary::Quantile(0.95)] {
            let found = compared(summary, &before, &after);
            assert!(found.p_of_equal() < 0.01);
            let ratio = found.ratio(0.025).unwrap();
            assert!(ratio.lower < 1.5 && 1.5 < ratio.upper, "{ratio:?}");
            let difference = found.difference(0.025);
            assert!(difference.lower > 0.0, "{difference:?}");
        }
    }

    #[test]
    fn no_change_is_shown_where_there_is_none() {
        let found = compared(Summary::Mean, &sample(400, 1, 1.0), &sample(300, 2, 1.0));
        let difference = found.difference(0.025);
        assert!(difference.lower < 0.0 && 0.0 < difference.upper);
        assert!(found.p_of_equal() > 0.05);
    }

    #[test]
    fn the_interval_of_a_mean_is_about_that_of_the_normal_distribution() {
        let (before, after) = (sample(500, 3, 1.0), sample(500, 4, 1.0));
        let found = compared(Summary::Mean, &before, &after).difference(0.025);
        // Values are 60 plus an exponential of mean 40, whose variance is 1600.
        let expected = 1.96 * (2.0 * 1600.0 / 500.0_f64).sqrt();
        let width = (found.upper - found.lower) / 2.0;
        assert!((width / expected - 1.0).abs() < 0.1, "{width} {expected}");
    }

    #[test]
    fn values_of_one_group_are_drawn_together() {
        // Each group has one value, 20 times over: 200 values that say as much as 10.
        let width = |repeats: usize| {
            let groups = 200 / repeats;
            let values = (0..200).map(|index| {
                let group = index / repeats;
                (number(group * 37 % groups) / number(groups), group)
            });
            let values = Ranked::new(values);
            let weights = vec![1.0; groups];
            let pair = Pair {
                summary: Summary::Mean,
                before: &values,
                after: &values,
            };
            let found = resample([&weights, &weights], &[pair]);
            let found = found[0].as_ref().unwrap().difference(0.025);
            found.upper - found.lower
        };
        assert!(width(20) > 3.0 * width(1), "{} {}", width(20), width(1));
    }

    #[test]
    fn weights_make_samples_comparable() {
        let before = Ranked::new((0..100).map(|group| (if group < 50 { 1.0 } else { 9.0 }, group)));
        let after = Ranked::new((0..100).map(|group| (if group < 10 { 1.0 } else { 9.0 }, group)));
        let pair = Pair {
            summary: Summary::Mean,
            before: &before,
            after: &after,
        };
        let even = vec![1.0; 100];
        let weighted: Vec<f64> = (0..100)
            .map(|group| if group < 10 { 5.0 } else { 50.0 / 90.0 })
            .collect();
        let found = resample([&even, &weighted], &[pair]);
        let found = found[0].as_ref().unwrap();
        assert!((found.after - found.before).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_sample_without_values_is_compared_with_nothing() {
        let (none, some) = (Ranked::default(), sample(10, 1, 1.0));
        let pair = Pair {
            summary: Summary::Mean,
            before: &none,
            after: &some,
        };
        assert_eq!(resample([&[], &[1.0; 10]], &[pair]), [None]);
    }
}
