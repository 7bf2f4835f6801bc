//! Counts as numbers to divide by.

/// A count as a number. Counts of rows are far below 2^52, where this is exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows are far below 2^52, where every whole number has its own f64"
)]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}
