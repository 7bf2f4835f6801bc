//! Reads alert rules.

use jiff::Timestamp;

use crate::domain::alert::{AlertRule, Condition, Limit, Scale, Side};
use crate::domain::finding::Findings;
use crate::domain::id::AlertId;
use crate::domain::metric::{Metric, Statistic, Unit};
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::language::parse;
use crate::domain::trace::query::Level;

use super::decode::{Decoder, Fields};
use super::document::{Node, Source, Value};
use super::toml::parse_toml;
use super::view::{LEVELS, read_filter};

/// The fewest values that say anything where a file does not say.
const MINIMUM: u64 = 30;

/// The keys of conditions, of which a rule has one.
const CONDITIONS: [&str; 4] = ["above", "below", "rises_by", "falls_by"];

/// Reads one alert rule.
pub fn read_alert(id: &AlertId, source: &Source) -> Result<AlertRule, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let rule = alert(id, &mut decoder, &node, source);
    decoder.finish(rule)
}

fn alert(
    id: &AlertId,
    decoder: &mut Decoder<'_>,
    node: &Node,
    source: &Source,
) -> Option<AlertRule> {
    let mut fields = decoder.fields(node)?;
    let description = fields.optional("description");
    let description = description.and_then(|node| decoder.text(node));
    let owner = said(decoder, &mut fields, "owner");
    let runbook = said(decoder, &mut fields, "runbook");
    let user_impact = said(decoder, &mut fields, "user_impact");
    let view = fields.optional("view");
    let view = view.and_then(|node| decoder.parsed(node));
    let filter = match fields.optional("where") {
        Some(node) => timeless(decoder, node, source),
        None => Some(String::new()),
    };
    let per = match fields.optional("per") {
        Some(node) => decoder.word(node, &LEVELS),
        None => Some(Level::Trace),
    };
    let metric: Option<Metric> = fields
        .required(decoder, "metric")
        .and_then(|node| decoder.parsed(node));
    let statistic = match fields.optional("statistic") {
        Some(node) => decoder.parsed(node),
        None => Some(Statistic::Mean),
    };
    let window = fields
        .required(decoder, "window")
        .and_then(|node| period(decoder, node));
    let condition = condition(decoder, &mut fields, node, metric.as_ref(), statistic);
    let minimum = match fields.optional("minimum") {
        Some(node) => decoder.integer_within(node, 1, i64::MAX),
        None => i64::try_from(MINIMUM).ok(),
    };
    fields.finish(decoder);
    Some(AlertRule {
        id: id.clone(),
        description,
        owner: owner?,
        runbook: runbook?,
        user_impact: user_impact?,
        view,
        filter: filter?,
        per: per?,
        metric: metric?,
        statistic: statistic?,
        window: window?,
        condition: condition?,
        minimum: minimum?.unsigned_abs(),
    })
}

/// A text that must be there and say something: whoever is woken up needs it.
fn said(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let node = fields.required(decoder, key)?;
    let text = decoder.text(node)?;
    if text.trim().is_empty() {
        let message = format!("`{key}` says nothing");
        decoder.error(
            "invalid-value",
            node.span,
            message,
            "whoever is alerted needs it",
        );
        return None;
    }
    Some(text)
}

/// A filter that leaves it to the window to say when.
fn timeless(decoder: &mut Decoder<'_>, node: &Node, source: &Source) -> Option<String> {
    let text = read_filter(decoder, node, source)?;
    let says_when = parse(&text, Timestamp::UNIX_EPOCH)
        .is_ok_and(|selection| selection.range != TimeRange::ALWAYS);
    if says_when {
        decoder.error(
            "invalid-filter",
            node.span,
            "the filter of a rule cannot say when: `window` does",
            "leave `time` out of it",
        );
        return None;
    }
    Some(text)
}

