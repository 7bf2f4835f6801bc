//! The promises of `docs/reliability.md`, held by trying what breaks them. Every test prints its figure:
//! `cargo test --test it reliability:: -- --nocapture`.

mod command_lines;
mod hostile;
mod judges;
mod network;
mod output;
mod parsers;
mod readers;
mod secrets;
mod seeds;
mod templates;
