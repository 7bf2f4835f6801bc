//! Reviews: pages of checklists and questions, with what data says to them.

pub mod blocks;
pub mod json;
pub mod page;
