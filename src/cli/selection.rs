//! Which spans a command is about: `--where`, and the options that say when they began.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::ReleaseName;
use crate::domain::finding::Place;
use crate::domain::id::{LaneName, ViewId};
use crate::domain::moment::{MOMENT_FORMS, ago, parse_moment};
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::language::{FilterError, parse};
use crate::domain::trace::selection::Selection;
use crate::domain::trace::view::View;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::history::History;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::document::Source;

use super::commands::lanes::current;
use super::context::Context;
use super::error::CommandError;
use super::shell::quoted;

/// The option by which a command means these spans, as it is typed; empty: all are meant.
pub fn where_option(filter: &Filter) -> String {
    let filter = filter.to_string();
    if filter.is_empty() {
        return String::new();
    }
    format!(" --where {}", quoted(&filter))
}

/// The options by which a command means these spans of this time, as they are typed.
pub fn window_options(range: TimeRange, filter: &Filter) -> String {
    let TimeRange { from, until } = range;
    format!("--window {from}..{until}{}", where_option(filter))
}

/// Options that say which spans are meant, whenever they began.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which spans")]
pub struct FilterArgs {
    /// Only the spans of a saved view; everything else that is said narrows it
    #[arg(long, value_name = "VIEW")]
    view: Option<ViewId>,
    /// Only spans for which this holds, as in `lane = production and duration > 2s`
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
}

/// Options of every command that reads traces.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which spans")]
pub struct SelectionArgs {
    #[command(flatten)]
    which: FilterArgs,
    /// Only spans that began at this time or later: `2026-03-02T09:00:00Z`, `2026-03-02` for its
    /// first moment in UTC, or `24h` for the last day
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only spans that began before this time
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only spans that began from one time up to another, or within a period before now: `24h`
    #[arg(long, value_name = "FROM..TO", conflicts_with_all = ["since", "until"])]
    window: Option<String>,
    /// Only spans that began within the hour before and the hour after a record of a lane, as in
    /// `production#12`; `production#12:1d` is a day before and a day after
    #[arg(long, value_name = "LANE#SEQ[:PERIOD]", conflicts_with_all = ["since", "until", "window"])]
    around: Option<Around>,
}

/// A record of a lane, and how much time on each side of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The lane.
    pub lane: LaneName,
    /// The record's number.
    pub sequence: u64,
    /// How much time; absent: nobody says.
    pub period: Option<Period>,
}

/// How much time lies on each side of a record where nobody says.
const AROUND: Period = Period { seconds: 60 * 60 };

impl FromStr for Around {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, period) = match text.split_once(':') {
            Some((name, period)) => {
                let period = period.parse().map_err(|error: _| format!("{error}"))?;
                (name, Some(period))
            }
            None => (text, None),
        };
        let ReleaseName { lane, sequence } = name.parse()?;
        Ok(Self {
            lane,
            sequence,
            period,
        })
    }
}

impl FilterArgs {
    /// What holds for the spans that are meant. When they began is said elsewhere: how far back a view
    /// looks is left aside, and a filter that says it is refused.
    pub fn filter(&self, context: &Context) -> Result<Filter, CommandError> {
        let now = context.clock().now();
        let viewed = match self.view(context)? {
            None => Selection::EVERYTHING,
            Some(view) => read_filter(&view.id.path(), &view.filter, now)?,
        };
        let said = viewed.and(self.said(now)?);
        if said.range != TimeRange::ALWAYS {
            let message = "a filter cannot say when, where other options say it";
            return Err(CommandError::usage(message).with_hint("leave `time` out of the filter"));
        }
        Ok(said.filter)
    }

    fn said(&self, now: Timestamp) -> Result<Selection, CommandError> {
        read_filter("--where", self.filter.as_deref().unwrap_or_default(), now)
    }

    fn view(&self, context: &Context) -> Result<Option<View>, CommandError> {
        let Some(id) = &self.view else {
            return Ok(None);
        };
        let tree = context.tree_at_hand()?;
        Ok(Some(Workspace::new(tree.as_ref()).view(id)?))
    }
}

impl SelectionArgs {
    /// The spans that are meant.
    pub fn selection(&self, context: &Context) -> Result<Selection, CommandError> {
        let now = context.clock().now();
        let said = self.which.said(now)?;
        let viewed = match self.view(context)? {
            None => Selection::EVERYTHING,
            Some(view) => view
                .selection(now)
                .map_err(|error| refused(&view.id.path(), &view.filter, error))?,
        };
        let range = self.range(context, now)?;
        Ok(viewed.and(said).and(Selection {
            range,
            ..Selection::EVERYTHING
        }))
    }

    /// The same; where nobody says when, those of so much time before now.
    pub fn recent(
        &self,
        context: &Context,
        ago: SignedDuration,
    ) -> Result<Selection, CommandError> {
        let mut selection = self.selection(context)?;
        if selection.range == TimeRange::ALWAYS {
            let now = context.clock().now();
            selection.range.from = now.checked_sub(ago).unwrap_or(Timestamp::MIN);
        }
        Ok(selection)
    }

    /// The saved view that is used.
    pub fn view(&self, context: &Context) -> Result<Option<View>, CommandError> {
        self.which.view(context)
    }

