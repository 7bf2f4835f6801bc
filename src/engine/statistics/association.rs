//! Whether two counts of the same things are mixed differently.

use statrs::distribution::{ChiSquared, ContinuousCDF as _};

use super::count::of_count;

/// What two rows of counts show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Association {
    /// The statistic G.
    pub g: f64,
    /// The probability of such a G, or a greater one, where both are mixed alike.
    pub p: f64,
    /// The half of all shares that moved, from 0 (mixed alike) to 1 (nothing in common).
    pub moved: f64,
}

/// Whether two rows of counts, one column each kind, are mixed differently. `None` where one row is
/// empty, or both have nothing but one and the same kind.
///
/// The likelihood-ratio test: G = 2·Σ observed·ln(observed / expected), held against chi-squared
/// with one degree of freedom less than there are kinds. Sokal and Rohlf, *Biometry* (1995), §17.4.
pub fn association(before: &[u64], after: &[u64]) -> Option<Association> {
    let sum = |row: &[u64]| of_count(row.iter().sum());
    let (first, second) = (sum(before), sum(after));
    let kinds: Vec<(f64, f64)> = before
        .iter()
        .zip(after)
        .map(|(before, after)| (of_count(*before), of_count(*after)))
        .filter(|(before, after)| before + after > 0.0)
        .collect();
    if kinds.len() < 2 || first == 0.0 || second == 0.0 {
        return None;
    }
    let term = |observed: f64, kind: f64, row: f64| {
        let expected = kind * row / (first + second);
        if observed > 0.0 {
            observed * (observed / expected).ln()
        } else {
            0.0
        }
    };
    let terms = kinds.iter().map(|(before, after)| {
        let kind = before + after;
        term(*before, kind, first) + term(*after, kind, second)
    });
    let g = (2.0 * terms.sum::<f64>()).max(0.0);
    let moved = kinds
        .iter()
        .map(|(before, after)| (before / first - after / second).abs());
    let distribution =
        ChiSquared::new(of_count(kinds.len() as u64 - 1)).expect("there are two kinds or more");
    Some(Association {
        g,
        p: distribution.sf(g),
        moved: moved.sum::<f64>() / 2.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, reference: f64) {
        let error = (value - reference).abs() / reference.abs();
        assert!(error < 1e-9, "{value} is not {reference}");
    }

    #[test]
    fn the_statistic_and_its_p_value_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.chi2_contingency(table, correction=False,
        // lambda_="log-likelihood")
        let found = association(&[10, 20, 30], &[22, 18, 60]).unwrap();
        near(found.g, 4.804_284_033_168_512);
        near(found.p, 0.090_523_841_898_105_54);
        let found = association(&[10, 0, 30], &[22, 18, 60]).unwrap();
        near(found.g, 13.193_406_539_270_013);
        near(found.p, 0.001_364_860_204_828_416_5);
        near(found.moved, 0.18);
    }

    #[test]
    fn what_is_mixed_alike_did_not_move() {
        let found = association(&[10, 30], &[20, 60]).unwrap();
        assert_eq!((found.g, found.p, found.moved), (0.0, 1.0, 0.0));
        let apart = association(&[10, 0], &[0, 10]).unwrap();
        assert!(apart.p < 1e-6 && (apart.moved - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_kind_or_an_empty_row_shows_nothing() {
        assert_eq!(association(&[5], &[7]), None);
        assert_eq!(association(&[5, 0], &[7, 0]), None);
        assert_eq!(association(&[0, 0], &[7, 1]), None);
    }
}
