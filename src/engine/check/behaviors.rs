//! Checks behaviors: each by itself. That one names another which is gone says only that files were
//! removed; the next scan names it no more.

use super::Checker;

/// Reads every behavior.
pub(super) fn check_behaviors(checker: &mut Checker<'_>) {
    for id in &checker.inventory.behaviors {
        let behavior = checker.workspace.behavior(id);
        checker.keep(behavior);
    }
}
