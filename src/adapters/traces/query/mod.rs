//! Questions, answered column by column: only what a question needs is read, files are worked on at the
//! same time, and what they say is put together in the order of the files.

pub(super) mod aggregate;
mod batch;
mod groups;
mod in_order;
mod items;
pub(super) mod measure;
mod needs;
mod ordered;
mod partial;
mod plan;
mod quantile;
mod scan;
pub(super) mod scores;
mod select;
mod source;
pub(super) mod spans;
mod text_column;
pub(super) mod trace;
mod trace_state;
mod traces;

pub(super) use needs::Needs;
