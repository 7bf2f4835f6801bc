//! A number of a metric as people read it.

use crate::domain::metric::{Metric, Statistic, Unit};
use crate::engine::monitor::figures::Figures;
use crate::report::quantity::{duration, money};

/// A number of this unit.
pub(super) fn number(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count => count(value),
        Unit::Share => percent(value),
        Unit::Duration => duration(value),
        Unit::Money => money(value),
        Unit::Score => format!("{value:.3}"),
    }
}

/// A count, or the mean of counts, with its thousands apart.
fn count(value: f64) -> String {
    let text = if value.fract() == 0.0 || value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let first = whole.len() % 3;
    let mut grouped = whole[..first].to_owned();
    for start in (first..whole.len()).step_by(3) {
        if !grouped.is_empty() {
            grouped.push(',');
        }
        grouped.push_str(&whole[start..start + 3]);
    }
    if fraction.is_empty() {
        grouped
    } else {
        format!("{grouped}.{fraction}")
    }
}

/// A share in hundredths, with a digit more where it is small.
pub(in crate::report) fn percent(share: f64) -> String {
    let digits = if share != 0.0 && share.abs() < 0.01 {
        2
    } else {
        1
    };
    format!("{:.digits$}%", share * 100.0)
}

/// How many there are.
pub(in crate::report) fn whole(count: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "no store holds so many spans that the last digit is lost"
    )]
    let value = count as f64;
    self::count(value)
}

/// One number of a metric; `-` where there are too few values for it to be what it is called.
pub(super) fn figure(metric: &Metric, figures: &Figures, statistic: Statistic) -> String {
    match said(figures, statistic) {
        Some(value) => number(metric.unit(), value),
        None => "-".to_owned(),
    }
}

/// One number of a metric, where there are enough values for it.
pub(super) fn said(figures: &Figures, statistic: Statistic) -> Option<f64> {
    let counts = figures.n == 0 && figures.mean == Some(0.0);
    let said = figures.says(statistic) || counts;
    figures.get(statistic).filter(|_| said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_unit_of_their_metric() {
        for (unit, value, text) in [
            (Unit::Count, 0.0, "0"),
            (Unit::Count, 7.25, "7.2"),
            (Unit::Count, 1234.6, "1,235"),
            (Unit::Count, 1_234_567.0, "1,234,567"),
            (Unit::Share, 0.0, "0.0%"),
            (Unit::Share, 0.0012, "0.12%"),
            (Unit::Share, 0.125, "12.5%"),
            (Unit::Duration, 1_500_000_000.0, "1.50 s"),
            (Unit::Money, 0.000_312, "$0.000312"),
            (Unit::Score, 0.9, "0.900"),
        ] {
            assert_eq!(number(unit, value), text);
        }
    }

    #[test]
    fn a_percentile_of_few_values_is_not_told() {
        let figures = Figures {
            n: 19,
            mean: Some(1.0),
            p95: Some(3.0),
            ..Figures::default()
        };
        let told = |statistic| figure(&Metric::InputTokens, &figures, statistic);
        assert_eq!(
            (told(Statistic::Mean), told(Statistic::P95)),
            ("1".into(), "-".into())
        );
        let none = Figures {
            mean: Some(0.0),
            ..Figures::default()
        };
        assert_eq!(figure(&Metric::Traffic, &none, Statistic::Mean), "0");
    }
}
