//! Behaviors, for people and for programs.

pub mod json;
pub mod list;
pub mod show;
