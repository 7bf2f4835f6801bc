//! Looking into traces: which there are, how one of them went, and where its time was spent.

mod critical;
pub mod find;
pub mod lineage;
pub mod list;
pub mod outline;
pub mod tree;
