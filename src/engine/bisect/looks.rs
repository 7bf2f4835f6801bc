//! In which order the rows of a dataset are looked at, and how many before each look: few at first,
//! and twice as many each time, because a large loss shows early.

use std::collections::BTreeMap;

use crate::domain::digest::Digest;
use crate::engine::evaluate::sample::SuiteRow;

/// How many rows the first look has; clusters count once.
const FIRST: usize = 25;

/// The rows by the look that they are new in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks(Vec<Vec<SuiteRow>>);

impl Looks {
    /// Deals out rows, which come in the order of their file and keep it within a look. Which rows
    /// come first follows from their digests alone, as if by lot; rows of one cluster stay together.
    pub fn of(rows: Vec<SuiteRow>) -> Self {
        let units: BTreeMap<Digest, usize> = rows.iter().map(|row| (unit(row), 0)).collect();
        let ends = ends(units.len());
        let look_of = |place: usize| ends.iter().filter(|end| **end <= place).count();
        let units: BTreeMap<Digest, usize> = units.into_keys().zip((0..).map(look_of)).collect();
        let mut looks = vec![Vec::new(); ends.len()];
        for row in rows {
            looks[units[&unit(&row)]].push(row);
        }
        Self(looks)
    }

    /// How many looks there are; none without rows.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The rows that a look has and earlier ones have not.
    pub fn rows(&self, look: usize) -> &[SuiteRow] {
        &self.0[look]
    }

    /// How many rows there are.
    pub fn all_rows(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// What is dealt out as one: a cluster, or a row.
fn unit(row: &SuiteRow) -> Digest {
    match &row.cluster {
        Some(cluster) => Digest::of(cluster.as_bytes()),
        None => row.digest,
    }
}

/// How many there are at each look. A last look that would add less than half is merged with the one
/// before it.
fn ends(all: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut end = FIRST;
    while 3 * end < 2 * all {
        ends.push(end);
        end *= 2;
    }
    if all > 0 {
        ends.push(all);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize, cluster: Option<usize>) -> SuiteRow {
        SuiteRow {
            digest: Digest::of(&number.to_le_bytes()),
            cluster: cluster.map(|number| format!("c{number}")),
        }
    }

    #[test]
    fn each_look_doubles_what_is_known() {
        assert_eq!(ends(0), [0; 0]);
        assert_eq!(ends(3), [3]);
        assert_eq!(ends(37), [37]);
        assert_eq!(ends(38), [25, 38]);
        assert_eq!(ends(400), [25, 50, 100, 200, 400]);
        assert_eq!(ends(1_000), [25, 50, 100, 200, 400, 1_000]);
    }

    #[test]
    fn every_row_is_in_one_look_and_keeps_its_place_there() {
        let rows: Vec<SuiteRow> = (0..120).map(|number| row(number, None)).collect();
        let looks = Looks::of(rows.clone());
        assert_eq!(looks.count(), 3);
        assert_eq!(looks.all_rows(), 120);
        let dealt: Vec<usize> = (0..3).map(|look| looks.rows(look).len()).collect();
        assert_eq!(dealt, [25, 25, 70]);
        for look in 0..3 {
            let places = looks.rows(look).iter();
            let places: Vec<_> = places
                .map(|row| rows.iter().position(|it| it == row))
                .collect();
            assert!(places.is_sorted());
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_decide_which_rows_come_first() {
        let rows: Vec<SuiteRow> = (0..120).map(|number| row(number, None)).collect();
        let mut turned = rows.clone();
        turned.reverse();
        let names = |looks: &Looks| {
            let mut names: Vec<Digest> = looks.rows(0).iter().map(|row| row.digest).collect();
            names.sort();
            names
        };
        assert_eq!(names(&Looks::of(rows)), names(&Looks::of(turned)));
    }

    #[test]
    fn rows_of_one_cluster_come_together() {
        let rows = (0..300).map(|number| row(number, Some(number % 60)));
        let looks = Looks::of(rows.collect());
        assert_eq!(looks.count(), 2);
        assert_eq!((looks.rows(0).len(), looks.rows(1).len()), (125, 175));
    }

    #[test]
    fn without_rows_there_is_nothing_to_look_at() {
        assert_eq!(Looks::of(Vec::new()).count(), 0);
    }
}
