//! Which patterns are behaviors: those that are known, found again, and those that are seen often
//! enough to become one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::behavior::{Behavior, BehaviorKind, BehaviorRole, Detector, Pattern, Term};
use crate::domain::digest::Digest;
use crate::domain::id::{BehaviorId, kebab_case};

use super::intents::{Intent, matched};
use super::sightings::{Key, Sighting, Sightings, Sort, Traces, subjects};
use super::structure::THEN;
use super::together::Bits;

/// How many patterns may become behaviors: those with the most traces.
const MOST: usize = 200;

/// How many traces in a hundred have a pattern that is no issue by itself before it is written down.
const COMMON_PERCENT: usize = 2;

/// How much an order of calls may be the same traces as another before it says nothing more.
const REDUNDANT: f64 = 0.8;

/// How many characters of a signature stand in an id.
const IN_ID: usize = 40;

/// How many digits of a digest stand in an id.
const DIGITS: usize = 6;

/// A behavior while it is put together.
pub(super) struct Draft {
    pub(super) id: BehaviorId,
    /// As its file has it.
    pub(super) known: Option<Behavior>,
    pub(super) pattern: Pattern,
    pub(super) traces: Traces,
    /// The traces that show it best; absent: any do.
    pub(super) best: Option<Vec<usize>>,
    /// Whether what it looks like moved.
    pub(super) drifted: bool,
    /// Whether the way its traces end says if it is an issue.
    pub(super) undecided: bool,
}

impl Draft {
    /// Whether it is an issue: as people say, or else as the scan does.
    pub(super) fn kind(&self) -> BehaviorKind {
        let said = self.known.as_ref().and_then(|known| known.decided.kind);
        said.unwrap_or(self.pattern.kind)
    }
}

/// What was found.
pub(super) struct Found {
    pub(super) sightings: Sightings,
    pub(super) intents: Vec<Intent>,
    /// The texts that users asked with, as sightings, by trace.
    pub(super) asked: Traces,
    /// How many traces were read.
    pub(super) traces: usize,
    /// How many traces a pattern needs.
    pub(super) fewest: usize,
}

/// All behaviors, by id.
pub(super) fn drafts(found: Found, known: Vec<Behavior>) -> Vec<Draft> {
    let mut taken: BTreeSet<BehaviorId> = known.iter().map(|it| it.id.clone()).collect();
    let (intents_known, patterns_known): (Vec<Behavior>, Vec<Behavior>) = known
        .into_iter()
        .partition(|it| it.pattern.detector == Detector::Intent);
    let common = (found.traces * COMMON_PERCENT)
        .div_ceil(100)
        .max(found.fewest);
    let mut drafts = of_patterns(
        found.sightings,
        patterns_known,
        &mut taken,
        (found.fewest, common),
    );
    let intents = Intents {
        found: found.intents,
        asked: &found.asked,
        common,
    };
    drafts.extend(intents.drafts(intents_known, &mut taken));
    drafts.sort_by(|one, other| one.id.cmp(&other.id));
    drafts
}

/// What tells the patterns of files apart.
type Name = (BehaviorRole, Detector, String);

fn name_of(key: &Key) -> Name {
    (key.sort.role(), key.sort.detector(), key.signature.clone())
}

fn of_patterns(
    sightings: Sightings,
    known: Vec<Behavior>,
    taken: &mut BTreeSet<BehaviorId>,
    (fewest, common): (usize, usize),
) -> Vec<Draft> {
    let mut by_name: BTreeMap<Name, (Sort, Traces)> = BTreeMap::new();
    for (key, traces) in sightings.0 {
        by_name.entry(name_of(&key)).or_insert((key.sort, traces));
    }
    let often = seen_most_often(&by_name, (fewest, common));
    let mut drafts = Vec::new();
    for behavior in known {
        let pattern = &behavior.pattern;
        let name = (pattern.role, pattern.detector, pattern.signature.clone());
        let seen = by_name.remove(&name);
        drafts.push(known_draft(behavior, seen));
    }
    let mut new: Vec<(Name, Sort, Traces)> = by_name
        .into_iter()
        .filter(|(name, _)| often.contains(name))
        .map(|(name, (sort, traces))| (name, sort, traces))
        .collect();
    let of_calls = |draft: &&Draft| draft.undecided;
    let mut orders: Vec<Bits> = drafts
        .iter()
        .filter(of_calls)
        .map(|draft| Bits::of(&draft.traces))
        .collect();
    // One tool says more plainly what three in a row say, too; of equally many, the more frequent.
    new.sort_by_key(|(name, _, traces)| {
        let calls = name.2.matches(THEN).count();
        (calls, std::cmp::Reverse(traces.len()))
    });
    for (name, sort, traces) in new {
        if sort == Sort::Calls {
            let bits = Bits::of(&traces);
            if orders.iter().any(|other| bits.likeness(other) > REDUNDANT) {
                continue;
            }
            orders.push(bits);
        }
        drafts.push(new_draft(name, sort, traces, taken));
    }
    drafts
}

