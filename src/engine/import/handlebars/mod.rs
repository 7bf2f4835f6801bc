//! Reads Handlebars templates, the language of dotprompt: from text to a tree, with the white space that
//! the language takes away already gone; and writes such a tree as text again. The rules are those of
//! Handlebars 4.7.

mod characters;
mod parser;
mod print;
mod tags;
pub mod tree;
mod whitespace;

pub use parser::parse;
pub use print::print;

use std::ops::Range;

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where, in bytes of the template.
    pub range: Range<usize>,
    /// What is wrong: a fragment without a full stop.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl SyntaxError {
    fn new(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: help.into(),
        }
    }
}

#[cfg(test)]
mod tests;
