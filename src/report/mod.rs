//! One output format a file. Reports turn results into text; they decide nothing.

pub mod eval;
pub mod eval_json;
pub mod findings;
pub mod progress;
pub mod table;
