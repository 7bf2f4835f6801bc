//! Counts as numbers to divide by.

/// A count of what is in memory as a number.
pub(super) fn number(count: usize) -> f64 {
    of_count(count as u64)
}

/// A count as a number. Counts are far below 2^52, where this is exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^52, where every whole number has its own f64"
)]
pub fn of_count(count: u64) -> f64 {
    count as f64
}
