//! What is kept below the git directory: runs, and answers that were paid for. Nothing of it is
//! under version control, and all of it can be removed without losing more than money.

pub mod answers;
pub mod runs;
pub mod shared;
mod whole;

pub use answers::FileAnswerCache;
pub use runs::FileRunStore;
pub use shared::RunFiles;
