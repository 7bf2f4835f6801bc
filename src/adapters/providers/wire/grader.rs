//! Servers that grade: an answer with its row is posted as JSON, and a verdict comes back.

use reqwest::Url;
use serde_json::Value;

use crate::adapters::providers::grader::read_verdict;
use crate::adapters::providers::retry::Failure;
use crate::domain::query::Task;
use crate::domain::run::{Answer, ModelRequest};

use super::Wire;

/// The wire format.
pub(super) struct Grader;

const NOTHING_ELSE: &str = "it gives verdicts on answers and nothing else";

impl Wire for Grader {
    fn address(&self, base: &Url, _request: &ModelRequest) -> Url {
        base.clone()
    }

    fn body(&self, _request: &ModelRequest) -> Result<Value, String> {
        Err(NOTHING_ELSE.to_owned())
    }

    fn read(&self, _body: &[u8]) -> Result<Answer, Failure> {
        Err(Failure::lasting(NOTHING_ELSE))
    }

    fn query(&self, base: &Url, task: &Task) -> Result<(Url, Value), String> {
        match task {
            Task::Verdict { input } => Ok((base.clone(), input.clone())),
            Task::Likeness { .. } | Task::Places { .. } => Err(NOTHING_ELSE.to_owned()),
        }
    }

    fn read_query(&self, _task: &Task, body: &[u8]) -> Result<Answer, Failure> {
        read_verdict(body).map_err(Failure::lasting)
    }
}
