//! From a proposed text to a candidate: admitted or refused, committed, and kept.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::adapters::git::{GitImprovements, Kept, NewCandidate};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::id::PromptId;
use crate::domain::improve::{
    Attempt, AttemptId, Author, Candidate, Changeable, Decision, DecisionKind, Diagnosis,
};
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::gate::judges;
use crate::engine::improve::{Admission, admit};
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;

use super::path_of;

/// How much of a rationale stands in a commit message, in characters.
const SHOWN_RATIONALE: usize = 2_000;

/// The prompt that is to become better, as it is committed.
pub(super) struct Subject {
    pub(super) prompt: PromptId,
    pub(super) base: ObjectId,
    pub(super) tree: Box<dyn FileTree>,
    pub(super) fingerprint: Digest,
    /// The prompt's file.
    pub(super) text: String,
}

/// What is known of an attempt before its text is looked at.
pub(super) struct Draft {
    pub(super) focus: Option<String>,
    pub(super) may_change: BTreeSet<Changeable>,
    pub(super) diagnosis: Diagnosis,
    pub(super) author: Author,
    pub(super) rationale: String,
}

/// What was proposed.
pub(super) enum Proposed {
    /// A file.
    File(String),
    /// Something that is none, and why.
    Unreadable(String, String),
}

impl Subject {
    /// The prompt in a commit. A judge is no subject: it decides about others.
    pub(super) fn new(
        context: &Context,
        prompt: &PromptId,
        base: ObjectId,
    ) -> Result<Self, CommandError> {
        let tree = context.tree_of_commit(&base)?;
        let workspace = Workspace::new(tree.as_ref());
        let closure = workspace.closure(prompt)?;
        if judges(&workspace)?.contains(prompt) {
            return Err(CommandError::usage(format!(
                "`{prompt}` grades answers: another wording of it is another rule for every prompt \
                 that it grades"
            ))
            .with_hint("hold it against people with `pointsman evaluator calibrate`, and change it by hand"));
        }
        Ok(Self {
            prompt: prompt.clone(),
            fingerprint: closure.fingerprint(),
            text: workspace.prompt_source(prompt)?.text,
            base,
            tree,
        })
    }

    /// The same of what is checked out, with a word about what is not committed.
    pub(super) fn of_head(
        context: &Context,
        ui: &mut Ui,
        prompt: &PromptId,
    ) -> Result<Self, CommandError> {
        let repository = context.repository()?;
        let head = repository.commit("HEAD")?;
        let prefix = context.workspace_prefix()?;
        let changed = repository.uncommitted(&head, &prefix, &["prompts"])?;
        if changed.contains(&prompt.path()) {
            ui.note(format!(
                "`{}` has changes that are not committed: the candidate is made from the commit",
                prompt.path()
            ));
        }
        Self::new(context, prompt, head)
    }
}

/// The number of the next attempt at a prompt.
pub(super) fn next_number(all: &[Kept], prompt: &PromptId) -> u32 {
    let of_prompt = all.iter().map(|it| &it.attempt.id);
    let numbers = of_prompt
        .filter(|id| id.prompt == *prompt)
        .map(|id| id.number);
    numbers.max().unwrap_or(0) + 1
}

/// Looks at what was proposed, and keeps it: as a candidate, or with the reasons why it is none.
pub(super) fn keep(
    context: &Context,
    improvements: &GitImprovements<'_>,
    (subject, number): (&Subject, u32),
    draft: Draft,
    proposed: &Proposed,
) -> Result<Attempt, CommandError> {
    let mut attempt = attempt(context, improvements, (subject, number), draft)?;
    let bytes = consider(context, improvements, subject, &mut attempt, proposed)?;
    improvements.begin(&attempt, bytes.as_bytes(), None, attempt.started_at)?;
    Ok(attempt)
}

/// The same for a text that was made of another candidate, which is done with.
pub(super) fn keep_edited(
    context: &Context,
    improvements: &GitImprovements<'_>,
    (subject, number): (&Subject, u32),
    draft: Draft,
    (old, text): (&Kept, String),
) -> Result<Attempt, CommandError> {
    let mut attempt = attempt(context, improvements, (subject, number), draft)?;
    let proposed = Proposed::File(text);
    let bytes = consider(context, improvements, subject, &mut attempt, &proposed)?;
    if attempt.candidate.is_none() {
        // The old candidate stays as it is: nothing came of this.
        improvements.begin(&attempt, bytes.as_bytes(), None, attempt.started_at)?;
        return Ok(attempt);
    }
    let mut done = old.attempt.clone();
    done.decision = Some(Decision {
        kind: DecisionKind::Edited {
            into: attempt.id.clone(),
        },
        at: attempt.started_at,
        by: attempt.started_by.clone(),
        reason: None,
    });
    let parent = Some((old, &done));
    improvements.begin(&attempt, bytes.as_bytes(), parent, attempt.started_at)?;
    Ok(attempt)
}

fn attempt(
    context: &Context,
    improvements: &GitImprovements<'_>,
    (subject, number): (&Subject, u32),
    draft: Draft,
) -> Result<Attempt, CommandError> {
    Ok(Attempt {
        schema: Attempt::SCHEMA,
        id: AttemptId {
            prompt: subject.prompt.clone(),
            number,
        },
        started_at: context.clock().now(),
        started_by: improvements.actor()?,
        base: subject.base.clone(),
        base_fingerprint: subject.fingerprint,
        focus: draft.focus,
        may_change: draft.may_change,
        diagnosis: draft.diagnosis,
        author: draft.author,
        rationale: draft.rationale,
        candidate: None,
        refused: Vec::new(),
        checks: Vec::new(),
        decision: None,
    })
}

/// Makes a candidate of what was proposed, or notes why it is none. Gives the bytes to keep.
fn consider<'p>(
    context: &Context,
    improvements: &GitImprovements<'_>,
    subject: &Subject,
    attempt: &mut Attempt,
    proposed: &'p Proposed,
) -> Result<&'p str, CommandError> {
    let text = match proposed {
        Proposed::File(text) => text,
        Proposed::Unreadable(answer, why) => {
            attempt.refused.push(why.clone());
            return Ok(answer);
        }
    };
    let workspace = Workspace::new(subject.tree.as_ref());
    match admit(&workspace, &subject.prompt, text, &attempt.may_change)? {
        Admission::Refused(reasons) => attempt.refused = reasons,
        Admission::Admitted(fingerprint) => {
            let path = path_of(context, &subject.prompt)?;
            let new = NewCandidate {
                base: &subject.base,
                path: &path,
                text,
                message: &message(attempt),
            };
            let (commit, blob) = improvements.write_candidate(&new, attempt.started_at)?;
            attempt.candidate = Some(Candidate {
                commit,
                blob,
                fingerprint,
            });
        }
    }
    Ok(text)
}

/// The message of a candidate's commit. What a model says stands in it indented, so that no line of it
/// is a trailer.
fn message(attempt: &Attempt) -> String {
    let Attempt { id, rationale, .. } = attempt;
    let mut message = format!("{}: candidate {}\n\n", id.prompt, id.number);
    let rationale = shorten(rationale, SHOWN_RATIONALE);
    for line in rationale.lines() {
        let _ = writeln!(message, "    {}", Untrusted(line));
    }
    if !rationale.is_empty() {
        message.push('\n');
    }
    let author = attempt.author.name();
    let _ = writeln!(
        message,
        "Improve-Candidate: {id}\nImprove-Author: {}",
        Untrusted(&author)
    );
    message
}
