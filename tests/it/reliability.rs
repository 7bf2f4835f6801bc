//! The promises of `docs/reliability.md`, held by trying what breaks them. Every test prints its figure:
//! `cargo test --test it reliability:: -- --nocapture`.

mod arguments;
mod configuration;
mod failures;
mod histories;
mod parsers;
mod races;
mod readers;
mod seeds;
mod surroundings;
mod templates;
