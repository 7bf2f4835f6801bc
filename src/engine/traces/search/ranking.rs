//! The best spans, in an order that nothing but their texts decides.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::{SearchRequest, Unit};

/// How much the first places of a leg differ from the later ones (Cormack, Clarke and Büttcher,
/// "Reciprocal Rank Fusion outperforms Condorcet", 2009).
const FUSION_K: f64 = 60.0;

/// How many results each leg hands on at least where two are fused.
const FEWEST_FUSED: usize = 100;

/// A span with what decides its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The trace.
    pub trace: String,
    /// The span.
    pub span: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The more, the better.
    pub score: f64,
}

impl Placed {
    /// The better one first; of equal ones the later, then by trace and id.
    fn order(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| other.started_at.cmp(&self.started_at))
            .then_with(|| self.trace.cmp(&other.trace))
            .then_with(|| self.span.cmp(&other.span))
    }

    fn is_same(&self, other: &Self, unit: Unit) -> bool {
        self.trace == other.trace && (unit == Unit::Trace || self.span == other.span)
    }
}

/// How a span was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// Its place, from 1.
    pub rank: usize,
    /// What decided that.
    pub score: f64,
}

/// A result in its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranked {
    pub(super) placed: Placed,
    pub(super) by_words: Option<Leg>,
    pub(super) by_meaning: Option<Leg>,
}

/// The best of any number of spans; of a trace only its best one, where traces are looked for.
pub(super) struct Ranking {
    unit: Unit,
    limit: usize,
    best: Vec<Placed>,
}

impl Ranking {
    pub(super) fn new(request: &SearchRequest) -> Self {
        Self {
            unit: request.unit,
            limit: request.limit.max(FEWEST_FUSED),
            best: Vec::new(),
        }
    }

    /// Takes a span in, if it is good enough.
    pub(super) fn offer(&mut self, placed: Placed) {
        let is_full = self.best.len() >= self.limit;
        let last = self.best.last().filter(|_| is_full);
        if last.is_some_and(|last| placed.order(last) != Ordering::Less) {
            return;
        }
        let same = self
            .best
            .iter()
            .position(|it| it.is_same(&placed, self.unit));
        match same {
            Some(index) if placed.order(&self.best[index]) != Ordering::Less => return,
            Some(index) => {
                self.best.remove(index);
            }
            None => {}
        }
        let place = self
            .best
            .partition_point(|it| it.order(&placed) == Ordering::Less);
        self.best.insert(place, placed);
        self.best.truncate(self.limit);
    }
}

/// Puts two legs together by reciprocal rank; one leg alone keeps its scores.
pub(super) fn fuse(
    request: &SearchRequest,
    words: Ranking,
    meaning: Option<Vec<Placed>>,
) -> Vec<Ranked> {
    let legs = |best: Vec<Placed>| {
        let ranked = best.into_iter().zip(1..);
        ranked.map(|(placed, rank)| {
            let score = placed.score;
            (placed, Leg { rank, score })
        })
    };
    let by_words = legs(words.best).map(|(placed, leg)| Ranked {
        placed,
        by_words: Some(leg),
        by_meaning: None,
    });
    let mut fused: Vec<Ranked> = by_words.collect();
    if let Some(meaning) = meaning {
        let mut nearest = Ranking::new(request);
        for placed in meaning {
            nearest.offer(placed);
        }
        for (placed, leg) in legs(nearest.best) {
            let same = |ranked: &&mut Ranked| ranked.placed.is_same(&placed, request.unit);
            match fused.iter_mut().find(same) {
                Some(ranked) => ranked.by_meaning = Some(leg),
                None => fused.push(Ranked {
                    placed,
                    by_words: None,
                    by_meaning: Some(leg),
                }),
            }
        }
        for ranked in &mut fused {
            let legs = [ranked.by_words, ranked.by_meaning];
            ranked.placed.score = legs.into_iter().flatten().map(worth).sum();
        }
    }
    fused.sort_by(|one, two| one.placed.order(&two.placed));
    fused.truncate(request.limit);
    fused
}

