//! What changed in which prompt.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::domain::content::MediaPart;
use crate::domain::deployment::Changes;
use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::media::Media;
use crate::domain::prompt::{EvalBinding, Message, Prompt, Variable};
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::own;
use super::paths::names_in;
use super::{ChangeKind, DiffError, PathChange, Sides, TextDifference};

/// The largest prompt file of which a text difference is shown.
const TEXT_LIMIT: u64 = 1024 * 1024;

/// How a prompt differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptDiff {
    /// The prompt.
    pub id: PromptId,
    /// On which sides it stands.
    pub kind: ChangeKind,
    /// What is another, where both sides have it.
    pub aspects: Vec<Aspect>,
    /// The messages that are another, in their order.
    pub messages: Vec<MessageDiff>,
    /// The included files that are another, by path.
    pub includes: Vec<(String, TextDifference)>,
    /// The pictures and documents that the prompt shows and that are another, by path.
    pub media: Vec<(String, ChangeKind)>,
    /// The difference of the files themselves, where one of them cannot be read as a prompt.
    pub raw: Option<TextDifference>,
}

/// What may be another between two versions of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Which model answers.
    Model,
    /// The settings handed to the model.
    Parameters,
    /// The messages.
    Messages,
    /// The contract with the calling code.
    Variables,
    /// The tools.
    Tools,
    /// The shape of the answer.
    ResponseSchema,
    /// The included files.
    Includes,
    /// The pictures and documents that belong to the prompt.
    Media,
    /// Which datasets and evaluators test it.
    Evals,
    /// What people read: name and description.
    Description,
    /// Nothing but comments, spacing or the order of keys.
    Formatting,
    /// A side cannot be read as a prompt.
    Unreadable,
}

