//! Whether two shares differ, however few there are: Fisher's exact test.

use statrs::function::factorial::ln_binomial;

use super::newcombe::Proportion;

/// The two-sided p-value of "both shares are equal". 1 where one is a share of nothing, or where both
/// are of none or of all.
///
/// With the totals given, the number of hits on one side follows the hypergeometric distribution where
/// the shares are equal. Added up are the probabilities of all outcomes that are no likelier than the
/// one seen, with the tolerance that R's `fisher.test` has for rounding (a relative 1e-7).
///
/// ```text
/// P(k) = C(K, k) · C(N − K, n − k) / C(N, n)      N: all, K: hits of both, n: total after
/// ```
///
/// Fisher, *Statistical Methods for Research Workers* (1934), §21.02; the two-sided rule is that of
/// Freeman and Halton, Biometrika 38 (1951), 141-149.
pub fn fisher_exact(before: Proportion, after: Proportion) -> f64 {
    const TOLERANCE: f64 = 1e-7;
    let all = before.total + after.total;
    let hits = before.hits + after.hits;
    if before.total == 0 || after.total == 0 || hits == 0 || hits == all {
        return 1.0;
    }
    let ln_all = ln_binomial(all, after.total);
    let ln_p = |k: u64| ln_binomial(hits, k) + ln_binomial(all - hits, after.total - k) - ln_all;
    let least = hits.saturating_sub(before.total);
    let most = hits.min(after.total);
    let bound = ln_p(after.hits.clamp(least, most)) + TOLERANCE;
    let mut terms: Vec<f64> = (least..=most)
        .map(ln_p)
        .filter(|ln_p| *ln_p <= bound)
        .map(f64::exp)
        .collect();
    // The smallest first, so that none is lost to rounding.
    terms.sort_by(f64::total_cmp);
    terms.iter().sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(hits: u64, total: u64) -> Proportion {
        Proportion { hits, total }
    }

    #[test]
    fn p_values_agree_with_exact_arithmetic() {
        // Added up in fractions of whole numbers (Python's `fractions` and `math.comb`). The first is
        // Fisher's tea, as R's manual has it under `fisher.test`: p = 0.4857; the second is the example
        // of scipy.stats.fisher_exact: 0.0350.
        for (before, after, reference) in [
            ((3, 4), (1, 4), 0.485_714_285_714),
            ((8, 10), (1, 6), 0.034_965_034_965),
            ((0, 40), (9, 40), 2.358_245_188_139e-3),
            ((3, 410), (31, 395), 1.695_243_200_669e-7),
            ((100, 5000), (140, 5000), 1.068_377_293_156e-2),
            ((5, 5), (0, 5), 0.007_936_507_937),
        ] {
            let p = fisher_exact(of(before.0, before.1), of(after.0, after.1));
            let close = (p - reference).abs() < 1e-8 * reference.max(1e-3);
            assert!(close, "{before:?} {after:?}: {p} is not {reference}");
        }
    }

    #[test]
    fn nothing_shows_nothing() {
        for (before, after) in [
            (of(0, 0), of(3, 9)),
            (of(1, 9), of(0, 0)),
            (of(0, 9), of(0, 9)),
            (of(9, 9), of(3, 3)),
        ] {
            let p = fisher_exact(before, after);
            assert!((p - 1.0).abs() < 1e-12, "{before:?} {after:?}: {p}");
        }
    }

    proptest! {
        #[test]
        fn a_p_value_is_a_probability_and_knows_no_order(
            totals in (1..200_u64, 1..200_u64),
            shares in (0.0..=1.0, 0.0..=1.0),
        ) {
            let before = Proportion::of_share(shares.0, totals.0);
            let after = Proportion::of_share(shares.1, totals.1);
            let p = fisher_exact(before, after);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((p - fisher_exact(after, before)).abs() < 1e-9);
        }
    }
}
