//! What Monitor found, for people and for programs.

mod chart;
pub mod compare;
pub mod compare_json;
mod number;
pub mod overview;
pub mod overview_json;
