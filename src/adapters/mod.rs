//! The only code that touches the world: files, git, the network, the clock.

pub mod clock;
pub mod files;
pub mod git;
pub mod providers;
pub mod signing;
pub mod store;
