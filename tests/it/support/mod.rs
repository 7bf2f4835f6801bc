//! What the tests stand on: a closed-off environment, real repositories, readable failures.

pub(crate) mod browser;
pub(crate) mod calls;
pub(crate) mod console;
pub(crate) mod endless;
pub(crate) mod faulty;
pub(crate) mod git_server;
pub(crate) mod github;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod lanes;
pub(crate) mod loopback;
pub(crate) mod media;
pub(crate) mod model_server;
pub(crate) mod mutation;
pub(crate) mod otlp;
pub(crate) mod production;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod sandbox;
pub(crate) mod scene;
pub(crate) mod signed_lane;
pub(crate) mod source;
#[cfg(unix)]
pub(crate) mod strace;
pub(crate) mod tools;
pub(crate) mod traces;
pub(crate) mod two_releases;
pub(crate) mod viewing;
pub(crate) mod workspace;

pub(crate) use sandbox::Sandbox;
