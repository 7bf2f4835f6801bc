//! Which rows may be shown to whoever proposes, and which are held back to see whether a candidate is
//! good for more than what its author saw.
//!
//! Rows that say nothing new about one another go the same way: those of one cluster, and those with
//! equal inputs, in whatever dataset they stand. What was shown once is never held back again. Whose
//! turn it is to be held back is decided by digests, so that the same rows give the same answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::improve::RowPlace;

/// A row, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitRow {
    /// The row.
    pub at: RowPlace,
    /// Whether it fails.
    pub failing: bool,
    /// What it has in common with rows that are not independent of it.
    kin: Vec<Digest>,
}

/// Which rows may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// These may.
    pub open: BTreeSet<RowPlace>,
    /// These fail, and may not.
    pub held_back: Vec<RowPlace>,
}

impl SplitRow {
    /// A row of a dataset.
    pub fn new(at: RowPlace, row: &Row, failing: bool) -> Self {
        let messages = json!(row.messages);
        let input = json!({ "vars": row.vars, "messages": messages });
        let mut kin = vec![Digest::of_json(&input)];
        if let Some(cluster) = &row.cluster {
            kin.push(Digest::of_json(&json!({ "cluster": cluster })));
        }
        Self { at, failing, kin }
    }
}

/// Rows that go the same way.
#[derive(Default)]
struct Group {
    rows: Vec<usize>,
    failing: bool,
    seen: bool,
    /// Decides about the order.
    lot: Option<Digest>,
}

/// Decides which rows may be shown: of the groups of rows that fail, and of the others, the share
/// `held_back` is held back, and of those that fail at least one may be shown.
pub fn split(rows: &[SplitRow], seen: &BTreeSet<RowPlace>, held_back: f64) -> Split {
    let groups = groups(rows, seen);
    let mut closed: BTreeSet<usize> = BTreeSet::new();
    for failing in [true, false] {
        let of_sort: Vec<&Group> = groups.iter().filter(|it| it.failing == failing).collect();
        let mut fresh: Vec<&&Group> = of_sort.iter().filter(|it| !it.seen).collect();
        fresh.sort_by_key(|group| group.lot);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count of rows"
        )]
        let mut wanted = (of_sort.len() as f64 * held_back).round() as usize;
        if failing {
            wanted = wanted.min(of_sort.len().saturating_sub(1));
        }
        let held = fresh.iter().take(wanted);
        closed.extend(held.flat_map(|group| group.rows.iter().copied()));
    }
    let mut split = Split::default();
    for (index, row) in rows.iter().enumerate() {
        if !closed.contains(&index) {
            split.open.insert(row.at.clone());
        } else if row.failing {
            split.held_back.push(row.at.clone());
        }
    }
    split
}

/// The rows that were seen, and those that say nothing new about them.
pub(super) fn like_seen(rows: &[SplitRow], seen: &BTreeSet<RowPlace>) -> BTreeSet<RowPlace> {
    let groups = groups(rows, seen);
    let like = groups.iter().filter(|group| group.seen);
    let rows = like.flat_map(|group| group.rows.iter().map(|index| &rows[*index].at));
    rows.cloned().collect()
}

fn groups(rows: &[SplitRow], seen: &BTreeSet<RowPlace>) -> Vec<Group> {
    let mut leaders: Vec<usize> = (0..rows.len()).collect();
    let mut first_with: BTreeMap<Digest, usize> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for key in &row.kin {
            let other = *first_with.entry(*key).or_insert(index);
            let pair = [index, other].map(|it| leader(&mut leaders, it));
            let first = pair[0].min(pair[1]);
            leaders[pair[0]] = first;
            leaders[pair[1]] = first;
        }
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let group = groups.entry(leader(&mut leaders, index)).or_default();
        group.rows.push(index);
        group.failing |= row.failing;
        group.seen |= seen.contains(&row.at);
        let lots = row.kin.iter().copied().chain(group.lot);
        group.lot = lots.min();
    }
    groups.into_values().collect()
}

/// The first row of a row's group, found by what stands before it.
fn leader(leaders: &mut [usize], index: usize) -> usize {
    let mut at = index;
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::id::DatasetId;

    fn place(dataset: &str, row: &str) -> RowPlace {
        RowPlace {
            dataset: DatasetId::new(dataset).unwrap(),
            row: row.to_owned(),
        }
    }

    fn row(at: RowPlace, input: &str, cluster: Option<&str>, failing: bool) -> SplitRow {
        let row = Row {
            id: at.row.clone(),
            vars: IndexMap::from([("x".to_owned(), Value::from(input))]),
            cluster: cluster.map(str::to_owned),
            ..Row::default()
        };
        SplitRow::new(at, &row, failing)
    }

    fn failing(count: usize) -> Vec<SplitRow> {
        let names = (0..count).map(|index| format!("r{index}"));
        names
            .map(|name| row(place("d", &name), &name, None, true))
            .collect()
    }

    #[test]
    fn a_third_is_held_back_and_something_is_always_shown() {
        let held = |count| {
            split(&failing(count), &BTreeSet::new(), 1.0 / 3.0)
                .held_back
                .len()
        };
        assert_eq!([1, 2, 3, 6, 30].map(held), [0, 1, 1, 2, 10]);
        assert_eq!(split(&failing(5), &BTreeSet::new(), 1.0).open.len(), 1);
        assert_eq!(split(&failing(5), &BTreeSet::new(), 0.0).open.len(), 5);
    }

    #[test]
    fn clusters_and_equal_inputs_go_the_same_way_across_datasets() {
        let rows = [
            row(place("d", "a"), "1", Some("c"), true),
            row(place("d", "b"), "2", Some("c"), false),
            row(place("e", "a"), "2", None, true),
            row(place("e", "b"), "3", None, true),
        ];
        let split = split(&rows, &BTreeSet::new(), 0.5);
        let open: BTreeSet<&RowPlace> = split.open.iter().collect();
        let together = [&rows[0].at, &rows[1].at, &rows[2].at];
        let shown = together.iter().filter(|at| open.contains(*at)).count();
        assert!(shown == 0 || shown == 3, "{split:?}");
        let seen = BTreeSet::from([rows[2].at.clone()]);
        let like: BTreeSet<RowPlace> = together.into_iter().cloned().collect();
        assert_eq!(like_seen(&rows, &seen), like);
    }

    proptest! {
        #[test]
        fn the_order_of_rows_is_irrelevant_and_what_was_shown_stays_shown(
            shape in prop::collection::vec((0..4u8, prop::option::of(0..3u8), any::<bool>()), 1..20),
            share in 0.0..=1.0f64,
            turn in 0..20usize,
        ) {
            let rows: Vec<SplitRow> = shape.iter().enumerate().map(|(index, (input, cluster, fails))| {
                let cluster = cluster.map(|it| it.to_string());
                row(place("d", &index.to_string()), &input.to_string(), cluster.as_deref(), *fails)
            }).collect();
            let once = split(&rows, &BTreeSet::new(), share);
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            prop_assert_eq!(&split(&turned, &BTreeSet::new(), share).open, &once.open);
            let later = split(&rows, &once.open, 1.0);
            prop_assert!(later.open.is_superset(&once.open));
        }
    }
}