fn period(decoder: &mut Decoder<'_>, node: &Node) -> Option<crate::domain::period::Period> {
    let period: crate::domain::period::Period = decoder.parsed(node)?;
    if period.seconds == 0 {
        decoder.error(
            "out-of-range",
            node.span,
            "a window without length holds no spans",
            "for example `\"1h\"`",
        );
        return None;
    }
    Some(period)
}

/// The one condition of a rule.
fn condition(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    whole: &Node,
    metric: Option<&Metric>,
    statistic: Option<Statistic>,
) -> Option<Condition> {
    let said = CONDITIONS.map(|key| fields.optional(key).map(|node| (key, node)));
    let said: Vec<(&str, &Node)> = said.into_iter().flatten().collect();
    let &[(key, node)] = said.as_slice() else {
        let span = said.get(1).map_or(whole.span, |(_, node)| node.span);
        decoder.error(
            "missing-key",
            span,
            "a rule has one condition",
            "say one of `above`, `below`, `rises_by` and `falls_by`",
        );
        return None;
    };
    let (metric, statistic) = (metric?, statistic?);
    match key {
        "above" => figure(decoder, node, metric.unit()).map(Condition::Above),
        "below" => figure(decoder, node, metric.unit()).map(Condition::Below),
        _ => moved(decoder, node, key == "rises_by", (metric, statistic)).map(Condition::Moved),
    }
}

/// How far a number may move: `"20%"` of what it was before, or a difference in its own unit.
fn moved(
    decoder: &mut Decoder<'_>,
    node: &Node,
    rises: bool,
    (metric, statistic): (&Metric, Statistic),
) -> Option<Limit> {
    let counts = matches!(metric, Metric::Traffic | Metric::Unpriced);
    if counts || statistic == Statistic::Sum {
        decoder.error(
            "invalid-value",
            node.span,
            "counts, shares of unpriced calls and sums have no interval to compare",
            "use `above` or `below` for them",
        );
        return None;
    }
    let side = if rises { Side::AtMost } else { Side::AtLeast };
    let sign = if rises { 1.0 } else { -1.0 };
    let share = match &node.value {
        Value::Text(text) => text.strip_suffix('%').and_then(|it| it.trim().parse().ok()),
        _ => None,
    };
    let limit = |scale, at| Limit { scale, side, at };
    let Some(percent) = share else {
        let by = figure(decoder, node, metric.unit())?;
        return Some(limit(Scale::Difference, sign * by));
    };
    let most: f64 = if rises { 100_000.0 } else { 100.0 };
    if !(0.0..=most).contains(&percent) {
        let message = "no number moves so far";
        decoder.error("out-of-range", node.span, message, "correct the number");
        return None;
    }
    Some(limit(Scale::Ratio, 1.0 + sign * percent / 100.0))
}

