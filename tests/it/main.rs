//! The one integration-test binary: each command's tests in a file named like the command, on
//! real git repositories in temporary folders.

mod support;

mod action;
mod approve;
mod behaviors;
mod bisect;
mod check;
mod clickhouse;
mod completions;
mod console;
mod crash;
mod dataset;
mod demo;
mod diff;
mod doctor;
mod eval;
mod evaluator;
mod evidence;
mod export;
mod gate;
mod hermetic;
mod import;
mod improve;
mod incident;
mod init;
mod junit;
mod lanes;
mod man;
mod monitor;
mod moves;
mod operating_loop;
mod plan;
mod promote;
mod prompt;
mod redact;
mod repository;
mod review;
mod rollback;
mod runs;
mod serve;
mod status;
mod tidy;
mod trace_store;
mod traces;
mod webhook;
