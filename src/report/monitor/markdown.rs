//! How numbers moved, as a table in Markdown.

use std::fmt::Write as _;

use crate::domain::metric::{Metric, Statistic};
use crate::domain::monitor::{Change, ChangeOutcome};
use crate::engine::monitor::figures::Numbers;
use crate::report::markdown::code;

use super::compare::{moved, unit};
use super::number::{figure, number};

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

/// The mean scores of two windows, one after the other.
pub fn scores_markdown(metrics: &[Metric], before: &Numbers, after: &Numbers) -> String {
    if metrics.is_empty() {
        return "No score is kept; `pointsman monitor score` makes some.\n".to_owned();
    }
    let mut text = String::from("| score | before | n | after | n |\n|---|---:|---:|---:|---:|\n");
    for metric in metrics {
        let [before, after] = [before, after].map(|numbers| {
            let figures = numbers.get(metric).copied().unwrap_or_default();
            (figure(metric, &figures, Statistic::Mean), figures.n)
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            code(&metric.name()),
            before.0,
            before.1,
            after.0,
            after.1
        );
    }
    text
}
