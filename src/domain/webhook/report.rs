//! What became of messages when they were sent.

use super::delivery::{Delivery, Pause, State};

/// What became of the messages that were due.
#[derive(Debug, Default)]
pub struct Report {
    /// What was done, by receiver.
    pub told: Vec<Told>,
    /// Whether another process is sending.
    pub busy: bool,
}

/// What became of a message, or of all messages to a receiver.
#[derive(Debug)]
pub enum Told {
    /// A message was tried.
    Tried {
        /// How it stands now.
        delivery: Box<Delivery>,
        /// The receiver's address, as it may be shown.
        origin: String,
    },
    /// A receiver is not ready to be sent to.
    Paused {
        /// A message that waits for it.
        delivery: Box<Delivery>,
        /// Why.
        pause: Pause,
    },
    /// A receiver cannot be sent to from here.
    NotFromHere {
        /// A message that waits for it.
        delivery: Box<Delivery>,
        /// Which variable is missing or wrong.
        why: String,
    },
}

impl Report {
    /// Whether every message that was due is delivered.
    pub fn is_clean(&self) -> bool {
        let delivered = |told: &Told| matches!(told, Told::Tried { delivery, .. } if delivery.state == State::Delivered);
        !self.busy && self.told.iter().all(delivered)
    }
}
