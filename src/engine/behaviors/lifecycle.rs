//! What was seen of a behavior, in a word: decided by how its rate moved against the window before,
//! lane by lane, with all behaviors and lanes in sight.

use crate::domain::behavior::{Behavior, BehaviorKind, BehaviorState, LaneSeen};
use crate::domain::trace::filter::TimeRange;
use crate::engine::statistics::{Proportion, benjamini_hochberg, fisher_exact};

use super::population::{Counts, Population};
use super::sightings::Traces;

/// The share of rates that would be called moved though they did not, over a whole scan.
pub(super) const FALSE_SHARE: f64 = 0.05;

/// A rate that moved by less than this, and by less than [`SLIGHT_PART`] of what it was, did not move
/// for anybody.
const SLIGHT_POINTS: f64 = 0.01;

/// See [`SLIGHT_POINTS`].
const SLIGHT_PART: f64 = 0.25;

/// A behavior whose state is wanted.
pub(super) struct Case<'c> {
    pub(super) kind: BehaviorKind,
    /// What is known of it from earlier scans.
    pub(super) known: Option<&'c Behavior>,
    pub(super) traces: &'c Traces,
    pub(super) counts: &'c Counts,
    /// Whether what it looks like moved.
    pub(super) drifted: bool,
}

/// What was seen of a behavior.
pub(super) struct Judged {
    pub(super) state: BehaviorState,
    pub(super) lanes: Vec<LaneSeen>,
}

/// A lane of a behavior, before all others are in sight.
struct Look {
    case: usize,
    lane: usize,
    before: Proportion,
    now: Proportion,
    p: Option<f64>,
}

/// What was seen of each behavior.
pub(super) fn judge(cases: &[Case<'_>], population: &Population, window: TimeRange) -> Vec<Judged> {
    let looks: Vec<Look> = cases
        .iter()
        .enumerate()
        .flat_map(|(index, case)| looks(index, case, population))
        .collect();
    let p_values: Vec<f64> = looks.iter().filter_map(|look| look.p).collect();
    let mut rejected = benjamini_hochberg(&p_values, FALSE_SHARE).into_iter();
    let mut lanes: Vec<Vec<LaneSeen>> = cases.iter().map(|_| Vec::new()).collect();
    for look in &looks {
        let moved = look.p.is_some() && rejected.next().unwrap_or(false);
        let case = &cases[look.case];
        lanes[look.case].extend(lane_seen(case, look, moved, population, window));
    }
    let judged = cases.iter().zip(lanes).map(|(case, mut lanes)| {
        let state = overall(case, &lanes);
        lanes.extend(silent(case, population));
        lanes.sort_by(|one, other| one.lane.cmp(&other.lane));
        Judged { state, lanes }
    });
    judged.collect()
}

/// The lanes of which a behavior was known and nothing came: what is known of them stays.
fn silent(case: &Case<'_>, population: &Population) -> Vec<LaneSeen> {
    let known = case.known.into_iter().flat_map(|known| &known.lanes);
    let silent = known.filter(|known| !population.lanes.contains(&known.lane));
    silent
        .map(|known| LaneSeen {
            now: [0, 0],
            before: [0, 0],
            p: None,
            ..known.clone()
        })
        .collect()
}

/// The lanes of a behavior that are looked at.
fn looks(index: usize, case: &Case<'_>, population: &Population) -> Vec<Look> {
    let lanes = 0..population.lanes.len();
    let look = |lane: usize| {
        let [before, now] = [0, 1].map(|side| population.share(case.counts, Some(lane), side));
        let is_known = known_lane(case, population, lane).is_some();
        if before.hits + now.hits == 0 && !is_known {
            return None;
        }
        let p = (before.total > 0 && now.total > 0).then(|| fisher_exact(before, now));
        Some(Look {
            case: index,
            lane,
            before,
            now,
            p,
        })
    };
    lanes.filter_map(look).collect()
}

fn known_lane<'c>(case: &Case<'c>, population: &Population, lane: usize) -> Option<&'c LaneSeen> {
    let name = &population.lanes[lane];
    case.known?.lanes.iter().find(|known| known.lane == *name)
}

fn lane_seen(
    case: &Case<'_>,
    look: &Look,
    moved: bool,
    population: &Population,
    window: TimeRange,
) -> Option<LaneSeen> {
    let known = known_lane(case, population, look.lane);
    let seen_now = population.first_in(look.lane, case.traces);
    let first = known
        .map(|known| known.first)
        .into_iter()
        .chain(seen_now)
        .min()?;
    let state = if look.now.total == 0 {
        // Nothing came: nothing is known of it.
        known.map_or(BehaviorState::Ongoing, |known| known.state)
    } else {
        state(case, first < window.from, look, moved)
    };
    Some(LaneSeen {
        lane: population.lanes[look.lane].clone(),
        state,
        first,
        now: [look.now.hits, look.now.total],
        before: [look.before.hits, look.before.total],
        p: look.p,
    })
}

