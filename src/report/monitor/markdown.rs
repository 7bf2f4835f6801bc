//! How numbers moved, as a table in Markdown.

use std::fmt::Write as _;

use crate::domain::monitor::{Change, ChangeOutcome};
use crate::report::markdown::code;

use super::compare::{moved, unit};
use super::number::number;

/// A row for each number that has values; a sentence where none has.
pub fn changes_markdown(changes: &[Change]) -> String {
    let known = changes
        .iter()
        .filter(|change| change.outcome != ChangeOutcome::NoValues);
    let mut rows = String::new();
    for change in known {
        let value = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| number(unit(change), value))
        };
        let [by, interval] = moved(change);
        let _ = writeln!(
            rows,
            "| {} {} | {} | {} | {by} | {interval} | {} |",
            code(&change.metric),
            change.statistic,
            value(change.values[0]),
            value(change.values[1]),
            change.outcome.in_words()
        );
    }
    if rows.is_empty() {
        return "No number has values in these windows.\n".to_owned();
    }
    format!(
        "| number | before | after | change | 95% interval | |\n|---|---:|---:|---:|---|---|\n{rows}"
    )
}
