//! What a prompt asks of whoever calls it, held against what a span says it was called with.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::domain::finding::{Finding, Findings};
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::prompt::{Prompt, Variable};
use crate::domain::suggest::did_you_mean;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::trace::span::Span;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::coerce;

/// The prompts whose calls may become rows of a dataset.
pub struct Contract<'w> {
    workspace: Workspace<'w>,
    /// Absent: whichever prompt a span names.
    bound: Option<Vec<PromptId>>,
    read: BTreeMap<PromptId, Result<Prompt, String>>,
}

impl<'w> Contract<'w> {
    /// The prompt that is named, or else those that are tested on the dataset; where there is none yet,
    /// whichever prompt a span names.
    pub fn of(
        workspace: &Workspace<'w>,
        dataset: &DatasetId,
        named: Option<&PromptId>,
    ) -> Result<Self, Findings> {
        let mut contract = Self {
            workspace: *workspace,
            bound: None,
            read: BTreeMap::new(),
        };
        if let Some(id) = named {
            let prompt = workspace.prompt(id)?;
            contract.read.insert(id.clone(), Ok(prompt));
        } else {
            for id in workspace.prompt_ids()? {
                // One that cannot be read is told by `check`, and tests nothing.
                let Ok(prompt) = workspace.prompt(&id) else {
                    continue;
                };
                if prompt.evals.iter().any(|it| it.dataset.0 == *dataset) {
                    contract.read.insert(id, Ok(prompt));
                }
            }
        }
        if !contract.read.is_empty() {
            contract.bound = Some(contract.read.keys().cloned().collect());
        }
        Ok(contract)
    }

    /// What holds for the calls of these prompts.
    pub fn filter(&self) -> Filter {
        match &self.bound {
            None => Filter::Present(Column::Prompt),
            Some(ids) => {
                let names = ids.iter().map(ToString::to_string).collect();
                Filter::Text(Column::Prompt, TextTest::OneOf(names))
            }
        }
    }

    /// Whether a span names one of these prompts.
    pub fn is_call(&self, span: &Span) -> bool {
        let Some(name) = &span.lineage.prompt else {
            return false;
        };
        let bound = self.bound.as_ref();
        bound.is_none_or(|ids| ids.iter().any(|id| id.as_str() == name))
    }

    /// The prompts, for messages.
    pub fn names(&self) -> String {
        match &self.bound {
            None => "any prompt".to_owned(),
            Some(ids) => {
                let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
                names.join(" or ")
            }
        }
    }

    /// The prompts that a row made of the span must fit, the span's own first; the error says why
    /// there are none.
    pub(super) fn prompts_for(&mut self, span: &Span) -> Result<Vec<&Prompt>, String> {
        let called = span.lineage.prompt.as_deref();
        if let Some(name) = called
            && self.bound.is_some()
            && !self.is_call(span)
        {
            return Err(format!(
                "it is a call of `{name}`, and not of {}",
                self.names()
            ));
        }
        let own = called.and_then(|name| PromptId::new(name).ok());
        let ids = match (&self.bound, own) {
            (Some(bound), own) => {
                let mut ids = bound.clone();
                ids.sort_by_key(|id| own.as_ref() != Some(id));
                ids
            }
            (None, Some(own)) => vec![own],
            (None, None) => return Err("it names no prompt: say which with `--prompt`".to_owned()),
        };
        for id in &ids {
            let workspace = &self.workspace;
            self.read
                .entry(id.clone())
                .or_insert_with(|| workspace.prompt(id).map_err(|findings| first(&findings)));
        }
        let read = ids.iter().filter_map(|id| self.read.get(id));
        read.map(|prompt| prompt.as_ref().map_err(Clone::clone))
            .collect()
    }
}

fn first(Findings(findings): &Findings) -> String {
    let told = |finding: &Finding| match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    findings.first().map(told).unwrap_or_default()
}

/// The values for the prompts' variables, each of its type; or everything that is wrong with them.
pub(super) fn variables(
    prompts: &[&Prompt],
    span: &Span,
) -> Result<IndexMap<String, Value>, Vec<String>> {
    let said = &span.content.variables;
    let mut problems = Vec::new();
    let mut values = IndexMap::new();
    for prompt in prompts {
        for (name, variable) in &prompt.variables {
            match value(prompt, name, variable, said.get(name)) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    values.insert(name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    let declared = prompts.iter().flat_map(|prompt| prompt.variables.keys());
    let declared: Vec<&str> = declared.map(String::as_str).collect();
    let unknown = said
        .keys()
        .filter(|name| !declared.contains(&name.as_str()));
    for name in unknown {
        let ids: Vec<String> = prompts.iter().map(|it| format!("`{}`", it.id)).collect();
        problems.push(format!(
            "`{name}` is no variable of {}; {}",
            ids.join(" or "),
            did_you_mean(name, declared.iter().copied())
        ));
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems)
    }
}

fn value(
    prompt: &Prompt,
    name: &str,
    variable: &Variable,
    said: Option<&String>,
) -> Result<Option<Value>, String> {
    if variable.kind.media().is_some() {
        return Err(format!(
            "the prompt `{}` shows the file in `{name}`, and no span holds files",
            prompt.id
        ));
    }
    match said {
        None if variable.default.is_some() => Ok(None),
        None => Err(format!(
            "it does not say `{name}`, which the prompt `{}` needs",
            prompt.id
        )),
        Some(text) => coerce(variable, &json!(text)).map(Some).ok_or_else(|| {
            format!(
                "its `{name}` is not of type {}, which the prompt `{}` needs",
                variable.kind.name(),
                prompt.id
            )
        }),
    }
}
