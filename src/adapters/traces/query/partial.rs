//! What some items add up to, group by group.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::items::{Interner, Items};
use super::plan::{Plan, Sum};

/// The largest table in which a group is looked up by its place.
const LARGEST_TABLE: usize = 1 << 20;

/// What some items have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    /// The start of the bucket, in nanoseconds.
    pub(super) bucket: Option<i128>,
    /// The number of each key.
    pub(super) keys: Box<[u32]>,
}

/// Which item is in which group.
pub(super) struct Grouped {
    /// For each item the place of its group.
    pub(super) places: Vec<u32>,
    pub(super) groups: Vec<GroupKey>,
}

/// What some items add up to.
pub(super) struct Partial {
    pub(super) groups: Vec<GroupKey>,
    /// How many items are in each group.
    pub(super) counts: Vec<u64>,
    /// What is added up, in the order of the plan.
    pub(super) sums: Vec<Sums>,
    pub(super) interner: Arc<Interner>,
}

/// Something that is added up, for each group.
pub(super) enum Sums {
    Counts(Vec<u64>),
    /// Different texts by their numbers.
    Texts(Vec<HashSet<u32>>),
    /// Different numbers by their bits.
    Bits(Vec<HashSet<u64>>),
    Totals(Vec<Total>),
    Values(Vec<Vec<f64>>),
}

/// A sum of numbers, as exact as if it had twice the digits (Neumaier).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Total {
    sum: f64,
    lost: f64,
    pub(super) count: u64,
}

impl Total {
    pub(super) fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += if self.sum.abs() >= number.abs() {
            (self.sum - sum) + number
        } else {
            (number - sum) + self.sum
        };
        self.sum = sum;
        self.count += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let count = self.count + other.count;
        self.add(other.sum);
        self.lost += other.lost;
        self.count = count;
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum + self.lost
    }
}

impl Grouped {
    /// Puts items into groups.
    pub(super) fn of(items: &Items, bucket: Option<i64>) -> Self {
        let mut grouped = Self {
            places: vec![0; items.count],
            groups: vec![GroupKey {
                bucket: None,
                keys: Box::default(),
            }],
        };
        if let Some(length) = bucket {
            let (parts, starts) = buckets(&items.times, length);
            grouped.split(&parts, starts.len(), |key, part| {
                key.bucket = Some(starts[part as usize]);
            });
        }
        for parts in &items.keys {
            let limit = parts.iter().max().map_or(0, |part| *part as usize + 1);
            grouped.split(parts, limit, |key, part| {
                key.keys = [&key.keys, [part].as_slice()].concat().into();
            });
        }
        grouped
    }

    /// Splits each group by one more part of its key.
    fn split(&mut self, parts: &[u32], limit: usize, extend: impl Fn(&mut GroupKey, u32)) {
        let mut groups = Vec::new();
        let old = std::mem::take(&mut self.groups);
        let mut found = Found::new(old.len(), limit);
        for (place, part) in self.places.iter_mut().zip(parts) {
            *place = found.place(*place, *part, || {
                let mut key = old[*place as usize].clone();
                extend(&mut key, *part);
                groups.push(key);
            });
        }
        self.groups = groups;
    }
}

/// The places of new groups, by old place and part.
enum Found {
    Table {
        limit: usize,
        places: Vec<u32>,
        next: u32,
    },
    Map {
        places: HashMap<(u32, u32), u32>,
    },
}

impl Found {
    fn new(old: usize, limit: usize) -> Self {
        match old.checked_mul(limit) {
            Some(size) if size <= LARGEST_TABLE => Self::Table {
                limit,
                places: vec![u32::MAX; size],
                next: 0,
            },
            _ => Self::Map {
                places: HashMap::new(),
            },
        }
    }

    fn place(&mut self, old: u32, part: u32, mut create: impl FnMut()) -> u32 {
        match self {
            Self::Table {
                limit,
                places,
                next,
            } => {
                let place = &mut places[old as usize * *limit + part as usize];
                if *place == u32::MAX {
                    create();
                    *place = *next;
                    *next += 1;
                }
                *place
            }
            Self::Map { places } => {
                let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
                *places.entry((old, part)).or_insert_with(|| {
                    create();
                    next
                })
            }
        }
    }
}

