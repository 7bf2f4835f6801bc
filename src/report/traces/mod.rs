//! Traces for people and for programs.

pub mod export;
pub(super) mod fit;
pub mod json;
pub mod list;
pub mod otlp;
pub mod search;
pub mod span;
mod steps;
mod told;
pub mod tree;
pub mod views;
mod waterfall;
