//! Traces for people and for programs.

pub mod export;
pub(super) mod fit;
pub mod json;
pub mod list;
pub mod otlp;
pub mod search;
pub mod span;
pub(super) mod steps;
pub(super) mod told;
pub mod tree;
pub mod views;
mod waterfall;
