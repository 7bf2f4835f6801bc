//! `pointsman monitor` itself: the numbers of a window.

use jiff::{SignedDuration, Timestamp};

use crate::cli::commands::traces::{Grain, explain_nothing};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output, check_stdout, write_all};
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::metric::{Metric, Statistic};
use crate::domain::period::Period;
use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Level, Measure, TraceQuery};
use crate::domain::trace::selection::Selection;
use crate::engine::monitor::buckets::length_for;
use crate::engine::monitor::markers::{Marker, markers};
use crate::engine::monitor::overview::{Overview, OverviewRequest};
use crate::engine::ports::traces::{StoreContents, TraceStore};
use crate::report::json;
use crate::report::monitor::html::overview_html;
use crate::report::monitor::overview::{OverviewReport, overview_text};
use crate::report::monitor::overview_json::OverviewV1;

/// How long a window is where nobody says.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How many evaluators are shown one by one.
const MOST_SCORES: usize = 10;

/// Columns that say something of a step, and not of a whole trace.
const OF_STEPS: [Column; 10] = [
    Column::Prompt,
    Column::Version,
    Column::Fingerprint,
    Column::Deployment,
    Column::Provider,
    Column::Model,
    Column::Operation,
    Column::Name,
    Column::Tool,
    Column::FinishReason,
];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct OverviewArgs {
    /// A row for each value of a column of texts, such as `lane`, `deployment`, `prompt`, `version`,
    /// `model`, `route`, `tag` or `attribute.<name>`; of several columns, for each combination
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = group)]
    by: Vec<Column>,
    /// What is counted and measured. Where nobody says: traces, or spans where a row is a step of one,
    /// such as a prompt or a model
    #[arg(long, value_name = "WHAT")]
    per: Option<Grain>,
    /// Only these metrics: `traffic`, `error_rate`, `latency`, `cost`, `input_tokens`,
    /// `output_tokens`, `score`, `score.<evaluator>` or `unpriced`
    #[arg(long = "metric", value_name = "METRIC,…", value_delimiter = ',')]
    metrics: Vec<Metric>,
    /// Which number is shown over time: `avg`, `p50`, `p95`, `p99` or `sum`
    #[arg(long, value_name = "STATISTIC", default_value = "avg")]
    trend: Statistic,
    /// How long a piece of the time is, as in `15m`; absent: what suits the window
    #[arg(long, value_name = "PERIOD", value_parser = bucket)]
    bucket: Option<Period>,
    /// Write the result to a file, too, in the format of its ending: `.html`, a page with charts, or
    /// `.json`. Say `html=-` for stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<OverviewFormat>>,
    /// Show this many rows of `--by`, those with the most traffic
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
    #[command(flatten)]
    selection: SelectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OverviewFormat {
    Html,
    Json,
}

impl Format for OverviewFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("html", Self::Html), ("json", Self::Json)];
    const ENDINGS: &'static str = ".html or .json";
}

/// A column that groups can be made of.
fn group(text: &str) -> Result<Column, String> {
    use crate::domain::trace::field::Field;
    match text.parse::<Field>()? {
        Field::Column(column) if column.kind() == ColumnKind::Text => Ok(column),
        _ => Err(format!(
            "`{text}` has a value of its own for each span: groups are made of columns of texts"
        )),
    }
}

/// A length of time that is not nothing.
fn bucket(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|error| format!("{error}"))?;
    if period.seconds == 0 {
        return Err("a piece of time is at least `1s` long".to_owned());
    }
    Ok(period)
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &OverviewArgs,
) -> Result<Exit, CommandError> {
    check_stdout(&args.outputs, ui)?;
    let Answer {
        request,
        overview,
        markers,
        contents,
        is_empty: empty,
    } = ask(context, args)?;
    if empty {
        lead_on(ui, context.trace_store()?.as_ref(), &request, &contents)?;
    }
    let report = OverviewReport {
        request: &request,
        overview: &overview,
        markers: &markers,
        trend: args.trend,
    };
    let shown = write_all(context, ui, &args.outputs, |format| match format {
        OverviewFormat::Html => overview_html(&report),
        OverviewFormat::Json => json::pretty(&OverviewV1::new(&report)),
    })?;
    if ui.wants_json() {
        ui.json(&OverviewV1::new(&report));
    } else if !empty && !shown {
        ui.text(overview_text(&report, ui.width()));
    }
    Ok(Exit::Success)
}

/// What was asked, and what came of it.
pub(in crate::cli) struct Answer {
    /// The question.
    pub(in crate::cli) request: OverviewRequest,
    /// The numbers.
    pub(in crate::cli) overview: Overview,
    /// What went live within the window.
    pub(in crate::cli) markers: Vec<Marker>,
    /// What the store holds.
    pub(in crate::cli) contents: StoreContents,
    /// Whether no span is meant.
    pub(in crate::cli) is_empty: bool,
}

