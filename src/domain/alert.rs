//! Alert rules: which number of production may not go beyond what, whom that hurts, and who acts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AlertId, ViewId};
use super::metric::{Metric, Statistic};
use super::period::Period;
use super::trace::query::Level;

/// An alert rule as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// Its name.
    pub id: AlertId,
    /// What it is for.
    pub description: Option<String>,
    /// Who acts when it fires.
    pub owner: String,
    /// Where it stands what to do.
    pub runbook: String,
    /// What users notice when it fires.
    pub user_impact: String,
    /// The saved view whose spans are meant; absent: all.
    pub view: Option<ViewId>,
    /// What else holds for the spans that are meant, as the file says it.
    pub filter: String,
    /// What is counted and measured.
    pub per: Level,
    /// Which metric.
    pub metric: Metric,
    /// Which number of it.
    pub statistic: Statistic,
    /// How long the time is that is looked at: up to now.
    pub window: Period,
    /// When it fires.
    pub condition: Condition,
    /// The fewest values that say anything; of a comparison, on each side.
    pub minimum: u64,
}

/// When a rule fires. Numbers are in the unit of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// The number is above this.
    Above(f64),
    /// The number is below this.
    Below(f64),
    /// The number moved further than this against the window before.
    Moved(Limit),
}

/// How far a number may move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// In what the move is measured.
    pub scale: Scale,
    /// Whether the limit is the most or the least that it may come to.
    pub side: Side,
    /// The number that it may come to.
    pub at: f64,
}

/// In what a move is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// After in parts of before: 1 where nothing moved.
    Ratio,
    /// After less before, in the unit of the metric: 0 where nothing moved.
    Difference,
}

/// On which side of a limit a number must stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It may not come above.
    AtMost,
    /// It may not come below.
    AtLeast,
}

/// What is said of a number that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchOutcome {
    /// It is as it should be.
    Holds,
    /// There is too little data to say.
    TooLittleData,
    /// It is not as it should be.
    Fires,
}

impl WatchOutcome {
    /// The words for it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::TooLittleData => "too little data to say",
            Self::Fires => "fires",
        }
    }

    /// What several outcomes are together: the worst of them; `None` where there are none.
    pub fn all(outcomes: impl IntoIterator<Item = Self>) -> Option<Self> {
        outcomes.into_iter().max()
    }
}

impl Limit {
    /// What an interval of a move says: a number, with its lower and its upper end.
    ///
    /// It fires where the whole interval is beyond the limit; or where the number itself is at the limit
    /// or beyond, and the interval shows that it moved there at all. It holds where the whole interval is
    /// within. Between the two, too little is known. This is how a gate reads its ratios, too.
    pub fn judge(&self, interval: Option<[f64; 3]>) -> WatchOutcome {
        let Some([number, lower, upper]) = interval else {
            return WatchOutcome::TooLittleData;
        };
        let none = match self.scale {
            Scale::Ratio => 1.0,
            Scale::Difference => 0.0,
        };
        // Turned so that more is worse.
        let (number, near, far, at, none) = match self.side {
            Side::AtMost => (number, lower, upper, self.at, none),
            Side::AtLeast => (-number, -upper, -lower, -self.at, -none),
        };
        if near > at || (near > none && number >= at) {
            WatchOutcome::Fires
        } else if far <= at {
            WatchOutcome::Holds
        } else {
            WatchOutcome::TooLittleData
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ratio => "ratio",
            Self::Difference => "difference",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use WatchOutcome::{Fires, Holds, TooLittleData};

    #[test]
    fn a_limit_fires_where_a_move_beyond_it_is_shown() {
        let limit = Limit {
            scale: Scale::Ratio,
            side: Side::AtMost,
            at: 1.2,
        };
        for (interval, outcome) in [
            ([1.0, 0.9, 1.1], Holds),
            ([1.1, 1.05, 1.2], Holds),
            ([1.1, 0.9, 1.3], TooLittleData),
            ([1.3, 0.9, 1.8], TooLittleData),
            ([1.3, 1.1, 1.5], Fires),
            ([1.5, 1.3, 1.7], Fires),
        ] {
            assert_eq!(limit.judge(Some(interval)), outcome, "{interval:?}");
        }
        assert_eq!(limit.judge(None), TooLittleData);
    }

    #[test]
    fn a_least_value_is_the_same_turned_around() {
        let limit = Limit {
            scale: Scale::Difference,
            side: Side::AtLeast,
            at: -0.05,
        };
        for (interval, outcome) in [
            ([0.0, -0.02, 0.02], Holds),
            ([0.3, 0.2, 0.4], Holds),
            ([0.0, -0.1, 0.1], TooLittleData),
            ([-0.06, -0.1, 0.01], TooLittleData),
            ([-0.06, -0.1, -0.01], Fires),
            ([-0.2, -0.3, -0.1], Fires),
        ] {
            assert_eq!(limit.judge(Some(interval)), outcome, "{interval:?}");
        }
    }

    #[test]
    fn the_worst_of_several_outcomes_counts() {
        assert_eq!(
            WatchOutcome::all([Holds, TooLittleData, Fires]),
            Some(Fires)
        );
        assert_eq!(
            WatchOutcome::all([TooLittleData, Holds]),
            Some(TooLittleData)
        );
        assert_eq!(WatchOutcome::all([]), None);
    }
}
