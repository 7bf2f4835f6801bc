//! What came of each row over its repeats: enough to compare it with the same row of another
//! version, in a few bytes a case, so that memory hardly grows with the dataset.

use std::collections::BTreeMap;

use crate::domain::digest::ShortDigest;
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::CaseResult;

/// The bits of a case that do not belong to an evaluator.
const GATES: usize = 0;
const CRITICAL: usize = 1;
const ANSWERED: usize = 2;
const FIRST_EVALUATOR: usize = 3;

/// What came of the rows of one suite. Cases are added one by one, in any order.
#[derive(Debug, Clone)]
pub struct RowTallies {
    evaluators: Vec<EvaluatorId>,
    rows: Vec<ShortDigest>,
    bits: Vec<u8>,
    repeats: Column<u32>,
    latencies_us: Column<u32>,
    costs_usd: Column<f64>,
    clusters: Column<u32>,
    cluster_numbers: BTreeMap<String, u32>,
}

/// One value a case, which takes no room before the first case that has one.
#[derive(Debug, Clone)]
struct Column<T> {
    values: Vec<T>,
    absent: T,
}

impl<T: Copy + PartialEq> Column<T> {
    fn new(absent: T) -> Self {
        Self {
            values: Vec::new(),
            absent,
        }
    }

    fn set(&mut self, case: usize, value: T) {
        if value != self.absent {
            self.values.resize(case, self.absent);
            self.values.push(value);
        }
    }

    fn get(&self, case: usize) -> T {
        self.values.get(case).copied().unwrap_or(self.absent)
    }
}

impl RowTallies {
    /// No rows yet, which these evaluators will grade.
    pub(super) fn new<'e>(evaluators: impl Iterator<Item = &'e EvaluatorId>) -> Self {
        Self {
            evaluators: evaluators.cloned().collect(),
            rows: Vec::new(),
            bits: Vec::new(),
            repeats: Column::new(0),
            latencies_us: Column::new(u32::MAX),
            costs_usd: Column::new(-1.0),
            clusters: Column::new(u32::MAX),
            cluster_numbers: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, result: &CaseResult) {
        let case = self.rows.len();
        self.rows.push(result.row_digest.shortened());
        self.bits.resize(self.bits.len() + self.stride(), 0);
        self.mark(case, GATES, result.gates);
        self.mark(case, CRITICAL, result.critical);
        self.repeats.set(case, result.key.repeat);
        if let Some(cluster) = &result.cluster {
            let number = self.cluster_number(cluster);
            self.clusters.set(case, number);
        }
        if let Ok(answer) = &result.answer {
            self.mark(case, ANSWERED, true);
            if let Some(latency_ms) = answer.latency_ms {
                self.latencies_us.set(case, in_microseconds(latency_ms));
            }
            if let Some(cost) = answer.cost_usd {
                self.costs_usd.set(case, cost);
            }
        }
        for column in 0..self.evaluators.len() {
            let graded = result.grades.get(&self.evaluators[column]);
            let passed = graded.is_some_and(|graded| graded.grade == Grade::Pass);
            self.mark(case, FIRST_EVALUATOR + column, passed);
        }
    }

    /// Whether a row is one of these.
    pub fn has(&self, row: ShortDigest) -> bool {
        self.rows.contains(&row)
    }

    /// The rows, in the order of their digests.
    pub fn by_row(&self) -> Rows<'_> {
        let count = u32::try_from(self.rows.len()).expect("nobody has four billion cases");
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_unstable_by_key(|case| {
            let case = *case as usize;
            (self.rows[case], self.repeats.get(case))
        });
        let mut cluster_places = vec![0; self.cluster_numbers.len()];
        for (place, number) in (0..).zip(self.cluster_numbers.values()) {
            cluster_places[*number as usize] = place;
        }
        Rows {
            tallies: self,
            order,
            cluster_places,
        }
    }

    /// The latencies that are known, in microseconds, in no order.
    pub(super) fn latencies_us(&self) -> impl Iterator<Item = u32> {
        let latencies = self.latencies_us.values.iter().copied();
        latencies.filter(|latency| *latency != self.latencies_us.absent)
    }

    /// The bytes that the marks of one case take.
    fn stride(&self) -> usize {
        (FIRST_EVALUATOR + self.evaluators.len()).div_ceil(8)
    }

    fn mark(&mut self, case: usize, bit: usize, set: bool) {
        let byte = case * self.stride() + bit / 8;
        self.bits[byte] |= u8::from(set) << (bit % 8);
    }

    fn is_marked(&self, case: usize, bit: usize) -> bool {
        self.bits[case * self.stride() + bit / 8] >> (bit % 8) & 1 == 1
    }

    fn cluster_number(&mut self, cluster: &str) -> u32 {
        if let Some(number) = self.cluster_numbers.get(cluster) {
            return *number;
        }
        let number = u32::try_from(self.cluster_numbers.len()).expect("there are fewer cases");
        self.cluster_numbers.insert(cluster.to_owned(), number);
        number
    }
}

/// The rows of a suite, each with its cases.
pub struct Rows<'t> {
    tallies: &'t RowTallies,
    order: Vec<u32>,
    cluster_places: Vec<u32>,
}

impl Rows<'_> {
    /// The rows, in the order of their digests.
    pub fn iter(&self) -> impl Iterator<Item = RowTally<'_>> {
        let same_row = |one: &u32, other: &u32| {
            let rows = &self.tallies.rows;
            rows[*one as usize] == rows[*other as usize]
        };
        let rows = self.order.chunk_by(same_row);
        rows.map(|cases| RowTally { rows: self, cases })
    }
}

/// What came of one row.
#[derive(Clone, Copy)]
pub struct RowTally<'t> {
    rows: &'t Rows<'t>,
    cases: &'t [u32],
}

