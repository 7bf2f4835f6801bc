//! The numbers of a window for people: a table, and lines over time.

use std::fmt::Write as _;

use crate::domain::metric::{Metric, Statistic};
use crate::domain::trace::query::Level;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::monitor::figures::Figures;
use crate::engine::monitor::markers::Marker;
use crate::engine::monitor::overview::{Group, Overview, OverviewRequest};
use crate::report::release::seconds;
use crate::report::traces::fit::fitting_table;
use crate::report::traces::list::short_id;

use super::chart::{Row, chart};
use super::number::{figure, number, percent, said, whole};

/// The numbers of each metric that a table shows, with their titles.
const SHOWN: [(&str, Statistic); 5] = [
    ("AVG", Statistic::Mean),
    ("P50", Statistic::P50),
    ("P95", Statistic::P95),
    ("P99", Statistic::P99),
    ("SUM", Statistic::Sum),
];

/// The longest name of a group in a chart, in characters.
const LONGEST: usize = 28;

/// What was asked, and what came of it.
pub struct OverviewReport<'o> {
    /// What was asked.
    pub request: &'o OverviewRequest,
    /// What came of it.
    pub overview: &'o Overview,
    /// The releases in the window.
    pub markers: &'o [Marker],
    /// The number of each metric that is shown over time.
    pub trend: Statistic,
}

/// The page for a terminal of this width.
pub fn overview_text(report: &OverviewReport<'_>, width: Option<usize>) -> String {
    let mut text = heading(report);
    text.push('\n');
    match report.overview.groups.as_slice() {
        [group] if report.request.group_by.is_empty() => {
            text.push_str(&metric_table(report.request, group, width));
            text.push_str(&doubts(report.request, group));
            let rows = report.request.metrics.iter();
            let rows: Vec<Row> = rows
                .map(|metric| row(metric.name(), metric, report.trend, group))
                .filter(|row| row.values.iter().any(Option::is_some))
                .collect();
            section(&mut text, report, None, &rows);
        }
        groups => {
            text.push_str(&group_table(report.request, groups, width));
            if report.overview.more {
                text.push_str("and more: only those with the most traffic are shown\n");
            }
            let drawn = drawn(report.request);
            let rows: Vec<Row> = groups
                .iter()
                .map(|group| row(name(group), &drawn, report.trend, group))
                .collect();
            section(&mut text, report, Some(&drawn), &rows);
        }
    }
    text
}

/// What is counted, when, and of which spans.
pub(super) fn heading(report: &OverviewReport<'_>) -> String {
    let OverviewRequest {
        level,
        range,
        filter,
        ..
    } = report.request;
    let mut text = format!(
        "{}, {} to {}",
        counted(*level),
        seconds(range.from),
        seconds(range.until)
    );
    let filter = filter.to_string();
    if !filter.is_empty() {
        let _ = write!(text, ", where {}", Untrusted(&filter));
    }
    text.push('\n');
    text
}

/// What is counted.
pub(super) fn counted(level: Level) -> &'static str {
    match level {
        Level::Trace => "traces",
        Level::Span => "spans",
    }
}

fn section(text: &mut String, report: &OverviewReport<'_>, metric: Option<&Metric>, rows: &[Row]) {
    let what = metric.map_or(String::new(), |metric| {
        format!("{}, ", Untrusted(&metric.name()))
    });
    let bucket = report.request.bucket;
    let _ = writeln!(text, "\n{what}{} of each {bucket}", report.trend.name());
    text.push_str(&chart(rows, report.markers));
}

/// The numbers of a group over time. A metric without this number is shown by its mean.
fn row(title: String, metric: &Metric, trend: Statistic, group: &Group) -> Row {
    let has = |figures: &Figures| figures.get(trend).is_some();
    let wanted = group.total.get(metric).is_some_and(has);
    let statistic = if wanted { trend } else { Statistic::Mean };
    let value = |numbers: &crate::engine::monitor::figures::Numbers| {
        numbers.get(metric).and_then(|it| said(it, statistic))
    };
    Row {
        title,
        unit: metric.unit(),
        values: group.series.iter().map(value).collect(),
    }
}

/// A row for each metric.
fn metric_table(request: &OverviewRequest, group: &Group, width: Option<usize>) -> String {
    let mut titles = vec!["METRIC".to_owned(), "COUNT".to_owned()];
    titles.extend(SHOWN.map(|(title, _)| title.to_owned()));
    let rows = request.metrics.iter().filter_map(|metric| {
        let figures = group.total.get(metric)?;
        let mut cells = vec![metric.name(), whole(figures.n)];
        let numbers = SHOWN.map(|(_, statistic)| cell(metric, figures, statistic));
        cells.extend(numbers);
        Some(cells)
    });
    fitting_table(&titles, rows.collect(), &[1, 2, 3, 4, 5, 6], width)
}

