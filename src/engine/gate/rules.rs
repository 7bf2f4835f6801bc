//! What a pull request changes about how prompts are judged.
//!
//! Beside a change of a prompt, what adds to the rules is *proposed*, and everything else speaks
//! against the pull request: whether another pattern, row or judge is weaker cannot be known from
//! its text. Alone, in a pull request that changes no prompt, all of it is proposed: that is how an
//! honest change comes in, with nothing beside it to hide behind.

use std::collections::BTreeSet;

use crate::domain::evaluator::Evaluator;
use crate::domain::finding::{Finding, Severity};
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::project::{BUILT_IN_PROVIDERS, PROJECT_FILE, Project};
use crate::engine::diff::{
    ChangeKind, DatasetDiff, DiffError, Difference, Effect, PolicyDiff, bindings, compare,
};
use crate::engine::workspace::Workspace;

use super::paths::{disguised, steers_git};
use super::redaction::redaction;
use super::scope::Scope;
use super::{PullRequest, against, names, proposed_only};

/// How many rows a finding names.
const NAMED_ROWS: usize = 5;

/// What a pull request changes about the rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleChanges {
    /// What speaks against the pull request: errors.
    pub against: Vec<Finding>,
    /// What decides about nothing until it is merged: warnings.
    pub proposed: Vec<Finding>,
}

impl RuleChanges {
    /// Whether the rules stay as they are.
    pub fn is_empty(&self) -> bool {
        self.against.is_empty() && self.proposed.is_empty()
    }

    /// Adds what changes above the workspace.
    pub fn extend(&mut self, scope: &Scope, found: Vec<Finding>) {
        for finding in found {
            let alone = !scope.changes_prompts();
            self.push(if alone { self::alone(finding) } else { finding });
        }
    }

    fn push(&mut self, finding: Finding) {
        match finding.severity {
            Severity::Error => self.against.push(finding),
            Severity::Warning => self.proposed.push(finding),
        }
    }
}

/// The changes of rules in the workspace of a pull request.
pub fn rule_changes(request: PullRequest<'_>, scope: &Scope) -> Result<RuleChanges, DiffError> {
    let difference = compare(request.fork, request.head)?;
    let [fork, head] = [request.fork, request.head].map(Workspace::new);
    let mut found = disguised(request.fork, request.head)?;
    found.extend(difference.policies.iter().flat_map(policy));
    found.extend(difference.datasets.iter().flat_map(dataset));
    for file in &difference.evaluators {
        found.extend(evaluator(&fork, &head, &file.id, file.kind));
    }
    found.extend(settings(&fork, &head, &difference));
    found.extend(recordings(&difference, scope));
    found.extend(difference.other_files.iter().filter_map(other_file));
    for id in scope.changed.iter().chain(&scope.reworded) {
        found.extend(dropped_tests(&fork, &head, id));
    }
    found.extend(judges_and_removed(scope));
    found.extend(providers(request, scope));
    let mut changes = RuleChanges::default();
    changes.extend(scope, found);
    Ok(changes)
}

/// A change in a pull request that changes no prompt. A disguise is none that could be honest.
fn alone(finding: Finding) -> Finding {
    let disguise = ["gate-not-a-file", "gate-case-twin"].contains(&finding.ident.as_str());
    if finding.severity == Severity::Warning || disguise {
        return finding;
    }
    Finding {
        severity: Severity::Warning,
        ..finding
    }
    .with_help("it decides about every later pull request: let its owners look at it")
}

fn policy(diff: &PolicyDiff) -> Vec<Finding> {
    let (lane, path) = (&diff.file.id, diff.file.id.path());
    match diff.file.kind {
        ChangeKind::Added => vec![proposed_only(path, format!("lane `{lane}` is new"))],
        ChangeKind::Removed => {
            let message = format!("lane `{lane}` is removed, with its policy");
            vec![against("gate-policy", path, message)]
        }
        ChangeKind::Changed => {
            let none = || "none".to_owned();
            let rules = diff.rules.iter().map(|rule| {
                let old = rule.old.clone().unwrap_or_else(none);
                let new = rule.new.clone().unwrap_or_else(none);
                let (key, effect) = (&rule.key, rule.effect.name());
                let message = format!("lane `{lane}`: `{key}` {old} → {new} ({effect})");
                match rule.effect {
                    Effect::Stronger => proposed_only(path.clone(), message),
                    Effect::Weaker | Effect::Different => {
                        against("gate-policy", path.clone(), message)
                    }
                }
            });
            rules.collect()
        }
    }
}

