//! One scan: the traces of a window and of as much time before it, and what became of every behavior.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::behavior::{Behavior, BehaviorKind, Counted, Decided, Detector, Evidence, Seen};
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::{Level, Measure, TraceQuery};
use crate::domain::trace::selection::Selection;
use crate::engine::ports::LaneStore;
use crate::engine::ports::traces::TraceStore;
use crate::engine::statistics::{Proportion, benjamini_hochberg, fisher_exact};
use crate::engine::traces::search::meaning::Place;
use crate::engine::workspace::Workspace;

use super::BehaviorsError;
use super::drafts::{Draft, Found, drafts};
use super::faults::add_faults;
use super::formats::Formats;
use super::intents::{asked, intents};
use super::lifecycle::{Case, FALSE_SHARE, Judged, judge};
use super::population::{Counts, Population};
use super::reading::Reading;
use super::releases::{effects, releases};
use super::sightings::{Sighting, Sightings, Traces};
use super::structure::{add_calls, add_missing};
use super::together::{Bits, together};

/// How many spans show a behavior.
const EVIDENCE: usize = 5;

/// How many texts a model may place: each is a point of many numbers.
const MOST_PLACED: usize = 2_000;

/// How many counts of earlier scans are kept.
const HISTORY: usize = 100;

/// How many times as often traces must fail that have a pattern, for it to be an issue.
const FAILS_MORE: f64 = 1.5;

/// Why such a pattern is one.
const FAILS: &str = "; they fail more often than the others";

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    /// When traces began.
    pub window: TimeRange,
    /// Which spans are meant.
    pub filter: Filter,
    /// How many traces a pattern needs to become a behavior.
    pub fewest: usize,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanResult {
    /// The window before.
    pub before: TimeRange,
    /// How many traces were looked at, in the window before and in the window.
    pub traces: [u64; 2],
    /// How many traces there are in both.
    pub all_traces: u64,
    /// Whether all of them were looked at, and not only those that a lot fell on.
    pub complete: bool,
    /// Every behavior, by id; none where there is no trace.
    pub behaviors: Vec<Scanned>,
}

/// A behavior after a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// As it is now.
    pub behavior: Behavior,
    /// Whether it has a file already.
    pub has_file: bool,
}

impl ScanRequest {
    /// As much time before the window.
    pub fn before(&self) -> TimeRange {
        let length = self.window.until.duration_since(self.window.from);
        TimeRange {
            from: self
                .window
                .from
                .checked_sub(length)
                .unwrap_or(Timestamp::MIN),
            until: self.window.from,
        }
    }

    fn both(&self) -> TimeRange {
        TimeRange {
            from: self.before().from,
            until: self.window.until,
        }
    }

    fn length(&self) -> Period {
        let length: SignedDuration = self.window.until.duration_since(self.window.from);
        Period {
            seconds: length.as_secs(),
        }
    }
}

/// What a store holds of both windows, and what is known already.
pub struct Scan<'s> {
    lanes: &'s dyn LaneStore,
    request: &'s ScanRequest,
    known: Vec<Behavior>,
    reading: Reading,
    population: Population,
    all_traces: u64,
}

impl<'s> Scan<'s> {
    /// Reads what a store holds.
    pub fn read(
        store: &dyn TraceStore,
        lanes: &'s dyn LaneStore,
        workspace: &Workspace<'_>,
        request: &'s ScanRequest,
    ) -> Result<Self, BehaviorsError> {
        let both = Selection {
            range: request.both(),
            filter: request.filter.clone(),
        };
        let known = workspace.behaviors()?;
        let reading = Reading::of(store, &both, &Formats::of(workspace))?;
        let population = Population::of(&reading, request.window);
        let all_traces = if reading.complete {
            population.all().total()
        } else {
            count_traces(store, &both)?
        };
        Ok(Self {
            lanes,
            request,
            known,
            reading,
            population,
            all_traces,
        })
    }

    /// What users ask first, in each trace: the texts that a model may place.
    pub fn asked(&self) -> Result<Vec<&str>, BehaviorsError> {
        let (_, texts) = asked(&self.reading);
        if texts.len() > MOST_PLACED {
            return Err(BehaviorsError::TooManyTexts {
                texts: texts.len(),
                most: MOST_PLACED,
            });
        }
        Ok(texts)
    }

