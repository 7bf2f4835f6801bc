//! Cutting a stretch of time into pieces that can be set side by side.

use jiff::{SignedDuration, Timestamp};

use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;

/// The lengths that are chosen from, in seconds: 1 and 5 and 15 minutes, 1 and 3 and 6 and 12 hours,
/// a day, a week, 4 weeks.
const LENGTHS: [i64; 10] = [
    60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_419_200,
];

/// How many pieces a length is chosen for, at most: as many as fit on a line with their title.
const WANTED: i64 = 36;

/// How many pieces can be asked for.
const MOST: i64 = 1_000;

/// A stretch of time within a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// When it begins, as a store names it: at a whole multiple since 1970.
    pub start: Timestamp,
    /// The part of it that lies in the range.
    pub covered: TimeRange,
    /// How much of it that is, from 0 to 1.
    pub share: f64,
}

/// The range has too many pieces of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the window has {count} buckets of {length}, and at most {MOST} are shown")]
pub struct TooManyBuckets {
    count: i64,
    length: Period,
}

/// The length that suits a range.
pub fn length_for(range: &TimeRange) -> Period {
    let seconds = range.until.duration_since(range.from).as_secs();
    let fits = |length: &&i64| seconds.div_euclid(**length) <= WANTED;
    let chosen = LENGTHS.iter().find(fits);
    Period {
        seconds: *chosen.unwrap_or(&LENGTHS[LENGTHS.len() - 1]),
    }
}

/// The pieces of a range, in order. The first and the last may stick out of it.
pub fn buckets(range: &TimeRange, length: Period) -> Result<Vec<Bucket>, TooManyBuckets> {
    let seconds = length.seconds.max(1);
    let first = range.from.as_second().div_euclid(seconds);
    let inside = range.until.duration_since(range.from) > SignedDuration::ZERO;
    let last = (range.until.as_nanosecond() - 1).div_euclid(i128::from(seconds) * 1_000_000_000);
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    let count = if inside { last - first + 1 } else { 0 };
    if count > MOST {
        return Err(TooManyBuckets { count, length });
    }
    let piece = |index: i64| {
        let start = Timestamp::from_second(index.checked_mul(seconds)?).ok()?;
        let end = start.checked_add(SignedDuration::from_secs(seconds));
        let covered = TimeRange {
            from: start.max(range.from),
            until: end.unwrap_or(Timestamp::MAX).min(range.until),
        };
        let covers = covered.until.duration_since(covered.from).as_secs_f64();
        let share = covers / SignedDuration::from_secs(seconds).as_secs_f64();
        Some(Bucket {
            start,
            covered,
            share,
        })
    };
    Ok((first..first + count).filter_map(piece).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, until: &str) -> TimeRange {
        TimeRange {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        }
    }

    #[test]
    fn a_day_has_hours_and_a_month_has_days() {
        for (until, length) in [
            ("2026-03-01T00:30:00Z", "1m"),
            ("2026-03-01T01:00:00Z", "5m"),
            ("2026-03-02T00:00:00Z", "1h"),
            ("2026-03-08T00:00:00Z", "6h"),
            ("2026-03-31T00:00:00Z", "24h"),
            ("2036-03-01T00:00:00Z", "28d"),
        ] {
            let chosen = length_for(&range("2026-03-01T00:00:00Z", until));
            assert_eq!(chosen.to_string(), length, "{until}");
        }
    }

    #[test]
    fn the_first_and_the_last_piece_may_stick_out() {
        let hour = Period { seconds: 3_600 };
        let range = range("2026-03-01T08:30:00Z", "2026-03-01T10:15:00Z");
        let found = buckets(&range, hour).unwrap();
        let starts: Vec<String> = found.iter().map(|it| it.start.to_string()).collect();
        assert_eq!(
            starts,
            [
                "2026-03-01T08:00:00Z",
                "2026-03-01T09:00:00Z",
                "2026-03-01T10:00:00Z"
            ]
        );
        let shares: Vec<f64> = found.iter().map(|it| it.share).collect();
        assert_eq!(shares, [0.5, 1.0, 0.25]);
        assert_eq!(found[0].covered.from, range.from);
        assert_eq!(found[2].covered.until, range.until);
    }

    #[test]
    fn an_empty_range_has_no_pieces_and_a_whole_one_ends_where_the_next_begins() {
        let hour = Period { seconds: 3_600 };
        let at = "2026-03-01T08:00:00Z";
        assert_eq!(buckets(&range(at, at), hour), Ok(Vec::new()));
        let one = range(at, "2026-03-01T09:00:00Z");
        assert_eq!(buckets(&one, hour).map(|it| it.len()), Ok(1));
    }

    #[test]
    fn more_pieces_than_anybody_can_read_are_refused() {
        let second = Period { seconds: 1 };
        let day = range("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        assert_eq!(
            buckets(&day, second).unwrap_err().to_string(),
            "the window has 86400 buckets of 1s, and at most 1000 are shown"
        );
        assert!(buckets(&TimeRange::ALWAYS, second).is_err());
    }
}
