//! Checks reviews: each by itself.

use super::Checker;

/// Reads every review.
pub(super) fn check_reviews(checker: &mut Checker<'_>) {
    for id in &checker.inventory.reviews {
        let review = checker.workspace.review(id);
        checker.keep(review);
    }
}
