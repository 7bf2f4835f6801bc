//! A point in time, as people write it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::period::Period;

/// How a point in time is written, for messages.
pub const MOMENT_FORMS: &str = "`2026-03-02T09:00:00Z`, `2026-03-02`, `2h ago` or `now`";

/// Reads RFC 3339 (`2026-03-02T09:00:00Z`), a date for its first moment in UTC, `2h ago` or `now`.
pub fn parse_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        return Some(now);
    }
    if let Some(period) = text.strip_suffix(" ago") {
        return ago(period.parse().ok()?, now);
    }
    if let Ok(date) = text.parse::<Date>()
        && date.to_string() == text
    {
        let start = date.to_zoned_datetime(TimeZone::UTC);
        return start.ok().map(|it| it.timestamp());
    }
    text.parse().ok()
}

/// The moment that lies a period before another; absent where the calendar does not reach so far.
pub fn ago(period: Period, now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_secs(period.seconds))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them_and_nothing_else_is() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let read = |text: &str| parse_moment(text, now).map(|moment| moment.to_string());
        for (text, moment) in [
            ("now", "2026-03-02T09:00:00Z"),
            ("2h ago", "2026-03-02T07:00:00Z"),
            ("2026-02-01", "2026-02-01T00:00:00Z"),
            ("2026-02-01T10:00:00+01:00", "2026-02-01T09:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(moment), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2 hours ago",
            "2026-02-30",
            "2026-02-01 10:00",
            "2h",
            "20260201",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
