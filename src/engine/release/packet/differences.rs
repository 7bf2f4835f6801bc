//! What differs between what was live and what is to be, as far as a packet tells.

use std::collections::BTreeSet;

use crate::domain::behavior::Behavior;
use crate::domain::dataset::RowStatus;
use crate::domain::deployment::{Changes, ReleaseName};
use crate::engine::diff::{DatasetDiff, compare};
use crate::engine::ports::{FileTree, LaneRecord};
use crate::engine::release::ReleaseError;
use crate::engine::workspace::Workspace;

use super::cycles::ProofLink;
use super::parts::{AcceptedFailure, BehaviorLink, Part, RowsChange, TraceLink};

const NO_TRACE: &str = "no row that comes in says which trace it was taken from";
const NO_BEHAVIOR: &str = "no behavior that was written down has to do with it";

/// What differs between two trees, as far as a packet tells.
pub(super) struct Differences {
    pub(super) rows: Vec<RowsChange>,
    pub(super) proofs: Vec<ProofLink>,
    taken_from: Vec<TraceLink>,
}

impl Differences {
    pub(super) fn between(old: &dyn FileTree, new: &dyn FileTree) -> Result<Self, ReleaseError> {
        let difference = compare(old, new)?;
        let workspace = Workspace::new(new);
        let mut taken_from = Vec::new();
        let (mut rows, mut proofs) = (Vec::new(), Vec::new());
        for DatasetDiff { id, rows: diff, .. } in difference.datasets {
            let Some(diff) = diff else {
                continue;
            };
            if let Ok(dataset) = workspace.dataset(&id) {
                for row in workspace.rows(&dataset)? {
                    let row = row?;
                    if !diff.added.contains(&row.id) && !diff.changed.contains(&row.id) {
                        continue;
                    }
                    let proof = row.proof.as_ref();
                    proofs.extend(proof.map(|proof| ProofLink::new(&id, &row.id, proof)));
                    let source = row.source.filter(|it| it.trace_id.is_some());
                    taken_from.extend(source.map(|source| TraceLink {
                        dataset: id.clone(),
                        row: row.id,
                        trace_id: source.trace_id,
                        span_id: source.span_id,
                    }));
                }
            }
            rows.push(RowsChange {
                dataset: id,
                added: diff.added,
                changed: diff.changed,
                removed: diff.removed,
            });
        }
        Ok(Self {
            rows,
            proofs,
            taken_from,
        })
    }

    pub(super) fn traces(&self) -> Part<Vec<TraceLink>> {
        let known = Some(self.taken_from.clone()).filter(|it| !it.is_empty());
        Part::of(known, NO_TRACE)
    }

    /// Those of the behaviors that have to do with the rows that come in, or with a release.
    pub(super) fn behaviors(
        &self,
        all: Vec<Behavior>,
        release: Option<&LaneRecord>,
    ) -> Part<Vec<BehaviorLink>> {
        let release = release.map(|record| ReleaseName::of(&record.deployment).to_string());
        let is_meant = |behavior: &Behavior| {
            let taken = |id: &str| {
                let mut links = self.taken_from.iter();
                links.any(|link| link.trace_id.as_deref() == Some(id))
            };
            let mut releases = behavior.releases.iter();
            behavior.evidence.iter().any(|it| taken(&it.trace_id))
                || releases.any(|it| Some(&it.deployment) == release.as_ref())
        };
        let meant = all.into_iter().filter(is_meant);
        let links: Vec<BehaviorLink> = meant
            .map(|behavior| BehaviorLink {
                kind: behavior.kind(),
                state: behavior.seen.state,
                signature: behavior.pattern.signature,
                rationale: behavior.pattern.rationale,
                id: behavior.id,
            })
            .collect();
        Part::of(Some(links).filter(|it| !it.is_empty()), NO_BEHAVIOR)
    }
}

/// The rows that test what changed and whose failure was accepted; `None`: there are none.
pub(super) fn accepted(
    workspace: &Workspace<'_>,
    changes: &Changes,
) -> Result<Option<Vec<AcceptedFailure>>, ReleaseError> {
    let mut datasets = BTreeSet::new();
    for prompt in changes.added.iter().chain(&changes.changed) {
        let evals = workspace.prompt(prompt)?.evals;
        datasets.extend(evals.into_iter().map(|binding| binding.dataset.0));
    }
    let mut accepted = Vec::new();
    for id in datasets {
        for row in workspace.rows(&workspace.dataset(&id)?)? {
            let row = row?;
            if row.status == RowStatus::AcceptedRisk {
                accepted.push(AcceptedFailure {
                    dataset: id.clone(),
                    row: row.id,
                    note: row.note,
                });
            }
        }
    }
    Ok(Some(accepted).filter(|accepted| !accepted.is_empty()))
}
