//! Behaviors: what comes back in production. Three detectors, none of which needs a model, find patterns
//! in traces; each is a file with a permanent name, and every scan says what became of it.
//!
//! The same traces and the same files give the same bytes.

mod answer;
mod drafts;
pub mod examples;
mod faults;
mod formats;
mod intents;
pub mod label;
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

pub use scan::{Scan, ScanRequest, ScanResult, Scanned};

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum BehaviorsError {
    /// The traces cannot be read.
    #[error(transparent)]
    Store(#[from] TraceStoreError),
    /// The releases cannot be read.
    #[error(transparent)]
    Releases(#[from] MonitorError),
    /// More texts would have to be placed than a scan compares.
    #[error("{texts} texts of users would have to be placed, and a scan compares {most} at most")]
    TooManyTexts {
        /// How many.
        texts: usize,
        /// How many may be.
        most: usize,
    },
    /// Files of the workspace are wrong.
    #[error(transparent)]
    Files(#[from] Findings),
}
