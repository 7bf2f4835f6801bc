//! Traces: what happened in production, read from whatever tells it, redacted, and asked about.

pub mod conversation;
pub mod explore;
pub mod import;
pub mod intake;
pub mod integration;
mod json;
pub mod map;
pub mod otlp;
pub mod preview;
pub mod receive;
pub mod redact;
pub mod search;
pub mod secrets;
pub mod source;
pub mod tools;
pub mod versions;
