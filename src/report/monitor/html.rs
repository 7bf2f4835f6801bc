//! The numbers of a window as a page, with charts that are drawn as SVG within it.

use std::fmt::Write as _;

use crate::domain::deployment::ReleaseName;
use crate::domain::metric::{Metric, Statistic, Unit};
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::monitor::buckets::Bucket;
use crate::engine::monitor::figures::Numbers;
use crate::engine::monitor::markers::Marker;
use crate::engine::monitor::overview::Group;
use crate::report::html::Setting;
use crate::report::html::blocks::{Block, Cell, Page, Table};
use crate::report::html::drawings::{Chart, Charts, Line, Point, Release};
use crate::report::html::link;
use crate::report::release::seconds;

use super::number::{number, said, whole};
use super::overview::{OverviewReport, cell, doubts, heading, name};

/// How wide the drawing is, in its own units.
const WIDTH: f64 = 720.0;

/// How high it is.
const HEIGHT: f64 = 120.0;

/// How far two labels must be apart to be read.
const APART: f64 = 20.0;

/// How many groups are drawn in one chart: there are so many ways to draw a line.
const DRAWN: usize = 6;

/// How much of a reason is shown, in characters.
const SHOWN: usize = 200;

/// The numbers of a metric that are drawn where there are no groups.
const LINES: [Statistic; 3] = [Statistic::Mean, Statistic::P50, Statistic::P95];

/// The numbers of a metric in the table.
const COLUMNS: [Statistic; 5] = [
    Statistic::Mean,
    Statistic::P50,
    Statistic::P95,
    Statistic::P99,
    Statistic::Sum,
];

/// Renders the page, so that it needs nothing else.
pub fn overview_html(report: &OverviewReport<'_>) -> String {
    let mut page = Page::new("Monitor");
    numbers(report, &mut page);
    page.render(Setting::Alone)
}

/// Adds the numbers to a page.
pub fn numbers(report: &OverviewReport<'_>, page: &mut Page) {
    let request = report.request;
    let what = heading(report);
    let bucket = request.bucket;
    page.note(&format!(
        "{}. Each point is {bucket} of time.",
        what.trim_end()
    ));
    if !report.markers.is_empty() {
        page.heading("What went live");
        page.add(Block::List {
            numbered: true,
            items: report.markers.iter().map(went_live).collect(),
        });
    }
    page.add(Block::Charts(Charts {
        width: WIDTH,
        height: HEIGHT,
        from: seconds(request.range.from),
        until: seconds(request.range.until),
        charts: request.metrics.iter().map(|it| chart(report, it)).collect(),
        releases: releases(report),
    }));
    page.heading("Numbers of the whole time");
    if report.overview.more {
        page.note("There are more groups: those with the most traffic are shown.");
    }
    for group in &report.overview.groups {
        group_table(report, group, page);
    }
}

/// A series of values that is drawn.
struct Series<'o> {
    label: String,
    group: &'o Group,
    statistic: Statistic,
}

impl Series<'_> {
    fn values(&self, metric: &Metric) -> Vec<Option<f64>> {
        let value = |numbers: &Numbers| {
            let figures = numbers.get(metric)?;
            said(figures, self.statistic)
        };
        self.group.series.iter().map(value).collect()
    }
}

/// A chart: without groups a line for each number of the metric, with groups a line for each group.
fn chart(report: &OverviewReport<'_>, metric: &Metric) -> Chart {
    let groups = &report.overview.groups;
    let series: Vec<Series<'_>> = match groups.as_slice() {
        [group] if report.request.group_by.is_empty() => {
            let has = |statistic: &Statistic| {
                let figures = group.total.get(metric);
                figures.is_some_and(|it| it.get(*statistic).is_some())
            };
            let lines = LINES.into_iter().filter(has);
            let series = lines.map(|statistic| Series {
                label: match metric.unit() {
                    Unit::Share => "share".to_owned(),
                    _ if *metric == Metric::Traffic => "count".to_owned(),
                    _ => statistic.name().to_owned(),
                },
                group,
                statistic,
            });
            series.collect()
        }
        groups => {
            let has = |group: &&Group| group.total.contains_key(metric);
            let drawn = groups.iter().filter(has).take(DRAWN);
            let series = drawn.map(|group| Series {
                label: Untrusted(&name(group)).to_string(),
                group,
                statistic: Statistic::Mean,
            });
            series.collect()
        }
    };
    let values: Vec<Vec<Option<f64>>> = series.iter().map(|it| it.values(metric)).collect();
    let known = || values.iter().flatten().copied().flatten();
    let most = known().fold(0.0, f64::max);
    let lines = series.iter().zip(&values).enumerate();
    Chart {
        title: Untrusted(&metric.name()).to_string(),
        is_known: known().next().is_some(),
        most: number(metric.unit(), most),
        lines: lines
            .map(|(style, (series, values))| line(report, metric, series, (style, values, most)))
            .collect(),
    }
}

