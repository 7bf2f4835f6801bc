//! Rows that ask the same: with two answers wanted one of them always fails, with one answer wanted
//! the case counts twice.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::finding::Finding;

use super::SeenRow;
use crate::engine::datasets::asked::asked;

/// What was asked so far: a few bytes a row.
#[derive(Default)]
pub(super) struct SameInput {
    seen: HashMap<ShortDigest, First>,
    pub(super) findings: Vec<Finding>,
}

struct First {
    line: u32,
    expected: Option<ShortDigest>,
}

impl SameInput {
    pub(super) fn see(&mut self, seen: &SeenRow<'_>) {
        let row = seen.row;
        let digest = |value: &Value| Digest::of_json(value).shortened();
        let expected = row.expected.as_ref().map(digest);
        let question = asked(row).shortened();
        let Some(first) = self.seen.get(&question) else {
            let line = row.line;
            self.seen.insert(question, First { line, expected });
            return;
        };
        let line = first.line;
        let finding = if first.expected == expected {
            let message = format!("row `{}` asks what line {line} asks, too", row.id);
            seen.finding("duplicate-row", message)
                .with_help("take one of them out: the case counts twice")
        } else {
            let id = &row.id;
            let message =
                format!("row `{id}` asks what line {line} asks, and wants another answer");
            seen.finding("contradictory-rows", message)
                .with_help("decide which answer is right: one of the rows always fails")
        };
        self.findings.push(finding);
    }
}
