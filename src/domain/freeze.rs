//! Times in which nothing new comes into a lane.
//!
//! A window is written as people say it, with the zone whose clocks count:
//! `Fri 16:00 - Mon 08:00 Europe/Berlin` each week, or
//! `2026-12-20 00:00 - 2027-01-02 08:00 Europe/Berlin` once. Zones are those of the IANA database
//! that the program carries, so that every machine comes to the same answer.
//!
//! A window holds from its first instant up to, and without, its last. Where clocks jump over the
//! time that a window names, the jump counts; where they show it twice, the window holds from the
//! first until the last: never with a hole in it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

use super::suggest::nearest;

/// A time in which nothing new comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct FreezeWindow {
    bounds: Bounds,
    zone: TimeZone,
}

/// When a window begins and ends, on the clocks of its zone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bounds {
    Weekly {
        from: (Weekday, Time),
        until: (Weekday, Time),
    },
    Once {
        from: DateTime,
        until: DateTime,
    },
}

/// The text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FreezeError {
    /// The parts are not where they must be.
    #[error(
        "a window is written `Fri 16:00 - Mon 08:00 Europe/Berlin`, or with dates, \
         `2026-12-20 00:00 - 2027-01-02 08:00 Europe/Berlin`"
    )]
    Shape,
    /// Neither a day of the week nor a date.
    #[error("`{0}` is neither a day (`Mon` to `Sun`) nor a date (`2026-12-20`)")]
    Day(String),
    /// Not a time of day.
    #[error("`{0}` is not a time of day from `00:00` to `23:59`")]
    Time(String),
    /// One end is a day, the other a date.
    #[error("one end is a day of the week and the other a date: say both in the same way")]
    Mixed,
    /// The window is empty, or never ends.
    #[error("the window ends where it begins")]
    Empty,
    /// The window ends before it begins.
    #[error("the window ends before it begins")]
    Backwards,
    /// Not a zone of the IANA database.
    #[error("`{name}` is not a time zone of the IANA database{hint}")]
    Zone {
        /// What stands there.
        name: String,
        /// What was meant, perhaps.
        hint: String,
    },
}

/// The days as windows spell them.
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

/// A window that holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen<'w> {
    /// The window.
    pub window: &'w FreezeWindow,
    /// When releases are let in again; absent: within a year, never.
    pub until: Option<Timestamp>,
}

/// The window that holds at `now`, if one does, and when it is over: windows that follow each other
/// without a gap are one.
pub fn frozen(windows: &[FreezeWindow], now: Timestamp) -> Option<Frozen<'_>> {
    const LONGEST_DAYS: i64 = 366;
    let holding = |at: Timestamp| {
        let ends = windows.iter().map(|window| (window, window.end_at(at)));
        let ends = ends.filter_map(|(window, end)| Some((window, end?)));
        ends.max_by_key(|(_, end)| *end)
    };
    let (window, mut until) = holding(now)?;
    while let Some((_, later)) = holding(until) {
        until = later;
        if until.duration_since(now).as_hours() > LONGEST_DAYS * 24 {
            return Some(Frozen {
                window,
                until: None,
            });
        }
    }
    Some(Frozen {
        window,
        until: Some(until),
    })
}

impl FreezeWindow {
    /// The zone whose clocks count.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When the window is over, if it holds at `at`.
    fn end_at(&self, at: Timestamp) -> Option<Timestamp> {
        let holds = |(from, until): (DateTime, DateTime)| {
            let (from, until) = (self.first_instant(from)?, self.last_instant(until)?);
            (from <= at && at < until).then_some(until)
        };
        match self.bounds {
            Bounds::Once { from, until } => holds((from, until)),
            Bounds::Weekly { from, until } => {
                // A window lasts a week at most, and a clock jumps by a day at most.
                let today = self.zone.to_datetime(at).date();
                let starts = (-9..=1).filter_map(|days| today.checked_add(days.days()).ok());
                let mut starts = starts.filter(|day| day.weekday() == from.0);
                starts.find_map(|day| holds((day.to_datetime(from.1), next(day, from, until)?)))
            }
        }
    }

    /// The first instant at which the zone's clocks show `time`, or jump over it.
    fn first_instant(&self, time: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(time);
        let gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let earlier = ambiguous.earlier().ok()?;
        if gap {
            self.jump_after(earlier)
        } else {
            Some(earlier)
        }
    }

