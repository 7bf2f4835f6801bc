//! How the prompts of a release came to be: the attempts to improve them, and the proofs of rows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::dataset::RowProof;
use crate::domain::deployment::{Changes, ObjectId};
use crate::domain::digest::Digest;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::improve::{Attempt, AttemptId, State};
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

/// An attempt to improve a prompt, and the commit of its record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedAttempt {
    /// The newest commit of the record.
    pub record: ObjectId,
    /// What it says.
    pub attempt: Attempt,
}

/// An attempt that led to what a release brings, or was given up on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptLink {
    /// The attempt.
    pub candidate: AttemptId,
    /// What became of it.
    pub state: State,
    /// The newest commit of its record.
    pub record: ObjectId,
    /// Who wrote the candidate: a model, or a person.
    pub author: String,
    /// What the failing rows were taken from; absent: from all.
    pub about: Option<String>,
    /// How many rows failed.
    pub failing: u64,
    /// Rows that its newest check showed to pass now, and cases that it showed to fail now; absent: it was
    /// not checked.
    pub checked: Option<CheckLink>,
    /// Who decided, when and why; absent: nobody did.
    pub decision: Option<DecisionLink>,
}

/// What the newest check of an attempt showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckLink {
    /// Rows that pass now and did not before.
    pub recovered: u64,
    /// Those of them that are unlike what the author saw.
    pub recovered_unseen: u64,
    /// Cases that passed and do not any more.
    pub regressions: u64,
}

/// A decision about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionLink {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// A row that failed with one version of a prompt and passes with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProofLink {
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
    /// The prompt.
    pub prompt: String,
    /// The fingerprint that failed, and the one that passes.
    pub fingerprints: [String; 2],
    /// The run of each.
    pub runs: [String; 2],
    /// Who proved it.
    pub by: String,
}

impl ProofLink {
    pub(super) fn new(dataset: &DatasetId, row: &str, proof: &RowProof) -> Self {
        let RowProof { before, after, .. } = proof.clone();
        Self {
            dataset: dataset.clone(),
            row: row.to_owned(),
            prompt: proof.prompt.clone(),
            fingerprints: [before.fingerprint, after.fingerprint],
            runs: [before.run, after.run],
            by: proof.by.clone(),
        }
    }
}

/// The attempts that led from what was live to what is to be, and those that were made beside them.
pub(super) fn attempts_between(
    old: &dyn FileTree,
    new: &dyn FileTree,
    changes: &Changes,
    all: &[RecordedAttempt],
) -> Vec<AttemptLink> {
    let prompts = changes.changed.iter();
    let mut links: Vec<AttemptLink> = prompts
        .flat_map(|prompt| {
            let of_prompt: Vec<&RecordedAttempt> = all
                .iter()
                .filter(|it| it.attempt.id.prompt == *prompt)
                .collect();
            let bases = bases(
                [fingerprint(old, prompt), fingerprint(new, prompt)],
                &of_prompt,
            );
            of_prompt
                .into_iter()
                .filter(move |it| bases.contains(&it.attempt.base_fingerprint))
        })
        .map(link)
        .collect();
    links.sort_by(|one, other| one.candidate.cmp(&other.candidate));
    links
}

fn fingerprint(tree: &dyn FileTree, prompt: &PromptId) -> Option<Digest> {
    let closure = Workspace::new(tree).closure(prompt).ok();
    closure.as_ref().map(Closure::fingerprint)
}

/// The versions that approved candidates were made from, back from the newest to what was live.
fn bases([live, newest]: [Option<Digest>; 2], attempts: &[&RecordedAttempt]) -> BTreeSet<Digest> {
    let mut bases = BTreeSet::new();
    let mut version = newest;
    while let Some(reached) = version.filter(|_| version != live) {
        let made = attempts.iter().map(|it| &it.attempt).find(|it| {
            let candidate = it.candidate.as_ref().map(|it| it.fingerprint);
            candidate == Some(reached) && it.state() == State::Approved
        });
        version = made.map(|it| it.base_fingerprint);
        if version.is_some_and(|base| !bases.insert(base)) {
            break;
        }
    }
    bases
}

fn link(RecordedAttempt { record, attempt }: &RecordedAttempt) -> AttemptLink {
    let decision = attempt.decision.as_ref();
    AttemptLink {
        candidate: attempt.id.clone(),
        state: attempt.state(),
        record: record.clone(),
        author: attempt.author.name(),
        about: attempt.diagnosis.about.clone(),
        failing: attempt.diagnosis.failing,
        checked: attempt.checks.last().map(|check| CheckLink {
            recovered: check.recovered_rows(),
            recovered_unseen: check.validation.recovered,
            regressions: check.regression_count,
        }),
        decision: decision.map(|it| DecisionLink {
            by: it.by.clone(),
            at: it.at,
            reason: it.reason.clone(),
        }),
    }
}
