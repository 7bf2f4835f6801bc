//! What is asked of a page, read as the options of the command that has the same words for it, so that a
//! page refuses what the command refuses, and says so in the same words.

use clap::Parser;

use crate::adapters::view::Asked;
use crate::cli::error::CommandError;

use super::fault::{Fault, only};

/// Options without a command.
#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line<A: clap::Args> {
    #[command(flatten)]
    args: A,
}

/// The options that a page was asked with, of those that it knows, and `more` that the page adds. A field
/// of a form that was left empty says nothing.
pub(super) fn options<A: clap::Args>(
    asked: &Asked,
    known: &[&str],
    more: &[String],
) -> Result<A, Fault> {
    only(asked, &[known, &["from"]].concat())?;
    let given = asked
        .query
        .iter()
        .filter(|(name, value)| name != "from" && !value.trim().is_empty());
    let words = given.map(|(name, value)| format!("--{name}={value}"));
    let line = Line::try_parse_from(words.chain(more.iter().cloned()));
    line.map(|line| line.args).map_err(|error| {
        let told = error.render().to_string();
        let (told, _) = told.split_once("\n\n").unwrap_or((&told, ""));
        let told = told.strip_prefix("error: ").unwrap_or(told);
        Fault::wrong(CommandError::usage(told.trim_end()))
    })
}
