//! Incidents: what was seen of them and what was live, kept before it is forgotten, and what they must
//! leave behind.

pub mod capture;
pub mod closing;
pub mod representatives;
