//! Git: gix reads, compares and builds objects; the `git` executable moves refs, fetches and
//! pushes. Nothing outside this folder knows which of the two does what.
//!
//! gix 0.90 cannot push, syncs nothing to disk, and loses ref writes in reftable repositories;
//! the executable runs what a repository's configuration tells it to run, so it is called in one
//! place only, with all of that switched off (see [`command`]).

mod attestations;
mod authors;
mod changes;
pub mod command;
mod error;
mod first_parents;
mod improvements;
mod kept;
mod lanes;
mod objects;
mod refused;
mod remote;
mod repository;
mod revision;
mod runs;
mod signature;
mod tags;
mod transfer;
mod worktree;

pub use attestations::GitAttestations;
pub use authors::GitHistory;
pub use error::GitError;
pub use improvements::{GitImprovements, Kept, NewCandidate};
pub use lanes::GitLanes;
pub use repository::Repository;
pub use revision::RevisionTree;
pub use runs::{GitRuns, SharedRun};
