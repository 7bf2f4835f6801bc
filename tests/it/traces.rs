//! `pointsman traces`: what happened in production is listed, looked into, searched and exported.

mod export;
mod list;
mod made;
mod search;
mod show;
mod views;
