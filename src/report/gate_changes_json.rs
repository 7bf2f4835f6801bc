//! What changes in how releases are let in, for machines: part of the shapes of `promote` and
//! `plan`.

use serde::Serialize;

use crate::engine::diff::{ChangeKind, GateChanges, RuleChange};

/// What changes in how releases are let in.
#[derive(Debug, Serialize)]
pub(super) struct GateChangesV1 {
    policies: Vec<PolicyV1>,
    evaluators: Vec<NamedV1>,
    datasets: Vec<NamedV1>,
}

#[derive(Debug, Serialize)]
struct PolicyV1 {
    lane: String,
    change: ChangeKind,
    rules: Vec<RuleChange>,
}

#[derive(Debug, Serialize)]
struct NamedV1 {
    id: String,
    change: ChangeKind,
}

impl From<&GateChanges> for GateChangesV1 {
    fn from(changes: &GateChanges) -> Self {
        let policies = changes.policies.iter().map(|policy| PolicyV1 {
            lane: policy.file.id.to_string(),
            change: policy.file.kind,
            rules: policy.rules.clone(),
        });
        let evaluators = changes.evaluators.iter().map(|it| NamedV1 {
            id: it.id.to_string(),
            change: it.kind,
        });
        let datasets = changes.datasets.iter().map(|it| NamedV1 {
            id: it.id.to_string(),
            change: it.kind,
        });
        Self {
            policies: policies.collect(),
            evaluators: evaluators.collect(),
            datasets: datasets.collect(),
        }
    }
}
