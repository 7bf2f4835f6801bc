//! The search: which version is looked at next, and what the looks say.
//!
//! A version is *worse* or *no worse* than the good end by the rule of a gate with a margin, at the
//! level that is left for each look. That leads the way; what names a version is that it is worse
//! than the one before it, at a level which all comparisons of a search share. A wrong turn ends
//! with nothing named, and hardly ever with the wrong version.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::digest::ShortDigest;
use crate::engine::statistics::{Shown, level_per_look};

use super::pairs::{Compared, Observation, ObservedRow};
use super::steps::{Bisection, Call, Outcome, RowCount, Step};

/// A loss that is not worth a search, where nobody says what is.
pub const NEGLIGIBLE: f64 = 0.05;

/// Shows what versions do.
pub trait Trial {
    /// Why nothing can be shown.
    type Error;

    /// What a version shows on the rows that a look has and earlier looks have not.
    fn observe(&mut self, version: usize, look: usize) -> Result<Observation, Self::Error>;

    /// Hears of each comparison when it is made.
    fn compared(&mut self, _step: &Step) {}
}

/// What is searched, and how sure the answer must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// How many versions there are, the good end first and the bad end last: at least two.
    pub versions: usize,
    /// How many looks the rows allow: at least one.
    pub looks: usize,
    /// How often the wrong version may be named.
    pub alpha: f64,
    /// The loss that makes a version worse; absent: half of what the bad end loses.
    pub margin: Option<f64>,
}

/// Searches.
pub fn search<T: Trial>(trial: &mut T, rules: Rules) -> Result<Bisection, T::Error> {
    let mut search = Search {
        levels: Levels::of(rules),
        trial,
        rules,
        seen: BTreeMap::new(),
        steps: Vec::new(),
    };
    let (outcome, margin) = search.run()?;
    let recoveries = search.recoveries();
    Ok(Bisection {
        outcome,
        steps: search.steps,
        margin,
        recoveries,
    })
}

/// The most comparisons that a search makes: of the ends, of the version that is named with the one
/// before it, and twice as many as halving takes, because some leave a version open.
pub fn most_comparisons(versions: usize) -> usize {
    let candidates = versions.saturating_sub(1).max(1);
    let halvings = candidates.next_power_of_two().trailing_zeros();
    2 + 2 * usize::try_from(halvings).expect("a number has few bits")
}

/// What is left of the level for one look.
#[derive(Clone, Copy)]
struct Levels {
    /// To call a version: its comparison with the good end is looked at several times.
    call: f64,
    /// To name one: any of the comparisons could have led to it.
    name: f64,
}

impl Levels {
    fn of(rules: Rules) -> Self {
        let level = |looks| {
            let looks = u32::try_from(looks).unwrap_or(u32::MAX);
            level_per_look(rules.alpha, looks)
        };
        Self {
            call: level(rules.looks),
            name: level(rules.looks * most_comparisons(rules.versions)),
        }
    }
}

struct Search<'t, T> {
    trial: &'t mut T,
    rules: Rules,
    levels: Levels,
    seen: BTreeMap<usize, Seen>,
    steps: Vec<Step>,
}

/// What is known of a version.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<ShortDigest, ObservedRow>,
    looks: usize,
    problem: Option<String>,
}

impl Seen {
    fn count(&self) -> RowCount {
        let missing = self.rows.values().filter(|row| row.rate.is_none());
        RowCount {
            all: self.rows.len() as u64,
            missing: missing.count() as u64,
        }
    }
}

