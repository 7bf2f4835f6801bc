//! Behaviors: what comes back in production. Three detectors that need no model find patterns in traces;
//! each is a file with a permanent name, and every scan says what became of it.
//!
//! The same traces and the same files give the same bytes.

mod answer;
mod drafts;
pub mod examples;
mod faults;
mod formats;
mod intents;
mod lifecycle;
mod mask;
mod note;
mod population;
mod reading;
mod releases;
mod scan;
mod sightings;
mod structure;
mod together;

use crate::domain::finding::Findings;
use crate::engine::monitor::MonitorError;
use crate::engine::ports::traces::TraceStoreError;

pub use scan::{ScanRequest, ScanResult, Scanned, scan};

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum BehaviorsError {
    /// The traces cannot be read.
    #[error(transparent)]
    Store(#[from] TraceStoreError),
    /// The releases cannot be read.
    #[error(transparent)]
    Releases(#[from] MonitorError),
    /// Files of the workspace are wrong.
    #[error(transparent)]
    Files(#[from] Findings),
}
