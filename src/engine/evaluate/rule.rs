//! An evaluator with the judges that it asks, and the digest that names exactly that.

use std::collections::BTreeMap;

use crate::domain::digest::Digest;
use crate::domain::evaluator::Evaluator;
use crate::domain::finding::Findings;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::answerers::Answerers;

/// An evaluator that was read with all that it asks.
pub(super) struct PreparedRule {
    pub(super) evaluator: Evaluator,
    pub(super) judges: BTreeMap<PromptId, Closure>,
    pub(super) digest: Digest,
}

impl PreparedRule {
    /// Reads an evaluator and its judges.
    pub(super) fn of(
        workspace: &Workspace<'_>,
        name: &EvaluatorId,
        answerers: &mut Answerers<'_>,
    ) -> Result<Self, Findings> {
        let evaluator = workspace.evaluator(name)?;
        let mut judges = BTreeMap::new();
        for id in evaluator.judges() {
            judges.insert(id.clone(), workspace.closure(id)?);
        }
        let fingerprints = judges.iter();
        let fingerprints = fingerprints.map(|(id, judge)| (id.clone(), judge.fingerprint()));
        let models = judges.values().map(Closure::prompt);
        let answerers = answerers.of_rule(&evaluator.rule, models)?;
        Ok(Self {
            digest: evaluator.digest(&fingerprints.collect(), &answerers),
            evaluator,
            judges,
        })
    }
}
