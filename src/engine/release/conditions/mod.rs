//! The conditions that a move must meet, one file each. Each tells everything that it has against
//! the move, with the next command.

pub(super) mod approval;
pub(super) mod freeze;
pub(super) mod gate;
pub(super) mod hold;
mod live;
pub(super) mod order;
pub(super) mod signature;
pub(super) mod soak;
pub(super) mod tests_kept;
