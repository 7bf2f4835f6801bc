//! The numbers of a window for programs: `pointsman/monitor/v1`. The shape is frozen: fields may be
//! added, and nothing else changes.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::metric::{Metric, Statistic, Unit, Worse};
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::Level;
use crate::engine::monitor::buckets::Bucket;
use crate::engine::monitor::figures::{Figures, Numbers};
use crate::engine::monitor::markers::Marker;
use crate::report::release_json::RecordV1;

use super::number::said;
use super::overview::OverviewReport;

/// The numbers of a window.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverviewV1<'o> {
    schema: &'static str,
    per: &'static str,
    window: TimeRange,
    #[serde(rename = "where")]
    filter: String,
    group_by: Vec<String>,
    bucket_seconds: i64,
    metrics: Vec<MetricV1>,
    buckets: Vec<TimeRange>,
    groups: Vec<GroupV1<'o>>,
    more: bool,
    releases: Vec<ReleaseV1<'o>>,
}

/// A metric.
#[derive(Debug, Serialize)]
struct MetricV1 {
    name: String,
    unit: &'static str,
    worse: Option<&'static str>,
}

/// The numbers of a group.
#[derive(Debug, Serialize)]
struct GroupV1<'o> {
    keys: &'o [Option<String>],
    total: NumbersV1,
    series: Vec<NumbersV1>,
}

type NumbersV1 = IndexMap<String, FiguresV1>;

/// The numbers of one metric; `null` where there are too few values.
#[derive(Debug, Serialize)]
struct FiguresV1 {
    n: u64,
    avg: Option<f64>,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    sum: Option<f64>,
}

/// A release and the bucket in which it went live.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseV1<'o> {
    bucket: usize,
    at: Timestamp,
    record: RecordV1<'o>,
}

impl<'o> OverviewV1<'o> {
    /// What was asked and what came of it.
    pub fn new(report: &OverviewReport<'o>) -> Self {
        let OverviewReport {
            request, overview, ..
        } = report;
        let numbers = |numbers: &Numbers| -> NumbersV1 {
            let metrics = request.metrics.iter();
            let known = metrics.filter_map(|it| Some((it.name(), numbers.get(it)?.into())));
            known.collect()
        };
        let groups = overview.groups.iter().map(|group| GroupV1 {
            keys: &group.keys,
            total: numbers(&group.total),
            series: group.series.iter().map(numbers).collect(),
        });
        let covered = |bucket: &Bucket| bucket.covered;
        Self {
            schema: "pointsman/monitor/v1",
            per: per(request.level),
            window: request.range,
            filter: request.filter.to_string(),
            group_by: request.group_by.iter().map(Column::name).collect(),
            bucket_seconds: request.bucket.seconds,
            metrics: request.metrics.iter().map(MetricV1::from).collect(),
            buckets: overview.buckets.iter().map(covered).collect(),
            groups: groups.collect(),
            more: overview.more,
            releases: report.markers.iter().map(ReleaseV1::from).collect(),
        }
    }
}

/// What is counted.
pub(super) fn per(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Span => "span",
    }
}

/// What the values of a metric are.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Share => "share",
        Unit::Duration => "nanoseconds",
        Unit::Money => "usd",
        Unit::Score => "score",
    }
}

impl From<&Metric> for MetricV1 {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.name(),
            unit: unit(metric.unit()),
            worse: match metric.worse() {
                Worse::Up => Some("up"),
                Worse::Down => Some("down"),
                Worse::Neither => None,
            },
        }
    }
}

impl From<&Figures> for FiguresV1 {
    fn from(figures: &Figures) -> Self {
        let number = |statistic| said(figures, statistic);
        Self {
            n: figures.n,
            avg: number(Statistic::Mean),
            p50: number(Statistic::P50),
            p95: number(Statistic::P95),
            p99: number(Statistic::P99),
            sum: number(Statistic::Sum),
        }
    }
}

impl<'o> From<&'o Marker> for ReleaseV1<'o> {
    fn from(marker: &'o Marker) -> Self {
        Self {
            bucket: marker.bucket,
            at: marker.record.deployment.recorded_at,
            record: (&marker.record).into(),
        }
    }
}