    /// The last instant at which the zone's clocks show `time`, or jump over it.
    fn last_instant(&self, time: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(time);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return self.jump_after(ambiguous.earlier().ok()?);
        }
        ambiguous.later().ok()
    }

    fn jump_after(&self, before: Timestamp) -> Option<Timestamp> {
        let jump = self.zone.following(before).next()?;
        Some(jump.timestamp())
    }
}

/// The next time after `from` on `day` at which it is `until`.
fn next(day: Date, from: (Weekday, Time), until: (Weekday, Time)) -> Option<DateTime> {
    let days = match from.0.until(until.0) {
        0 if until.1 <= from.1 => 7,
        days => i64::from(days),
    };
    Some(day.checked_add(days.days()).ok()?.to_datetime(until.1))
}

impl FromStr for FreezeWindow {
    type Err = FreezeError;

    fn from_str(text: &str) -> Result<Self, FreezeError> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [from_day, from_time, "-", until_day, until_time, zone] = parts.as_slice() else {
            return Err(FreezeError::Shape);
        };
        let from = (Day::parse(from_day)?, time(from_time)?);
        let until = (Day::parse(until_day)?, time(until_time)?);
        let zone = time_zone(zone)?;
        let bounds = match (from, until) {
            (from, until) if from == until => return Err(FreezeError::Empty),
            ((Day::OfWeek(from), start), (Day::OfWeek(until), end)) => Bounds::Weekly {
                from: (from, start),
                until: (until, end),
            },
            ((Day::Date(from), start), (Day::Date(until), end)) => Bounds::Once {
                from: from.to_datetime(start),
                until: until.to_datetime(end),
            },
            _ => return Err(FreezeError::Mixed),
        };
        match bounds {
            Bounds::Once { from, until } if until < from => Err(FreezeError::Backwards),
            _ => Ok(Self { bounds, zone }),
        }
    }
}

impl fmt::Display for FreezeWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        match &self.bounds {
            Bounds::Weekly { from, until } => {
                let clock = |(day, time): (Weekday, Time)| {
                    let known = DAYS.iter().find(|(_, known)| *known == day);
                    let name = known.map_or("", |(name, _)| *name);
                    format!("{name} {}", time.strftime("%H:%M"))
                };
                write!(formatter, "{} - {} {zone}", clock(*from), clock(*until))
            }
            Bounds::Once { from, until } => {
                let clock = |time: &DateTime| time.strftime("%Y-%m-%d %H:%M").to_string();
                write!(formatter, "{} - {} {zone}", clock(from), clock(until))
            }
        }
    }
}

/// The day at one end of a window.
#[derive(Clone, Copy, PartialEq)]
enum Day {
    OfWeek(Weekday),
    Date(Date),
}

impl Day {
    fn parse(text: &str) -> Result<Self, FreezeError> {
        if let Some((_, day)) = DAYS.iter().find(|(name, _)| *name == text) {
            return Ok(Self::OfWeek(*day));
        }
        let date: Option<Date> = text.parse().ok();
        // Other spellings of a date are no mistake of the calendar, but of the one who reads them.
        let date = date.filter(|date| date.to_string() == text);
        date.map(Self::Date)
            .ok_or_else(|| FreezeError::Day(text.to_owned()))
    }
}

fn time(text: &str) -> Result<Time, FreezeError> {
    let wrong = || FreezeError::Time(text.to_owned());
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let two_digits = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| part.parse().ok())
            .flatten()
            .ok_or_else(wrong)
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

