//! Regular expressions that end in time, whatever they repeat.

use std::sync::OnceLock;

use regex::Regex;
use regex_automata::Input;
use regex_automata::hybrid::dfa;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{MOST_STEPS, SIZE_LIMIT, TooLong, compile_pattern};

/// How much memory the states of one match may take, in bytes, and how often they are thrown away before
/// the match is given up because it makes new ones all the time.
const STATES_LIMIT: usize = 4 * 1024 * 1024;
const MOST_CLEARS: usize = 4;
const BYTES_PER_STATE: usize = 10;

/// A regular expression of somebody else.
///
/// It is looked for in linear time: a step for each byte of the text and each place of the pattern, at
/// most. A pattern that counts to thousands has as many places. What would take more than a second that
/// way is looked for by a lazy automaton instead, which takes one step for a byte, and is given up where
/// that needs a new state at nearly every one of them.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    ignore_case: bool,
    places: usize,
    automaton: OnceLock<Option<Box<dfa::DFA>>>,
}

impl Pattern {
    /// Compiles a pattern. The error says what is wrong with it.
    pub fn compile(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        Ok(Self {
            regex: compile_pattern(pattern, ignore_case)?,
            ignore_case,
            places: places(pattern, ignore_case).ok_or("it cannot be read")?,
            automaton: OnceLock::new(),
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> Result<bool, TooLong> {
        if self.places.saturating_mul(text.len()) <= MOST_STEPS {
            return Ok(self.regex.is_match(text));
        }
        let too_long = TooLong { bytes: text.len() };
        let automaton = self.automaton.get_or_init(|| self.automaton());
        let automaton = automaton.as_ref().ok_or(too_long)?;
        let input = Input::new(text).earliest(true);
        let found = automaton.try_search_fwd(&mut automaton.create_cache(), &input);
        found.map(|end| end.is_some()).map_err(|_| too_long)
    }

    fn automaton(&self) -> Option<Box<dfa::DFA>> {
        let limits = dfa::Config::new()
            .unicode_word_boundary(true)
            .cache_capacity(STATES_LIMIT)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(MOST_CLEARS))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let automaton = dfa::DFA::builder()
            .syntax(syntax::Config::new().case_insensitive(self.ignore_case))
            .thompson(thompson::Config::new().nfa_size_limit(Some(SIZE_LIMIT)))
            .configure(limits)
            .build(self.as_str());
        automaton.ok().map(Box::new)
    }
}

/// In how many places of a pattern a match may be at once, at most. `None`: it cannot be read.
pub(super) fn places(pattern: &str, ignore_case: bool) -> Option<usize> {
    let mut parser = ParserBuilder::new().case_insensitive(ignore_case).build();
    parser.parse(pattern).ok().map(|hir| places_in(&hir))
}

fn places_in(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Class(Class::Unicode(class)) => class.maximum_len().unwrap_or(0),
        HirKind::Capture(capture) => places_in(&capture.sub),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min.saturating_add(1));
            places_in(&repetition.sub).saturating_mul(copies as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(places_in).fold(0, usize::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_pattern_are_counted() {
        for (pattern, wanted) in [
            ("", 0),
            ("^$", 0),
            ("refund", 6),
            ("[0-9]+", 2),
            ("(ab|c){3}", 9),
            ("a{1000}", 1_000),
            ("a{2,}", 3),
            (".?", 4),
            ("(?:[0-9]{10}){10}", 100),
        ] {
            assert_eq!(places(pattern, false), Some(wanted), "{pattern}");
        }
        assert_eq!(places("(", false), None);
    }

    #[test]
    fn a_long_text_is_matched_as_a_short_one_is() {
        let honest = format!("{}refund", "a word, ".repeat(100_000));
        let list: Vec<String> = (0..900).map(|word| format!("word-{word}")).collect();
        let list = format!("(?:{})", list.join("|"));
        for (pattern, wanted) in [
            (format!("(?i){list}"), false),
            (format!("(?i){list}|Refund$"), true),
            (format!(r"(?i)\b{list}\b"), false),
            (format!("^(?:[a-z ,]{{1,900}}){list}"), false),
        ] {
            let pattern = Pattern::compile(&pattern, false).unwrap();
            assert!(pattern.places * honest.len() > MOST_STEPS, "{pattern:?}");
            assert_eq!(
                pattern.is_match(&honest),
                Ok(wanted),
                "{}",
                pattern.as_str()
            );
        }
    }

    #[test]
    fn a_pattern_that_is_in_thousands_of_places_at_once_is_given_up() {
        let pattern = Pattern::compile("[ab]*a[ab]{10000}c", false).unwrap();
        let text = "ab".repeat(500_000);
        let told = pattern.is_match(&text).unwrap_err();
        assert_eq!(told, TooLong { bytes: 1_000_000 });
        assert_eq!(pattern.is_match("abc"), Ok(false));
    }
}
