//! The built-in patterns: each begins at something that is quick to find, and checks what it found.
//!
//! They are written out, not compiled: hundreds of regular expressions take seconds to compile and
//! read a text a thousand times more slowly than it comes in.

mod email;
mod numbers;
mod token;
mod url;

use std::collections::BTreeSet;

use crate::domain::redaction::BuiltIn;

use token::Tokens;

/// What a pattern matches in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Whose match it is.
    pub(super) pattern: BuiltIn,
}

/// The built-in patterns that are applied.
pub(super) struct Detectors {
    on: BTreeSet<BuiltIn>,
    tokens: Tokens,
}

/// The fewest digits of what the patterns of numbers match.
const FEWEST_DIGITS: usize = 8;

impl Detectors {
    /// All but some.
    pub(super) fn without(off: &BTreeSet<BuiltIn>) -> Self {
        let all = BuiltIn::ALL.iter().map(|(_, built_in)| *built_in);
        Self {
            on: all.filter(|built_in| !off.contains(built_in)).collect(),
            tokens: Tokens::new(),
        }
    }

    /// Whether a text may hold a match: it has what each match of one pattern or another has. Where
    /// words stand around it, it still has that, so that a text in JSON need not be read for this.
    pub(super) fn may_match(&self, text: &str) -> bool {
        let (digits, signs) = census(text.as_bytes());
        digits >= FEWEST_DIGITS || signs || self.tokens.may_match(text)
    }

    /// Adds all matches, in no special order.
    pub(super) fn find(&self, text: &str, matches: &mut Vec<Match>) {
        let (digits, signs) = census(text.as_bytes());
        let mut add = |pattern: BuiltIn, start: usize, end: usize| {
            if self.on.contains(&pattern) {
                matches.push(Match {
                    start,
                    end,
                    pattern,
                });
            }
        };
        if digits >= FEWEST_DIGITS {
            numbers::find(text.as_bytes(), &mut add);
        }
        if signs {
            email::find(text.as_bytes(), &mut add);
            url::find(text, &mut add);
        }
        self.tokens.find(text, &mut add);
    }
}

/// Whether a text is so short and plain that no built-in pattern matches it, nor anything in it, if it is
/// JSON.
pub(super) fn is_clean_word(text: &str) -> bool {
    const DIGIT: u8 = 1;
    const SIGN: u8 = 0x80;
    /// A sign counts for more digits than there may be.
    const WEIGHTS: [u8; 256] = {
        let mut weights = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
            let sign = byte as u8;
            weights[byte] = match sign {
                b'0'..=b'9' => DIGIT,
                b'@' | b'?' | b'{' | b'[' | b'"' => SIGN,
                _ => 0,
            };
            byte += 1;
        }
        weights
    };
    let weight = |byte: &u8| usize::from(WEIGHTS[usize::from(*byte)]);
    text.len() < token::FEWEST_BYTES
        && text.as_bytes().iter().map(weight).sum::<usize>() < FEWEST_DIGITS
}

/// How many digits a text has, and whether it has an `@` or an address with parameters.
fn census(text: &[u8]) -> (usize, bool) {
    let (mut digits, mut signs) = (0, 0);
    // As many as a byte can count: bytes are counted side by side.
    for part in text.chunks(usize::from(u8::MAX)) {
        let mut count = 0;
        for byte in part {
            count += u8::from(byte.is_ascii_digit());
            signs |= u8::from(*byte == b'@') | u8::from(*byte == b'?');
        }
        digits += usize::from(count);
    }
    (digits, signs > 0)
}

/// Whether a match may begin at a place: no letter, digit or underscore stands right before it.
fn begins_word(text: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| text.get(before))
        .is_none_or(|byte| !is_word(*byte))
}

/// Whether a match may end at a place, alike.
fn ends_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| !is_word(*byte))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all patterns match in a text, each with its name.
    pub(super) fn found(text: &str) -> Vec<(&'static str, &str)> {
        let detectors = Detectors::without(&BTreeSet::new());
        let mut matches = Vec::new();
        detectors.find(text, &mut matches);
        matches.sort_unstable();
        assert!(
            matches.is_empty() || detectors.may_match(text),
            "`{text}` is matched though it may not"
        );
        let texts = matches
            .iter()
            .map(|it| (it.pattern.name(), &text[it.start..it.end]));
        texts.collect()
    }

    #[test]
    fn what_is_off_is_not_found() {
        let detectors = Detectors::without(&BTreeSet::from([BuiltIn::Email]));
        let mut matches = Vec::new();
        detectors.find("kim@example.com, +49 30 901820", &mut matches);
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0].pattern, BuiltIn::Phone);
    }

    #[test]
    fn common_texts_hold_nothing() {
        for text in [
            "",
            "1f".repeat(20).as_str(),
            "2026-03-01T08:00:00.123456789Z",
            "order 1234567890123456 is late",
            "5b8efff798038103d269b633813fc60c",
            "user-42@",
            "version 1.2.3, port 8080, 10.0.0.1:443",
            "chatcmpl-9f86d081884c7d65",
            "[1772352000000000000, 17]",
            "sk-short",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