impl<T: Trial> Search<'_, T> {
    fn run(&mut self) -> Result<(Outcome, Option<f64>), T::Error> {
        let last = self.rules.versions - 1;
        let wanted = self.rules.margin;
        let level = self.levels.call;
        let ends = self.compare([0, last], level, |shown| call_ends(shown, wanted, level))?;
        let margin = match (ends.call, &ends.compared) {
            (Call::Worse, Some(compared)) => wanted.unwrap_or(-compared.shown.mean / 2.0),
            (Call::NoWorse, _) => return Ok((Outcome::NotWorse, wanted)),
            _ => return Ok((Outcome::Open([1, last]), wanted)),
        };
        let [good, bad] = self.narrow(margin)?;
        let found = bad - good == 1 && self.is_a_loss_of_its_own([good, bad])?;
        let outcome = if found {
            Outcome::Found(bad)
        } else {
            Outcome::Open([good + 1, bad])
        };
        Ok((outcome, Some(margin)))
    }

    /// Halves the versions between the ends, as far as they can be called: the last that is no worse,
    /// and the first that is worse.
    fn narrow(&mut self, margin: f64) -> Result<[usize; 2], T::Error> {
        let (mut good, mut bad) = (0, self.rules.versions - 1);
        let mut open = BTreeSet::new();
        // The ends are compared already, and the version that is named will be.
        let mut left = most_comparisons(self.rules.versions) - 2;
        let level = self.levels.call;
        while let Some(next) = middle(good, bad, &open).filter(|_| left > 0) {
            let step = self.compare([0, next], level, |shown| call(shown, margin, level))?;
            left -= usize::from(step.compared.is_some());
            match step.call {
                Call::Worse => bad = next,
                Call::NoWorse => good = next,
                Call::Undecided | Call::Untested => {
                    open.insert(next);
                }
            }
        }
        Ok([good, bad])
    }

    /// Whether a version is worse than the one before it, and not only than the good end: where an
    /// evaluator gets worse little by little, that is not shown of any.
    fn is_a_loss_of_its_own(&mut self, pair: [usize; 2]) -> Result<bool, T::Error> {
        let step = self.compare(pair, self.levels.name, |shown| {
            (shown.interval.upper < 0.0).then_some(Call::Worse)
        })?;
        Ok(step.call == Call::Worse)
    }

    /// Looks at two versions until they are called, or all rows are seen.
    fn compare(
        &mut self,
        pair: [usize; 2],
        level: f64,
        call: impl Fn(&Shown) -> Option<Call>,
    ) -> Result<Step, T::Error> {
        let known = |version: &usize| self.seen.get(version).map_or(0, |seen| seen.looks);
        let mut looks = pair.iter().map(known).min().unwrap_or(0).max(1);
        let step = loop {
            for version in pair {
                self.see(version, looks)?;
            }
            let mut step = self.step(pair, level);
            let shown = step.compared.as_ref().map(|compared| &compared.shown);
            if step.problem.is_some() {
                break step;
            }
            if let Some(call) = shown.and_then(&call) {
                step.call = call;
                break step;
            }
            if looks == self.rules.looks {
                step.needs = step.compared.as_ref().and_then(|compared| {
                    let rows = compared.clusters.unwrap_or(compared.rows);
                    let decides = |shown: &Shown| call(shown).is_some();
                    compared.shown.rows_until(rows, level, decides)
                });
                break step;
            }
            looks += 1;
        };
        self.trial.compared(&step);
        self.steps.push(step.clone());
        Ok(step)
    }

    /// Sees to it that a version was looked at so often.
    fn see(&mut self, version: usize, looks: usize) -> Result<(), T::Error> {
        let seen = self.seen.entry(version).or_default();
        while seen.looks < looks && seen.problem.is_none() {
            let observed = self.trial.observe(version, seen.looks)?;
            seen.looks += 1;
            seen.problem = observed.problem;
            let rows = observed.rows.into_iter();
            seen.rows.extend(rows.map(|row| (row.row, row)));
        }
        Ok(())
    }

    /// What is known of two versions, before it is called.
    fn step(&self, [before, version]: [usize; 2], level: f64) -> Step {
        let [one, other] = [before, version].map(|version| &self.seen[&version]);
        let problem = [(before, one), (version, other)]
            .into_iter()
            .find_map(|(version, seen)| Some((version, seen.problem.clone()?)));
        let compared = Compared::new(&one.rows, &other.rows, level);
        let compared = compared.filter(|_| problem.is_none());
        Step {
            before,
            version,
            call: match &compared {
                Some(_) => Call::Undecided,
                None => Call::Untested,
            },
            compared,
            looked_at: [one, other].map(Seen::count),
            level,
            problem,
            needs: None,
        }
    }

    /// Versions that are shown to be better than the tested version before them.
    fn recoveries(&self) -> Vec<Step> {
        let tested: Vec<usize> = self.seen.keys().copied().collect();
        let steps = tested
            .windows(2)
            .map(|pair| self.step([pair[0], pair[1]], self.levels.name));
        let better = |step: &Step| {
            let compared = step.compared.as_ref();
            compared.is_some_and(|compared| compared.shown.is_better())
        };
        let better = steps.filter(better);
        better
            .map(|step| Step {
                call: Call::NoWorse,
                ..step
            })
            .collect()
    }
}

/// What the ends show. Without a margin, any loss that is shown is worth a search.
fn call_ends(shown: &Shown, margin: Option<f64>, level: f64) -> Option<Call> {
    match margin {
        Some(margin) => call(shown, margin, level),
        None if shown.interval.upper < 0.0 => Some(Call::Worse),
        None => shown.is_no_worse(NEGLIGIBLE).then_some(Call::NoWorse),
    }
}

