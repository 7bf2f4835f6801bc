//! The only code that touches the world: files, git, the network, the clock.

mod address;
pub mod clickhouse;
pub mod clock;
pub mod editor;
pub mod files;
pub mod git;
pub mod hosts;
pub mod http;
pub mod listening;
pub mod memory;
pub mod providers;
pub mod receive;
mod resolver;
pub mod rewrite;
pub mod secrets;
pub mod serve;
pub mod signing;
pub mod store;
pub mod traces;
pub mod view;
pub mod webhooks;
