//! Improving a prompt: what fails is shown to whoever proposes a better wording, as far as it may be
//! shown; what comes back is hostile until it has kept the prompt's contract; and no candidate is
//! merged that breaks what passes today.

mod admit;
mod answer;
mod cases;
mod check;
mod overlay;
mod proposer;
mod review;
mod rows;
mod split;
mod traffic;

pub use admit::{Admission, admit};
pub use answer::{Proposal, UnreadableAnswer, read_proposal};
pub use cases::{About, Evidence, ShownSuite, gather};
pub use check::{CheckedSuite, Checking, check, train_rows};
pub use overlay::WithFile;
pub use proposer::{Exhibits, PROPOSER, request};
pub use review::{LiveStanding, SECTIONS, Situation, stops};
pub use rows::{from_production, leaks};
pub use split::{Split, SplitRow, split};
pub use traffic::{Traffic, traffic};
