//! The interval of the difference between two shares that were counted independently.

use super::count::of_count;
use super::student::{normal_cdf, normal_quantile};

/// A difference with its interval, both ends one-sided at the same level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// After less before.
    pub difference: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proportion {
    /// Those that are meant.
    pub hits: u64,
    /// All of them.
    pub total: u64,
}

impl Proportion {
    /// The proportion that a share of so many is.
    pub fn of_share(share: f64, total: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count is at most the count"
        )]
        let hits = (share * of_count(total)).round() as u64;
        Self {
            hits: hits.min(total),
            total,
        }
    }

    /// The share; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.total > 0).then(|| of_count(self.hits) / of_count(self.total))
    }

    /// Wilson's score interval for a normal quantile.
    fn wilson(self, z: f64) -> (f64, f64) {
        let n = of_count(self.total);
        let share = of_count(self.hits) / n;
        let centre = share + z * z / (2.0 * n);
        let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        ((centre - reach) / scale, (centre + reach) / scale)
    }
}

/// The interval of the difference between two shares. `None` where one is a share of nothing.
///
/// Newcombe, "Interval estimation for the difference between independent proportions: comparison of
/// eleven methods", Statistics in Medicine 17 (1998), 873-890, method 10: Wilson's intervals of
/// both, put together as squares.
///
/// ```text
/// L = d - sqrt((p2 - l2)^2 + (u1 - p1)^2)      U = d + sqrt((u2 - p2)^2 + (p1 - l1)^2)
/// ```
pub fn difference_of_shares(
    before: Proportion,
    after: Proportion,
    alpha: f64,
) -> Option<Difference> {
    difference(before, after, normal_quantile(1.0 - alpha))
}

fn difference(before: Proportion, after: Proportion, z: f64) -> Option<Difference> {
    let (first, second) = (before.share()?, after.share()?);
    let (first_low, first_high) = before.wilson(z);
    let (second_low, second_high) = after.wilson(z);
    let difference = second - first;
    Some(Difference {
        difference,
        lower: difference - (second - second_low).hypot(first_high - first),
        upper: difference + (second_high - second).hypot(first - first_low),
    })
}

/// The two-sided p-value of "both shares are equal" that belongs to [`difference_of_shares`]: the
/// greatest level whose interval still holds 0. `None` where one is a share of nothing.
pub fn p_of_equal_shares(before: Proportion, after: Proportion) -> Option<f64> {
    /// Beyond this many standard errors a p-value is 0 for every purpose.
    const FAR: f64 = 38.0;
    let holds = |z: f64| {
        let found = difference(before, after, z)?;
        Some(found.lower <= 0.0 && 0.0 <= found.upper)
    };
    if holds(0.0)? {
        return Some(1.0);
    }
    let (mut outside, mut inside) = (0.0, FAR);
    while inside - outside > 1e-9 {
        let middle = f64::midpoint(outside, inside);
        if holds(middle)? {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    Some(2.0 * normal_cdf(-inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hits: u64, total: u64) -> Proportion {
        Proportion { hits, total }
    }

    #[test]
    fn bounds_are_those_of_the_paper() {
        // Newcombe 1998, Table II, method 10, 95 %: (a) to (h). The paper takes the second from the
        // first, so that its first is our `after`.
        for (first, second, lower, upper) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0),
            ((10, 10), (0, 10), 0.6075, 1.0),
        ] {
            let (after, before) = (of(first.0, first.1), of(second.0, second.1));
            let found = difference_of_shares(before, after, 0.025).unwrap();
            assert!((found.lower - lower).abs() < 5e-5, "{first:?}: {found:?}");
            assert!((found.upper - upper).abs() < 5e-5, "{first:?}: {found:?}");
        }
    }

    #[test]
    fn the_p_value_is_the_level_at_which_the_interval_touches_zero() {
        let (before, after) = (of(48, 80), of(56, 70));
        let p = p_of_equal_shares(before, after).unwrap();
        let at = |level: f64| difference_of_shares(before, after, level / 2.0).unwrap();
        assert!(at(p).lower.abs() < 1e-6, "{p}: {:?}", at(p));
        assert!(at(p * 1.01).lower > 0.0 && at(p * 0.99).lower < 0.0);
        assert_eq!(p_of_equal_shares(before, before), Some(1.0));
        let surely = p_of_equal_shares(of(0, 10_000), of(9_000, 10_000)).unwrap();
        assert!(surely < 1e-100, "{surely}");
    }

    #[test]
    fn a_share_of_nothing_differs_from_nothing() {
        assert_eq!(difference_of_shares(of(0, 0), of(1, 2), 0.025), None);
        assert_eq!(p_of_equal_shares(of(1, 2), of(0, 0)), None);
    }
}
