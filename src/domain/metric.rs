//! What Monitor watches: a few numbers that say whether a service is well.

use std::str::FromStr;

use super::suggest::did_you_mean;
use super::trace::column::{Column, SCORE_PREFIX};
use super::trace::language::{duration_ns, money, number};
use super::trace::query::Measure;

/// A number that is watched. Its name is the same in options, in alert rules and in results.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// How many there were.
    Traffic,
    /// The share that ended with an error.
    ErrorRate,
    /// How long it took.
    Latency,
    /// What it cost, as far as that is known.
    Cost,
    /// Tokens read.
    InputTokens,
    /// Tokens written.
    OutputTokens,
    /// The mean score: of the evaluations of this name, or of all.
    Score(Option<String>),
    /// The share of calls to models whose cost is not known.
    Unpriced,
}

/// What the values of a metric are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count.
    Count,
    /// A share, from 0 to 1.
    Share,
    /// A length of time in nanoseconds.
    Duration,
    /// US dollars.
    Money,
    /// A mean score.
    Score,
}

impl Unit {
    /// A number of this unit as files write it in text: a length of time is written `2s`, money `$0.01`
    /// or `0.01`, and all else a plain number.
    pub fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Duration => duration_ns(text),
            Self::Money => money(text),
            Self::Count | Self::Share | Self::Score => number(text),
        }
    }
}

/// In which direction a metric gets worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worse {
    /// When it grows.
    Up,
    /// When it falls.
    Down,
    /// In neither: whoever reads it must know.
    Neither,
}

/// The name of the mean of all scores.
const SCORE: &str = "score";

/// The metrics with a name of their own, in the order in which they are shown.
const PLAIN: [(Metric, &str); 8] = [
    (Metric::Traffic, "traffic"),
    (Metric::ErrorRate, "error_rate"),
    (Metric::Latency, "latency"),
    (Metric::Cost, "cost"),
    (Metric::InputTokens, "input_tokens"),
    (Metric::OutputTokens, "output_tokens"),
    (Metric::Score(None), SCORE),
    (Metric::Unpriced, "unpriced"),
];

impl Metric {
    /// The metrics with a name of their own, in the order in which they are shown.
    pub fn plain() -> impl Iterator<Item = Self> {
        PLAIN.iter().map(|(metric, _)| metric.clone())
    }

    /// The names of the metrics that have one of their own.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(_, name)| *name)
    }

    /// The metric of this name; `score.<evaluator>` is the score of one evaluator.
    pub fn of(name: &str) -> Option<Self> {
        let evaluator = name.strip_prefix(SCORE_PREFIX);
        if let Some(evaluator) = evaluator.filter(|rest| !rest.is_empty()) {
            return Some(Self::Score(Some(evaluator.to_owned())));
        }
        let found = PLAIN.iter().find(|(_, known)| *known == name);
        found.map(|(metric, _)| metric.clone())
    }

    /// Its name.
    pub fn name(&self) -> String {
        if let Self::Score(Some(evaluator)) = self {
            return format!("{SCORE_PREFIX}{evaluator}");
        }
        let found = PLAIN.iter().find(|(metric, _)| metric == self);
        found.map_or("", |(_, name)| name).to_owned()
    }

    /// What its values are.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Traffic | Self::InputTokens | Self::OutputTokens => Unit::Count,
            Self::ErrorRate | Self::Unpriced => Unit::Share,
            Self::Latency => Unit::Duration,
            Self::Cost => Unit::Money,
            Self::Score(_) => Unit::Score,
        }
    }

    /// In which direction it gets worse.
    pub fn worse(&self) -> Worse {
        match self {
            Self::ErrorRate | Self::Latency | Self::Cost | Self::Unpriced => Worse::Up,
            Self::Score(_) => Worse::Down,
            Self::Traffic | Self::InputTokens | Self::OutputTokens => Worse::Neither,
        }
    }

    /// The column that its values stand in; absent where it counts.
    pub fn column(&self) -> Option<Column> {
        match self {
            Self::Latency => Some(Column::Duration),
            Self::Cost => Some(Column::Cost),
            Self::InputTokens => Some(Column::InputTokens),
            Self::OutputTokens => Some(Column::OutputTokens),
            Self::Score(None) => Some(Column::AnyScore),
            Self::Score(Some(evaluator)) => Some(Column::Score(evaluator.clone())),
            Self::Traffic | Self::ErrorRate | Self::Unpriced => None,
        }
    }
}

/// One number that is made of the values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// The mean; of a metric that counts, the count or the share itself.
    Mean,
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The sum.
    Sum,
}

impl Statistic {
    /// All of them, with their names in options, alert rules and results.
    pub const ALL: [(&'static str, Self); 5] = [
        ("avg", Self::Mean),
        ("p50", Self::P50),
        ("p95", Self::P95),
        ("p99", Self::P99),
        ("sum", Self::Sum),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, known)| *known == self);
        found.map_or("", |(name, _)| name)
    }

    /// What a store measures for it.
    pub fn measure(self, column: Column) -> Measure {
        match self.share() {
            Some(share) => Measure::Quantile(column, share),
            None if self == Self::Sum => Measure::Sum(column),
            None => Measure::Mean(column),
        }
    }

    /// Of a percentile: the share of values that it is not exceeded by.
    pub fn share(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::Mean | Self::Sum => None,
        }
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::of(text).ok_or_else(|| {
            let help = did_you_mean(text, Self::names());
            format!("there is no metric `{text}`; {help}")
        })
    }
}

impl FromStr for Statistic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, statistic)| *statistic).ok_or_else(|| {
            let help = did_you_mean(text, Self::ALL.iter().map(|(name, _)| *name));
            format!("there is no statistic `{text}`; {help}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_told_the_nearest() {
        assert_eq!("p95".parse(), Ok(Statistic::P95));
        let unknown = "latncy".parse::<Metric>().unwrap_err();
        assert_eq!(
            unknown,
            "there is no metric `latncy`; did you mean `latency`?"
        );
        assert!("p90".parse::<Statistic>().unwrap_err().contains("`p9"));
    }

    #[test]
    fn every_metric_is_found_by_its_name() {
        let named = [Metric::Score(Some("queue-matches".to_owned()))];
        for metric in Metric::plain().chain(named) {
            assert_eq!(Metric::of(&metric.name()), Some(metric));
        }
        for unknown in ["", "score.", "latncy", "Cost"] {
            assert_eq!(Metric::of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_metric_of_values_has_a_column_of_the_same_name_or_of_duration() {
        for metric in Metric::plain() {
            if let Some(column) = metric.column() {
                let name = column.name();
                assert!(name == metric.name() || metric == Metric::Latency, "{name}");
            }
        }
    }
}
