//! How often a search names the wrong version, counted: histories whose truth is known are searched
//! over and over, with answers that differ from draw to draw.

use crate::domain::digest::Digest;
use crate::engine::evaluate::sample::SuiteRow;
use crate::engine::statistics::{SplitMix64, of_count};

use super::looks::Looks;
use super::pairs::{Observation, ObservedRow};
use super::search::{Rules, Trial, search};
use super::steps::Outcome;

const ALPHA: f64 = 0.05;
const TRIALS: u32 = 150;

/// A history, as it is in truth.
#[derive(Debug, Clone, Copy)]
struct History {
    versions: usize,
    rows: usize,
    /// How much less often a row passes in each version than in the first.
    loss: fn(version: usize, change: usize) -> f64,
    /// Which share of versions has no answers.
    unanswered: f64,
}

struct Simulated<'r> {
    history: History,
    change: usize,
    looks: &'r Looks,
    base_rates: Vec<f64>,
    random: &'r mut SplitMix64,
}

impl Trial for Simulated<'_> {
    type Error = std::convert::Infallible;

    fn observe(&mut self, version: usize, look: usize) -> Result<Observation, Self::Error> {
        let inside = version > 0 && version < self.history.versions - 1;
        if inside && uniform(self.random) < self.history.unanswered {
            return Ok(Observation::impossible("no answers"));
        }
        let loss = (self.history.loss)(version, self.change);
        let rows = self.looks.rows(look).iter().map(|row| {
            let base = self.base_rates[number(row)];
            let passed = uniform(self.random) < base - loss;
            ObservedRow {
                row: row.digest.shortened(),
                cluster: None,
                rate: Some(f64::from(u8::from(passed))),
            }
        });
        Ok(Observation {
            rows: rows.collect(),
            problem: None,
        })
    }
}

/// The number that a simulated row bears in the place of a cluster's name.
fn number(row: &SuiteRow) -> usize {
    let name = row.cluster.as_deref().unwrap_or_default();
    name.parse().expect("simulated clusters are numbers")
}

fn uniform(random: &mut SplitMix64) -> f64 {
    of_count(random.below(1 << 30) as u64) / of_count(1 << 30)
}

/// The shares of searches that name the right version, and a wrong one.
fn named(history: History, margin: Option<f64>) -> (f64, f64) {
    let mut random = SplitMix64(0x5EED);
    let rows = (0..history.rows).map(|number| SuiteRow {
        digest: Digest::of(&number.to_le_bytes()),
        cluster: Some(number.to_string()),
    });
    let looks = Looks::of(rows.collect());
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..TRIALS {
        // Nine rows in ten are steady, and the rest are not.
        let base_rates = (0..history.rows).map(|_| match random.below(10) {
            0 => 0.1 + 0.8 * uniform(&mut random),
            _ => 0.99,
        });
        let base_rates: Vec<f64> = base_rates.collect();
        let change = 1 + random.below(history.versions - 1);
        let rules = Rules {
            versions: history.versions,
            looks: looks.count(),
            alpha: ALPHA,
            margin,
        };
        let mut trial = Simulated {
            history,
            change,
            looks: &looks,
            base_rates,
            random: &mut random,
        };
        let Ok(bisection) = search(&mut trial, rules);
        match bisection.outcome {
            Outcome::Found(version) if version == change => right += 1,
            Outcome::Found(_) => wrong += 1,
            Outcome::NotWorse | Outcome::Open(_) => {}
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(TRIALS);
    (share(right), share(wrong))
}

fn nothing(_: usize, _: usize) -> f64 {
    0.0
}

fn small_step(version: usize, change: usize) -> f64 {
    if version >= change { 0.08 } else { 0.0 }
}

fn step(version: usize, change: usize) -> f64 {
    if version >= change { 0.2 } else { 0.0 }
}

fn large_step(version: usize, change: usize) -> f64 {
    if version >= change { 0.5 } else { 0.0 }
}

fn little_by_little(version: usize, _: usize) -> f64 {
    0.02 * of_count(version as u64)
}

/// Numbers of versions and of rows.
const SIZES: [(usize, usize); 4] = [(2, 60), (5, 40), (16, 100), (60, 200)];

#[test]
fn the_wrong_version_is_named_at_most_as_often_as_promised() {
    let mut settings = SIZES.map(|size| (size, None, 0.0)).to_vec();
    settings.extend([((16, 100), Some(0.05), 0.0), ((16, 100), None, 0.3)]);
    for loss in [nothing, small_step, step, large_step] {
        for ((versions, rows), margin, unanswered) in settings.clone() {
            let history = History {
                versions,
                rows,
                loss,
                unanswered,
            };
            let (_, wrong) = named(history, margin);
            assert!(wrong <= ALPHA, "{history:?}, margin {margin:?}: {wrong}");
        }
    }
}

#[test]
fn a_large_loss_is_found_and_a_small_one_where_rows_are_many() {
    let history = |rows, loss| History {
        versions: 16,
        rows,
        loss,
        unanswered: 0.0,
    };
    assert!(named(history(100, large_step), None).0 > 0.95);
    assert!(named(history(200, step), None).0 > 0.9);
}

#[test]
fn where_it_gets_worse_little_by_little_hardly_any_version_is_blamed() {
    let history = History {
        versions: 16,
        rows: 200,
        loss: little_by_little,
        unanswered: 0.0,
    };
    let (right, wrong) = named(history, None);
    assert!(right + wrong <= ALPHA, "{right} {wrong}");
}
