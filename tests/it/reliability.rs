//! The promises of `docs/reliability.md`, held by trying what breaks them. Every test prints its figure:
//! `cargo test --test it reliability:: -- --nocapture`.

mod addresses;
mod arguments;
mod bombs;
mod bounded;
mod canaries;
mod command_lines;
mod configuration;
mod failures;
mod histories;
mod hostile;
mod judges;
mod messages;
mod network;
mod output;
mod parsers;
mod patterns;
mod races;
mod readers;
mod secrets;
mod seeds;
mod shapes;
mod surroundings;
mod templates;
