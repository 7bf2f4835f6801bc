//! Monitor: did anything move? Numbers of what happened in production, by window, lane and release.

pub mod alerts;
pub mod buckets;
pub mod compare;
pub mod figures;
pub mod markers;
pub mod overview;
pub mod releases;
mod sample;
pub mod score;
pub mod watch;

use crate::domain::finding::Findings;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneError;
use crate::engine::ports::traces::TraceStoreError;
use crate::engine::release::ReleaseError;

use buckets::TooManyBuckets;

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The traces cannot be read.
    #[error(transparent)]
    Store(#[from] TraceStoreError),
    /// A lane cannot be read.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// A record cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// Files of the workspace are wrong.
    #[error(transparent)]
    Files(#[from] Findings),
    /// A record that changed nothing has no time before and after it.
    #[error("`{lane}#{sequence}` only set or released a hold: nothing changed with it")]
    NotARelease {
        /// The lane.
        lane: LaneName,
        /// The record.
        sequence: u64,
    },
    /// The window is cut into too many pieces.
    #[error(transparent)]
    Buckets(#[from] TooManyBuckets),
}
