//! Rows whose text stands in the prompt that they test: the model is shown the question, and with an
//! example its answer, too.

use crate::domain::dataset::Dataset;
use crate::domain::finding::{Finding, Findings};
use crate::engine::workspace::Workspace;

use super::SeenRow;
use crate::engine::datasets::asked::fold;

/// The shortest text that is no coincidence, in characters.
const SHORTEST: usize = 20;

/// What the prompts say by themselves.
pub(super) struct Leaks {
    prompts: Vec<(String, String)>,
    pub(super) findings: Vec<Finding>,
}

impl Leaks {
    /// Of the prompts that are tested on the dataset.
    pub(super) fn of(workspace: &Workspace<'_>, dataset: &Dataset) -> Result<Self, Findings> {
        let mut prompts = Vec::new();
        for id in workspace.prompt_ids()? {
            let closure = workspace.closure(&id)?;
            let prompt = closure.prompt();
            let tested = prompt.evals.iter().any(|eval| eval.dataset.0 == dataset.id);
            if !tested {
                continue;
            }
            let messages = prompt.messages.iter();
            let templates = messages.flat_map(|message| message.content.templates());
            let own = templates.map(|(_, template)| template.text.as_str());
            let included = closure.includes().values().map(String::as_str);
            let text: Vec<&str> = own.chain(included).collect();
            prompts.push((id.to_string(), fold(&text.join("\n"))));
        }
        Ok(Self {
            prompts,
            findings: Vec::new(),
        })
    }

    pub(super) fn see(&mut self, seen: &SeenRow<'_>) {
        if !seen.row.gates() {
            return;
        }
        let texts = seen.row.vars.iter();
        let texts = texts.filter_map(|(name, value)| Some((name, value.as_str()?)));
        for (name, text) in texts {
            let text = fold(text);
            if text.chars().nth(SHORTEST - 1).is_none() {
                continue;
            }
            let found = self
                .prompts
                .iter()
                .find(|(_, prompt)| prompt.contains(&text));
            if let Some((prompt, _)) = found {
                let id = &seen.row.id;
                let message =
                    format!("`{name}` of row `{id}` stands word for word in the prompt `{prompt}`");
                let help = "test with another case: the prompt gives this one away";
                self.findings
                    .push(seen.finding("leaked-row", message).with_help(help));
            }
        }
    }
}
