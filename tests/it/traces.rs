//! `pointsman traces`: what happened in production is listed, looked into, searched and exported.

mod list;
mod made;
mod search;
mod show;
mod views;