/// A cell; empty where the metric has no such number, whatever came.
pub(super) fn cell(metric: &Metric, figures: &Figures, statistic: Statistic) -> String {
    let has = match metric {
        Metric::Traffic => false,
        Metric::ErrorRate => statistic == Statistic::Mean,
        Metric::Unpriced => matches!(statistic, Statistic::Mean | Statistic::Sum),
        Metric::Latency | Metric::Score(_) => statistic != Statistic::Sum,
        Metric::Cost | Metric::InputTokens | Metric::OutputTokens => true,
    };
    match (has, metric, statistic) {
        (false, ..) => String::new(),
        (true, Metric::Unpriced, Statistic::Sum) => figures
            .sum
            .map_or_else(|| "-".to_owned(), |sum| format!("{sum:.0}")),
        (true, ..) => figure(metric, figures, statistic),
    }
}

/// What the numbers do not say because it is not known.
pub(super) fn doubts(request: &OverviewRequest, group: &Group) -> String {
    let mut text = String::new();
    let figures = |metric: &Metric| group.total.get(metric).copied().unwrap_or_default();
    let unpriced = figures(&Metric::Unpriced);
    if let Some(share) = unpriced.mean.filter(|share| *share > 0.0) {
        let _ = writeln!(
            text,
            "{} of {} calls to models have no known price ({}); cost is that of the others",
            number(
                crate::domain::metric::Unit::Count,
                unpriced.sum.unwrap_or(0.0)
            ),
            whole(unpriced.n),
            percent(share)
        );
    }
    let traffic = figures(&Metric::Traffic).n;
    let asked = request.metrics.contains(&Metric::Score(None));
    let unscored = traffic.saturating_sub(figures(&Metric::Score(None)).n);
    if asked && unscored > 0 {
        let _ = writeln!(
            text,
            "{} of {} {} have no score",
            whole(unscored),
            whole(traffic),
            counted(request.level)
        );
    }
    text
}

/// A row for each group: of one metric all its numbers, of several the one that says most.
fn group_table(request: &OverviewRequest, groups: &[Group], width: Option<usize>) -> String {
    let columns = columns(request);
    let keys = request.group_by.len();
    let mut titles: Vec<String> = request
        .group_by
        .iter()
        .map(|column| column.name().to_uppercase())
        .collect();
    titles.extend(columns.iter().map(|(title, ..)| title.clone()));
    let rows = groups.iter().map(|group| {
        let mut cells: Vec<String> = group.keys.iter().map(|it| key(it.as_ref())).collect();
        cells.extend(columns.iter().map(|(_, metric, statistic)| {
            let figures = group.total.get(metric).copied().unwrap_or_default();
            match metric {
                Metric::Traffic => whole(figures.n),
                _ => figure(metric, &figures, *statistic),
            }
        }));
        cells
    });
    let right: Vec<usize> = (keys..keys + columns.len()).collect();
    fitting_table(&titles, rows.collect(), &right, width)
}

/// The columns of figures in a table of groups.
fn columns(request: &OverviewRequest) -> Vec<(String, Metric, Statistic)> {
    let mut columns = Vec::new();
    let single = request.metrics.len() == 1;
    for metric in &request.metrics {
        let title = title(metric);
        match metric {
            Metric::Traffic => {
                let title = counted(request.level).to_uppercase();
                columns.push((title, metric.clone(), Statistic::Mean));
            }
            Metric::Latency if !single => {
                for (suffix, statistic) in [("P50", Statistic::P50), ("P95", Statistic::P95)] {
                    columns.push((suffix.to_owned(), metric.clone(), statistic));
                }
            }
            _ if single && metric.column().is_some() => {
                let all = SHOWN.map(|(suffix, statistic)| {
                    (format!("{title} {suffix}"), metric.clone(), statistic)
                });
                columns.extend(all);
            }
            _ => columns.push((title, metric.clone(), Statistic::Mean)),
        }
    }
    columns
}

/// The title of a column.
fn title(metric: &Metric) -> String {
    match metric {
        Metric::ErrorRate => "ERRORS".to_owned(),
        Metric::InputTokens => "IN".to_owned(),
        Metric::OutputTokens => "OUT".to_owned(),
        other => other.name().to_uppercase(),
    }
}

/// The metric whose course is drawn for each group.
pub(super) fn drawn(request: &OverviewRequest) -> Metric {
    let all = request.metrics.iter();
    let by_itself = all.clone().find(|metric| **metric == Metric::Latency);
    let drawn = by_itself.or(request.metrics.first());
    drawn.cloned().unwrap_or(Metric::Traffic)
}

/// The value of a group; of an id its start.
fn key(key: Option<&String>) -> String {
    key.map_or_else(|| "(none)".to_owned(), |key| short_id(key))
}

/// What a group is called.
pub(super) fn name(group: &Group) -> String {
    let keys: Vec<String> = group.keys.iter().map(|it| key(it.as_ref())).collect();
    shorten(&keys.join(" / "), LONGEST).into_owned()
}
