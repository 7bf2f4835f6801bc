//! What whoever proposes is asked: a prompt like any other, of the workspace or built in, rendered with
//! the rows that may be shown and with nothing else.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::improve::{Changeable, RowPlace};
use crate::domain::prompt::ModelRef;
use crate::domain::run::ModelRequest;
use crate::engine::evaluate::fence;
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::{Closure, Inputs, RenderError};
use crate::engine::workspace::document::Source;
use crate::engine::workspace::prompt::read_prompt;

use super::cases::Evidence;

/// The name of the prompt that proposes, where the workspace has one of its own.
pub const PROPOSER: &str = "improve/propose";

const BUILT_IN: &str = include_str!("propose.prompt.yml");

/// The longest text of a row or an answer that is shown, in characters.
const LONGEST_TEXT: usize = 4_000;

/// The prompt that proposes where the workspace has none, asking this model.
pub fn built_in(tree: &dyn FileTree, model: ModelRef) -> Result<Closure, Findings> {
    let id = PromptId::new(PROPOSER).expect("our own name is well-formed");
    let source = Source::new(id.path(), BUILT_IN);
    let mut prompt = read_prompt(&id, &source)?;
    prompt.model = model;
    Closure::compile(prompt, &source, tree)
}

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
    let mut values = exhibits.values();
    let fence = fence(&values, proposer.fingerprint());
    values.insert("fence".to_owned(), Value::from(fence));
    let inputs = Inputs {
        values: &values,
        files: &BTreeMap::new(),
        tree,
    };
    proposer.render(&inputs, number)
}

impl Exhibits<'_> {
    fn values(&self) -> IndexMap<String, Value> {
        let failing: Vec<Value> = self
            .failing
            .iter()
            .map(|row| self.failing_case(row))
            .collect();
        let passing: Vec<Value> = self.passing.iter().map(|(at, row)| case(at, row)).collect();
        let keys = self.may_change.iter().map(|it| format!("`{}`", it.key()));
        let values = [
            ("prompt_id", self.prompt.prompt().id.to_string()),
            ("prompt_file", self.file.to_owned()),
            ("includes", pretty(&json!(self.prompt.includes()))),
            ("failures", pretty(&Value::from(failing))),
            ("passing", pretty(&Value::from(passing))),
            ("may_change", keys.collect::<Vec<_>>().join(", ")),
            ("focus", self.focus.to_owned()),
        ];
        let values = values.into_iter();
        values
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
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

/// A value whose long texts are cut off, and say so.
fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(LONGEST_TEXT) {
            None => value.clone(),
            Some((end, _)) => {
                let more = text[end..].chars().count();
                Value::from(format!("{} [{more} more characters]", &text[..end]))
            }
        },
        Value::Array(items) => items.iter().map(cut).collect(),
        Value::Object(map) => {
            let entries = map.iter();
            entries
                .map(|(key, item)| (key.clone(), cut(item)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("values have text keys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::memory::MemoryTree;

    #[test]
    fn the_built_in_prompt_is_one_and_uses_all_that_it_declares() {
        let tree = MemoryTree::default();
        let model: ModelRef = "openai/big".to_owned().try_into().unwrap();
        let closure = built_in(&tree, model.clone()).unwrap();
        assert_eq!(closure.prompt().model, model);
        assert_eq!(closure.unused_variables().count(), 0);
    }

    #[test]
    fn a_long_text_is_cut_and_says_how_much_is_missing() {
        let long = "é".repeat(LONGEST_TEXT + 7);
        let shown = cut(&json!({ "a": [long] }));
        let text = shown["a"][0].as_str().unwrap();
        assert!(text.ends_with("é [7 more characters]"), "{text}");
    }
}
