//! Which tests in prompts' own files differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::evaluator::Evaluator;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::engine::workspace::Workspace;

use super::contents::FileDiff;
use super::paths::names_in;
use super::{ChangeKind, PathChange, Sides, TextDifference};

/// Compares what evaluators check, in the form that digests are taken of. A prompt that cannot be
/// read is told as that, and has no evaluators here.
pub(super) fn evaluators(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
) -> Vec<FileDiff<EvaluatorId>> {
    let (old, new) = sides.workspaces();
    let mut diffs = Vec::new();
    for name in names_in(changed.keys(), "prompts", ".prompt.yml") {
        let Ok(prompt) = PromptId::new(name) else {
            continue;
        };
        let (before, after) = (rules_in(&old, &prompt), rules_in(&new, &prompt));
        let ids: BTreeSet<&EvaluatorId> = before.keys().chain(after.keys()).collect();
        for id in ids {
            let (kind, text) = match (before.get(id), after.get(id)) {
                (Some(one), Some(two)) if one == two => continue,
                (Some(one), Some(two)) => {
                    (ChangeKind::Changed, Some(TextDifference::new(one, two)))
                }
                (Some(_), None) => (ChangeKind::Removed, None),
                (None, _) => (ChangeKind::Added, None),
            };
            let id = id.clone();
            diffs.push(FileDiff { id, kind, text });
        }
    }
    diffs
}

/// Whether two versions of a prompt are tested alike by what stands in their files.
pub(super) fn same_tests(old: &Prompt, new: &Prompt) -> bool {
    let rows = |prompt: &Prompt| prompt.own.rows.iter().map(Row::digest).collect::<Vec<_>>();
    rows(old) == rows(new) && rules(old) == rules(new)
}

fn rules_in(workspace: &Workspace<'_>, id: &PromptId) -> BTreeMap<EvaluatorId, String> {
    let prompt = workspace.prompt(id);
    prompt.map(|prompt| rules(&prompt)).unwrap_or_default()
}

/// What the prompt's own evaluators check, and what their judges are asked, as text.
fn rules(prompt: &Prompt) -> BTreeMap<EvaluatorId, String> {
    let evaluators = prompt.own.evaluators.iter();
    let rule = |it: &Evaluator| {
        let judges = prompt.own.judges.iter();
        let judge = judges.filter(|judge| it.judges().contains(&judge.id));
        let judge: Vec<_> = judge.map(asked).collect();
        let rule = json!({"rule": it.rule.canonical(), "judge": judge});
        (it.id.clone(), format!("{rule:#}\n"))
    };
    evaluators.map(rule).collect()
}

fn asked(judge: &Prompt) -> Value {
    let messages = judge.messages.iter();
    let texts = messages.flat_map(|message| message.content.templates());
    let texts: Vec<&str> = texts.map(|(_, template)| template.text.as_str()).collect();
    json!({"model": judge.model.to_string(), "messages": texts})
}
