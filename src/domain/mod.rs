//! The nouns: plain values that every other layer speaks about. Nothing here does I/O.

pub mod agreement;
pub mod attestation;
pub mod canonical;
pub mod content;
pub mod dataset;
pub mod deployment;
pub mod digest;
pub mod evaluator;
pub mod finding;
pub mod freeze;
pub mod gate;
pub mod hold;
pub mod id;
pub mod lane;
pub mod media;
pub mod message;
pub mod period;
pub mod project;
pub mod prompt;
pub mod query;
pub mod run;
pub mod suggest;
pub mod untrusted;
pub mod vector;
pub mod watch;
pub mod webhook;