    /// Finds what comes back, and says what became of it. Texts of users are compared by their words, or by
    /// their places where there are some.
    pub fn finish(self, places: Option<&[Place]>) -> Result<ScanResult, BehaviorsError> {
        let mut result = ScanResult {
            before: self.request.before(),
            traces: self.population.all().sides,
            all_traces: self.all_traces,
            complete: self.reading.complete,
            behaviors: Vec::new(),
        };
        if result.traces[1] == 0 {
            return Ok(result);
        }
        let found = find(&self.reading, self.request, &self.known, places);
        let drafts = drafts(found, self.known);
        let (range, length) = (self.request.both(), self.request.length());
        let releases = releases(self.lanes, &self.population, range, length)?;
        let scene = Scene {
            reading: &self.reading,
            population: &self.population,
            window: self.request.window,
        };
        let traces: Vec<&Traces> = drafts.iter().map(|draft| &draft.traces).collect();
        let effects = effects(&releases, &traces);
        let mut behaviors = scene.behaviors(drafts);
        for (scanned, effects) in behaviors.iter_mut().zip(effects) {
            scanned.behavior.releases = effects;
        }
        result.behaviors = behaviors;
        Ok(result)
    }
}

fn count_traces(store: &dyn TraceStore, selection: &Selection) -> Result<u64, BehaviorsError> {
    let table = store.aggregate(&TraceQuery {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone(),
        group_by: Vec::new(),
        bucket: None,
        measures: vec![Measure::Count],
        top: None,
    })?;
    let row = table.rows.first();
    let count = row.and_then(|row| row.values.first().copied().flatten());
    Ok(count.map_or(0, whole))
}

/// A count that a store gives as a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole, at least 0 and far below 2^53"
)]
fn whole(count: f64) -> u64 {
    count as u64
}

/// Lets every detector look.
fn find(
    reading: &Reading,
    request: &ScanRequest,
    known: &[Behavior],
    places: Option<&[Place]>,
) -> Found {
    let mut sightings = Sightings::default();
    for (place, trace) in reading.traces.iter().enumerate() {
        add_faults(&mut sightings, place, trace);
    }
    let known = known.iter().map(|it| &it.pattern);
    let signatures: BTreeSet<String> = known
        .filter(|pattern| pattern.detector == Detector::Structure)
        .map(|pattern| pattern.signature.clone())
        .collect();
    let before: Vec<usize> = reading.within(request.before()).collect();
    add_calls(&mut sightings, reading, request.fewest, &signatures);
    add_missing(
        &mut sightings,
        reading,
        &before,
        request.fewest,
        &signatures,
    );
    let asked = reading.traces.iter().enumerate().filter_map(|(place, it)| {
        let span = it.spans.iter().find(|span| span.asked.is_some())?;
        let sighting = Sighting {
            span: span.id.clone(),
            subject: span.prompt.clone(),
        };
        Some((place, sighting))
    });
    Found {
        sightings,
        intents: intents(reading, request.fewest, places),
        asked: asked.collect(),
        traces: reading.traces.len(),
        fewest: request.fewest,
    }
}

/// What is needed to say what became of a behavior.
struct Scene<'s> {
    reading: &'s Reading,
    population: &'s Population,
    window: TimeRange,
}