fn line(
    report: &OverviewReport<'_>,
    metric: &Metric,
    series: &Series<'_>,
    (style, values, most): (usize, &[Option<f64>], f64),
) -> Line {
    let buckets = &report.overview.buckets;
    let scale = if most > 0.0 { most } else { 1.0 };
    let mut pieces: Vec<Vec<String>> = vec![Vec::new()];
    let mut points = Vec::new();
    for (bucket, value) in buckets.iter().zip(values) {
        let Some(value) = value else {
            pieces.push(Vec::new());
            continue;
        };
        let x = format!("{:.1}", middle(report, bucket));
        let y = format!("{:.1}", HEIGHT - value / scale * HEIGHT);
        if let Some(piece) = pieces.last_mut() {
            piece.push(format!("{x},{y}"));
        }
        points.push(Point {
            x,
            y,
            told: format!(
                "{} {}: {}",
                seconds(bucket.covered.from),
                series.label,
                number(metric.unit(), *value)
            ),
        });
    }
    pieces.retain(|piece| piece.len() > 1);
    Line {
        label: series.label.clone(),
        style,
        pieces: pieces.iter().map(|piece| piece.join(" ")).collect(),
        points,
    }
}

/// Where the middle of a piece of time is drawn.
fn middle(report: &OverviewReport<'_>, bucket: &Bucket) -> f64 {
    let from = place(report, bucket.covered.from);
    f64::midpoint(from, place(report, bucket.covered.until))
}

/// Where a moment is drawn.
fn place(report: &OverviewReport<'_>, moment: jiff::Timestamp) -> f64 {
    let range = report.request.range;
    let whole = range.until.duration_since(range.from).as_secs_f64();
    let part = moment.duration_since(range.from).as_secs_f64();
    if whole > 0.0 {
        part / whole * WIDTH
    } else {
        0.0
    }
}

fn releases(report: &OverviewReport<'_>) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    // Where the last label stands, and whose it is.
    let mut last: Option<(f64, usize)> = None;
    for (index, marker) in report.markers.iter().enumerate() {
        let number = (index + 1).to_string();
        let x = place(report, marker.record.deployment.recorded_at);
        let mut release = Release {
            x: format!("{:.2}", x / WIDTH * 100.0),
            at: format!("{x:.1}"),
            label: String::new(),
            told: told(marker),
        };
        match last {
            Some((at, first)) if x - at < APART => {
                let _ = write!(releases[first].label, ", {number}");
            }
            _ => {
                release.label = number;
                last = Some((x, index));
            }
        }
        releases.push(release);
    }
    releases
}

/// A release with its reason.
fn went_live(marker: &Marker) -> Vec<Cell> {
    let deployment = &marker.record.deployment;
    let name = Cell::link(told(marker), link::record(&ReleaseName::of(deployment)));
    match &deployment.reason {
        Some(reason) => vec![name, Cell::new(format!(": {}", shorten(reason, SHOWN)))],
        None => vec![name],
    }
}

fn told(marker: &Marker) -> String {
    let deployment = &marker.record.deployment;
    format!(
        "{} #{}, {} {} ({})",
        deployment.lane,
        deployment.sequence,
        deployment.kind.name(),
        seconds(deployment.recorded_at),
        marker.record.id.short()
    )
}

fn group_table(report: &OverviewReport<'_>, group: &Group, page: &mut Page) {
    let name = name(group);
    if !name.is_empty() {
        page.heading(&name);
    }
    let titles = [
        "Metric", "#Count", "#Average", "#p50", "#p95", "#p99", "#Sum",
    ];
    let mut table = Table::new("the numbers of each metric", &titles);
    for metric in &report.request.metrics {
        let Some(figures) = group.total.get(metric) else {
            continue;
        };
        let mut row = vec![metric.name(), whole(figures.n)];
        row.extend(COLUMNS.map(|statistic| cell(metric, figures, statistic)));
        table.row(row);
    }
    page.add(table);
    let doubts = doubts(report.request, group);
    if !doubts.is_empty() {
        page.note(doubts.trim_end());
    }
}