impl<'t> RowTally<'t> {
    /// Names the row.
    pub fn digest(self) -> ShortDigest {
        self.rows.tallies.rows[self.first()]
    }

    /// Whether a gate counts the row.
    pub fn gates(self) -> bool {
        self.rows.tallies.is_marked(self.first(), GATES)
    }

    /// Whether the row must pass.
    pub fn critical(self) -> bool {
        self.rows.tallies.is_marked(self.first(), CRITICAL)
    }

    /// The cluster that the row belongs to, by its place among the names of all clusters.
    pub fn cluster(self) -> Option<u32> {
        let number = self.rows.tallies.clusters.get(self.first());
        self.rows.cluster_places.get(number as usize).copied()
    }

    /// Repeats that have a result.
    pub fn cases(self) -> u32 {
        self.count(|_| true)
    }

    /// Repeats that have an answer.
    pub fn answers(self) -> u32 {
        self.count(|case| self.rows.tallies.is_marked(case, ANSWERED))
    }

    /// How many repeats an evaluator let pass.
    pub fn passed(self, evaluator: &EvaluatorId) -> u32 {
        let tallies = self.rows.tallies;
        let Some(column) = tallies.evaluators.iter().position(|name| name == evaluator) else {
            return 0;
        };
        self.count(|case| tallies.is_marked(case, FIRST_EVALUATOR + column))
    }

    /// The latencies that are known, in milliseconds.
    pub fn latencies_ms(self) -> impl Iterator<Item = f64> + use<'t> {
        let known = &self.rows.tallies.latencies_us;
        let latencies = self.cases.iter().map(|case| known.get(*case as usize));
        latencies
            .filter(|latency| *latency != known.absent)
            .map(in_milliseconds)
    }

    /// The costs that are known, in US dollars.
    pub fn costs_usd(self) -> impl Iterator<Item = f64> + use<'t> {
        let known = &self.rows.tallies.costs_usd;
        let costs = self.cases.iter().map(|case| known.get(*case as usize));
        costs.filter(|cost| *cost >= 0.0)
    }

    fn first(self) -> usize {
        self.cases[0] as usize
    }

    fn count(self, holds: impl Fn(usize) -> bool) -> u32 {
        let cases = self.cases.iter().filter(|case| holds(**case as usize));
        u32::try_from(cases.count()).expect("a row is tested at most 1,000 times")
    }
}

/// Whole microseconds: what a clock can tell. The largest number says that nothing is known.
fn in_microseconds(latency_ms: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and an hour is far below the largest number"
    )]
    let whole = (latency_ms * 1e3).round() as u32;
    whole.min(u32::MAX - 1)
}

/// What [`in_microseconds`] was given.
pub(super) fn in_milliseconds(latency_us: u32) -> f64 {
    f64::from(latency_us) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::Digest;
    use crate::domain::run::{Answer, CaseKey, Graded};

    const EVALUATORS: usize = 12;

    fn evaluator(index: usize) -> EvaluatorId {
        EvaluatorId::new(format!("e{index:02}")).unwrap()
    }

    /// Repeat `repeat` of row `row`, which passes the evaluators whose number it divides.
    fn case(row: u32, repeat: u32) -> CaseResult {
        let passes = |index: usize| index.is_multiple_of(row as usize + 1);
        let grade = |index| {
            if passes(index) {
                Graded::pass("")
            } else {
                Graded::fail("")
            }
        };
        let answer = Answer {
            latency_ms: (row > 0).then_some(f64::from(row) + 0.125),
            cost_usd: (repeat == 1).then_some(0.5),
            ..Answer::default()
        };
        CaseResult {
            key: CaseKey {
                suite: Digest::of(b"suite"),
                row: format!("r{row}"),
                repeat,
            },
            row_digest: Digest::of(&row.to_le_bytes()),
            critical: row == 2,
            gates: row != 1,
            tags: Vec::new(),
            cluster: (row != 3).then(|| format!("c{}", 9 - row)),
            columns: BTreeMap::new(),
            expected: None,
            shown: Vec::new(),
            request: None,
            answer: Ok(answer),
            reused: false,
            grades: (0..EVALUATORS)
                .map(|index| (evaluator(index), grade(index)))
                .collect(),
            judged: BTreeMap::new(),
        }
    }

    #[test]
    fn what_came_of_a_row_is_found_again_whatever_order_its_repeats_came_in() {
        let names: Vec<EvaluatorId> = (0..EVALUATORS).map(evaluator).collect();
        let mut tallies = RowTallies::new(names.iter());
        for repeat in [1, 0, 2] {
            for row in [2, 0, 3, 1] {
                tallies.add(&case(row, repeat));
            }
        }
        let rows = tallies.by_row();
        for row in 0..4u32 {
            let digest = Digest::of(&row.to_le_bytes()).shortened();
            let found = rows.iter().find(|found| found.digest() == digest).unwrap();
            assert_eq!((found.cases(), found.answers()), (3, 3));
            assert_eq!((found.gates(), found.critical()), (row != 1, row == 2));
            let clusters = [Some(2), Some(1), Some(0), None];
            assert_eq!(found.cluster(), clusters[row as usize], "by name");
            for (index, name) in names.iter().enumerate() {
                let all = index.is_multiple_of(row as usize + 1);
                assert_eq!(found.passed(name), if all { 3 } else { 0 });
            }
            let latencies: Vec<f64> = found.latencies_ms().collect();
            let known = if row == 0 { 0 } else { 3 };
            assert_eq!(latencies, vec![f64::from(row) + 0.125; known]);
            assert_eq!(found.costs_usd().collect::<Vec<_>>(), [0.5]);
        }
        assert_eq!(rows.iter().count(), 4);
    }
}
