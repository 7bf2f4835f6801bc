//! Which spans a command is about: `--where`, and the options that say when they began.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::domain::finding::Place;
use crate::domain::id::LaneName;
use crate::domain::moment::{MOMENT_FORMS, ago, parse_moment};
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::language::{FilterError, parse};
use crate::domain::trace::selection::Selection;
use crate::engine::ports::LaneStore;
use crate::engine::release::history::History;
use crate::engine::workspace::document::Source;

use super::commands::lanes::current;
use super::context::Context;
use super::error::CommandError;

/// Options of every command that reads traces.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which spans")]
pub struct SelectionArgs {
    /// Only spans for which this holds, as in `lane = production and duration > 2s`
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
    /// Only spans that began at this time or later: `2026-03-02T09:00:00Z`, `2026-03-02` for its
    /// first moment in UTC, or `24h` for the last day
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only spans that began before this time
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only spans that began from one time up to another
    #[arg(long, value_name = "FROM..TO", conflicts_with_all = ["since", "until"])]
    window: Option<String>,
    /// Only spans that began within the hour before and the hour after a record of a lane, as in
    /// `production#12`; `production#12:1d` is a day before and a day after
    #[arg(long, value_name = "LANE#SEQ[:PERIOD]", conflicts_with_all = ["since", "until", "window"])]
    around: Option<Around>,
}

/// A record of a lane, and how much time on each side of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Around {
    lane: LaneName,
    sequence: u64,
    period: Period,
}

/// How much time lies on each side of a record where nobody says.
const AROUND: Period = Period { seconds: 60 * 60 };

impl FromStr for Around {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "a record of a lane is written `production#12`".to_owned();
        let (lane, rest) = text.split_once('#').ok_or_else(form)?;
        let (sequence, period) = match rest.split_once(':') {
            Some((sequence, period)) => {
                let period = period.parse();
                (sequence, period.map_err(|error: _| format!("{error}"))?)
            }
            None => (rest, AROUND),
        };
        Ok(Self {
            lane: lane.parse().map_err(|error| format!("{error}"))?,
            sequence: sequence.parse().map_err(|_| form())?,
            period,
        })
    }
}

impl SelectionArgs {
    /// The spans that are meant.
    pub fn selection(&self, context: &Context) -> Result<Selection, CommandError> {
        let now = context.clock().now();
        let filter = self.filter.as_deref().unwrap_or_default();
        let said = parse(filter, now).map_err(|error| refused("--where", filter, error))?;
        let range = self.range(context, now)?;
        Ok(said.and(Selection {
            range,
            ..Selection::EVERYTHING
        }))
    }

    fn range(&self, context: &Context, now: Timestamp) -> Result<TimeRange, CommandError> {
        if let Some(around) = &self.around {
            return around.range(&context.lanes()?);
        }
        let (since, until) = match &self.window {
            None => (self.since.as_deref(), self.until.as_deref()),
            Some(window) => {
                let (since, until) = window.split_once("..").ok_or_else(|| {
                    CommandError::usage(format!("`{window}` is not a stretch of time"))
                        .with_hint("write both ends: `--window 2026-03-01..2026-03-02`")
                })?;
                (Some(since), Some(until))
            }
        };
        let range = TimeRange {
            from: since.map_or(Ok(Timestamp::MIN), |text| moment(text, now))?,
            until: until.map_or(Ok(Timestamp::MAX), |text| moment(text, now))?,
        };
        if range.is_empty() {
            return Err(CommandError::usage(format!(
                "no time lies from {} up to {}",
                range.from, range.until
            ))
            .with_hint("name the earlier time first"));
        }
        Ok(range)
    }
}

impl Around {
    fn range(&self, lanes: &dyn LaneStore) -> Result<TimeRange, CommandError> {
        let newest = current(lanes, &self.lane)?;
        let last = newest.deployment.sequence;
        for record in History::from(lanes, &newest) {
            let deployment = record?.deployment;
            if deployment.sequence == self.sequence {
                let period = SignedDuration::from_secs(self.period.seconds);
                let moved = deployment.recorded_at;
                return Ok(TimeRange {
                    from: moved.checked_sub(period).unwrap_or(Timestamp::MIN),
                    until: moved.checked_add(period).unwrap_or(Timestamp::MAX),
                });
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
        assert_eq!((production.sequence, production.period), (12, AROUND));
        let day = around("production#12:1d").unwrap();
        assert_eq!(day.period.seconds, 86_400);
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
}