/// Asks for the numbers of a window.
pub(in crate::cli) fn ask(context: &Context, args: &OverviewArgs) -> Result<Answer, CommandError> {
    let store = context.trace_store()?;
    let contents = store.contents()?;
    let selection = args.selection.selection(context)?;
    let range = bounded(selection.range, context.clock().now(), &contents);
    let level = level(args);
    let request = OverviewRequest {
        level,
        range,
        filter: selection.filter,
        group_by: args.by.clone(),
        bucket: args.bucket.unwrap_or_else(|| length_for(&range)),
        metrics: metrics(args, level, &contents)?,
        most_groups: args.count,
    };
    let overview = request.ask(store.as_ref())?;
    let markers = markers(
        &context.lanes()?,
        &request.filter,
        &request.range,
        &overview.buckets,
    )?;
    Ok(Answer {
        is_empty: is_empty(store.as_ref(), &request, &overview)?,
        request,
        overview,
        markers,
        contents,
    })
}

impl OverviewArgs {
    /// Which number is shown over time.
    pub(in crate::cli) fn trend(&self) -> Statistic {
        self.trend
    }
}

fn level(args: &OverviewArgs) -> Level {
    let of_steps = args.by.iter().any(|column| OF_STEPS.contains(column));
    match args.per {
        Some(grain) => grain.level(),
        None if of_steps => Level::Span,
        None => Level::Trace,
    }
}

/// A window with two ends. A later end that nobody names is now; an earlier one is a day before that,
/// or where the later one is named, the first span that is kept.
fn bounded(range: TimeRange, now: Timestamp, contents: &StoreContents) -> TimeRange {
    let open_end = range.until == Timestamp::MAX;
    let until = if open_end {
        now.max(range.from)
    } else {
        range.until
    };
    if range.from != Timestamp::MIN {
        return TimeRange { until, ..range };
    }
    let day_before = until.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let first = contents.first.filter(|it| *it < until && !open_end);
    TimeRange {
        from: first.unwrap_or(day_before),
        until,
    }
}

/// What is measured where nobody says: everything, and the score of each evaluator where there are
/// several. Calls without a price are spans, and those of one trace may be of several groups.
fn metrics(
    args: &OverviewArgs,
    level: Level,
    contents: &StoreContents,
) -> Result<Vec<Metric>, CommandError> {
    let by_trace = level == Level::Trace && !args.by.is_empty();
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in &args.metrics {
        if by_trace && *metric == Metric::Unpriced {
            let message = "`unpriced` is counted by spans where there are groups";
            return Err(CommandError::usage(message).with_hint("say `--per span`"));
        }
        if !metrics.contains(metric) {
            metrics.push(metric.clone());
        }
    }
    if !metrics.is_empty() {
        return Ok(metrics);
    }
    for metric in Metric::plain() {
        let is_score = metric == Metric::Score(None);
        if !(by_trace && metric == Metric::Unpriced) {
            metrics.push(metric);
        }
        if is_score && contents.scored.len() > 1 {
            let scored = contents.scored.iter().take(MOST_SCORES).cloned();
            metrics.extend(scored.map(|name| Metric::Score(Some(name))));
        }
    }
    Ok(metrics)
}

/// Whether nothing is meant: a metric may have no values, and there are spans all the same.
fn is_empty(
    store: &dyn TraceStore,
    request: &OverviewRequest,
    overview: &Overview,
) -> Result<bool, CommandError> {
    let figures = overview.groups.iter().flat_map(|it| it.total.values());
    if figures.map(|it| it.n).sum::<u64>() > 0 {
        return Ok(false);
    }
    let table = store.aggregate(&TraceQuery {
        level: Level::Span,
        range: request.range,
        filter: request.filter.clone(),
        group_by: Vec::new(),
        bucket: None,
        measures: vec![Measure::Count],
        top: None,
    })?;
    let counts = table.rows.iter().flat_map(|row| &row.values);
    Ok(counts.flatten().sum::<f64>() == 0.0)
}

/// Says why there is nothing to show, and where there is something.
fn lead_on(
    ui: &mut Ui,
    store: &dyn TraceStore,
    request: &OverviewRequest,
    contents: &StoreContents,
) -> Result<(), CommandError> {
    let selection = Selection {
        range: request.range,
        filter: request.filter.clone(),
    };
    explain_nothing(ui, store, &selection)?;
    if let Some(window) = held_elsewhere(&request.range, contents) {
        ui.note(format_args!(
            "look at them: pointsman monitor --window {window}"
        ));
    }
    Ok(())
}

/// The window in which everything lies that is kept, where none of it lies in a range.
pub(in crate::cli) fn held_elsewhere(
    range: &TimeRange,
    contents: &StoreContents,
) -> Option<String> {
    let (first, last) = (contents.first?, contents.last?);
    if range.from <= last && first < range.until {
        return None;
    }
    let second = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let end = last
        .checked_add(SignedDuration::from_secs(1))
        .unwrap_or(last);
    Some(format!("{}..{}", second(first), second(end)))
}
