//! Compiles the patterns and schemas of evaluators, with limits: whoever checks them and whoever
//! grades by them must agree on what is accepted.

mod pattern;
mod schema;

use regex::{Regex, RegexBuilder};

pub use pattern::Pattern;
pub use schema::{Broken, Schema};

/// The most memory that a compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 1024 * 1024;

/// The most steps that a pattern may take over a text: about a second of a processor.
const MOST_STEPS: usize = 100_000_000;

/// A pattern would be in too many places at once, for too long a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it repeats too much for a text of {bytes} bytes: let it count less, or anchor it")]
pub struct TooLong {
    /// How long the text is, in bytes.
    pub bytes: usize,
}

/// Compiles a regular expression. It matches in time linear in the text, whatever the pattern, but not in
/// time that has a bound: for a pattern of somebody else there is [`Pattern`].
pub fn compile_pattern(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim().to_owned()
        })
}
