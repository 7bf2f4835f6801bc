//! What happened in production: spans with their scores, and the questions that are asked of them.

pub mod column;
pub mod embedded;
pub mod field;
pub mod filter;
pub mod language;
pub mod logged;
pub mod mapping;
pub mod matching;
pub mod messages;
pub mod query;
pub mod score;
pub mod selection;
pub mod span;
pub mod view;
