//! The verbs, one folder for each stage of the loop. A stage imports only stages before it, and
//! knows the world only through [`ports`].

pub mod behaviors;
pub mod bisect;
pub mod check;
pub mod convert;
pub mod datasets;
pub mod diff;
pub mod evaluate;
pub mod event;
pub mod gate;
pub mod import;
pub mod improve;
pub mod incidents;
pub mod monitor;
pub mod ports;
pub mod release;
pub mod reviews;
pub mod statistics;
pub mod traces;
pub mod workspace;
