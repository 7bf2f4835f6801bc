//! Evaluating: plan what is tested, ask for answers, grade them, sum up, decide.

mod call;
mod cases;
pub mod compare;
pub mod decide;
pub mod grade;
mod journal;
mod judge;
pub mod paired;
pub mod plan;
pub mod preview;
pub mod prospect;
pub mod reuse;
pub mod run;
pub mod slices;
pub mod statistics;
pub mod stored;
pub mod summary;
pub mod tally;

pub use call::Providers;
