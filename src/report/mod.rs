//! One output format a file. Reports turn results into text; they decide nothing.

pub mod approvals;
pub mod audit;
pub mod diff;
pub mod diff_json;
pub mod eval;
pub mod eval_json;
pub mod findings;
pub mod gate_changes;
mod gate_changes_json;
mod gate_json;
pub mod html;
pub mod jsonl;
pub mod junit;
pub mod lanes;
pub mod markdown;
pub mod packet;
pub mod plan;
pub mod plan_json;
pub mod progress;
pub mod release;
pub mod release_json;
pub mod runs;
pub mod runs_json;
pub mod stays;
pub mod table;
pub mod webhooks;
pub mod webhooks_json;
