//! Values in order of size, each with the group that it belongs to: for percentiles and means of
//! samples in which groups weigh differently.

/// The values of one measure in one sample.
#[derive(Debug, Clone, Default)]
pub struct Ranked(Vec<(f64, usize)>);

impl Ranked {
    /// The values, each with the index of its group.
    pub fn new(values: impl IntoIterator<Item = (f64, usize)>) -> Self {
        let mut values: Vec<(f64, usize)> = values.into_iter().collect();
        values.sort_by(|one, two| one.0.total_cmp(&two.0));
        Self(values)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values have any weight.
    pub fn weighty(&self, weights: &[f64]) -> u64 {
        let values = self.0.iter();
        values.filter(|(_, group)| weights[*group] > 0.0).count() as u64
    }

    /// The smallest value.
    pub fn smallest(&self) -> Option<f64> {
        self.0.first().map(|(value, _)| *value)
    }

    /// The smallest value that at least this share of the weight does not exceed; `None` where
    /// nothing has weight. A group whose weight is 2 counts as if it stood there twice.
    pub fn quantile(&self, weights: &[f64], share: f64) -> Option<f64> {
        let total: f64 = self.0.iter().map(|(_, group)| weights[*group]).sum();
        let wanted = share * total;
        let mut seen = 0.0;
        let reached = self.0.iter().find(|(_, group)| {
            seen += weights[*group];
            weights[*group] > 0.0 && seen >= wanted
        });
        let heaviest = || self.0.iter().rfind(|(_, group)| weights[*group] > 0.0);
        reached.or_else(heaviest).map(|(value, _)| *value)
    }

    /// The weighted mean; `None` where nothing has weight.
    pub fn mean(&self, weights: &[f64]) -> Option<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for (value, group) in &self.0 {
            sum += value * weights[*group];
            total += weights[*group];
        }
        (total > 0.0).then(|| sum / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_stands_twice_weighs_twice() {
        let values = Ranked::new([(3.0, 1), (1.0, 0), (2.0, 0)]);
        assert_eq!(values.quantile(&[1.0, 1.0], 0.5), Some(2.0));
        assert_eq!(values.quantile(&[1.0, 4.0], 0.5), Some(3.0));
        assert_eq!(values.quantile(&[1.0, 0.0], 1.0), Some(2.0));
        assert_eq!(values.quantile(&[0.0, 0.0], 0.5), None);
        assert_eq!(values.mean(&[1.0, 3.0]), Some(12.0 / 5.0));
        assert_eq!(values.mean(&[0.0, 0.0]), None);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred = Ranked::new((1..=100).map(|value| (f64::from(value), 0)));
        for (share, rank) in [(0.95, 95.0), (0.955, 96.0), (0.001, 1.0), (1.0, 100.0)] {
            assert_eq!(hundred.quantile(&[1.0], share), Some(rank), "{share}");
        }
    }
}
