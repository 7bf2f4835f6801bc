//! The language of filters: one text that says which spans are meant.
//!
//! ```text
//! filter  = [ any ]
//! any     = all { "or" all }
//! all     = one { "and" one }
//! one     = "not" one | "(" any ")" | "everything" | test
//! test    = "has" "(" column ")"
//!         | column ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | "^=" ) value
//!         | column [ "not" ] "in" "(" value { "," value } ")"
//! column  = word | quoted
//! value   = word | quoted
//! ```
//!
//! A word ends at white space and at one of ``( ) , " ' = < > ~ ! ^``. A quoted text stands in `"` or `'`, with
//! `\"`, `\'`, `\\`, `\n`, `\r`, `\t` and `\u{…}` for what cannot stand there. The words of the
//! language are known in upper case, too, and must be quoted to be values.

mod error;
mod fold;
mod parser;
mod print;
mod tokens;
mod typed;
mod values;

use jiff::Timestamp;

use super::selection::Selection;

pub use error::FilterError;
pub use values::duration_text;
pub(in crate::domain) use values::{duration_ns, money, number};

/// The longest text of a filter, in bytes.
pub const MAX_LENGTH: usize = 10_000;

/// How deep conditions may be nested.
pub const MAX_DEPTH: usize = 50;

/// The words of the language: a value or a column that is one of them is quoted.
const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "has", "everything"];

/// Reads a filter. Tests of `time` become the selection's range; `now` is what `2h ago` counts from.
pub fn parse(text: &str, now: Timestamp) -> Result<Selection, FilterError> {
    if text.len() > MAX_LENGTH {
        let message = format!(
            "a filter has at most {MAX_LENGTH} bytes, this one has {}",
            text.len()
        );
        return Err(FilterError::new(0..0, message)
            .with_help("save parts of it as views, or look for fewer values"));
    }
    let tokens = tokens::tokens(text)?;
    let node = parser::parse(&tokens, text.len(), now)?;
    fold::fold(node)
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