/// For each time the place of its bucket, and where the buckets start.
fn buckets(times: &[i64], length: i64) -> (Vec<u32>, Vec<i128>) {
    let mut starts: Vec<i128> = Vec::new();
    let mut places: HashMap<i64, u32> = HashMap::new();
    // Times come in order for the most part: the last bucket is likely to be the next one.
    let (mut number, mut place) = (0, None);
    let parts = times.iter().map(|time| {
        let within = |number: i64| {
            let start = i128::from(number) * i128::from(length);
            (start..start + i128::from(length)).contains(&i128::from(*time))
        };
        match place {
            Some(place) if within(number) => place,
            _ => {
                number = time.div_euclid(length);
                let found = *places.entry(number).or_insert_with(|| {
                    starts.push(i128::from(number) * i128::from(length));
                    u32::try_from(starts.len() - 1).unwrap_or(u32::MAX)
                });
                place = Some(found);
                found
            }
        }
    });
    let parts = parts.collect();
    (parts, starts)
}

impl Partial {
    /// Adds items up.
    pub(super) fn of(items: &Items, plan: &Plan) -> Self {
        let Grouped { places, groups } = Grouped::of(items, plan.bucket);
        let mut counts = vec![0; groups.len()];
        for place in &places {
            counts[*place as usize] += 1;
        }
        let sums = plan.sums.iter();
        let sums = sums.map(|sum| Sums::of(*sum, items, &places, &counts));
        Self {
            sums: sums.collect(),
            groups,
            counts,
            interner: Arc::clone(&items.interner),
        }
    }
}

impl Sums {
    fn of(sum: Sum, items: &Items, places: &[u32], counts: &[u64]) -> Self {
        let groups = counts.len();
        let places = places.iter().map(|place| *place as usize);
        let numbers = |column: usize| {
            let numbers = places.clone().zip(items.numbers[column].iter().copied());
            numbers.filter(|(_, number)| !number.is_nan())
        };
        match sum {
            Sum::Errors => {
                let mut sums = vec![0; groups];
                for (place, error) in places.zip(&items.errors) {
                    sums[place] += u64::from(*error);
                }
                Self::Counts(sums)
            }
            Sum::Known(column) => {
                let mut sums = vec![0; groups];
                for (place, texts) in places.zip(items.texts[column].each()) {
                    sums[place] += u64::from(!texts.is_empty());
                }
                Self::Counts(sums)
            }
            Sum::Texts(column) => {
                let mut sums = vec![HashSet::new(); groups];
                for (place, texts) in places.zip(items.texts[column].each()) {
                    sums[place].extend(texts);
                }
                Self::Texts(sums)
            }
            Sum::Numbers(column) => {
                let mut sums = vec![HashSet::new(); groups];
                for (place, number) in numbers(column) {
                    // Both zeros are one number.
                    sums[place].insert((number + 0.0).to_bits());
                }
                Self::Bits(sums)
            }
            Sum::Times => {
                let mut sums = vec![HashSet::new(); groups];
                for (place, time) in places.zip(&items.times) {
                    sums[place].insert(time.cast_unsigned());
                }
                Self::Bits(sums)
            }
            Sum::Total(column) => {
                let mut sums = vec![Total::default(); groups];
                for (place, number) in numbers(column) {
                    sums[place].add(number);
                }
                Self::Totals(sums)
            }
            Sum::Values(column) => {
                let capacity = |count: &u64| usize::try_from(*count).unwrap_or(0);
                let sums = counts
                    .iter()
                    .map(|count| Vec::with_capacity(capacity(count)));
                let mut sums: Vec<Vec<f64>> = sums.collect();
                for (place, number) in numbers(column) {
                    sums[place].push(number);
                }
                Self::Values(sums)
            }
        }
    }
}
