//! `pointsman behaviors`: what comes back in production, found in real imported traces.

mod decide;
mod hostile;
mod label;
mod list;
mod made;
mod meaning;
mod scan;
