//! Traces on disk, below the git directory: an append log that is safe at once, and files of columns
//! that it is rolled into. Any number of processes write and read at the same time.

mod chunks;
mod columns;
mod compact;
mod decode;
mod encode;
mod export;
mod files;
mod join;
mod known;
mod layout;
mod log;
mod query;
mod roll;
mod rows;
mod schema;
mod segment;
mod sink;
mod snapshot;
mod store;
mod texts;

pub use export::SpanParquet;
pub use sink::FileTraceSink;
pub use store::FileTraceStore;
