//! What Monitor found, for people and for programs.

mod chart;
pub mod check;
pub mod check_json;
pub mod compare;
pub mod compare_json;
pub mod html;
pub mod markdown;
mod number;
pub mod overview;
pub mod overview_json;
pub mod score;