/// The patterns with the most traces, of those that have enough. Which are known makes no difference, so
/// that a scan which is repeated finds no more.
fn seen_most_often(
    by_name: &BTreeMap<Name, (Sort, Traces)>,
    (fewest, common): (usize, usize),
) -> BTreeSet<Name> {
    let enough = by_name.iter().filter(|(_, (sort, traces))| {
        let needed = if sort.kind().is_some() {
            fewest
        } else {
            common
        };
        traces.len() >= needed
    });
    let mut ranked: Vec<(std::cmp::Reverse<usize>, &Name)> = enough
        .map(|(name, (_, traces))| (std::cmp::Reverse(traces.len()), name))
        .collect();
    ranked.sort();
    let most = ranked.into_iter().take(MOST);
    most.map(|(_, name)| name.clone()).collect()
}

fn known_draft(behavior: Behavior, seen: Option<(Sort, Traces)>) -> Draft {
    let mut pattern = behavior.pattern.clone();
    let undecided = match &seen {
        Some((sort, traces)) => {
            subjects(traces).clone_into(&mut pattern.subjects);
            sort.rationale().clone_into(&mut pattern.rationale);
            sort.kind().is_none()
        }
        None => false,
    };
    Draft {
        id: behavior.id.clone(),
        pattern,
        traces: seen.map(|(_, traces)| traces).unwrap_or_default(),
        best: None,
        drifted: false,
        undecided,
        known: Some(behavior),
    }
}

fn new_draft(
    (role, detector, signature): Name,
    sort: Sort,
    traces: Traces,
    taken: &mut BTreeSet<BehaviorId>,
) -> Draft {
    Draft {
        id: new_id((role, detector), &signature, &[], taken),
        known: None,
        pattern: Pattern {
            role,
            detector,
            kind: sort.kind().unwrap_or(BehaviorKind::Healthy),
            signature,
            rationale: sort.rationale().to_owned(),
            subjects: subjects(&traces),
            terms: Vec::new(),
        },
        traces,
        best: None,
        drifted: false,
        undecided: sort.kind().is_none(),
    }
}

/// Groups of texts on their way to behaviors.
struct Intents<'f> {
    found: Vec<Intent>,
    asked: &'f Traces,
    common: usize,
}

impl Intents<'_> {
    fn drafts(&self, known: Vec<Behavior>, taken: &mut BTreeSet<BehaviorId>) -> Vec<Draft> {
        let terms: Vec<&[Term]> = known.iter().map(|it| it.pattern.terms.as_slice()).collect();
        let matched = matched(&terms, &self.found);
        let mut used = BTreeSet::new();
        let mut drafts = Vec::new();
        for (place, behavior) in known.into_iter().enumerate() {
            let now = matched.now[place].map(|(found, _)| found);
            used.extend(now);
            let drifted = !matched.is_unchanged(place);
            drafts.push(self.known(behavior, now, drifted));
        }
        for (place, intent) in self.found.iter().enumerate() {
            if !used.contains(&place) && intent.traces.len() >= self.common {
                drafts.push(self.fresh(intent, taken));
            }
        }
        drafts
    }

    fn known(&self, behavior: Behavior, now: Option<usize>, drifted: bool) -> Draft {
        let intent = now.map(|now| &self.found[now]);
        let traces = intent.map(|intent| self.traces(intent)).unwrap_or_default();
        let mut pattern = behavior.pattern.clone();
        if let Some(intent) = intent {
            intent.terms.clone_into(&mut pattern.terms);
            pattern.subjects = subjects(&traces);
            Sort::Intent.rationale().clone_into(&mut pattern.rationale);
        }
        Draft {
            id: behavior.id.clone(),
            pattern,
            traces,
            best: intent.map(|intent| intent.best.clone()),
            drifted,
            undecided: true,
            known: Some(behavior),
        }
    }

    fn fresh(&self, intent: &Intent, taken: &mut BTreeSet<BehaviorId>) -> Draft {
        let sort = Sort::Intent;
        let signature = intent.signature();
        let traces = self.traces(intent);
        Draft {
            id: new_id(
                (sort.role(), sort.detector()),
                &signature,
                &intent.terms,
                taken,
            ),
            known: None,
            pattern: Pattern {
                role: sort.role(),
                detector: sort.detector(),
                kind: BehaviorKind::Healthy,
                signature,
                rationale: sort.rationale().to_owned(),
                subjects: subjects(&traces),
                terms: intent.terms.clone(),
            },
            traces,
            best: Some(intent.best.clone()),
            drifted: false,
            undecided: true,
        }
    }

    fn traces(&self, intent: &Intent) -> Traces {
        let places = intent.traces.iter();
        let asked = places.filter_map(|place| Some((*place, self.asked.get(place)?.clone())));
        asked.collect::<BTreeMap<usize, Sighting>>()
    }
}