impl Scene<'_> {
    fn behaviors(&self, mut drafts: Vec<Draft>) -> Vec<Scanned> {
        let counts: Vec<Counts> = drafts
            .iter()
            .map(|draft| self.population.count(&draft.traces))
            .collect();
        self.decide_kinds(&mut drafts, &counts);
        let cases: Vec<Case<'_>> = drafts
            .iter()
            .zip(&counts)
            .map(|(draft, counts)| Case {
                kind: draft.kind(),
                known: draft.known.as_ref(),
                traces: &draft.traces,
                counts,
                drifted: draft.drifted || self.drifted_before(draft),
            })
            .collect();
        let judged = judge(&cases, self.population, self.window);
        let sets: Vec<_> = drafts
            .iter()
            .map(|draft| (draft.id.clone(), Bits::of(&draft.traces)))
            .collect();
        let together = together(&sets);
        let parts = drafts.into_iter().zip(counts).zip(judged).zip(together);
        parts
            .filter_map(|(((draft, counts), judged), together)| {
                let has_file = draft.known.is_some();
                let mut behavior = self.behavior(draft, &counts, judged)?;
                behavior.together = together;
                Some(Scanned { behavior, has_file })
            })
            .collect()
    }

    /// Whether the same window was scanned before, and the behavior had drifted in it: the words it
    /// drifted to are those of its file by now.
    fn drifted_before(&self, draft: &Draft) -> bool {
        use crate::domain::behavior::BehaviorState::Changed;
        draft.known.as_ref().is_some_and(|known| {
            let seen = &known.seen;
            let is_same = (seen.from, seen.until) == (self.window.from, self.window.until);
            is_same && seen.state == Changed && known.pattern.detector == Detector::Intent
        })
    }

    /// What is no issue by itself is one where its traces fail more often than the others, with all such
    /// patterns in sight.
    fn decide_kinds(&self, drafts: &mut [Draft], counts: &[Counts]) {
        let undecided: Vec<usize> = (0..drafts.len())
            .filter(|place| drafts[*place].undecided && counts[*place].total() > 0)
            .collect();
        let rates: Vec<[Proportion; 2]> = undecided
            .iter()
            .map(|place| self.population.failed(&counts[*place]))
            .collect();
        let p_values: Vec<f64> = rates
            .iter()
            .map(|[with, others]| fisher_exact(*others, *with))
            .collect();
        let rejected = benjamini_hochberg(&p_values, FALSE_SHARE);
        for ((place, [with, others]), differs) in undecided.into_iter().zip(rates).zip(rejected) {
            let shares = with.share().zip(others.share());
            let more = shares.is_some_and(|(with, others)| with > FAILS_MORE * others);
            let pattern = &mut drafts[place].pattern;
            pattern.kind = BehaviorKind::Healthy;
            if differs && more {
                pattern.kind = BehaviorKind::Issue;
                pattern.rationale.push_str(FAILS);
            }
        }
    }

    /// A behavior as it is after the scan; `None` of one that was never seen at all.
    fn behavior(&self, draft: Draft, counts: &Counts, judged: Judged) -> Option<Behavior> {
        let starts = || {
            draft
                .traces
                .keys()
                .map(|place| self.population.started_at(*place))
        };
        let known = draft.known.as_ref();
        let first = known
            .map(|it| it.seen.first)
            .into_iter()
            .chain(starts())
            .min()?;
        let last = known
            .map(|it| it.seen.last)
            .into_iter()
            .chain(starts())
            .max()?;
        let share = |side| {
            let share = self.population.share(counts, None, side);
            [share.hits, share.total]
        };
        let [with, others] = self.population.failed(counts);
        let pieces = counts.pieces.iter().zip(self.population.all().pieces);
        Some(Behavior {
            seen: Seen {
                state: judged.state,
                first,
                last,
                from: self.window.from,
                until: self.window.until,
                now: share(1),
                before: share(0),
                failed: [with.hits, with.total],
                others_failed: [others.hits, others.total],
                pieces: pieces.map(|(hits, all)| [*hits, all]).collect(),
            },
            lanes: judged.lanes,
            releases: Vec::new(),
            together: Vec::new(),
            evidence: self.evidence(&draft),
            history: self.history(known, counts),
            decided: known.map_or_else(Decided::default, |it| it.decided.clone()),
            id: draft.id,
            pattern: draft.pattern,
        })
    }

    /// Spans that show it: the best ones, or else those of the window first, in the order of their lots.
    /// Of a behavior that was not seen, those that are known stay.
    fn evidence(&self, draft: &Draft) -> Vec<Evidence> {
        let mut places: Vec<usize> = match &draft.best {
            Some(best) => best.clone(),
            None => draft.traces.keys().copied().collect(),
        };
        if draft.best.is_none() {
            places.sort_by_key(|place| !self.population.is_now(*place));
        }
        let spans = places.into_iter().take(EVIDENCE).filter_map(|place| {
            Some(Evidence {
                trace_id: self.reading.traces[place].id.clone(),
                span_id: draft.traces.get(&place)?.span.clone(),
                at: self.population.started_at(place),
            })
        });
        let spans: Vec<Evidence> = spans.collect();
        match &draft.known {
            Some(known) if spans.is_empty() => known.evidence.clone(),
            _ => spans,
        }
    }

    /// What scans counted, this one last; of a window that is scanned again, the new counts.
    fn history(&self, known: Option<&Behavior>, counts: &Counts) -> Vec<Counted> {
        let TimeRange { from, until } = self.window;
        let earlier = known.into_iter().flat_map(|known| &known.history);
        let mut history: Vec<Counted> = earlier
            .filter(|it| (it.from, it.until) != (from, until))
            .cloned()
            .collect();
        for (lane, name) in self.population.lanes.iter().enumerate() {
            let share = self.population.share(counts, Some(lane), 1);
            if share.total > 0 {
                history.push(Counted {
                    from,
                    until,
                    lane: name.clone(),
                    hits: share.hits,
                    traces: share.total,
                });
            }
        }
        history.sort_by(|one, other| {
            let key = |it: &Counted| (it.until, it.from, it.lane.clone());
            key(one).cmp(&key(other))
        });
        history.drain(..history.len().saturating_sub(HISTORY));
        history
    }
}
