//! Checks incidents: each by itself, and what it names. They are history: what was removed since is told,
//! and nothing stops because of it.

use crate::domain::finding::{Finding, Place};
use crate::domain::id::IncidentId;
use crate::domain::incident::{Incident, Left};

use super::Checker;

/// Reads every incident.
pub(super) fn check_incidents(checker: &mut Checker<'_>) {
    for id in &checker.inventory.incidents {
        let incident = checker.workspace.incident(id);
        if let Some(incident) = checker.keep(incident) {
            let gone = gone(checker, &incident);
            checker.findings.extend(gone);
        }
    }
}

/// What an incident names that is not there.
fn gone(checker: &Checker<'_>, incident: &Incident) -> Vec<Finding> {
    let inventory = checker.inventory;
    let mut gone = Vec::new();
    let mut named = |is_there: bool, sort: &str, name: String| {
        if !is_there {
            gone.push(missing(&incident.id, sort, &name));
        }
    };
    let left = incident.closed.iter().flat_map(|closed| &closed.left);
    let rows = left.clone().filter_map(|left| match left {
        Left::Row(row) => Some(row),
        _ => None,
    });
    for row in incident.rows.iter().chain(rows) {
        let is_there = inventory.datasets.contains(&row.dataset);
        named(is_there, "dataset", row.dataset.to_string());
    }
    if let Some(alert) = &incident.alert {
        let is_there = inventory.alerts.contains(alert);
        named(is_there, "alert rule", alert.to_string());
    }
    for left in left {
        let (is_there, sort) = match left {
            Left::Row(_) => continue,
            Left::Evaluator(id) => (inventory.evaluators.contains(id), "evaluator"),
            Left::Alert(id) => (inventory.alerts.contains(id), "alert rule"),
            Left::Watch(lane) => (inventory.lanes.contains(lane), "lane"),
        };
        named(is_there, sort, left.name());
    }
    gone
}

fn missing(id: &IncidentId, sort: &str, name: &str) -> Finding {
    let message = format!("the incident names the {sort} `{name}`, which does not exist");
    let help = "bring it back, or correct the name";
    Finding::warning("gone", Place::file(id.path()), message).with_help(help)
}
