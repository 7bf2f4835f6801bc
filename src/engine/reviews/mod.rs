//! Reviews: what data says to the questions that a team asks after a release, and every week.

pub mod normal;
pub mod releases;
pub mod rows;
pub mod runs;
pub mod unused;