impl Aspect {
    /// The spelling in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Parameters => "parameters",
            Self::Messages => "messages",
            Self::Variables => "variables",
            Self::Tools => "tools",
            Self::ResponseSchema => "response-schema",
            Self::Includes => "includes",
            Self::Media => "media",
            Self::Evals => "evals",
            Self::Description => "description",
            Self::Formatting => "formatting",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How one message differs. Messages are compared by their place.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageDiff {
    /// Its place, from 1.
    pub number: usize,
    /// The role on the old side; absent: there was no such message.
    pub old_role: Option<&'static str>,
    /// The role on the new side; absent: there is no such message any more.
    pub new_role: Option<&'static str>,
    /// How the text differs.
    pub text: TextDifference,
}

/// The prompts that differ by their closures, and the other files that differ: what a record says
/// that it changed.
pub fn prompt_changes(
    old: &dyn FileTree,
    new: &dyn FileTree,
    paths: &BTreeMap<String, PathChange>,
) -> Result<Changes, DiffError> {
    let mut changes = Changes::default();
    let sides = Sides { old, new };
    let touched = touched_prompts(&sides, paths)?;
    let own: BTreeSet<String> = touched.keys().map(PromptId::path).collect();
    let others = paths.keys().filter(|path| !own.contains(*path));
    changes.files = others.cloned().collect();
    for (id, kind) in touched {
        match kind {
            ChangeKind::Added => changes.added.push(id),
            ChangeKind::Changed => changes.changed.push(id),
            ChangeKind::Removed => changes.removed.push(id),
        }
    }
    Ok(changes)
}

/// Compares all prompts.
pub(super) fn compare(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
) -> Result<Vec<PromptDiff>, DiffError> {
    let touched = touched_prompts(sides, changed)?;
    let (old, new) = sides.workspaces();
    let mut diffs = Vec::new();
    for (id, kind) in touched {
        let mut diff = PromptDiff::new(id, kind);
        if kind == ChangeKind::Changed {
            match (old.closure(&diff.id), new.closure(&diff.id)) {
                (Ok(before), Ok(after)) => describe(&before, &after, &mut diff),
                _ => describe_raw(sides, &mut diff)?,
            }
        }
        diffs.push(diff);
    }
    Ok(diffs)
}

/// Compares two versions of a prompt, under the name of the newer one.
pub fn compare_versions(before: &Closure, after: &Closure) -> PromptDiff {
    let mut diff = PromptDiff::new(after.prompt().id.clone(), ChangeKind::Changed);
    describe(before, after, &mut diff);
    diff
}

impl PromptDiff {
    fn new(id: PromptId, kind: ChangeKind) -> Self {
        Self {
            id,
            kind,
            aspects: Vec::new(),
            messages: Vec::new(),
            includes: Vec::new(),
            media: Vec::new(),
            raw: None,
        }
    }
}

/// The prompts whose own file differs, and those that include or show a file that differs.
fn touched_prompts(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
) -> Result<BTreeMap<PromptId, ChangeKind>, DiffError> {
    let mut touched = BTreeMap::new();
    for name in names_in(changed.keys(), "prompts", ".prompt.yml") {
        if let Ok(id) = PromptId::new(name) {
            let kind = changed[&id.path()].kind;
            touched.insert(id, kind);
        }
    }
    let others: BTreeSet<&str> = changed
        .keys()
        .map(String::as_str)
        .filter(|path| path.starts_with("prompts/") && !path.ends_with(".prompt.yml"))
        .collect();
    if others.is_empty() {
        return Ok(touched);
    }
    let (old, new) = sides.workspaces();
    for id in new.prompt_ids()? {
        if !touched.contains_key(&id)
            && (reaches_any(&new, &id, &others) || reaches_any(&old, &id, &others))
        {
            touched.insert(id, ChangeKind::Changed);
        }
    }
    Ok(touched)
}

/// Whether a prompt includes or shows one of the files. One that cannot be read may do so with any.
fn reaches_any(workspace: &Workspace<'_>, id: &PromptId, files: &BTreeSet<&str>) -> bool {
    match workspace.closure(id) {
        Ok(closure) => closure.files().any(|path| files.contains(path)),
        Err(Findings(_)) => true,
    }
}

fn describe(before: &Closure, after: &Closure, diff: &mut PromptDiff) {
    let (old, new) = (before.prompt(), after.prompt());
    let mut note = |differs: bool, aspect: Aspect| {
        if differs {
            diff.aspects.push(aspect);
        }
    };
    note(old.model != new.model, Aspect::Model);
    note(
        old.model_parameters != new.model_parameters,
        Aspect::Parameters,
    );
    note(
        !same_messages(&old.messages, &new.messages),
        Aspect::Messages,
    );
    note(
        !same_variables(&old.variables, &new.variables),
        Aspect::Variables,
    );
    note(old.tools != new.tools, Aspect::Tools);
    note(
        old.response_format.canonical() != new.response_format.canonical(),
        Aspect::ResponseSchema,
    );
    note(before.includes() != after.includes(), Aspect::Includes);
    let media = media_diffs(&before.media(), &after.media());
    note(!media.is_empty(), Aspect::Media);
    let same_tests = bindings(old) == bindings(new) && own::same_tests(old, new);
    note(!same_tests, Aspect::Evals);
    note(words(old) != words(new), Aspect::Description);
    if diff.aspects.is_empty() {
        diff.aspects.push(Aspect::Formatting);
    }
    diff.messages = message_diffs(&old.messages, &new.messages);
    diff.includes = include_diffs(before.includes(), after.includes());
    diff.media = media;
}

fn same_messages(old: &[Message], new: &[Message]) -> bool {
    let plain = |messages: &[Message]| -> Vec<(&'static str, Value)> {
        let path = |part: &MediaPart, path: &str| json!([part.kind.name(), path]);
        let plain = |message: &Message| (message.role.name(), message.content.to_json(path));
        messages.iter().map(plain).collect()
    };
    plain(old) == plain(new)
}

fn same_variables(old: &IndexMap<String, Variable>, new: &IndexMap<String, Variable>) -> bool {
    let plain = |variables: &IndexMap<String, Variable>| -> Vec<_> {
        let plain = |(name, variable): (&String, &Variable)| {
            (name.clone(), variable.kind, variable.default.clone())
        };
        variables.iter().map(plain).collect()
    };
    plain(old) == plain(new)
}

/// What only people read: names and descriptions.
fn words(prompt: &Prompt) -> Vec<Option<&String>> {
    let variables = prompt.variables.values();
    let of_variables = variables.map(|variable| variable.description.as_ref());
    let own = [prompt.name.as_ref(), prompt.description.as_ref()];
    own.into_iter().chain(of_variables).collect()
}

/// The datasets and evaluators that test a prompt, without the places where they are named.
pub fn bindings(prompt: &Prompt) -> Vec<(String, Vec<String>)> {
    let plain = |binding: &EvalBinding| {
        let evaluators = binding.evaluators.iter();
        (
            binding.dataset.0.to_string(),
            evaluators.map(|(id, _)| id.to_string()).collect(),
        )
    };
    prompt.evals.iter().map(plain).collect()
}

fn message_diffs(old: &[Message], new: &[Message]) -> Vec<MessageDiff> {
    let mut diffs = Vec::new();
    for index in 0..old.len().max(new.len()) {
        let (before, after) = (old.get(index), new.get(index));
        let role = |message: Option<&Message>| message.map(|message| message.role.name());
        let text = |message: Option<&Message>| {
            message
                .map(|message| message.content.to_string())
                .unwrap_or_default()
        };
        let (old_role, new_role) = (role(before), role(after));
        let text = TextDifference::new(&text(before), &text(after));
        if old_role != new_role || !text.hunks.is_empty() {
            diffs.push(MessageDiff {
                number: index + 1,
                old_role,
                new_role,
                text,
            });
        }
    }
    diffs
}

fn include_diffs(
    old: &IndexMap<String, String>,
    new: &IndexMap<String, String>,
) -> Vec<(String, TextDifference)> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut diffs = Vec::new();
    for path in paths {
        let text = |side: &IndexMap<String, String>| side.get(path).cloned().unwrap_or_default();
        let (before, after) = (text(old), text(new));
        if before != after {
            diffs.push((path.clone(), TextDifference::new(&before, &after)));
        }
    }
    diffs
}

fn media_diffs(
    old: &BTreeMap<&str, &Media>,
    new: &BTreeMap<&str, &Media>,
) -> Vec<(String, ChangeKind)> {
    let paths: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let kind = |path: &str| match (old.get(path), new.get(path)) {
        (None, _) => Some(ChangeKind::Added),
        (Some(_), None) => Some(ChangeKind::Removed),
        (Some(before), Some(after)) => {
            (before.digest != after.digest).then_some(ChangeKind::Changed)
        }
    };
    let changes = paths.into_iter();
    changes
        .filter_map(|path| Some((path.to_owned(), kind(path)?)))
        .collect()
}

fn describe_raw(sides: &Sides<'_>, diff: &mut PromptDiff) -> Result<(), DiffError> {
    diff.aspects.push(Aspect::Unreadable);
    let path = diff.id.path();
    diff.raw = Some(super::contents::raw_difference(sides, &path, TEXT_LIMIT)?);
    Ok(())
}
