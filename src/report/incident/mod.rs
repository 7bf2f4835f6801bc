//! Incidents: as they are written down when they are opened, as a table, and for programs.

pub mod document;
pub mod json;
pub mod list;
