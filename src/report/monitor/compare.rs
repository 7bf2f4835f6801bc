//! Two windows side by side, for people.

use std::fmt::Write as _;

use crate::domain::metric::{Metric, Unit};
use crate::domain::monitor::{Change, ChangeOutcome};
use crate::domain::period::Period;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::monitor::compare::{CompareRequest, Compared, Explanation, Shift, Standardised};
use crate::engine::monitor::releases::{Around, ClippedBy};
use crate::report::release::seconds;
use crate::report::traces::fit::fitting_table;

use super::number::{number, percent, whole};
use super::overview::counted;

/// How much of a value is shown, in characters.
const SHOWN: usize = 60;

/// What was asked, and what came of it.
pub struct CompareReport<'c> {
    /// What was asked.
    pub request: &'c CompareRequest,
    /// What came of it.
    pub compared: &'c Compared,
    /// The release between the windows, and how long each should have been.
    pub release: Option<(&'c Around, Period)>,
}

/// The page for a terminal of this width.
pub fn compare_text(report: &CompareReport<'_>, width: Option<usize>) -> String {
    let compared = report.compared;
    let mut text = heading(report);
    text.push('\n');
    text.push_str(&changes(&compared.changes, width));
    if !compared.complete {
        text.push_str("intervals are from 10,000 traces of each window, drawn by their ids\n");
    }
    text.push_str(&mix(&compared.mix));
    if let Some(standardised) = &compared.standardised {
        text.push_str(&standard(standardised, width));
    }
    if let Some(explanation) = &compared.explanation {
        text.push_str(&explained(explanation));
    }
    let _ = writeln!(text, "\noutcome: {}", compared.outcome.in_words());
    text
}

/// Which windows, of what.
fn heading(report: &CompareReport<'_>) -> String {
    let CompareReport {
        request,
        compared,
        release,
    } = report;
    let mut text = String::new();
    if let Some((around, length)) = release {
        text.push_str(&release_line(around));
        if let Some(clipped) = around.clipped_by {
            let _ = writeln!(text, "shorter than {length}: {}", in_words(clipped));
        }
    }
    let what = counted(request.level);
    let sides = [("before", request.before), ("after ", request.after)];
    for ((side, range), items) in sides.into_iter().zip(compared.items) {
        let TimeRange { from, until } = range;
        let _ = writeln!(
            text,
            "{side}  {} to {}: {} {what}",
            seconds(from),
            seconds(until),
            whole(items)
        );
    }
    let filter = request.filter.to_string();
    if !filter.is_empty() {
        let _ = writeln!(text, "where   {}", Untrusted(&filter));
    }
    text
}

/// Which release it was.
pub(super) fn release_line(around: &Around) -> String {
    let deployment = &around.record.deployment;
    let mut line = format!(
        "{} #{} ({}), {} {}",
        deployment.lane,
        deployment.sequence,
        around.record.id.short(),
        deployment.kind.name(),
        seconds(deployment.recorded_at)
    );
    if let Some(reason) = &deployment.reason {
        let _ = write!(line, ": {}", Untrusted(&shorten(reason, SHOWN)));
    }
    line.push('\n');
    line
}

/// What made windows shorter.
pub(super) fn in_words(clipped: ClippedBy) -> String {
    match clipped {
        ClippedBy::Earlier(sequence) => format!("#{sequence} went live not that long before"),
        ClippedBy::Later(sequence) => format!("#{sequence} followed sooner"),
        ClippedBy::Now => "it is not that long ago".to_owned(),
    }
}

/// How one number moved, in a line.
pub fn change_line(change: &Change) -> String {
    let value = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| number(unit(change), value))
    };
    format!(
        "{} {}: {} before, {} after: {}",
        change.metric,
        change.statistic,
        value(change.values[0]),
        value(change.values[1]),
        outcome(change)
    )
}

/// A row for each number that has values.
fn changes(changes: &[Change], width: Option<usize>) -> String {
    let titles = [
        "METRIC",
        "STATISTIC",
        "BEFORE",
        "AFTER",
        "CHANGE",
        "95% INTERVAL",
        "OUTCOME",
    ]
    .map(str::to_owned);
    let (unknown, known): (Vec<&Change>, Vec<&Change>) = changes
        .iter()
        .partition(|change| change.outcome == ChangeOutcome::NoValues);
    let rows = known.into_iter().map(|change| {
        let value = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| number(unit(change), value))
        };
        let [moved, interval] = moved(change);
        vec![
            change.metric.clone(),
            change.statistic.clone(),
            value(change.values[0]),
            value(change.values[1]),
            moved,
            interval,
            outcome(change),
        ]
    });
    let mut text = fitting_table(&titles, rows.collect(), &[2, 3, 4, 5], width);
    if !unknown.is_empty() {
        let mut names: Vec<&str> = unknown.iter().map(|it| it.metric.as_str()).collect();
        names.dedup();
        let _ = writeln!(text, "no data: {}", Untrusted(&names.join(", ")));
    }
    text
}

