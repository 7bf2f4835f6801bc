//! Pages of HTML: those that `view` serves, and those that stand alone in a file. Both are made of the
//! same blocks, with one layout and one style sheet, so that what is known of one is known of all.

pub mod blocks;
pub mod link;
mod sheet;

pub mod behaviors;
pub mod difference;
mod document;
pub mod drawings;
pub mod fault;
pub mod form;
pub mod incident;
pub mod lanes;
pub mod monitor;
pub mod overview;
pub mod record;
pub mod run;
pub mod runs;
pub mod span;
pub mod trace;
pub mod traces;

pub use sheet::{ICON, POLICY, STYLE, Section, Setting};
