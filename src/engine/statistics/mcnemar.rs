//! The exact test of `McNemar`, for the report: it never decides.

/// The probability that of the rows that changed at least `worse` got worse, if getting worse were
/// as likely as getting better: `P(Bin(worse + better, ½) ≥ worse)`.
///
/// `McNemar`, "Note on the sampling error of the difference between correlated proportions",
/// Psychometrika 12 (1947), in its exact, one-sided form. It answers whether there is a change, not
/// whether it is small enough: a gate that asked it would let most regressions pass.
pub fn mcnemar(worse: u64, better: u64) -> f64 {
    let changed = worse + better;
    // ln C(n, k) − n·ln 2, from k = 0 upwards; terms are added from the smallest.
    let mut log_term = -super::count::number(usize::try_from(changed).unwrap_or(usize::MAX))
        * std::f64::consts::LN_2;
    let mut terms = vec![log_term.exp()];
    for k in 1..=changed.saturating_sub(worse) {
        log_term += (ratio(changed - k + 1, k)).ln();
        terms.push(log_term.exp());
    }
    // P(X ≥ worse) = P(X ≤ changed − worse), because the distribution is symmetric.
    terms.sort_by(f64::total_cmp);
    terms.iter().sum::<f64>().min(1.0)
}

fn ratio(one: u64, two: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of rows are far below 2^52"
    )]
    let ratio = one as f64 / two as f64;
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_agree_with_scipy() {
        // scipy 1.17.1: scipy.stats.binomtest(b, b + c, alternative="greater").pvalue
        for (worse, better, reference) in [
            (5, 1, 0.109_375),
            (0, 0, 1.0),
            (10, 2, 0.019_287_109_375),
            (1, 5, 0.984_375),
            (3, 3, 0.656_25),
        ] {
            let p = mcnemar(worse, better);
            assert!((p - reference).abs() < 1e-12, "{worse} {better}: {p}");
        }
    }
}
