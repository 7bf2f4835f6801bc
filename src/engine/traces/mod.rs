//! Traces: what happened in production, read from whatever tells it, redacted, and asked about.

pub mod explore;
pub mod search;
