//! Answers a question with numbers.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::adapters::traces::snapshot::Snapshot;
use crate::domain::trace::query::{TraceQuery, TraceTable};
use crate::engine::ports::traces::TraceStoreError;

use super::groups::Totals;
use super::items::Items;
use super::partial::{Grouped, Partial};
use super::plan::{Plan, Sum};
use super::quantile::{Quantiles, Search};
use super::scan::Scan;

/// Answers a question with numbers.
pub(in crate::adapters::traces) fn aggregate(
    snapshot: &Snapshot,
    query: &TraceQuery,
) -> Result<TraceTable, TraceStoreError> {
    aggregate_within(snapshot, query, MOST_VALUES)
}

/// The most numbers that are kept at the same time to find those at a rank: 128 MiB.
const MOST_VALUES: usize = 16 * 1024 * 1024;

fn aggregate_within(
    snapshot: &Snapshot,
    query: &TraceQuery,
    most_values: usize,
) -> Result<TraceTable, TraceStoreError> {
    let plan = Plan::new(query);
    let scan = Scan::new(
        snapshot,
        query.level,
        query.range,
        &query.filter,
        &plan.wanted,
    )?;
    let mut totals = Totals::new(&plan, most_values);
    let add_up = |items: Items| Partial::of(&items, &plan);
    scan.items(&add_up, &mut |partial| {
        totals.add(partial)?;
        Ok(ControlFlow::Continue(()))
    })?;
    let quantiles = match totals.take_quantiles() {
        Some(quantiles) => quantiles,
        None => search(&scan, &plan, &totals)?,
    };
    Ok(totals.finish(&quantiles, query.top))
}

/// The numbers at all ranks of one sum.
struct Searched {
    /// The place of the sum in the plan.
    sum: usize,
    /// Which numbers these are.
    column: usize,
    groups: Vec<Search>,
}

/// Reads what was read before again, as often as it takes to find the numbers at all ranks.
fn search(scan: &Scan<'_>, plan: &Plan, totals: &Totals<'_>) -> Result<Quantiles, TraceStoreError> {
    let sums = plan.sums.iter().enumerate();
    let searched = sums.filter_map(|(sum, kind)| {
        let Sum::Values(column) = *kind else {
            return None;
        };
        let shares = plan.shares(sum);
        let counts = totals.values_in(sum).iter();
        let groups = counts.map(|count| Search::new(&shares, *count)).collect();
        Some(Searched {
            sum,
            column,
            groups,
        })
    });
    let mut searched: Vec<Searched> = searched.collect();
    let all = |searched: &[Searched]| {
        searched
            .iter()
            .all(|it| it.groups.iter().all(Search::is_done))
    };
    while !all(&searched) {
        let mut counts = BTreeMap::new();
        let count = |items: Items| count_parts(&items, plan, totals, &searched);
        scan.items(&count, &mut |more| {
            for (part, count) in more {
                *counts.entry(part).or_default() += count;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for ((place, group, part), count) in counts {
            searched[place].groups[group].count(part, count);
        }
        let groups = searched.iter_mut().flat_map(|it| &mut it.groups);
        groups.for_each(Search::narrow);
    }
    let mut quantiles = Quantiles::new(plan.sums.len());
    for Searched { sum, groups, .. } in searched {
        quantiles.set(sum, groups.iter().map(Search::found).collect());
    }
    Ok(quantiles)
}

/// How many numbers there are in the parts of the number line that matter, by the place among what is
/// searched, the group and the part.
type Parts = BTreeMap<(usize, usize, u64), usize>;

fn count_parts(items: &Items, plan: &Plan, totals: &Totals<'_>, searched: &[Searched]) -> Parts {
    let grouped = Grouped::of(items, plan.bucket);
    let groups = totals.places_of(&grouped.groups, &items.interner);
    let mut parts = Parts::new();
    for (place, search) in searched.iter().enumerate() {
        for (group, number) in grouped.places.iter().zip(&items.numbers[search.column]) {
            if number.is_nan() {
                continue;
            }
            if let Some(group) = groups[*group as usize]
                && let Some(part) = search.groups[group].part_of(*number)
            {
                *parts.entry((place, group, part)).or_default() += 1;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::batch::number;
    use super::*;
    use crate::domain::trace::column::Column;
    use crate::domain::trace::filter::{Filter, TimeRange};
    use crate::domain::trace::query::{Level, Measure};
    use crate::domain::trace::span::Span;

    #[test]
    fn numbers_that_do_not_fit_into_memory_are_found_all_the_same() {
        let spans = (0..5_000_u64).map(|index| {
            let mut span = Span {
                trace_id: format!("{}", index / 3),
                span_id: format!("{index}"),
                started_at: Timestamp::from_second(1_772_400_000).expect("it is near"),
                duration_ns: index * index % 9_973,
                ..Span::default()
            };
            span.lineage.lane = (index % 7 > 0).then(|| format!("lane {}", index % 2));
            span.call.cost_usd = (index % 5 > 0).then(|| 1.0 / number(1 + index % 100));
            span
        });
        let snapshot = Snapshot::of_spans(spans.collect());
        for level in [Level::Span, Level::Trace] {
            let quantile = |column, share| Measure::Quantile(column, share);
            let query = TraceQuery {
                level,
                range: TimeRange::ALWAYS,
                filter: Filter::Everything,
                group_by: vec![Column::Lane],
                bucket: None,
                measures: vec![
                    quantile(Column::Duration, 0.5),
                    quantile(Column::Duration, 0.95),
                    quantile(Column::Cost, 0.99),
                    quantile(Column::OutputTokens, 0.5),
                    Measure::Mean(Column::Cost),
                ],
                top: None,
            };
            let kept = aggregate_within(&snapshot, &query, usize::MAX).unwrap();
            let searched = aggregate_within(&snapshot, &query, 100).unwrap();
            assert_eq!(searched, kept);
            assert!(kept.rows.len() >= 2);
            assert!(kept.rows[0].values[2].is_some() && kept.rows[0].values[3].is_none());
        }
    }
}
