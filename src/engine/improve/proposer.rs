//! What whoever proposes is asked: a prompt like any other, of the workspace or built in, rendered with
//! the rows that may be shown and with nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::improve::{Changeable, RowPlace};
use crate::domain::run::ModelRequest;
use crate::engine::evaluate::helper::{self, Helper, cut, pretty};
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::{Closure, RenderError};

use super::cases::Evidence;

/// The prompt that proposes.
pub const PROPOSER: Helper = Helper {
    name: "improve/propose",
    text: include_str!("propose.prompt.yml"),
};

/// What may be shown.
pub struct Exhibits<'e> {
    /// The prompt that is to become better.
    pub prompt: &'e Closure,
    /// Its file.
    pub file: &'e str,
    /// What came of the rows that fail.
    pub evidence: &'e Evidence<'e>,
    /// The rows that fail and may be shown.
    pub failing: &'e [(RowPlace, Row)],
    /// Rows that pass and may be shown.
    pub passing: &'e [(RowPlace, Row)],
    /// What a person wants looked at.
    pub focus: &'e str,
    /// Keys that may change beside the words.
    pub may_change: &'e BTreeSet<Changeable>,
}

/// What is asked; the number tells equal requests apart.
pub fn request(
    proposer: &Closure,
    exhibits: &Exhibits<'_>,
    tree: &dyn FileTree,
    number: u32,
) -> Result<ModelRequest, RenderError> {
    helper::request(proposer, exhibits.values(), tree, number)
}

impl Exhibits<'_> {
    fn values(&self) -> [(&str, String); 7] {
        let failing: Vec<Value> = self
            .failing
            .iter()
            .map(|row| self.failing_case(row))
            .collect();
        let passing: Vec<Value> = self.passing.iter().map(|(at, row)| case(at, row)).collect();
        let keys = self.may_change.iter().map(|it| format!("`{}`", it.key()));
        [
            ("prompt_id", self.prompt.prompt().id.to_string()),
            ("prompt_file", self.file.to_owned()),
            ("includes", pretty(&json!(self.prompt.includes()))),
            ("failures", pretty(&Value::from(failing))),
            ("passing", pretty(&Value::from(passing))),
            ("may_change", keys.collect::<Vec<_>>().join(", ")),
            ("focus", self.focus.to_owned()),
        ]
    }

    fn failing_case(&self, (at, row): &(RowPlace, Row)) -> Value {
        let mut shown = case(at, row);
        let Some((result, failed)) = self.evidence.failure(at) else {
            return shown;
        };
        shown["answer"] = match &result.answer {
            Ok(answer) => cut(&Value::from(answer.output.as_str())),
            Err(error) => json!({ "error": error.message }),
        };
        let reason = |name| result.grades.get(name).map(|graded| graded.reason.as_str());
        let failed = failed.iter();
        shown["failed"] = failed
            .map(|name| json!({ "evaluator": name, "reason": reason(*name) }))
            .collect();
        cut(&shown)
    }
}

fn case(at: &RowPlace, row: &Row) -> Value {
    let mut shown = json!({ "dataset": at.dataset, "row": at.row, "variables": row.vars });
    if !row.messages.is_empty() {
        shown["conversation"] = json!(row.messages);
    }
    if let Some(expected) = &row.expected {
        shown["expected"] = expected.clone();
    }
    cut(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::prompt::ModelRef;
    use crate::engine::workspace::memory::MemoryTree;

    #[test]
    fn the_built_in_prompt_is_one_and_uses_all_that_it_declares() {
        let tree = MemoryTree::default();
        let model: ModelRef = "openai/big".to_owned().try_into().unwrap();
        let closure = PROPOSER.built_in(&tree, model.clone()).unwrap();
        assert_eq!(closure.prompt().model, model);
        assert_eq!(closure.unused_variables().count(), 0);
    }
}