#[expect(clippy::cast_precision_loss, reason = "ranks are small")]
fn worth(leg: Leg) -> f64 {
    1.0 / (FUSION_K + leg.rank as f64)
}

#[cfg(test)]
mod tests {
    use super::super::query::Query;
    use super::*;
    use crate::domain::trace::selection::Selection;

    fn request(unit: Unit, limit: usize) -> SearchRequest {
        SearchRequest {
            selection: Selection::EVERYTHING,
            query: Query::parse("any").unwrap(),
            sources: [].into(),
            unit,
            limit,
        }
    }

    fn placed(trace: &str, span: &str, second: i64, score: f64) -> Placed {
        Placed {
            trace: trace.to_owned(),
            span: span.to_owned(),
            started_at: Timestamp::from_second(second).unwrap(),
            score,
        }
    }

    fn top(request: &SearchRequest, spans: impl Iterator<Item = Placed>) -> Ranking {
        let mut ranking = Ranking::new(request);
        spans.for_each(|placed| ranking.offer(placed));
        ranking
    }

    fn order(ranked: &[Ranked]) -> Vec<String> {
        let name = |ranked: &Ranked| format!("{}/{}", ranked.placed.trace, ranked.placed.span);
        ranked.iter().map(name).collect()
    }

    #[test]
    fn the_best_span_of_a_trace_stands_for_it_whatever_the_order_of_reading() {
        let mut spans = [
            placed("a", "1", 0, 1.0),
            placed("a", "2", 0, 3.0),
            placed("b", "1", 0, 2.0),
            placed("b", "2", 9, 2.0),
            placed("c", "1", 0, 2.0),
        ];
        for _ in 0..spans.len() {
            spans.rotate_left(1);
            let traces = request(Unit::Trace, 9);
            let best = fuse(&traces, top(&traces, spans.iter().cloned()), None);
            assert_eq!(order(&best), ["a/2", "b/2", "c/1"]);
            let each = request(Unit::Span, 4);
            let best = fuse(&each, top(&each, spans.iter().cloned()), None);
            assert_eq!(order(&best), ["a/2", "b/2", "b/1", "c/1"]);
        }
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let wanted = request(Unit::Trace, 150);
        let spans = (0..1_000).map(|index| placed(&format!("{index:04}"), "s", index, 1.0));
        let ranking = top(&wanted, spans);
        assert_eq!(ranking.best.len(), 150);
        assert_eq!(ranking.best[0].trace, "0999");
    }

    /// By hand: a is first by words and third by meaning, 1/61 + 1/63; b is second by both, 2/62.
    #[test]
    fn two_legs_are_fused_by_reciprocal_rank_and_each_is_told() {
        let traces = request(Unit::Trace, 9);
        let words = ["a", "b", "d"].into_iter().zip([9.0, 8.0, 7.0]);
        let words = words.map(|(trace, score)| placed(trace, "w", 0, score));
        let meaning = ["c", "b", "a"].into_iter().zip([0.9, 0.8, 0.7]);
        let meaning = meaning.map(|(trace, score)| placed(trace, "m", 0, score));
        let fused = fuse(&traces, top(&traces, words), Some(meaning.collect()));
        assert_eq!(order(&fused), ["a/w", "b/w", "c/m", "d/w"]);
        assert!((fused[0].placed.score - (1.0 / 61.0 + 1.0 / 63.0)).abs() < 1e-15);
        assert!((fused[1].placed.score - 2.0 / 62.0).abs() < 1e-15);
        let leg = |leg: Option<Leg>| leg.map(|leg| (leg.rank, leg.score));
        assert_eq!(leg(fused[0].by_words), Some((1, 9.0)));
        assert_eq!(leg(fused[0].by_meaning), Some((3, 0.7)));
        assert_eq!(leg(fused[2].by_words), None);
    }
}
