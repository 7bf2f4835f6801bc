//! The piece of a text that shows best why it was found.

use std::collections::BTreeSet;
use std::ops::Range;

use super::found::Matcher;
use super::passages::{Passage, Source};

/// How much is shown before the first word that was looked for, in characters.
const BEFORE: usize = 60;

/// How much is shown from there on, in characters.
const FROM_THERE: usize = 180;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Where the text comes from.
    pub source: Source,
    /// The piece, with `…` where something is left out.
    pub text: String,
    /// The bytes of the piece that were looked for, in order, none twice.
    pub highlights: Vec<Range<usize>>,
}

/// The piece of a span's texts with the most of what is looked for, by the weights of its terms; the
/// earliest of equal ones. Without any of it, the start of the first text.
pub(super) fn snippet<'p>(
    passages: impl Iterator<Item = &'p Passage>,
    matcher: &Matcher<'_>,
    weight: impl Fn(usize) -> f64,
) -> Option<Snippet> {
    let mut best: Option<(f64, Snippet)> = None;
    for passage in passages {
        let places = matcher.places(&passage.text);
        let (worth, start) = densest(&places, &weight);
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, cut(passage, &places, start)));
        }
    }
    best.map(|(_, snippet)| snippet)
}

/// The worth of the densest stretch of places, and the byte where it starts.
fn densest(places: &[(usize, Range<usize>)], weight: &impl Fn(usize) -> f64) -> (f64, usize) {
    let mut best = (0.0, 0);
    for (index, (_, first)) in places.iter().enumerate() {
        // A character has a byte at least: what lies beyond is not shown with certainty.
        let near = places[index..]
            .iter()
            .take_while(|(_, range)| range.end <= first.start + FROM_THERE);
        let terms: BTreeSet<usize> = near.map(|(term, _)| *term).collect();
        let worth = terms.into_iter().map(weight).sum();
        if worth > best.0 {
            best = (worth, first.start);
        }
    }
    best
}

fn cut(passage: &Passage, places: &[(usize, Range<usize>)], anchor: usize) -> Snippet {
    let text = &passage.text;
    let mut before = text[..anchor].char_indices().rev();
    let start = before.nth(BEFORE - 1).map_or(0, |(index, _)| index);
    let mut after = text[anchor..].char_indices();
    let end = after
        .nth(FROM_THERE)
        .map_or(text.len(), |(index, _)| anchor + index);
    let mut snippet = Snippet {
        source: passage.source,
        text: if start > 0 { "…" } else { "" }.to_owned(),
        highlights: Vec::new(),
    };
    let offset = snippet.text.len();
    snippet.text.push_str(&text[start..end]);
    if end < text.len() {
        snippet.text.push('…');
    }
    for (_, place) in places {
        let last = snippet.highlights.last().map_or(0, |range| range.end);
        if place.start < start || place.end > end {
            continue;
        }
        let shown = place.start - start + offset..place.end - start + offset;
        if shown.start >= last {
            snippet.highlights.push(shown);
        }
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::super::query::Query;
    use super::*;

    fn passage(text: &str) -> Passage {
        Passage {
            source: Source::User,
            text: text.to_owned(),
        }
    }

    fn shown(query: &str, texts: &[&str]) -> String {
        let query = Query::parse(query).unwrap();
        let passages: Vec<Passage> = texts.iter().map(|text| passage(text)).collect();
        let matcher = Matcher::new(&query);
        let mut snippet = snippet(passages.iter(), &matcher, |_| 1.0).unwrap();
        for range in snippet.highlights.iter().rev() {
            snippet.text.insert(range.end, ']');
            snippet.text.insert(range.start, '[');
        }
        snippet.text
    }

    #[test]
    fn the_densest_piece_is_shown_with_what_was_looked_for() {
        let far = "word ".repeat(100);
        let text = format!("A refund. {far}Please refund the invoice of März. {far}");
        let shown = shown("refund invoice marz", &["refund", &text]);
        assert!(shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert!(
            shown.contains("Please [refund] the [invoice] of [März]."),
            "{shown}"
        );
    }

    #[test]
    fn a_piece_is_short_whatever_the_text_is() {
        let long = format!("{}refund{}", "ä".repeat(5_000), "ä".repeat(5_000));
        for text in [
            &long,
            &"refund ".repeat(5_000),
            &long.replace("refund", " refund "),
        ] {
            let shown = shown("refund", &[text]);
            assert!(shown.chars().count() < 320, "{}", shown.len());
        }
    }

    #[test]
    fn highlights_do_not_overlap() {
        assert_eq!(shown("\"a b\" a \"b c\"", &["x a b c"]), "x [a] [b c]");
    }
}