fn call(shown: &Shown, margin: f64, level: f64) -> Option<Call> {
    if shown.p_worse(margin) <= level {
        Some(Call::Worse)
    } else {
        shown.is_no_worse(margin).then_some(Call::NoWorse)
    }
}

/// The version in the middle between two, or the nearest to it that was not left open; `None`: there
/// is none.
fn middle(good: usize, bad: usize, open: &BTreeSet<usize>) -> Option<usize> {
    let middle = good + (bad - good) / 2;
    let between = (good + 1..bad).filter(|version| !open.contains(version));
    between.min_by_key(|version| (version.abs_diff(middle), *version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::Digest;

    const ROWS: usize = 60;

    /// Versions that pass this many of sixty rows; `None`: the version cannot be tested.
    struct Scripted(Vec<Option<usize>>);

    impl Trial for Scripted {
        type Error = std::convert::Infallible;

        fn observe(&mut self, version: usize, _: usize) -> Result<Observation, Self::Error> {
            let Some(passed) = self.0[version] else {
                return Ok(Observation::impossible("broken"));
            };
            let rows = (0..ROWS).map(|number| ObservedRow {
                row: Digest::of(&number.to_le_bytes()).shortened(),
                cluster: None,
                rate: Some(if number < passed { 1.0 } else { 0.0 }),
            });
            Ok(Observation {
                rows: rows.collect(),
                problem: None,
            })
        }
    }

    fn searched(passed: &[Option<usize>], margin: Option<f64>) -> Bisection {
        let rules = Rules {
            versions: passed.len(),
            looks: 1,
            alpha: 0.05,
            margin,
        };
        search(&mut Scripted(passed.to_vec()), rules).unwrap()
    }

    fn outcome(passed: &[Option<usize>]) -> Outcome {
        searched(passed, None).outcome
    }

    #[test]
    fn the_first_worse_version_is_found_wherever_it_stands() {
        for versions in 2..20 {
            for change in 1..versions {
                let passed = (0..versions).map(|it| Some(if it < change { 60 } else { 30 }));
                let found = outcome(&passed.collect::<Vec<_>>());
                assert_eq!(found, Outcome::Found(change), "{change} of {versions}");
            }
        }
    }

    #[test]
    fn a_version_that_cannot_be_tested_is_left_out_where_it_does_not_matter() {
        let passed = [Some(60), None, Some(60), Some(30), None, Some(30)];
        assert_eq!(outcome(&passed), Outcome::Found(3));
        let beside = [Some(60), Some(60), None, Some(30), Some(30)];
        assert_eq!(outcome(&beside), Outcome::Open([2, 3]));
    }

    #[test]
    fn an_end_that_cannot_be_tested_leaves_all_open() {
        assert_eq!(outcome(&[None, Some(60), Some(30)]), Outcome::Open([1, 2]));
        assert_eq!(outcome(&[Some(60), Some(60), None]), Outcome::Open([1, 2]));
    }

    #[test]
    fn versions_in_the_middle_of_the_loss_stay_open() {
        let passed = [Some(60), Some(48), Some(48), Some(30)];
        let bisection = searched(&passed, None);
        assert_eq!(bisection.outcome, Outcome::Open([1, 3]));
        let open = bisection
            .steps
            .iter()
            .filter(|step| step.call == Call::Undecided);
        assert!(open.clone().count() == 2 && open.clone().all(|step| step.compared.is_some()));
    }

    #[test]
    fn a_loss_below_the_margin_is_none() {
        let passed = [Some(60), Some(60), Some(55)];
        assert_eq!(searched(&passed, Some(0.3)).outcome, Outcome::NotWorse);
        assert_eq!(outcome(&[Some(60), Some(60)]), Outcome::NotWorse);
        assert_eq!(outcome(&[Some(30), Some(60)]), Outcome::NotWorse);
    }

    #[test]
    fn what_gets_better_again_is_seen() {
        let passed = [Some(60), Some(10), Some(10), Some(10), Some(40)];
        let bisection = searched(&passed, None);
        assert_eq!(bisection.outcome, Outcome::Found(1));
        let better: Vec<_> = bisection.recoveries.iter().map(|it| it.version).collect();
        assert_eq!(better, [4]);
    }

    #[test]
    fn a_search_makes_no_more_comparisons_than_it_accounts_for() {
        for versions in 2..40 {
            let passed: Vec<_> = (0..versions).map(|it| Some(60 - it)).collect();
            let made = searched(&passed, None).steps.len();
            assert!(made <= most_comparisons(versions), "{versions}: {made}");
        }
    }
}