fn state(case: &Case<'_>, seen_earlier: bool, look: &Look, moved: bool) -> BehaviorState {
    let (before, now) = (look.before, look.now);
    match (before.hits, now.hits) {
        (0, 0) => return BehaviorState::Vanishing,
        (0, _) if !seen_earlier => return BehaviorState::New,
        (0, _) if moved => return BehaviorState::Reactivated,
        (_, 0) if moved => return BehaviorState::Vanishing,
        _ => {}
    }
    let shares = before.share().zip(now.share());
    let moved = shares.filter(|(before, now)| moved && !is_slight(*before, *now));
    match (moved, case.kind) {
        (Some(_), BehaviorKind::Healthy) => BehaviorState::Changed,
        (Some((before, now)), BehaviorKind::Issue) if now > before => BehaviorState::Worse,
        (Some(_), BehaviorKind::Issue) => BehaviorState::Better,
        (None, _) if case.drifted => BehaviorState::Changed,
        (None, _) => BehaviorState::Ongoing,
    }
}

/// Whether a rate moved too little to matter, whatever is shown.
pub(super) fn is_slight(before: f64, now: f64) -> bool {
    let by = (now - before).abs();
    by < SLIGHT_POINTS && by < SLIGHT_PART * before
}

/// The most urgent state of its lanes; of a behavior without any, what its last scan said.
fn overall(case: &Case<'_>, lanes: &[LaneSeen]) -> BehaviorState {
    let urgent = lanes.iter().map(|lane| lane.state).min();
    let known = case.known.map(|known| known.seen.state);
    urgent.or(known).unwrap_or(BehaviorState::New)
}

#[cfg(test)]
mod tests {
    use super::*;

    use BehaviorState::{Better, Changed, New, Ongoing, Reactivated, Vanishing, Worse};

    fn of(hits: u64, total: u64) -> Proportion {
        Proportion { hits, total }
    }

    fn decided(
        kind: BehaviorKind,
        earlier: bool,
        (before, now): (Proportion, Proportion),
        drifted: bool,
    ) -> BehaviorState {
        let counts = Counts {
            sides: [0, 0],
            lanes: Vec::new(),
            pieces: [0; 7],
            failed: 0,
        };
        let case = Case {
            kind,
            known: None,
            traces: &Traces::new(),
            counts: &counts,
            drifted,
        };
        let p = fisher_exact(before, now);
        let look = Look {
            case: 0,
            lane: 0,
            before,
            now,
            p: Some(p),
        };
        state(&case, earlier, &look, p < 0.05)
    }

    #[test]
    fn a_state_follows_from_two_rates_and_what_was_known() {
        use BehaviorKind::{Healthy, Issue};
        for (kind, earlier, rates, expected) in [
            (Issue, false, (of(0, 200), of(9, 200)), New),
            (Issue, true, (of(0, 200), of(9, 200)), Reactivated),
            (Issue, true, (of(0, 200), of(1, 200)), Ongoing),
            (Issue, true, (of(4, 200), of(30, 200)), Worse),
            (Issue, true, (of(30, 200), of(4, 200)), Better),
            (Issue, true, (of(30, 200), of(28, 200)), Ongoing),
            (Issue, true, (of(30, 200), of(0, 200)), Vanishing),
            (Issue, true, (of(1, 200), of(0, 200)), Ongoing),
            (Issue, true, (of(0, 200), of(0, 200)), Vanishing),
            (Healthy, true, (of(30, 200), of(90, 200)), Changed),
            (Healthy, true, (of(90, 200), of(30, 200)), Changed),
        ] {
            assert_eq!(decided(kind, earlier, rates, false), expected, "{rates:?}");
        }
        let same = (of(30, 200), of(28, 200));
        assert_eq!(decided(Healthy, true, same, true), Changed);
    }

    #[test]
    fn what_moved_by_a_hair_did_not_move() {
        let hair = (of(50_000, 100_000), of(50_600, 100_000));
        assert!(fisher_exact(hair.0, hair.1) < 0.05);
        let decided = |rates| decided(BehaviorKind::Issue, true, rates, false);
        assert_eq!(decided(hair), Ongoing);
        let rare = (of(100, 100_000), of(200, 100_000));
        assert_eq!(decided(rare), Worse);
    }
}
