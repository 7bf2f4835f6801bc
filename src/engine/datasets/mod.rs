//! Datasets as they grow: rows come in from files and from production, are reviewed, and are looked
//! at for what makes them prove less than they seem to.

pub mod asked;
pub mod edit;
pub mod from_spans;
pub mod incoming;
pub mod lint;
pub mod prove;
pub mod review;
pub mod spelling;
pub mod taken;
