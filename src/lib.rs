//! pointsman: prompt release discipline on nothing but your git repository.
//!
//! The loop that the folders follow, stage by stage:
//!
//! ```text
//!   workspace ─▶ check ─▶ evaluate ─▶ diff ─▶ gate ─▶ release ─▶ traces ─▶ monitor ─▶ behaviors ─▶ datasets ─▶ improve ─▶ incidents ─▶ reviews
//!       ▲                                                                                                                                │
//!       └────────────────────────────────────────────────────── what was learned ◀───────────────────────────────────────────────────────┘
//! ```
//!
//! - [`domain`]: the nouns, without I/O;
//! - [`engine`]: the verbs, one folder a stage, knowing the world only through [`engine::ports`];
//! - [`adapters`]: the only code that touches the world;
//! - [`report`]: one output format a file;
//! - [`cli`]: what the user types.

pub mod adapters;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod report;
