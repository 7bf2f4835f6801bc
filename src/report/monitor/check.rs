//! What alert rules and watch plans say, for people.

use std::fmt::{Display, Write as _};

use crate::domain::alert::{Condition, Limit, Scale, Side, WatchOutcome};
use crate::domain::metric::Unit;
use crate::domain::monitor::Change;
use crate::domain::trace::filter::TimeRange;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::monitor::alerts::{AlertSeen, Seen};
use crate::engine::monitor::watch::{Look, WatchSeen};
use crate::report::release::seconds;

use super::compare::{change_text, in_words, release_line, unit};
use super::number::{number, whole};
use super::overview::counted;

/// How much of a text is shown, in characters.
const SHOWN: usize = 300;

/// A rule with what it saw, and what to do next.
pub struct AlertItem {
    /// What it saw.
    pub seen: AlertSeen,
    /// Commands that lead on.
    pub next: Vec<String>,
}

/// A release with what its watch plan says, and what to do next.
pub struct WatchItem {
    /// What it says.
    pub seen: WatchSeen,
    /// Commands that lead on.
    pub next: Vec<String>,
}

/// Everything that was looked at, what fires first.
pub fn check_text(alerts: &[AlertItem], watches: &[WatchItem]) -> String {
    let alerts = alerts.iter().map(|it| (it.seen.outcome, alert(it)));
    let watches = watches.iter().map(|it| (it.seen.outcome(), watch(it)));
    let mut items: Vec<(WatchOutcome, String)> = alerts.chain(watches).collect();
    items.sort_by_key(|(outcome, _)| std::cmp::Reverse(*outcome));
    let mut text = String::new();
    for (_, item) in &items {
        text.push_str(item);
        text.push('\n');
    }
    let count = |wanted| {
        items
            .iter()
            .filter(|(outcome, _)| *outcome == wanted)
            .count()
    };
    let _ = writeln!(
        text,
        "{} firing, {} with too little data, {} as it should be",
        count(WatchOutcome::Fires),
        count(WatchOutcome::TooLittleData),
        count(WatchOutcome::Holds)
    );
    text
}

fn alert(item: &AlertItem) -> String {
    let AlertSeen {
        rule,
        selection,
        number: seen,
        outcome,
    } = &item.seen;
    let mut text = format!("alert {}: {}\n", rule.id, outcome.in_words());
    let unit = rule.metric.unit();
    let named = format!("{} {}", rule.metric.name(), rule.statistic.name());
    let saw = match (seen, rule.condition) {
        (Seen::Change(change), Condition::Moved(limit)) => {
            format!("{named} {}", move_line(change.as_ref(), limit, unit))
        }
        (Seen::Value(n, value), condition) => {
            let value = value.map_or_else(|| "nothing".to_owned(), |it| number(unit, it));
            let what = counted(rule.per);
            format!(
                "{named} {value}, of {} {what}; {}",
                whole(*n),
                bound(condition, unit)
            )
        }
        (Seen::Change(_), _) => named,
    };
    field(&mut text, "saw", Untrusted(&saw));
    let TimeRange { from, until } = selection.range;
    let filter = selection.filter.to_string();
    let filter = if filter.is_empty() {
        String::new()
    } else {
        format!(", where {filter}")
    };
    let spans = format!("{} to {}{filter}", seconds(from), seconds(until));
    field(&mut text, "spans", Untrusted(&spans));
    if *outcome == WatchOutcome::Holds {
        return text;
    }
    for (title, said) in [
        ("impact", &rule.user_impact),
        ("owner", &rule.owner),
        ("runbook", &rule.runbook),
    ] {
        field(&mut text, title, Untrusted(&shorten(said, SHOWN)));
    }
    next(&mut text, &item.next);
    text
}

/// When a rule fires.
fn bound(condition: Condition, unit: Unit) -> String {
    match condition {
        Condition::Above(most) => format!("fires above {}", number(unit, most)),
        Condition::Below(least) => format!("fires below {}", number(unit, least)),
        Condition::Moved(limit) => limit_text(limit, unit),
    }
}

/// How far a number may move.
fn limit_text(limit: Limit, unit: Unit) -> String {
    let side = match limit.side {
        Side::AtMost => "at most",
        Side::AtLeast => "at least",
    };
    let at = match (limit.scale, unit) {
        (Scale::Ratio, _) => format!("{:+.1}%", (limit.at - 1.0) * 100.0),
        (Scale::Difference, Unit::Share) => format!("{:+.2} pt", limit.at * 100.0),
        (Scale::Difference, Unit::Score) => format!("{:+.3}", limit.at),
        (Scale::Difference, _) if limit.at < 0.0 => format!("-{}", number(unit, -limit.at)),
        (Scale::Difference, _) => format!("+{}", number(unit, limit.at)),
    };
    format!("{side} {at} is let through")
}

/// How a number moved, and how far it may.
fn move_line(change: Option<&Change>, limit: Limit, unit: Unit) -> String {
    let Some(change) = change else {
        return format!("has no values; {}", limit_text(limit, unit));
    };
    let mut text = change_text(change);
    let _ = write!(text, "; {}", limit_text(limit, unit));
    text
}

fn watch(item: &WatchItem) -> String {
    let WatchSeen {
        record,
        next: to_come,
        look,
    } = &item.seen;
    let deployment = &record.deployment;
    let mut text = format!(
        "watch {} #{}: {}\n",
        deployment.lane,
        deployment.sequence,
        item.seen.outcome().in_words()
    );
    match look {
        Some(look) => looked(&mut text, look),
        None => field(&mut text, "looked", "not yet"),
    }
    if let Some((checkpoint, at)) = to_come {
        field(
            &mut text,
            "again",
            format!("after {checkpoint}, at {}", seconds(*at)),
        );
    }
    if item.seen.outcome() != WatchOutcome::Holds {
        field(
            &mut text,
            "owner",
            Untrusted(&format!("released by {}", deployment.actor)),
        );
        next(&mut text, &item.next);
    }
    text
}

fn looked(text: &mut String, look: &Look) {
    let around = &look.around;
    field(text, "release", release_line(around).trim_end());
    let [before, after] = look.traces.map(whole);
    let mut looked = format!(
        "after {}: {before} traces before it, {after} after it",
        look.checkpoint
    );
    if let Some(clipped) = around.clipped_by {
        let _ = write!(looked, "; shortened, because {}", in_words(clipped));
    }
    field(text, "looked", looked);
    if look.is_first {
        field(
            text,
            "",
            "nothing was live before it, so that there is nothing to hold it against",
        );
    }
    for limit in &look.limits {
        let unit = limit.change.as_ref().map_or(Unit::Count, unit);
        let line = move_line(limit.change.as_ref(), limit.limit, unit);
        let words = limit.outcome.in_words();
        field(text, "", format!("{} {words}: {line}", limit.key));
    }
}

fn next(text: &mut String, next: &[String]) {
    for (index, command) in next.iter().enumerate() {
        let title = if index == 0 { "next" } else { "" };
        field(text, title, Untrusted(command));
    }
}

fn field(text: &mut String, title: &str, value: impl Display) {
    let _ = writeln!(text, "  {title:<8} {value}");
}
