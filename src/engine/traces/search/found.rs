//! How often a span has what is looked for.

use std::collections::HashMap;
use std::ops::Range;

use super::passages::Passage;
use super::query::{Query, Term};
use super::words::each_word;

/// A query, ready to be looked for in any number of texts.
pub(super) struct Matcher<'q> {
    query: &'q Query,
    /// The words of all terms with their numbers.
    known: HashMap<&'q str, u32>,
    /// Each term as numbers of words; those that count first, then those that must not be there.
    terms: Vec<Vec<u32>>,
}

/// A known word in a text.
struct Hit {
    word: u32,
    /// How many words stand before it.
    position: u32,
    range: Range<usize>,
}

/// What a span has of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Counted {
    /// How many words its texts have together.
    pub(super) words: u64,
    /// How often it has each term.
    pub(super) counts: Vec<u32>,
    /// Whether it has all that must be there, something of the rest, and nothing of what must not.
    pub(super) matches: bool,
}

impl<'q> Matcher<'q> {
    /// A matcher for a query.
    pub(super) fn new(query: &'q Query) -> Self {
        let mut known = HashMap::new();
        let terms = query.terms.iter().chain(&query.excluded);
        let terms = terms.map(|term| {
            let words = term.words.iter().map(|word| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(word.as_str()).or_insert(next)
            });
            words.collect()
        });
        let terms = terms.collect();
        Self {
            query,
            known,
            terms,
        }
    }

    /// Counts what a span's texts have.
    pub(super) fn count<'p>(&self, passages: impl Iterator<Item = &'p Passage>) -> Counted {
        let mut counts = vec![0_u32; self.terms.len()];
        let mut words = 0;
        for passage in passages {
            let (hits, length) = self.hits(&passage.text);
            words += u64::from(length);
            for (term, count) in self.terms.iter().zip(&mut counts) {
                let found = occurrences(term, &hits).count();
                *count = count.saturating_add(u32::try_from(found).unwrap_or(u32::MAX));
            }
        }
        let excluded = counts.split_off(self.query.terms.len());
        let required = |(term, count): (&Term, &u32)| !term.required || *count > 0;
        let has_all = self.query.terms.iter().zip(&counts).all(required);
        Counted {
            words,
            matches: has_all
                && counts.iter().any(|count| *count > 0)
                && excluded.iter().all(|count| *count == 0),
            counts,
        }
    }

    /// Where the terms that count stand in a text: the number of each, and its bytes.
    pub(super) fn places(&self, text: &str) -> Vec<(usize, Range<usize>)> {
        let (hits, _) = self.hits(text);
        let terms = self.terms[..self.query.terms.len()].iter().enumerate();
        let mut places: Vec<(usize, Range<usize>)> = terms
            .flat_map(|(number, term)| occurrences(term, &hits).map(move |range| (number, range)))
            .collect();
        places.sort_by_key(|(number, range)| (range.start, range.end, *number));
        places
    }

    /// The known words of a text, and how many words it has.
    fn hits(&self, text: &str) -> (Vec<Hit>, u32) {
        let mut hits = Vec::new();
        let mut position = 0_u32;
        each_word(text, |word, range| {
            if let Some(number) = self.known.get(word) {
                hits.push(Hit {
                    word: *number,
                    position,
                    range,
                });
            }
            position = position.saturating_add(1);
        });
        (hits, position)
    }
}

/// Where the words of a term follow each other.
fn occurrences<'h>(term: &'h [u32], hits: &'h [Hit]) -> impl Iterator<Item = Range<usize>> + 'h {
    hits.windows(term.len()).filter_map(move |window| {
        let follows = window
            .iter()
            .zip(term)
            .zip(0..)
            .all(|((hit, word), offset)| {
                hit.word == *word && hit.position == window[0].position.saturating_add(offset)
            });
        let last = window.last()?;
        follows.then(|| window[0].range.start..last.range.end)
    })
}

#[cfg(test)]
mod tests {
    use super::super::passages::Source;
    use super::*;

    fn counted(query: &str, texts: &[&str]) -> Counted {
        let query = Query::parse(query).unwrap();
        let passages: Vec<Passage> = texts
            .iter()
            .map(|text| Passage {
                source: Source::User,
                text: (*text).to_owned(),
            })
            .collect();
        Matcher::new(&query).count(passages.iter())
    }

    #[test]
    fn words_and_phrases_are_counted() {
        let found = counted(
            "refund \"charged twice\"",
            &["Charged twice! REFUND, refund.", "charged", "twice"],
        );
        assert_eq!((found.counts.as_slice(), found.words), (&[2, 1][..], 6));
        assert!(found.matches);
    }

    #[test]
    fn a_phrase_that_must_be_there_and_a_word_that_must_not_decide() {
        assert!(!counted("refund \"charged twice\"", &["refund twice charged"]).matches);
        assert!(counted("refund order", &["my order"]).matches);
        assert!(!counted("refund -test", &["a test refund"]).matches);
        assert!(!counted("refund", &["order"]).matches);
        assert!(!counted("sign-in", &["in sign"]).matches);
        assert!(counted("退款", &["请退款"]).matches);
    }

    #[test]
    fn places_are_those_of_the_text_as_it_stands() {
        let query = Query::parse("cafe \"sehr gut\"").unwrap();
        let text = "Das Café war sehr   gut";
        let places = Matcher::new(&query).places(text);
        let shown: Vec<(usize, &str)> = places
            .iter()
            .map(|(term, range)| (*term, &text[range.clone()]))
            .collect();
        assert_eq!(shown, [(0, "Café"), (1, "sehr   gut")]);
    }
}
