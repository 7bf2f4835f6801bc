//! How long something lasts, in the one spelling that files and options know.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A length of time that is written like `14d`, `36h`, `90m` or `30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    /// The length in seconds.
    pub seconds: i64,
}

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number and a unit: `30s`, `90m`, `36h` or `14d`")]
pub struct PeriodError;

/// The units with their seconds, the largest first.
const UNITS: [(char, i64); 4] = [('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// About a thousand years: a time that is further away than this is a slip of the pen, and is not
/// in every calendar.
const LONGEST_DAYS: i64 = 366_000;

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let unit = text.chars().last().ok_or(PeriodError)?;
        let factor = UNITS.iter().find(|(letter, _)| *letter == unit);
        let (_, factor) = factor.ok_or(PeriodError)?;
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PeriodError);
        }
        let count: i64 = digits.parse().map_err(|_| PeriodError)?;
        let seconds = count.checked_mul(*factor).ok_or(PeriodError)?;
        if seconds > LONGEST_DAYS * UNITS[0].1 {
            return Err(PeriodError);
        }
        Ok(Self { seconds })
    }
}

impl fmt::Display for Period {
    /// In the largest unit that says it exactly, but a day or two in hours, as people say it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(unit, length): &&(char, i64)| {
            let at_least = if *unit == 'd' { 3 * length } else { *length };
            self.seconds >= at_least && self.seconds % length == 0
        };
        let (unit, length) = UNITS.iter().find(exact).unwrap_or(&('s', 1));
        write!(formatter, "{}{unit}", self.seconds / length)
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;

    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_one_spelling() {
        assert_eq!("14d".parse(), Ok(Period { seconds: 1_209_600 }));
        assert_eq!("90m".parse(), Ok(Period { seconds: 5_400 }));
        for text in [
            "",
            "14",
            "d",
            "1.5h",
            "-1d",
            "14 d",
            "1w",
            "99999999999999999d",
            "1é",
        ] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text:?}");
        }
    }

    #[test]
    fn a_duration_is_shown_as_people_say_it() {
        for text in ["24h", "72h", "7d", "90m", "45s", "0s"] {
            let shown = text.parse::<Period>().map(|period| period.to_string());
            let expected = if text == "72h" { "3d" } else { text };
            assert_eq!(shown.as_deref(), Ok(expected));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same(seconds in 0..10_000_000_i64) {
            let period = Period { seconds };
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }
    }
}
