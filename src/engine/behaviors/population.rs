//! Which of the traces that were read lie where: in which window, in which lane, and how they ended.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::behavior::PIECES;
use crate::domain::trace::filter::TimeRange;
use crate::engine::statistics::Proportion;

use super::reading::Reading;
use super::sightings::Traces;

/// How many lanes are told apart: those with the most traces.
const MOST_LANES: usize = 20;

/// The window before, and the window.
const SIDES: usize = 2;

/// The traces that were read.
pub(super) struct Population {
    /// The lanes, by name; `None`: traces that name none.
    pub(super) lanes: Vec<Option<String>>,
    members: Vec<Member>,
    all: Counts,
}

/// A trace.
struct Member {
    started_at: Timestamp,
    lane: Option<usize>,
    side: usize,
    piece: Option<usize>,
    failed: bool,
}

/// How many traces lie where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// Before and in the window.
    pub(super) sides: [u64; SIDES],
    /// The same, by lane.
    pub(super) lanes: Vec<[u64; SIDES]>,
    /// In each piece of the window.
    pub(super) pieces: [u64; PIECES],
    /// How many failed.
    pub(super) failed: u64,
}

impl Counts {
    fn none(lanes: usize) -> Self {
        Self {
            sides: [0; SIDES],
            lanes: vec![[0; SIDES]; lanes],
            pieces: [0; PIECES],
            failed: 0,
        }
    }

    fn add(&mut self, member: &Member) {
        self.sides[member.side] += 1;
        if let Some(lane) = member.lane {
            self.lanes[lane][member.side] += 1;
        }
        if let Some(piece) = member.piece {
            self.pieces[piece] += 1;
        }
        self.failed += u64::from(member.failed);
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.sides.iter().sum()
    }
}

impl Population {
    pub(super) fn of(reading: &Reading, window: TimeRange) -> Self {
        let mut traffic: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for trace in &reading.traces {
            *traffic.entry(trace.lane()).or_default() += 1;
        }
        let mut busiest: Vec<(Option<&str>, u64)> = traffic.into_iter().collect();
        busiest.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        busiest.truncate(MOST_LANES);
        let mut lanes: Vec<Option<String>> = busiest
            .into_iter()
            .map(|(lane, _)| lane.map(str::to_owned))
            .collect();
        lanes.sort();
        let member = |trace: &super::reading::TraceNotes| Member {
            started_at: trace.started_at,
            lane: lanes
                .iter()
                .position(|lane| lane.as_deref() == trace.lane()),
            side: usize::from(trace.started_at >= window.from),
            piece: piece(window, trace.started_at),
            failed: trace.failed(),
        };
        let members: Vec<Member> = reading.traces.iter().map(member).collect();
        let mut all = Counts::none(lanes.len());
        for member in &members {
            all.add(member);
        }
        Self {
            lanes,
            members,
            all,
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &Counts {
        &self.all
    }

    /// Those that show a pattern.
    pub(super) fn count(&self, traces: &Traces) -> Counts {
        let mut counts = Counts::none(self.lanes.len());
        for place in traces.keys() {
            counts.add(&self.members[*place]);
        }
        counts
    }

    /// How many of all traces on a side show a pattern, in a lane or in all.
    pub(super) fn share(&self, counts: &Counts, lane: Option<usize>, side: usize) -> Proportion {
        let of = |counts: &Counts| match lane {
            Some(lane) => counts.lanes[lane][side],
            None => counts.sides[side],
        };
        Proportion {
            hits: of(counts),
            total: of(&self.all),
        }
    }

    /// How many of the traces that show a pattern failed, and how many of the others.
    pub(super) fn failed(&self, counts: &Counts) -> [Proportion; 2] {
        let with = Proportion {
            hits: counts.failed,
            total: counts.total(),
        };
        let others = Proportion {
            hits: self.all.failed - with.hits,
            total: self.all.total() - with.total,
        };
        [with, others]
    }

    /// When a trace began.
    pub(super) fn started_at(&self, place: usize) -> Timestamp {
        self.members[place].started_at
    }

    /// Whether a trace lies in the window.
    pub(super) fn is_now(&self, place: usize) -> bool {
        self.members[place].side == 1
    }

    /// The traces of a lane that began within a stretch of time.
    pub(super) fn of_lane(&self, lane: usize, range: TimeRange) -> Vec<usize> {
        let members = self.members.iter().enumerate();
        members
            .filter(|(_, it)| it.lane == Some(lane) && range.contains(it.started_at))
            .map(|(place, _)| place)
            .collect()
    }

    /// When the first of these traces in a lane began.
    pub(super) fn first_in(&self, lane: usize, traces: &Traces) -> Option<Timestamp> {
        let members = traces.keys().map(|place| &self.members[*place]);
        let of_lane = members.filter(|member| member.lane == Some(lane));
        of_lane.map(|member| member.started_at).min()
    }
}

/// In which piece of a window a moment lies.
fn piece(window: TimeRange, moment: Timestamp) -> Option<usize> {
    if !window.contains(moment) {
        return None;
    }
    let length = window.until.as_nanosecond() - window.from.as_nanosecond();
    let passed = moment.as_nanosecond() - window.from.as_nanosecond();
    let pieces = i128::try_from(PIECES).ok()?;
    usize::try_from(passed * pieces / length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_into_equal_pieces() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = TimeRange {
            from: at(0),
            until: at(70),
        };
        for (second, expected) in [
            (-1, None),
            (0, Some(0)),
            (9, Some(0)),
            (10, Some(1)),
            (69, Some(6)),
            (70, None),
        ] {
            assert_eq!(piece(window, at(second)), expected, "{second}");
        }
    }
}