/// A number in the unit of a metric, at least 0: a text such as `"2s"` or `"$0.01"`, or a number where
/// that says it all.
fn figure(decoder: &mut Decoder<'_>, node: &Node, unit: Unit) -> Option<f64> {
    let number = match &node.value {
        Value::Text(text) => unit.read(text),
        Value::Integer(_) | Value::Float(_) if unit != Unit::Duration => decoder.number(node),
        _ => None,
    };
    let number = number.filter(|number| *number >= 0.0);
    if number.is_none() {
        let (what, example) = match unit {
            Unit::Count => ("a count", "for example `100`"),
            Unit::Share => ("a share", "for example `0.05`, which is 5 of 100"),
            Unit::Duration => ("a length of time", "for example `\"2s\"` or `\"800ms\"`"),
            Unit::Money => ("US dollars", "for example `0.01` or `\"$0.01\"`"),
            Unit::Score => ("a score", "for example `0.9`"),
        };
        let message = format!("this metric needs {what} here");
        decoder.error("invalid-value", node.span, message, example);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "owner = \"support-platform\"\nrunbook = \"docs/slow.md\"\n\
                        user_impact = \"Customers wait.\"\n";

    fn read(rest: &str) -> Result<AlertRule, Findings> {
        let id = AlertId::new("slow").unwrap();
        let text = format!("{SAID}{rest}");
        read_alert(&id, &Source::new("operations/alerts/slow.toml", &text))
    }

    #[test]
    fn a_rule_names_a_number_and_when_it_is_too_much() {
        let rule = read(
            "where = 'lane = production'\nmetric = \"latency\"\nstatistic = \"p95\"\nwindow = \"1h\"\nabove = \"3s\"\n",
        )
        .unwrap();
        assert_eq!((rule.minimum, rule.per), (30, Level::Trace));
        assert_eq!(rule.condition, Condition::Above(3e9));
        let conditions = [
            (
                "metric = \"error_rate\"\nabove = 0.05",
                Condition::Above(0.05),
            ),
            ("metric = \"traffic\"\nbelow = 10", Condition::Below(10.0)),
            (
                "metric = \"cost\"\nstatistic = \"sum\"\nabove = \"$5\"",
                Condition::Above(5.0),
            ),
            (
                "metric = \"cost\"\nrises_by = \"20%\"",
                Condition::Moved(Limit {
                    scale: Scale::Ratio,
                    side: Side::AtMost,
                    at: 1.2,
                }),
            ),
            (
                "metric = \"score\"\nfalls_by = 0.05",
                Condition::Moved(Limit {
                    scale: Scale::Difference,
                    side: Side::AtLeast,
                    at: -0.05,
                }),
            ),
        ];
        for (text, condition) in conditions {
            let rule = read(&format!("{text}\nwindow = \"1h\"\n"));
            assert_eq!(rule.map(|rule| rule.condition), Ok(condition), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_found() {
        let with = |text: &str| read(&format!("{text}\n")).unwrap_err().0.remove(0);
        for (text, ident) in [
            ("metric = \"latency\"\nwindow = \"1h\"", "missing-key"),
            ("metric = \"latency\"\nabove = \"1s\"", "missing-key"),
            ("window = \"1h\"\nabove = 1", "missing-key"),
            (
                "metric = \"latency\"\nwindow = \"1h\"\nabove = \"1s\"\nbelow = \"1s\"",
                "missing-key",
            ),
            (
                "metric = \"latncy\"\nwindow = \"1h\"\nabove = 1",
                "invalid-value",
            ),
            (
                "metric = \"latency\"\nwindow = \"0s\"\nabove = \"1s\"",
                "out-of-range",
            ),
            (
                "metric = \"latency\"\nwindow = \"1h\"\nabove = 3",
                "invalid-value",
            ),
            (
                "metric = \"latency\"\nwindow = \"1h\"\nfalls_by = \"120%\"",
                "out-of-range",
            ),
            (
                "metric = \"traffic\"\nwindow = \"1h\"\nfalls_by = \"50%\"",
                "invalid-value",
            ),
            (
                "metric = \"cost\"\nwindow = \"1h\"\nabove = 1\nseverity = 2",
                "unknown-key",
            ),
            (
                "metric = \"cost\"\nwindow = \"1h\"\nabove = 1\nwhere = 'lane'",
                "invalid-filter",
            ),
            (
                "metric = \"cost\"\nwindow = \"1h\"\nabove = 1\nwhere = 'time > 2026-01-01'",
                "invalid-filter",
            ),
        ] {
            assert_eq!(with(text).ident, ident, "{text}");
        }
    }

    #[test]
    fn nobody_is_alerted_who_is_not_told_why() {
        let id = AlertId::new("slow").unwrap();
        let text = "owner = \" \"\nmetric = \"cost\"\nwindow = \"1h\"\nabove = 1\n";
        let found = read_alert(&id, &Source::new("slow.toml", text))
            .unwrap_err()
            .0;
        let messages: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`owner` says nothing",
                "the key `runbook` is missing",
                "the key `user_impact` is missing"
            ]
        );
    }
}
