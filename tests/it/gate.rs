//! `pointsman gate`: a pull request, judged by the rules of its base.

mod bad_input;
mod honest;
mod outputs;
pub(crate) mod pull_request;
mod recorded;
mod redaction;
mod rows;
mod tampering;
