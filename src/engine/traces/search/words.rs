//! Words of a text, whatever its script: what a search compares.
//!
//! A word is a run of letters and digits, in lower case and without accents, so that `Café` is found
//! by `cafe`, however the accent is encoded. Scripts that set no spaces between words (Chinese,
//! Japanese kana) give a word for each character. Of a very long run, the start counts.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// How much of a run counts, in bytes of its folded form.
const LONGEST: usize = 64;

/// Gives each word of a text with the bytes where it stands.
pub fn each_word(text: &str, mut each: impl FnMut(&str, Range<usize>)) {
    let mut word = String::with_capacity(LONGEST);
    let mut range = 0..0;
    for (index, character) in text.char_indices() {
        let end = index + character.len_utf8();
        let joins = character.is_ascii_alphanumeric()
            || (!character.is_ascii() && character.is_alphanumeric());
        let alone = joins && stands_alone(character);
        let accent = !joins && !character.is_ascii() && is_combining_mark(character);
        if accent && range.end == index {
            range.end = end;
            continue;
        }
        if (!joins || alone || range.end != index) && !word.is_empty() {
            each(&word, range.clone());
            word.clear();
        }
        if !joins {
            continue;
        }
        if word.is_empty() {
            range = index..end;
        }
        range.end = end;
        if word.len() < LONGEST {
            fold(character, &mut word);
        }
        if alone && !word.is_empty() {
            each(&word, range.clone());
            word.clear();
        }
    }
    if !word.is_empty() {
        each(&word, range);
    }
}

/// The words of a text.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word, _| words.push(word.to_owned()));
    words
}

/// Adds a letter in lower case, without its accents.
fn fold(character: char, word: &mut String) {
    if character.is_ascii() {
        word.push(character.to_ascii_lowercase());
        return;
    }
    let plain = character.nfkd().filter(|part| !is_combining_mark(*part));
    word.extend(plain.flat_map(char::to_lowercase));
}

/// Whether a character is a word by itself: ideographs, kana and what belongs to them.
fn stands_alone(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_their_encoding_do_not_matter() {
        for (text, expected) in [
            (
                "Where's my Order #42?",
                vec!["where", "s", "my", "order", "42"],
            ),
            (
                "CAFÉ cafe\u{301} Straße ΑΘΉΝΑ",
                vec!["cafe", "cafe", "straße", "αθηνα"],
            ),
            ("ﬁne ① Ｗｉｄｅ", vec!["fine", "1", "wide"]),
            ("İstanbul", vec!["istanbul"]),
            ("gpt-4.1_mini", vec!["gpt", "4", "1", "mini"]),
            ("退款 please", vec!["退", "款", "please"]),
            ("ご注文abc", vec!["こ", "注", "文", "abc"]),
            ("환불 요청", vec!["환불", "요청"]),
            ("\u{301} —… 🙂", vec![]),
        ] {
            let folded: Vec<String> = expected
                .iter()
                .map(|word| word.nfkd().filter(|c| !is_combining_mark(*c)).collect())
                .collect();
            assert_eq!(words(text), folded, "{text}");
        }
    }

    #[test]
    fn a_very_long_run_counts_by_its_start() {
        let long = words(&"a".repeat(1_000_000));
        assert_eq!(long, ["a".repeat(LONGEST)]);
    }

    proptest! {
        #[test]
        fn words_stand_where_they_are_said_to_stand_one_after_the_other(text in "\\PC{0,60}") {
            let mut last = 0;
            each_word(&text, |word, range| {
                assert!(!word.is_empty() && range.start >= last);
                assert_eq!(words(&text[range.clone()]), [word.to_owned()]);
                last = range.end;
            });
        }

        #[test]
        fn joining_texts_by_a_space_joins_their_words(one in "\\PC{0,20}", two in "\\PC{0,20}") {
            let joined = words(&format!("{one} {two}"));
            prop_assert_eq!(joined, [words(&one), words(&two)].concat());
        }
    }
}
