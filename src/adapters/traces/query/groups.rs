//! What all items add up to, and the answer that it makes.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::trace::query::{Top, TraceRow, TraceTable};
use crate::engine::ports::traces::TraceStoreError;

use super::batch::number;
use super::items::Interner;
use super::partial::{GroupKey, Partial, Sums, Total};
use super::plan::{Finish, Plan, Sum};
use super::quantile::{self, Quantiles};

/// The most groups of an answer.
const MOST_GROUPS: usize = 1_000_000;

/// The most different values that are told apart in all groups together.
const MOST_DIFFERENT: usize = 8_000_000;

/// What all items add up to.
pub(super) struct Totals<'p> {
    plan: &'p Plan,
    interner: Interner,
    index: HashMap<GroupKey, usize>,
    groups: Vec<GroupKey>,
    counts: Vec<u64>,
    sums: Vec<Sums>,
    different: usize,
    /// For each sum how many numbers there are in each group.
    values: Vec<Vec<usize>>,
    /// How many numbers are kept; `None`: there were too many, and none is.
    kept: Option<usize>,
    most_values: usize,
}

impl<'p> Totals<'p> {
    /// Nothing yet. `most_values`: how many numbers are kept to find those at a rank.
    pub(super) fn new(plan: &'p Plan, most_values: usize) -> Self {
        let sums = plan.sums.iter().map(|sum| match sum {
            Sum::Errors | Sum::Known(_) => Sums::Counts(Vec::new()),
            Sum::Texts(_) => Sums::Texts(Vec::new()),
            Sum::Numbers(_) | Sum::Times => Sums::Bits(Vec::new()),
            Sum::Total(_) => Sums::Totals(Vec::new()),
            Sum::Values(_) => Sums::Values(Vec::new()),
        });
        Self {
            plan,
            interner: Interner::default(),
            index: HashMap::new(),
            groups: Vec::new(),
            counts: Vec::new(),
            sums: sums.collect(),
            different: 0,
            values: vec![Vec::new(); plan.sums.len()],
            kept: Some(0),
            most_values,
        }
    }

    /// Adds what some items add up to.
    pub(super) fn add(&mut self, partial: Partial) -> Result<(), TraceStoreError> {
        let numbers = self.interner.renumber(&partial.interner);
        let groups = partial.groups.iter();
        let places: Vec<usize> = groups.map(|key| self.place(key, &numbers)).collect();
        if self.groups.len() > MOST_GROUPS {
            return Err(too_much(&format!("more than {MOST_GROUPS} groups")));
        }
        for (place, count) in places.iter().zip(&partial.counts) {
            self.counts[*place] += count;
        }
        let sums = self.sums.iter_mut().zip(&mut self.values);
        for ((sums, values), more) in sums.zip(partial.sums) {
            match (sums, more) {
                (Sums::Counts(sums), Sums::Counts(more)) => {
                    for (place, more) in places.iter().zip(more) {
                        sums[*place] += more;
                    }
                }
                (Sums::Texts(sums), Sums::Texts(more)) => {
                    for (place, more) in places.iter().zip(more) {
                        let before = sums[*place].len();
                        let more = more.into_iter().map(|text| numbers[text as usize]);
                        sums[*place].extend(more);
                        self.different += sums[*place].len() - before;
                    }
                }
                (Sums::Bits(sums), Sums::Bits(more)) => {
                    for (place, more) in places.iter().zip(more) {
                        let before = sums[*place].len();
                        sums[*place].extend(more);
                        self.different += sums[*place].len() - before;
                    }
                }
                (Sums::Totals(sums), Sums::Totals(more)) => {
                    for (place, more) in places.iter().zip(more) {
                        sums[*place].merge(&more);
                    }
                }
                (Sums::Values(sums), Sums::Values(more)) => {
                    for (place, more) in places.iter().zip(more) {
                        values[*place] += more.len();
                        if let Some(kept) = &mut self.kept {
                            *kept += more.len();
                            sums[*place].extend(more);
                        }
                    }
                }
                _ => {}
            }
        }
        if self.different > MOST_DIFFERENT {
            let what = format!("more than {MOST_DIFFERENT} different values to tell apart");
            return Err(too_much(&what));
        }
        self.overflow();
        Ok(())
    }

    /// Lets go of all numbers where there are too many.
    fn overflow(&mut self) {
        if self.kept.is_none_or(|kept| kept <= self.most_values) {
            return;
        }
        self.kept = None;
        for sums in &mut self.sums {
            if let Sums::Values(values) = sums {
                values.fill(Vec::new());
            }
        }
    }

