//! What the rows that test a prompt say about a review: whether they come from production, and whether
//! a candidate gives them away.

use std::collections::BTreeSet;

use crate::domain::dataset::{DatasetKind, Row};
use crate::domain::finding::Findings;
use crate::domain::id::DatasetId;
use crate::domain::prompt::Prompt;
use crate::engine::datasets::asked::fold;
use crate::engine::workspace::Workspace;

/// The shortest text that is no coincidence, in characters.
const SHORTEST: usize = 20;

/// How many rows that are given away are named.
const MOST_NAMED: usize = 20;

/// How many rows that gate come from production, by what they or their datasets say.
pub fn from_production(workspace: &Workspace<'_>, prompt: &Prompt) -> Result<u64, Findings> {
    let mut count = 0;
    each_row(workspace, prompt, |kind, _, row| {
        let source = row.source.as_ref();
        let traced = source.is_some_and(|source| source.trace_id.is_some());
        count += u64::from(row.gates() && (traced || kind == DatasetKind::Production));
    })?;
    Ok(count)
}

/// The rows whose text the new file of a prompt holds word for word, and the old one does not.
pub fn leaks(
    workspace: &Workspace<'_>,
    prompt: &Prompt,
    [old, new]: [&str; 2],
) -> Result<Vec<String>, Findings> {
    let [old, new] = [old, new].map(fold);
    let mut found = Vec::new();
    each_row(workspace, prompt, |_, dataset, row| {
        let texts = row
            .vars
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?)));
        for (name, text) in texts {
            let text = fold(text);
            let long = text.chars().nth(SHORTEST - 1).is_some();
            if long && new.contains(&text) && !old.contains(&text) && found.len() < MOST_NAMED {
                found.push(format!(
                    "it holds `{name}` of row `{}` of `{dataset}` word for word",
                    row.id
                ));
            }
        }
    })?;
    Ok(found)
}

fn each_row(
    workspace: &Workspace<'_>,
    prompt: &Prompt,
    mut see: impl FnMut(DatasetKind, &DatasetId, &Row),
) -> Result<(), Findings> {
    let evals = prompt.evals.iter();
    let datasets: BTreeSet<&DatasetId> = evals.map(|binding| &binding.dataset.0).collect();
    for id in datasets {
        let dataset = workspace.dataset(id)?;
        for row in workspace.rows(&dataset)? {
            see(dataset.kind, id, &row?);
        }
    }
    Ok(())
}
