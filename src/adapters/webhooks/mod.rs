//! Telling others that a lane moved.
//!
//! A message is written to the outbox with the move ([`announced`]), sent right after it and, where
//! that fails, again later ([`courier`]). A receiver that fails never holds up or undoes a move.

pub mod announced;
pub mod courier;
mod reach;
pub mod sender;

pub use announced::AnnouncedLanes;
pub use courier::Courier;
pub use sender::Surroundings;