fn dataset(diff: &DatasetDiff) -> Vec<Finding> {
    let (id, path) = (&diff.id, diff.id.path());
    let mut found = Vec::new();
    let rows = diff.rows.clone().unwrap_or_default();
    match diff.kind {
        ChangeKind::Added => found.push(proposed_only(&path, format!("dataset `{id}` is new"))),
        ChangeKind::Removed => {
            let message = format!("dataset `{id}` is removed, or has another name");
            found.push(against("gate-dataset", &path, message));
        }
        ChangeKind::Changed => {
            let parts = [
                (&rows.removed, "removed"),
                (
                    &rows.changed,
                    "changed: what they ask, expect or count for is another",
                ),
            ];
            for (rows, what) in parts.into_iter().filter(|(rows, _)| !rows.is_empty()) {
                let message = format!("rows of dataset `{id}` are {what}: {}", listed(rows));
                found.push(against("gate-row", &path, message));
            }
            if !rows.added.is_empty() {
                let message = format!("dataset `{id}` gets new rows: {}", listed(&rows.added));
                found.push(proposed_only(&path, message));
            }
            if diff.rows.is_none() {
                let message = format!("dataset `{id}` cannot be read on one of the sides");
                found.push(against("gate-dataset", &path, message));
            }
        }
    }
    for (file, _) in &diff.media {
        let message = format!("`{file}`, which rows of dataset `{id}` may show, is another");
        found.push(against("gate-row", file, message));
    }
    found
}

fn listed(rows: &[String]) -> String {
    let mut names: Vec<String> = rows.iter().take(NAMED_ROWS).cloned().collect();
    if rows.len() > NAMED_ROWS {
        names.push(format!("{} more", rows.len() - NAMED_ROWS));
    }
    names.join(", ")
}

fn evaluator(
    fork: &Workspace<'_>,
    head: &Workspace<'_>,
    id: &EvaluatorId,
    kind: ChangeKind,
) -> Option<Finding> {
    let path = id.path();
    let against = |message: String| Some(against("gate-evaluator", path.clone(), message));
    match kind {
        ChangeKind::Added => Some(proposed_only(&path, format!("evaluator `{id}` is new"))),
        ChangeKind::Removed => against(format!("evaluator `{id}` is removed, or has another name")),
        ChangeKind::Changed => match (fork.evaluator(id), head.evaluator(id)) {
            (Ok(before), Ok(after)) if same_rule(&before, &after) => {
                match (before.blocking, after.blocking) {
                    (true, false) => against(format!("evaluator `{id}` does not block any more")),
                    (false, true) => {
                        Some(proposed_only(&path, format!("evaluator `{id}` blocks now")))
                    }
                    _ => None,
                }
            }
            _ => against(format!(
                "the rule of evaluator `{id}` is another, and nobody can tell whether it is weaker"
            )),
        },
    }
}

fn same_rule(before: &Evaluator, after: &Evaluator) -> bool {
    before.rule.canonical() == after.rule.canonical()
}

fn settings(fork: &Workspace<'_>, head: &Workspace<'_>, difference: &Difference) -> Vec<Finding> {
    if difference.settings.is_none() {
        return Vec::new();
    }
    let against = |message: String| against("gate-settings", PROJECT_FILE, message);
    let (Ok(before), Ok(mut after)) = (fork.project(), head.project()) else {
        let message = "the settings cannot be read on one of the sides";
        return vec![against(message.to_owned())];
    };
    let mut found = redaction(&before.redaction, &after.redaction);
    after.redaction = before.redaction.clone();
    if before != after {
        let changed = changed_settings(&before, &after);
        found.push(against(format!("the settings change: {changed}")));
    }
    found
}

fn changed_settings(before: &Project, after: &Project) -> String {
    let names = before.providers.keys().chain(after.providers.keys());
    let names: BTreeSet<&String> = names.collect();
    let changed = names
        .into_iter()
        .filter(|name| before.providers.get(*name) != after.providers.get(*name));
    let mut parts: Vec<String> = changed.map(|name| format!("provider `{name}`")).collect();
    if before.prices != after.prices {
        parts.push("prices".to_owned());
    }
    if before.remote != after.remote {
        parts.push("the remote".to_owned());
    }
    if parts.is_empty() {
        parts.push("other keys".to_owned());
    }
    parts.join(", ")
}

