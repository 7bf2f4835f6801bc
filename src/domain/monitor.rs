//! How the numbers of production moved between two windows of time.

use serde::{Deserialize, Serialize};

use super::trace::filter::TimeRange;

/// How one number moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// The metric, by its name.
    pub metric: String,
    /// Which number of it, by its name.
    pub statistic: String,
    /// How many values it is made of, before and after.
    pub n: [u64; 2],
    /// The number before and after; absent: there are no values.
    pub values: [Option<f64>; 2],
    /// After less before, with the lower and the upper end of its interval; absent: there is too
    /// little to say.
    pub difference: Option<[f64; 3]>,
    /// After in parts of before, alike; absent where the number before is not above zero.
    pub ratio: Option<[f64; 3]>,
    /// The two-sided p-value of "it did not move", by itself.
    pub p: Option<f64>,
    /// What that says, with all numbers in sight.
    pub outcome: ChangeOutcome,
}

/// What is said of a number that may have moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeOutcome {
    /// It got worse.
    Worse,
    /// It got better.
    Better,
    /// It moved, and in neither direction it is worse by itself.
    Moved,
    /// It moved by so little that nobody would act on it.
    Slight,
    /// No change was shown.
    NoneShown,
    /// There are too few values to say anything.
    TooFew,
    /// There are no values at all.
    NoValues,
}

impl ChangeOutcome {
    /// The words for it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Moved => "moved",
            Self::Slight => "slight change",
            Self::NoneShown => "no change shown",
            Self::TooFew => "too little data",
            Self::NoValues => "no data",
        }
    }
}

/// The numbers of two windows side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MonitorChange {
    /// The earlier window.
    pub before: TimeRange,
    /// The later window.
    pub after: TimeRange,
    /// Which traces are meant, as filters are written.
    pub filter: String,
    /// How many there were, before and after.
    pub traces: [u64; 2],
    /// How each number moved.
    pub changes: Vec<Change>,
    /// What that says in all.
    pub outcome: ComparedOutcome,
}

/// What is said of two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedOutcome {
    /// A number got worse.
    Worse,
    /// None got worse, but some have too few values to say so.
    TooLittleData,
    /// None got worse, as far as was shown.
    NoWorse,
}

impl ComparedOutcome {
    /// What all numbers together say.
    pub fn of(changes: &[Change]) -> Self {
        let any = |outcome| changes.iter().any(|change| change.outcome == outcome);
        let all_empty = changes
            .iter()
            .all(|change| change.outcome == ChangeOutcome::NoValues);
        if any(ChangeOutcome::Worse) {
            Self::Worse
        } else if all_empty || any(ChangeOutcome::TooFew) {
            Self::TooLittleData
        } else {
            Self::NoWorse
        }
    }

    /// The words for it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::TooLittleData => "too little data to say",
            Self::NoWorse => "nothing is shown to be worse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(outcome: ChangeOutcome) -> Change {
        Change {
            metric: "latency".to_owned(),
            statistic: "p95".to_owned(),
            n: [0, 0],
            values: [None, None],
            difference: None,
            ratio: None,
            p: None,
            outcome,
        }
    }

    #[test]
    fn nothing_is_green_because_nothing_is_known() {
        use ChangeOutcome::{Better, NoValues, NoneShown, TooFew, Worse};
        let of = |outcomes: &[ChangeOutcome]| {
            let changes: Vec<Change> = outcomes.iter().copied().map(change).collect();
            ComparedOutcome::of(&changes)
        };
        assert_eq!(of(&[]), ComparedOutcome::TooLittleData);
        assert_eq!(of(&[NoValues, NoValues]), ComparedOutcome::TooLittleData);
        assert_eq!(of(&[NoneShown, TooFew]), ComparedOutcome::TooLittleData);
        assert_eq!(of(&[Worse, TooFew]), ComparedOutcome::Worse);
        assert_eq!(of(&[NoneShown, Better, NoValues]), ComparedOutcome::NoWorse);
    }
}
