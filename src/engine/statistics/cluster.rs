//! The interval of a mean difference where rows are not independent of one another.

use std::collections::BTreeMap;

use super::count::number;
use super::plus_two::{Interval, plus_two, plus_two_parts};

/// The interval of the mean difference over rows, each with the cluster that it belongs to, and how
/// many clusters there are. A row without one is a cluster of its own; where no row has one, the
/// interval is that of `plus_two` and there is nothing to count. One cluster shows as much as no
/// rows at all.
pub fn interval_of_rows<C: Ord>(
    rows: impl IntoIterator<Item = (Option<C>, f64)>,
    alpha: f64,
) -> (Interval, Option<u64>) {
    let mut together: BTreeMap<C, Vec<f64>> = BTreeMap::new();
    let mut apart = Vec::new();
    for (cluster, difference) in rows {
        match cluster {
            Some(cluster) => together.entry(cluster).or_default().push(difference),
            None => apart.push(difference),
        }
    }
    if together.is_empty() {
        return (plus_two(&apart, alpha), None);
    }
    let apart = apart.into_iter().map(|difference| vec![difference]);
    let clusters: Vec<Vec<f64>> = together.into_values().chain(apart).collect();
    let interval = clustered(&clusters, alpha).unwrap_or_else(|| plus_two(&[], alpha));
    (interval, Some(clusters.len() as u64))
}

/// The interval of the mean difference over rows that fall into clusters; each inner list holds the
/// differences of one cluster. Fewer than two clusters say nothing: `None`.
///
/// A cluster counts as one observation. With C clusters, n rows and m̄ = n/C rows in the average
/// cluster, the plus-two interval is taken over the cluster totals in units of m̄, so that its two
/// imagined observations are imagined clusters:
///
/// ```text
/// D_c = Σ_{i∈c} d_i / m̄        Δ̃ = ΣD_c / (C+2)        SE₁ = √(v / (C+2)) as in `plus_two`
/// SE₂² = C/(C−1) · Σ_c (Σ_{i∈c} (d_i − d̄))² / n²
/// L, U = Δ̃ ∓ t(1−α, C−1) · max(SE₁, SE₂)
/// ```
///
/// SE₂ is the clustered standard error of Miller, "Adding Error Bars to Evals" (2024, arXiv
/// 2411.00640, §2.2), with the correction C/(C−1) for few clusters. It alone would be zero where no
/// row changed; SE₁ alone does not know of uneven clusters. The larger of the two is on the safe
/// side of both.
fn clustered(clusters: &[Vec<f64>], alpha: f64) -> Option<Interval> {
    let count = number(clusters.len());
    let rows = number(clusters.iter().map(Vec::len).sum());
    if clusters.len() < 2 || rows == 0.0 {
        return None;
    }
    let size = rows / count;
    let mut totals: Vec<(f64, f64)> = clusters
        .iter()
        .map(|cluster| (sum(cluster), number(cluster.len())))
        .collect();
    totals.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.total_cmp(&two.1)));
    let scaled: Vec<f64> = totals.iter().map(|(total, _)| total / size).collect();
    let (centre, imagined) = plus_two_parts(&scaled);
    let mean = totals.iter().map(|(total, _)| total).sum::<f64>() / rows;
    let squares: f64 = totals
        .iter()
        .map(|(total, rows)| (total - rows * mean).powi(2))
        .sum();
    let sandwich = (count / (count - 1.0) * squares).sqrt() / rows;
    let standard_error = imagined.max(sandwich);
    Some(Interval::around(centre, standard_error, count - 1.0, alpha))
}

fn sum(differences: &[f64]) -> f64 {
    let mut sorted = differences.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, reference: f64) {
        assert!(
            (value - reference).abs() < 1e-12,
            "{value} is not {reference}"
        );
    }

    #[test]
    fn bounds_agree_with_numpy_and_scipy() {
        // numpy 2 and scipy 1.17.1: the formula above, with scipy.stats.t.ppf(0.95, C - 1)
        let clusters = [
            vec![-1.0, -1.0, -1.0],
            vec![0.0, 0.0, 1.0],
            vec![0.0],
            vec![0.0, -1.0],
            vec![0.0],
        ];
        let interval = clustered(&clusters, 0.05).unwrap();
        near(interval.centre, -0.214_285_714_285_714_27);
        near(interval.standard_error, 0.323_264_597_504_892_2);
        near(interval.lower, -0.903_436_307_609_696_6);
        near(interval.upper, 0.474_864_879_038_268);
    }

    #[test]
    fn one_cluster_shows_nothing_and_two_that_disagree_almost_nothing() {
        assert_eq!(clustered(&[vec![0.0; 100]], 0.05), None);
        assert_eq!(clustered(&[], 0.05), None);
        let interval = clustered(&[vec![1.0; 6], vec![-1.0; 6]], 0.05).unwrap();
        assert_eq!((interval.lower, interval.upper), (-1.0, 1.0));
    }

    #[test]
    fn rows_that_hang_together_show_less_than_rows_that_do_not() {
        let differences = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let apart = plus_two(&differences.repeat(5), 0.05);
        let clusters = differences.repeat(5);
        let clusters: Vec<Vec<f64>> = clusters.chunks(4).map(<[f64]>::to_vec).collect();
        let together = clustered(&clusters, 0.05).unwrap();
        assert!(together.lower < apart.lower && apart.upper < together.upper);
    }

    #[test]
    fn rows_of_no_cluster_stand_for_themselves() {
        let rows = [(None, 0.5), (None, -1.0), (None, 0.0)];
        let alone = interval_of_rows::<&str>(rows, 0.05);
        assert_eq!(alone, (plus_two(&[0.5, -1.0, 0.0], 0.05), None));
        let rows = [(Some("b"), 0.5), (None, -1.0), (Some("b"), 0.0)];
        let clusters = [vec![0.5, 0.0], vec![-1.0]];
        let interval = clustered(&clusters, 0.05).unwrap();
        assert_eq!(interval_of_rows(rows, 0.05), (interval, Some(2)));
        let one = [(Some("b"), 0.5), (Some("b"), 0.0)];
        let nothing = (plus_two(&[], 0.05), Some(1));
        assert_eq!(interval_of_rows(one, 0.05), nothing);
    }

    #[test]
    fn the_order_of_rows_and_clusters_does_not_show() {
        let clusters = [vec![0.2, -0.4, 0.1], vec![0.3], vec![-1.0, 0.7]];
        let turned = [vec![0.7, -1.0], vec![-0.4, 0.1, 0.2], vec![0.3]];
        assert_eq!(clustered(&clusters, 0.05), clustered(&turned, 0.05));
    }
}