    /// A view that means the same spans, whenever it is used: a period before now stays one.
    pub fn save_as(&self, id: &ViewId, context: &Context) -> Result<View, CommandError> {
        let used = self.view(context)?;
        let now = context.clock().now();
        let period = |text: &Option<String>| -> Option<Period> { text.as_ref()?.parse().ok() };
        let said = match (&self.window, &self.until) {
            (Some(_), _) => period(&self.window),
            (None, None) => period(&self.since),
            (None, Some(_)) => None,
        };
        let range = match said {
            Some(_) => TimeRange::ALWAYS,
            None => self.range(context, now)?,
        };
        let parts = [
            used.as_ref().map_or("", |view| &view.filter).to_owned(),
            self.which.filter.clone().unwrap_or_default(),
            range.to_string(),
        ];
        let mut parts: Vec<String> = parts
            .into_iter()
            .filter(|it| !it.trim().is_empty())
            .collect();
        let filter = match parts.len() {
            0 | 1 => parts.pop().unwrap_or_default(),
            _ => parts
                .iter()
                .map(|part| format!("({part})"))
                .collect::<Vec<_>>()
                .join(" and "),
        };
        Ok(View {
            id: id.clone(),
            description: None,
            filter,
            last: said.or(used.and_then(|view| view.last)),
            by: None,
            columns: Vec::new(),
            sort: None,
        })
    }

    fn range(&self, context: &Context, now: Timestamp) -> Result<TimeRange, CommandError> {
        if let Some(around) = &self.around {
            return around.range(&context.lanes()?);
        }
        if let Some(window) = &self.window {
            return read_window(window, now);
        }
        let moment_of = |text: &Option<String>| text.as_deref().map(|text| moment(text, now));
        not_empty(TimeRange {
            from: moment_of(&self.since).unwrap_or(Ok(Timestamp::MIN))?,
            until: moment_of(&self.until).unwrap_or(Ok(Timestamp::MAX))?,
        })
    }
}

/// The spans that a filter means which stands in an option.
pub fn read_filter(option: &str, text: &str, now: Timestamp) -> Result<Selection, CommandError> {
    parse(text, now).map_err(|error| refused(option, text, error))
}

/// A stretch of time that stands in an option: both ends of it, or a period before now.
pub fn read_window(text: &str, now: Timestamp) -> Result<TimeRange, CommandError> {
    if let Some(from) = text.parse().ok().and_then(|period| ago(period, now)) {
        return not_empty(TimeRange { from, until: now });
    }
    let (from, until) = text.split_once("..").ok_or_else(|| {
        CommandError::usage(format!("`{text}` is not a stretch of time"))
            .with_hint("write both ends, as in `2026-03-01..2026-03-02`, or `24h` for the last day")
    })?;
    not_empty(TimeRange {
        from: moment(from, now)?,
        until: moment(until, now)?,
    })
}

fn not_empty(range: TimeRange) -> Result<TimeRange, CommandError> {
    if !range.is_empty() {
        return Ok(range);
    }
    let message = format!("no time lies from {} up to {}", range.from, range.until);
    Err(CommandError::usage(message).with_hint("name the earlier time first"))
}

impl Around {
    fn range(&self, lanes: &dyn LaneStore) -> Result<TimeRange, CommandError> {
        let period = SignedDuration::from_secs(self.period.unwrap_or(AROUND).seconds);
        let moved = self.record(lanes)?.deployment.recorded_at;
        Ok(TimeRange {
            from: moved.checked_sub(period).unwrap_or(Timestamp::MIN),
            until: moved.checked_add(period).unwrap_or(Timestamp::MAX),
        })
    }

    /// The record.
    pub fn record(&self, lanes: &dyn LaneStore) -> Result<LaneRecord, CommandError> {
        let newest = current(lanes, &self.lane)?;
        let last = newest.deployment.sequence;
        for record in History::from(lanes, &newest) {
            let record = record?;
            if record.deployment.sequence == self.sequence {
                return Ok(record);
            }
        }
        Err(CommandError::usage(format!(
            "lane `{}` has no record #{}",
            self.lane, self.sequence
        ))
        .with_hint(format!(
            "its newest record is #{last}; `pointsman lanes log {}` shows them all",
            self.lane
        )))
    }
}

/// A time of an option; a period alone lies before now.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, CommandError> {
    let text = text.trim();
    let moment = parse_moment(text, now).or_else(|| ago(text.parse().ok()?, now));
    moment.ok_or_else(|| {
        CommandError::usage(format!("`{text}` is not a time"))
            .with_hint(format!("write {MOMENT_FORMS}, or `24h` for a day ago"))
    })
}

/// The error of a filter that stands in an option.
pub fn refused(option: &str, text: &str, error: FilterError) -> CommandError {
    let source = Source::new(option, text);
    let place = |range| -> Place { source.place(source.span_of_bytes(range)) };
    CommandError::usage("the filter cannot be read").with_findings(vec![error.finding(place)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_with_or_without_a_period() {
        let around = |text: &str| text.parse::<Around>();
        let production = around("production#12").unwrap();
        assert_eq!((production.sequence, production.period), (12, None));
        let day = around("production#12:1d").unwrap();
        assert_eq!(day.period, "24h".parse().ok());
        for text in [
            "production",
            "production#",
            "#12",
            "a/b#1",
            "production#1:x",
            "production#-1",
        ] {
            assert!(around(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_alone_lies_before_now() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let read = |text: &str| moment(text, now).map(|it| it.to_string()).ok();
        assert_eq!(read("24h").as_deref(), Some("2026-03-01T09:00:00Z"));
        assert_eq!(read("now").as_deref(), Some("2026-03-02T09:00:00Z"));
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn a_window_has_two_ends_or_lies_before_now() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let read = |text: &str| read_window(text, now).map(|it| it.to_string()).ok();
        let day = "time >= 2026-03-01T09:00:00Z and time < 2026-03-02T09:00:00Z";
        assert_eq!(read("24h").as_deref(), Some(day));
        assert_eq!(read("24h..now").as_deref(), Some(day));
        for wrong in ["", "now", "now..24h", "0s", "24h..", "yesterday..now"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
