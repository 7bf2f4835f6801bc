//! What a run would cost, before anything is spent: how many answers are known already.

use std::collections::BTreeSet;

use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::engine::ports::AnswerCache;
use crate::engine::workspace::Workspace;

use super::call::{Providers, cache_key};
use super::cases::Cases;
use super::plan::Plan;

/// What a run of one suite would ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SuitePreview {
    /// Cases whose answer is kept from an earlier call.
    pub known_answers: u64,
    /// Calls that cost money or time, judges' not among them.
    pub calls: u64,
    /// Cases that cannot be rendered.
    pub render_errors: u64,
    /// The most calls that judges may add.
    pub judge_calls_at_most: u64,
    /// Rows that a gate counts.
    pub gating_rows: u64,
    /// The clusters that those rows fall into; a row without one is its own.
    pub clusters: u64,
}

/// Looks up every case of a plan, in the order of its suites. Nothing is asked of a provider.
pub fn preview(
    workspace: &Workspace<'_>,
    plan: &Plan,
    providers: &Providers<'_>,
    cache: Option<&dyn AnswerCache>,
) -> Result<Vec<SuitePreview>, Findings> {
    let mut previews = vec![SuitePreview::default(); plan.suites.len()];
    let mut clusters = vec![BTreeSet::new(); plan.suites.len()];
    for case in Cases::new(workspace, plan) {
        let case = case?;
        let place = plan
            .suites
            .iter()
            .position(|planned| planned.digest == case.planned.digest)
            .expect("cases come from the suites of the plan");
        let preview = &mut previews[place];
        if case.repeat == 0 && case.row.gates() {
            preview.gating_rows += 1;
            let own = case
                .row
                .cluster
                .as_ref()
                .map(|cluster| Digest::of(cluster.as_bytes()));
            preview.clusters += u64::from(clusters[place].insert(own.unwrap_or(case.row_digest)));
        }
        let Ok(request) = case.request() else {
            preview.render_errors += 1;
            continue;
        };
        preview.judge_calls_at_most += case.planned.judge_count() as u64;
        let Some(provider) = providers.get(&request.model.provider) else {
            continue;
        };
        let profile = provider.profile();
        if !profile.keep_answers {
            continue;
        }
        let known =
            cache.is_some_and(|cache| cache.get(&cache_key(profile, request.digest())).is_some());
        if known {
            preview.known_answers += 1;
        } else {
            preview.calls += 1;
        }
    }
    Ok(previews)
}
