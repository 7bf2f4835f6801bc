//! Checks saved views: each by itself, because they name nothing in other files.

use super::Checker;

/// Reads every view.
pub(super) fn check_views(checker: &mut Checker<'_>) {
    for id in &checker.inventory.views {
        let view = checker.workspace.view(id);
        checker.keep(view);
    }
}
