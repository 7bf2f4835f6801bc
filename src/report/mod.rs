//! One output format a file. Reports turn results into text; they decide nothing.

pub mod findings;
pub mod table;