/// Recorded answers of prompts that the pull request does not change.
fn recordings(difference: &Difference, scope: &Scope) -> Vec<Finding> {
    let own: BTreeSet<&PromptId> = scope.under_test().chain(&scope.removed).collect();
    let others = difference.recordings.iter();
    let others = others.filter(|(id, _)| !own.contains(id) || scope.judges.contains(id));
    let complain = |(id, _): &(PromptId, ChangeKind)| {
        let message = format!("recorded answers of `{id}` change, which is not under test");
        against("gate-recordings", id.recordings_path(), message)
    };
    others.map(complain).collect()
}

/// Scripts, keys and whatever else rules are made of.
fn other_file((path, kind): &(String, ChangeKind)) -> Option<Finding> {
    let of_rules = ["evaluators/", "environments/", "datasets/"];
    let message = if steers_git(path) {
        format!("`{path}` tells git to treat files otherwise than they are shown")
    } else if *kind == ChangeKind::Added {
        return None;
    } else if of_rules.iter().any(|folder| path.starts_with(folder)) {
        format!("`{path}` is part of the rules, and is changed")
    } else {
        return None;
    };
    Some(against("gate-guarded-file", path, message))
}

/// The tests that a prompt names no more.
fn dropped_tests(fork: &Workspace<'_>, head: &Workspace<'_>, id: &PromptId) -> Vec<Finding> {
    let (Ok(before), Ok(after)) = (fork.prompt(id), head.prompt(id)) else {
        return Vec::new();
    };
    let pairs = |bindings: Vec<(String, Vec<String>)>| -> BTreeSet<(String, String)> {
        let pairs = bindings.into_iter().flat_map(|(dataset, evaluators)| {
            let pair = move |evaluator| (dataset.clone(), evaluator);
            evaluators.into_iter().map(pair)
        });
        pairs.collect()
    };
    let (before, after) = (pairs(bindings(&before)), pairs(bindings(&after)));
    let mut found: Vec<Finding> = before
        .difference(&after)
        .map(|(dataset, evaluator)| {
            let message = format!("`{id}` is not tested by `{evaluator}` on `{dataset}` any more");
            against("gate-tests", id.path(), message)
        })
        .collect();
    found.extend(after.difference(&before).map(|(dataset, evaluator)| {
        let message = format!("`{id}` is to be tested by `{evaluator}` on `{dataset}`, too");
        proposed_only(id.path(), message)
    }));
    found
}

fn judges_and_removed(scope: &Scope) -> Vec<Finding> {
    let judges = scope.judges.iter().map(|id| {
        let message = format!("`{id}` grades answers, and is another judge now");
        against("gate-judge", id.path(), message)
    });
    let removed = scope.removed.iter().map(|id| {
        let message = if scope.added.is_empty() {
            format!("prompt `{id}` is removed, and its tests with it")
        } else {
            let added = names(&scope.added);
            format!("prompt `{id}` is removed, and its tests with it; {added} is new")
        };
        against("gate-prompt-removed", id.path(), message)
    });
    judges.chain(removed).collect()
}

/// Models behind providers that the base does not know, where nobody has agreed to ask; and prompts
/// that would not ask a model any more.
fn providers(request: PullRequest<'_>, scope: &Scope) -> Vec<Finding> {
    let [fork, base, head] = [request.fork, request.base, request.head].map(Workspace::new);
    let Ok(project) = base.project() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for id in scope.under_test() {
        let Ok(prompt) = head.prompt(id) else {
            continue;
        };
        let provider = &prompt.model.provider;
        let before = fork.prompt(id).ok().map(|before| before.model.provider);
        let built_in = |name: &str| BUILT_IN_PROVIDERS.contains(&name);
        let message = if !project.knows(provider) {
            format!("`{id}` asks provider `{provider}`, which the base does not declare")
        } else if built_in(provider) && before.as_deref().is_some_and(|name| !built_in(name)) {
            format!("`{id}` asks no model any more: `{provider}` stands in for one")
        } else {
            continue;
        };
        found.push(against("gate-provider", id.path(), message));
    }
    found
}
