//! The name that a prompt had before it was given another.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::PromptId;
use crate::engine::ports::{FileTree, TreeError};
use crate::engine::workspace::Workspace;

/// Of a prompt that is in `newer` and not in `older`: the prompt of `older` that it was, if any. That
/// is one that is gone from `newer`, and is the same version or has half of its lines in common.
pub(super) fn former_name(
    newer: &dyn FileTree,
    older: &dyn FileTree,
    name: &PromptId,
) -> Result<Option<PromptId>, TreeError> {
    let kept = prompts(newer)?;
    let gone = prompts(older)?.into_iter().filter(|id| !kept.contains(id));
    let (now, before) = (Workspace::new(newer), Workspace::new(older));
    let fingerprint = |workspace: &Workspace<'_>, id: &PromptId| {
        let closure = workspace.closure(id).ok();
        closure.map(|closure| closure.fingerprint())
    };
    let (own, own_lines) = (fingerprint(&now, name), lines(&now, name));
    let mut best: Option<(bool, usize, PromptId)> = None;
    for id in gone {
        let same = own.is_some() && fingerprint(&before, &id) == own;
        let theirs = lines(&before, &id);
        let common = common(&own_lines, &theirs);
        let all = count(&own_lines) + count(&theirs);
        if !same && (all == 0 || 4 * common < all) {
            continue;
        }
        // The first of equals in the order of names.
        if best.as_ref().is_none_or(|it| (it.0, it.1) < (same, common)) {
            best = Some((same, common, id));
        }
    }
    Ok(best.map(|(_, _, id)| id))
}

/// The prompts that have a file, whatever stands in it.
fn prompts(tree: &dyn FileTree) -> Result<BTreeSet<PromptId>, TreeError> {
    let entries = tree.list("prompts")?;
    let id = |path: &str| {
        let name = path.strip_prefix("prompts/")?;
        PromptId::new(name.strip_suffix(".prompt.yml")?).ok()
    };
    Ok(entries.iter().filter_map(|entry| id(&entry.path)).collect())
}

/// How often each line stands in a prompt's file.
fn lines(workspace: &Workspace<'_>, id: &PromptId) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(source) = workspace.prompt_source(id) {
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            *lines.entry(line.to_owned()).or_insert(0) += 1;
        }
    }
    lines
}

fn count(lines: &BTreeMap<String, usize>) -> usize {
    lines.values().sum()
}

fn common(one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>) -> usize {
    let both = one
        .iter()
        .filter_map(|(line, count)| other.get(line).map(|it| *count.min(it)));
    both.sum()
}