pub(super) fn unit(change: &Change) -> Unit {
    Metric::of(&change.metric).map_or(Unit::Count, |metric| metric.unit())
}

/// What is said of a number; of too few values, how many there are.
fn outcome(change: &Change) -> String {
    let words = change.outcome.in_words();
    match change.outcome {
        ChangeOutcome::TooFew => {
            format!("{words}: {} and {} values", change.n[0], change.n[1])
        }
        _ => words.to_owned(),
    }
}

/// A change and its interval: of shares in points, of scores as they are, of the rest in parts.
pub(super) fn moved(change: &Change) -> [String; 2] {
    let unit = unit(change);
    let texts = |numbers: Option<[f64; 3]>, text: &dyn Fn(f64) -> String| match numbers {
        None => [String::new(), String::new()],
        Some([number, lower, upper]) => {
            [text(number), format!("{} to {}", text(lower), text(upper))]
        }
    };
    match unit {
        Unit::Share => texts(change.difference, &|it| format!("{:+.2} pt", it * 100.0)),
        Unit::Score => texts(change.difference, &|it| format!("{it:+.3}")),
        Unit::Count | Unit::Duration | Unit::Money => {
            texts(change.ratio, &|it| format!("{:+.1}%", (it - 1.0) * 100.0))
        }
    }
}

/// Whether the traffic is the same.
fn mix(mix: &[Shift]) -> String {
    let changed: Vec<&Shift> = mix.iter().filter(|shift| shift.changed).collect();
    if changed.is_empty() {
        return "\ntraffic: no other mix is shown\n".to_owned();
    }
    let mut text = "\ntraffic: another mix than before\n".to_owned();
    for shift in changed {
        let _ = writeln!(
            text,
            "  {}: {} went over to other values",
            Untrusted(&shift.column.name()),
            percent(shift.moved)
        );
        for share in &shift.shares {
            let value = share.value.as_deref().unwrap_or("(none)");
            let [before, after] = share.shares.map(percent);
            let value = shorten(value, SHOWN);
            let _ = writeln!(text, "    {}: {before}, then {after}", Untrusted(&value));
        }
    }
    text
}

/// The numbers with the traffic mixed alike.
fn standard(standardised: &Standardised, width: Option<usize>) -> String {
    let columns: Vec<String> = standardised.columns.iter().map(Column::name).collect();
    let [before, after] = standardised.covered.map(percent);
    let decides = if standardised.decides() {
        "this decides"
    } else {
        "too little of them to decide"
    };
    format!(
        "\nwith each {} as often before as after ({before} and {after} of the traces): {decides}\n{}",
        columns.join(" and "),
        changes(&standardised.changes, width)
    )
}

/// What the bad ones have in common.
fn explained(explanation: &Explanation) -> String {
    let metric = &explanation.metric;
    let bad = match (explanation.bound, metric) {
        (None, _) => "failed".to_owned(),
        (Some(bound), Metric::Score(_)) => {
            format!("{} below {}", metric.name(), number(metric.unit(), bound))
        }
        (Some(bound), _) => {
            format!("{} beyond {}", metric.name(), number(metric.unit(), bound))
        }
    };
    let mut text = format!(
        "\nbad ones afterwards ({}): {}, beside {} others\n",
        Untrusted(&bad),
        whole(explanation.bad),
        whole(explanation.others)
    );
    if explanation.contrasts.is_empty() {
        text.push_str("  they have nothing in common that others have not as often\n");
    }
    for contrast in &explanation.contrasts {
        let often = match contrast.lift {
            Some(lift) => format!("{lift:.1} times as often"),
            None => "no other has it".to_owned(),
        };
        let value = shorten(&contrast.value, SHOWN);
        let _ = writeln!(
            text,
            "  {} = {}: {} of them, {} of the others; {often}",
            Untrusted(&contrast.column.name()),
            Untrusted(&value),
            percent(contrast.bad),
            percent(contrast.others)
        );
    }
    if !explanation.contrasts.is_empty() {
        text.push_str("  it coincides; counts cannot tell whether it is the cause\n");
    }
    text
}