/// A name that no behavior has yet: words for people, and a digest that keeps it apart.
fn new_id(
    (role, detector): (BehaviorRole, Detector),
    signature: &str,
    terms: &[Term],
    taken: &mut BTreeSet<BehaviorId>,
) -> BehaviorId {
    let mut words = kebab_case(signature);
    words.truncate(IN_ID);
    let words = words.trim_end_matches('-');
    let terms: Vec<&str> = terms.iter().map(|term| term.word.as_str()).collect();
    let said = [role.name(), detector.name(), signature, &terms.join(" ")].join("\n");
    for attempt in 0_u64.. {
        let digest = Digest::of(format!("{said}\n{attempt}").as_bytes()).to_string();
        let parts = [role.name(), words, &digest[..DIGITS]];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let name = parts.collect::<Vec<_>>().join("-");
        if let Ok(id) = BehaviorId::new(name)
            && taken.insert(id.clone())
        {
            return id;
        }
    }
    unreachable!("one of so many digests is not taken")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(places: std::ops::Range<usize>) -> Traces {
        let sighting = Sighting {
            span: "s".to_owned(),
            subject: None,
        };
        places.map(|place| (place, sighting.clone())).collect()
    }

    fn found(sightings: &[(Sort, &str, Traces)]) -> Found {
        let sightings = sightings.iter().map(|(sort, signature, traces)| {
            let key = Key {
                sort: *sort,
                signature: (*signature).to_owned(),
            };
            (key, traces.clone())
        });
        Found {
            sightings: Sightings(sightings.collect()),
            intents: Vec::new(),
            asked: Traces::new(),
            traces: 1_000,
            fewest: 5,
        }
    }

    fn signatures(drafts: &[Draft]) -> Vec<&str> {
        let signatures = drafts.iter().map(|draft| draft.pattern.signature.as_str());
        let mut signatures: Vec<&str> = signatures.collect();
        signatures.sort_unstable();
        signatures
    }

    #[test]
    fn a_pattern_becomes_a_behavior_where_it_is_seen_often_enough() {
        let drafts = drafts(
            found(&[
                (Sort::Error, "too slow", traces(0..5)),
                (Sort::Error, "gone", traces(0..4)),
                (Sort::Calls, "find", traces(0..100)),
                (Sort::Calls, "find > tell", traces(0..90)),
                (Sort::Calls, "tell", traces(300..400)),
                (Sort::Calls, "rare", traces(0..19)),
            ]),
            Vec::new(),
        );
        assert_eq!(signatures(&drafts), ["find", "tell", "too slow"]);
        assert!(drafts.iter().all(|draft| draft.known.is_none()));
    }

    #[test]
    fn an_id_is_words_and_a_digest_that_keeps_it_apart() {
        let mut taken = BTreeSet::new();
        let of = (BehaviorRole::Tool, Detector::Error);
        let mut id = |signature: &str| new_id(of, signature, &[], &mut taken).to_string();
        let first = id("find_order: no answer after <n> s");
        assert!(
            first.starts_with("tool-find-order-no-answer-after-n-s-"),
            "{first}"
        );
        assert_ne!(id("find_order: no answer after <n> s"), first);
        let foreign = id("注文が見つかりません");
        assert_eq!(foreign.len(), "tool-".len() + DIGITS);
        assert!(id(&"word ".repeat(40)).len() <= 63);
    }
}
