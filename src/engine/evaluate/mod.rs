//! Evaluating: plan what is tested, ask for answers, grade them, sum up, decide.

mod answerers;
pub mod ask;
pub mod asked;
mod beside;
pub mod budget;
pub mod calibrate;
mod call;
mod cases;
pub mod compare;
pub mod decide;
pub mod elsewhere;
pub mod examples;
pub mod flaky;
pub mod grade;
mod grading;
pub mod helper;
mod journal;
mod judge;
pub mod known;
pub mod paired;
mod pairwise;
pub mod plan;
pub mod preview;
pub mod prospect;
pub mod rates;
pub mod ready;
pub mod reuse;
mod rule;
pub mod run;
pub mod sample;
pub mod slices;
pub mod stored;
pub mod summary;
pub mod tally;
pub mod trust;

pub use call::Providers;
