//! Behaviors, for people and for programs.

pub mod json;
pub mod label;
pub mod list;
pub mod show;
