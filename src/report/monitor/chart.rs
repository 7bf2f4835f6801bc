//! Numbers over time on a line of a terminal, with the releases below them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::metric::Unit;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::monitor::markers::Marker;
use crate::report::release::seconds;
use crate::report::table::TextTable;

use super::number::number;

/// The heights of a bar, from the lowest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A piece of time of which nothing is known.
const UNKNOWN: char = '·';

/// The most pieces that are drawn: the last ones.
const WIDEST: usize = 96;

/// How many releases are named.
const NAMED: usize = 20;

/// How much of a reason is shown, in characters.
const SHOWN: usize = 60;

/// A row of a chart.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) unit: Unit,
    pub(super) values: Vec<Option<f64>>,
}

/// The rows under each other, each from 0 to its greatest value, with its least and greatest value
/// beside it; then a row with a letter where something went live.
pub(super) fn chart(rows: &[Row], markers: &[Marker]) -> String {
    let pieces = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
    let skipped = pieces.saturating_sub(WIDEST);
    let mut table = TextTable::new(&["", "", "LEAST", "MOST"])
        .align_right(2)
        .align_right(3);
    for row in rows {
        let values = &row.values[skipped.min(row.values.len())..];
        let known = || values.iter().copied().flatten();
        let told = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| number(row.unit, value))
        };
        table.row([
            row.title.clone(),
            sparkline(values),
            told(known().reduce(f64::min)),
            told(known().reduce(f64::max)),
        ]);
    }
    let letters = letters(markers);
    if !letters.is_empty() {
        let cell = |bucket| letters.get(&bucket).copied().unwrap_or(' ');
        let line: String = (skipped..pieces).map(cell).collect();
        table.row(["went live".to_owned(), line, String::new(), String::new()]);
    }
    let mut text = String::new();
    if skipped > 0 {
        let _ = writeln!(text, "the last {WIDEST} of {pieces} are drawn");
    }
    text.push_str(&table.render());
    text.push_str(&legend(markers, &letters));
    text
}

/// Values as bars from 0 to the greatest of them.
pub(in crate::report) fn sparkline(values: &[Option<f64>]) -> String {
    let most = values.iter().copied().flatten().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => UNKNOWN,
        Some(value) if *value <= 0.0 || most <= 0.0 => HEIGHTS[0],
        Some(value) => {
            let steps = HEIGHTS.len() - 1;
            let height = value / most * 7.0;
            let place = (1..=steps).rev().find(|step| height >= half_below(*step));
            HEIGHTS[place.unwrap_or(0)]
        }
    };
    values.iter().map(bar).collect()
}

/// Where a bar becomes as high as this.
fn half_below(step: usize) -> f64 {
    f64::from(u32::try_from(step).unwrap_or(u32::MAX)) - 0.5
}

/// A letter for each piece of time in which something went live, in the order of the alphabet.
fn letters(markers: &[Marker]) -> BTreeMap<usize, char> {
    let mut letters = BTreeMap::new();
    let mut alphabet = ('a'..='z').chain('A'..='Z');
    for marker in markers {
        letters
            .entry(marker.bucket)
            .or_insert_with(|| alphabet.next().unwrap_or('*'));
    }
    letters
}

fn legend(markers: &[Marker], letters: &BTreeMap<usize, char>) -> String {
    let mut text = String::new();
    for marker in markers.iter().take(NAMED) {
        let deployment = &marker.record.deployment;
        let letter = letters.get(&marker.bucket).copied().unwrap_or('*');
        let _ = write!(
            text,
            "{letter} = {} #{}, {} {}",
            deployment.lane,
            deployment.sequence,
            deployment.kind.name(),
            seconds(deployment.recorded_at),
        );
        if let Some(reason) = &deployment.reason {
            let _ = write!(text, ": {}", Untrusted(&shorten(reason, SHOWN)));
        }
        text.push('\n');
    }
    if markers.len() > NAMED {
        let _ = writeln!(text, "and {} more", markers.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_go_from_nothing_to_the_greatest_value() {
        let values = [0.0, 1.0, 2.0, 4.0, 7.0].map(Some);
        assert_eq!(sparkline(&values), "▁▂▃▅█");
        assert_eq!(sparkline(&[None, Some(0.0), Some(0.0)]), "·▁▁");
        assert_eq!(sparkline(&[Some(3.0), None]), "█·");
    }

    #[test]
    fn a_long_time_is_drawn_at_its_end() {
        let row = Row {
            title: "traffic".to_owned(),
            unit: Unit::Count,
            values: (0..1_000_u32).map(|it| Some(f64::from(it))).collect(),
        };
        let text = chart(&[row], &[]);
        assert!(
            text.starts_with("the last 96 of 1000 are drawn\n"),
            "{text}"
        );
        assert!(text.contains("904   999"), "{text}");
    }
}
