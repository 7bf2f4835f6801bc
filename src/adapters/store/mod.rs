//! What is kept below the git directory: runs, answers that were paid for, and messages to
//! receivers. Nothing of it is under version control, and all of it can be removed without losing
//! more than money and a message that was not sent yet.

pub mod answers;
pub mod outbox;
pub mod published;
pub mod runs;
pub mod shared;
mod whole;

pub use answers::FileAnswerCache;
pub use outbox::FileOutbox;
pub use runs::FileRunStore;
pub use shared::RunFiles;