fn time_zone(name: &str) -> Result<TimeZone, FreezeError> {
    let database = TimeZoneDatabase::bundled();
    let zone = database.get(name).ok();
    if let Some(zone) = zone.filter(|zone| zone.iana_name() == Some(name)) {
        return Ok(zone);
    }
    let known: Vec<String> = database.available().map(|name| name.to_string()).collect();
    let hint = nearest(name, known.iter().map(String::as_str));
    Err(FreezeError::Zone {
        name: name.to_owned(),
        hint: hint.map_or_else(String::new, |name| format!("; did you mean `{name}`?")),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(texts: &[&str]) -> Vec<FreezeWindow> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// When the freeze that holds at `now` is over, if one does.
    fn over(texts: &[&str], now: &str) -> Option<String> {
        let windows = windows(texts);
        let frozen = frozen(&windows, now.parse().unwrap())?;
        let until = frozen.until.map(|until| until.to_string());
        Some(until.unwrap_or_else(|| "never".to_owned()))
    }

    #[test]
    fn a_weekend_is_frozen_from_its_first_second_up_to_its_last() {
        let weekend = ["Fri 16:00 - Mon 08:00 Europe/Berlin"];
        let over = |now| over(&weekend, now);
        // 2026-03-06 is a Friday; Berlin is one hour ahead of UTC.
        let end = Some("2026-03-09T07:00:00Z".to_owned());
        assert_eq!(over("2026-03-06T14:59:59Z"), None);
        assert_eq!(over("2026-03-06T15:00:00Z"), end);
        assert_eq!(over("2026-03-08T12:00:00Z"), end);
        assert_eq!(over("2026-03-09T06:59:59Z"), end);
        assert_eq!(over("2026-03-09T07:00:00Z"), None);
    }

    #[test]
    fn summer_time_moves_the_end_with_the_clocks() {
        // The clocks of Berlin go forward on Sunday 2026-03-29 and back on Sunday 2026-10-25.
        let weekend = ["Fri 16:00 - Mon 08:00 Europe/Berlin"];
        let end = |now| over(&weekend, now).unwrap();
        assert_eq!(end("2026-03-28T12:00:00Z"), "2026-03-30T06:00:00Z");
        assert_eq!(end("2026-10-24T12:00:00Z"), "2026-10-26T07:00:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_jump_over_counts_as_the_jump() {
        let night = ["Sun 02:30 - Sun 05:00 Europe/Berlin"];
        // 02:00 is followed by 03:00, at 01:00 UTC.
        assert_eq!(over(&night, "2026-03-29T00:59:59Z"), None);
        assert!(over(&night, "2026-03-29T01:00:00Z").is_some());
        let evening = ["Sat 20:00 - Sun 02:30 Europe/Berlin"];
        assert!(over(&evening, "2026-03-29T00:59:59Z").is_some());
        assert_eq!(over(&evening, "2026-03-29T01:00:00Z"), None);
    }

    #[test]
    fn an_hour_that_the_clocks_show_twice_leaves_no_hole() {
        // 02:30 is at 00:30 UTC, and once more at 01:30 UTC.
        let night = ["Sun 02:30 - Sun 05:00 Europe/Berlin"];
        assert_eq!(over(&night, "2026-10-25T00:29:59Z"), None);
        for held in ["2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z"] {
            assert!(over(&night, held).is_some(), "{held}");
        }
        let evening = ["Sat 20:00 - Sun 02:30 Europe/Berlin"];
        for held in ["2026-10-25T00:29:00Z", "2026-10-25T01:29:59Z"] {
            assert!(over(&evening, held).is_some(), "{held}");
        }
        assert_eq!(over(&evening, "2026-10-25T01:30:00Z"), None);
    }

    #[test]
    fn a_window_with_dates_holds_once() {
        let holidays = ["2026-12-20 00:00 - 2027-01-02 08:00 America/New_York"];
        assert_eq!(over(&holidays, "2026-12-20T04:59:59Z"), None);
        let end = over(&holidays, "2026-12-20T05:00:00Z");
        assert_eq!(end.unwrap(), "2027-01-02T13:00:00Z");
        assert_eq!(over(&holidays, "2027-12-24T00:00:00Z"), None);
    }

    #[test]
    fn windows_that_follow_each_other_are_one() {
        let both = [
            "2026-12-20 00:00 - 2027-01-02 00:00 UTC",
            "Sat 00:00 - Mon 00:00 UTC",
        ];
        // 2027-01-02 is a Saturday.
        let end = over(&both, "2026-12-24T00:00:00Z");
        assert_eq!(end.unwrap(), "2027-01-04T00:00:00Z");
        let always = ["Mon 00:00 - Thu 00:00 UTC", "Thu 00:00 - Mon 00:00 UTC"];
        assert_eq!(over(&always, "2026-03-04T00:00:00Z").unwrap(), "never");
    }

    #[test]
    fn a_window_may_be_nearly_a_week_long() {
        let week = ["Fri 16:00 - Fri 15:00 UTC"];
        assert_eq!(over(&week, "2026-03-06T15:30:00Z"), None);
        let end = over(&week, "2026-03-06T14:59:00Z");
        assert_eq!(end.unwrap(), "2026-03-06T15:00:00Z");
    }

    #[test]
    fn what_is_no_window_is_told_in_words() {
        let says = |text: &str| text.parse::<FreezeWindow>().unwrap_err().to_string();
        for text in [
            "",
            "Fri 16:00-Mon 08:00 UTC",
            "Fri 16:00 - Mon 08:00",
            "Fri  16:00 - Mon 08:00 UTC",
        ] {
            assert!(says(text).starts_with("a window is written"), "{text}");
        }
        assert!(says("fri 16:00 - Mon 08:00 UTC").contains("`fri` is neither a day"));
        assert!(
            says("2026-02-30 16:00 - 2026-03-01 08:00 UTC").contains("`2026-02-30` is neither")
        );
        for wrong in ["24:00", "7:00", "07:60", "+7:00", "07:00:00"] {
            let text = format!("Fri {wrong} - Mon 08:00 UTC");
            assert!(says(&text).contains("is not a time of day"), "{text}");
        }
        assert!(says("Fri 16:00 - 2026-03-01 08:00 UTC").contains("say both in the same way"));
        assert!(says("Fri 16:00 - Fri 16:00 UTC").contains("ends where it begins"));
        assert!(says("2026-03-02 00:00 - 2026-03-01 00:00 UTC").contains("ends before it begins"));
        assert_eq!(
            says("Fri 16:00 - Mon 08:00 Europe/Berlim"),
            "`Europe/Berlim` is not a time zone of the IANA database; did you mean `Europe/Berlin`?"
        );
        assert!(
            says("Fri 16:00 - Mon 08:00 europe/berlin").contains("did you mean `Europe/Berlin`")
        );
    }

    const ZONES: [&str; 5] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
    ];

    fn a_weekly_window() -> impl Strategy<Value = String> {
        let end = || (0..7_usize, 0..24_u8, 0..60_u8);
        (end(), end(), 0..ZONES.len())
            .prop_map(|(from, until, zone)| {
                let text = |(day, hour, minute): (usize, u8, u8)| {
                    format!("{} {hour:02}:{minute:02}", DAYS[day].0)
                };
                format!("{} - {} {}", text(from), text(until), ZONES[zone])
            })
            .prop_filter("a window must not be empty", |text| {
                text.parse::<FreezeWindow>().is_ok()
            })
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same(text in a_weekly_window()) {
            let window: FreezeWindow = text.parse().unwrap();
            prop_assert_eq!(window.to_string(), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-A-Za-z0-9: /_]{0,60}|.{0,40}") {
            if let Ok(window) = text.parse::<FreezeWindow>() {
                prop_assert_eq!(window.to_string(), text);
            }
        }

        #[test]
        fn away_from_clock_changes_a_window_holds_just_where_the_clocks_say_so(
            text in a_weekly_window(),
            second in 0..604_800_i64,
        ) {
            // A week of January: none of the zones changes its clocks then.
            let start: Timestamp = "2026-01-12T00:00:00Z".parse().unwrap();
            let now = start + jiff::SignedDuration::from_secs(second);
            let window: FreezeWindow = text.parse().unwrap();
            let Bounds::Weekly { from, until } = window.bounds else {
                unreachable!("the strategy makes weekly windows");
            };
            let in_week = |(day, time): (Weekday, Time)| (day.to_monday_zero_offset(), time);
            let shown = window.zone.to_datetime(now);
            let (from, until) = (in_week(from), in_week(until));
            let shown = in_week((shown.weekday(), shown.time()));
            let expected = if from < until {
                from <= shown && shown < until
            } else {
                from <= shown || shown < until
            };
            let frozen = frozen(std::slice::from_ref(&window), now);
            prop_assert_eq!(frozen.is_some(), expected);
            if let Some(end) = frozen.and_then(|frozen| frozen.until) {
                prop_assert!(end > now && end.duration_since(now).as_hours() <= 7 * 24);
            }
        }

        #[test]
        fn a_freeze_has_no_hole(text in a_weekly_window(), second in 0..31_536_000_i64) {
            let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            let now = start + jiff::SignedDuration::from_secs(second);
            let windows = windows(&[&text]);
            if let Some(end) = frozen(&windows, now).and_then(|frozen| frozen.until) {
                let middle = now + end.duration_since(now) / 2;
                let last = end - jiff::SignedDuration::from_secs(1);
                for at in [middle, last] {
                    prop_assert_eq!(frozen(&windows, at).and_then(|it| it.until), Some(end));
                }
                prop_assert!(frozen(&windows, end).is_none());
            }
        }
    }
}
