//! `pointsman traces`: what happened in production is brought in, listed, looked into, searched and exported.

mod attributes;
mod crash;
mod export;
mod hostile;
mod import;
mod list;
mod logged;
mod made;
mod protobuf;
mod receive;
mod sdk;
mod search;
mod show;
mod views;
