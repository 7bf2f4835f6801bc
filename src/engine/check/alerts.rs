//! Checks alert rules: each by itself, and the view that it names.

use crate::domain::finding::{Finding, Place};
use crate::domain::id::ViewId;
use crate::domain::suggest::did_you_mean;

use super::Checker;

/// Reads every alert rule.
pub(super) fn check_alerts(checker: &mut Checker<'_>) {
    for id in &checker.inventory.alerts {
        let rule = checker.workspace.alert(id);
        let Some(view) = checker.keep(rule).and_then(|rule| rule.view) else {
            continue;
        };
        let views = &checker.inventory.views;
        if !views.contains(&view) {
            let help = did_you_mean(view.as_str(), views.iter().map(ViewId::as_str));
            let message = format!("the rule names the view `{view}`, which does not exist");
            let finding = Finding::error("unknown-view", Place::file(id.path()), message);
            checker.findings.push(finding.with_help(help));
        }
    }
}
