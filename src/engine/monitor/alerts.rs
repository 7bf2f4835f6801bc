//! Alert rules, looked at now.

use jiff::{SignedDuration, Timestamp};

use crate::domain::alert::{AlertRule, Condition, Scale, WatchOutcome};
use crate::domain::metric::Metric;
use crate::domain::monitor::Change;
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::language::parse;
use crate::domain::trace::selection::Selection;
use crate::engine::ports::traces::TraceStore;
use crate::engine::workspace::Workspace;

use super::MonitorError;
use super::compare::CompareRequest;
use super::figures::Figures;
use super::overview::numbers_of;

/// What a rule saw.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSeen {
    /// The rule.
    pub rule: AlertRule,
    /// Which spans it is about, and when they began.
    pub selection: Selection,
    /// What the number was.
    pub number: Seen,
    /// What that says.
    pub outcome: WatchOutcome,
}

/// What a number was.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// The number of one window, with how many values it is made of.
    Value(u64, Option<f64>),
    /// How it moved against the window before; absent: there is no such number.
    Change(Option<Change>),
}

/// Looks at a rule.
pub fn look_at_alert(
    store: &dyn TraceStore,
    workspace: &Workspace<'_>,
    rule: AlertRule,
    now: Timestamp,
) -> Result<AlertSeen, MonitorError> {
    let range = before(now, rule.window);
    let viewed = match &rule.view {
        None => Selection::EVERYTHING,
        Some(id) => said(&workspace.view(id)?.filter, now),
    };
    let selection = viewed.and(said(&rule.filter, now)).and(Selection {
        range,
        ..Selection::EVERYTHING
    });
    let (number, outcome) = match rule.condition {
        Condition::Moved(limit) => {
            let change = change(store, &rule, &selection)?;
            let interval = change.as_ref().and_then(|change| match limit.scale {
                Scale::Ratio => change.ratio,
                Scale::Difference => change.difference,
            });
            (Seen::Change(change), limit.judge(interval))
        }
        Condition::Above(_) | Condition::Below(_) => {
            let figures = figures(store, &rule, &selection)?;
            let outcome = judge(store, &rule, &selection, figures)?;
            (Seen::Value(figures.n, figures.get(rule.statistic)), outcome)
        }
    };
    Ok(AlertSeen {
        rule,
        selection,
        number,
        outcome,
    })
}

/// A filter that was read before.
fn said(text: &str, now: Timestamp) -> Selection {
    parse(text, now).expect("the filters of rules and views are checked when their files are read")
}

/// The time of this length before a moment.
fn before(moment: Timestamp, length: Period) -> TimeRange {
    let length = SignedDuration::from_secs(length.seconds);
    TimeRange {
        from: moment.checked_sub(length).unwrap_or(Timestamp::MIN),
        until: moment,
    }
}

/// How the number moved against the window before, with the traffic mixed alike where it is not.
fn change(
    store: &dyn TraceStore,
    rule: &AlertRule,
    selection: &Selection,
) -> Result<Option<Change>, MonitorError> {
    let request = CompareRequest {
        level: rule.per,
        filter: selection.filter.clone(),
        before: before(selection.range.from, rule.window),
        after: selection.range,
        fewest: rule.minimum,
        numbers: vec![(rule.metric.clone(), rule.statistic)],
        explain: None,
    };
    let compared = request.ask(store)?;
    Ok(compared.deciding().first().cloned())
}

/// The numbers of the window.
fn figures(
    store: &dyn TraceStore,
    rule: &AlertRule,
    selection: &Selection,
) -> Result<Figures, MonitorError> {
    let numbers = numbers_of(
        store,
        rule.per,
        selection,
        std::slice::from_ref(&rule.metric),
    )?;
    Ok(numbers.get(&rule.metric).copied().unwrap_or_default())
}

/// What a number of one window says. Of nothing, only traffic says something; and where the store holds
/// no span at all of that time, nobody knows whether nothing came or nothing was brought in.
fn judge(
    store: &dyn TraceStore,
    rule: &AlertRule,
    selection: &Selection,
    figures: Figures,
) -> Result<WatchOutcome, MonitorError> {
    let known = if rule.metric == Metric::Traffic {
        let last = store.contents()?.last;
        last.is_some_and(|last| last >= selection.range.from)
    } else {
        figures.n >= rule.minimum && figures.says(rule.statistic)
    };
    let value = figures.get(rule.statistic).filter(|_| known);
    let fires = value.map(|value| match rule.condition {
        Condition::Above(most) => value > most,
        Condition::Below(least) => value < least,
        Condition::Moved(_) => false,
    });
    Ok(match fires {
        None => WatchOutcome::TooLittleData,
        Some(true) => WatchOutcome::Fires,
        Some(false) => WatchOutcome::Holds,
    })
}
