//! `pointsman traces`: what happened in production, brought in and looked at.

mod attributes;
mod import;