    /// The place of a group, which is added if need be.
    fn place(&mut self, key: &GroupKey, numbers: &[u32]) -> usize {
        let key = GroupKey {
            bucket: key.bucket,
            keys: key
                .keys
                .iter()
                .map(|text| numbers[*text as usize])
                .collect(),
        };
        if let Some(place) = self.index.get(&key) {
            return *place;
        }
        self.groups.push(key.clone());
        self.counts.push(0);
        for values in &mut self.values {
            values.push(0);
        }
        for sums in &mut self.sums {
            match sums {
                Sums::Counts(sums) => sums.push(0),
                Sums::Texts(sums) => sums.push(HashSet::new()),
                Sums::Bits(sums) => sums.push(HashSet::new()),
                Sums::Totals(sums) => sums.push(Total::default()),
                Sums::Values(sums) => sums.push(Vec::new()),
            }
        }
        self.index.insert(key, self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// How many numbers of a sum there are in each group.
    pub(super) fn values_in(&self, sum: usize) -> &[usize] {
        &self.values[sum]
    }

    /// The place of each group, by the numbers of another interner.
    pub(super) fn places_of(&self, groups: &[GroupKey], other: &Interner) -> Vec<Option<usize>> {
        let numbers = self.interner.numbers_of(other);
        let places = groups.iter().map(|key| {
            let keys = key.keys.iter().map(|text| numbers[*text as usize]);
            let key = GroupKey {
                bucket: key.bucket,
                keys: keys.collect::<Option<_>>()?,
            };
            self.index.get(&key).copied()
        });
        places.collect()
    }

    /// The numbers at the ranks that are asked for; `None`: not all numbers are kept.
    pub(super) fn take_quantiles(&mut self) -> Option<Quantiles> {
        self.kept?;
        let mut quantiles = Quantiles::new(self.plan.sums.len());
        for (index, sums) in self.sums.iter_mut().enumerate() {
            if let Sums::Values(values) = sums {
                let values = std::mem::take(values);
                quantiles.set(index, quantile::of_each(values, &self.plan.shares(index)));
            }
        }
        Some(quantiles)
    }

    /// The answer.
    pub(super) fn finish(self, quantiles: &Quantiles, top: Option<Top>) -> TraceTable {
        let rows = self.groups.iter().enumerate().map(|(place, key)| TraceRow {
            bucket: key.bucket.map(moment),
            keys: key
                .keys
                .iter()
                .map(|text| self.interner.text(*text).map(str::to_owned))
                .collect(),
            values: self
                .plan
                .finishes
                .iter()
                .map(|finish| self.value(*finish, place, quantiles))
                .collect(),
        });
        TraceTable::of(rows.collect(), top)
    }

    fn value(&self, finish: Finish, place: usize, quantiles: &Quantiles) -> Option<f64> {
        let count = number(self.counts[place]);
        match finish {
            Finish::Nothing => None,
            Finish::Count => Some(count),
            Finish::Quantile(sum, share) => {
                let shares = self.plan.shares(sum);
                let index = shares.iter().position(|it| it.total_cmp(&share).is_eq())?;
                quantiles.get(sum, place, index)
            }
            Finish::Share(sum)
            | Finish::Number(sum)
            | Finish::Counted(sum)
            | Finish::Distinct(sum)
            | Finish::Total(sum)
            | Finish::Mean(sum) => match (&self.sums[sum], finish) {
                (Sums::Counts(sums), Finish::Share(_)) => Some(number(sums[place]) / count),
                (Sums::Counts(sums), _) => Some(number(sums[place])),
                (Sums::Texts(sums), _) => Some(number(sums[place].len() as u64)),
                (Sums::Bits(sums), _) => Some(number(sums[place].len() as u64)),
                (Sums::Totals(sums), Finish::Counted(_)) => Some(number(sums[place].count)),
                (Sums::Totals(sums), _) if sums[place].count == 0 => None,
                (Sums::Totals(sums), Finish::Mean(_)) => {
                    Some(sums[place].sum() / number(sums[place].count))
                }
                (Sums::Totals(sums), _) => Some(sums[place].sum()),
                (Sums::Values(_), _) => None,
            },
        }
    }
}

/// The moment that many nanoseconds after 1970 began, or the nearest that there is.
fn moment(nanoseconds: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds).unwrap_or(if nanoseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// A question whose answer does not fit into memory.
pub(super) fn too_much(what: &str) -> TraceStoreError {
    TraceStoreError {
        message: format!("the question is too large for one machine: there are {what}"),
        hint: Some("ask about less time, or group by fewer columns".to_owned()),
        remote: false,
    }
}
