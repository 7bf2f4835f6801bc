//! `pointsman improve`: candidates for a better prompt, from what fails to a decision.

mod about;
mod approve;
mod candidate;
mod check;
mod edit;
mod gather;
mod list;
mod reject;
mod show;
mod start;
mod text;
mod verify;

use crate::adapters::git::{GitImprovements, Kept};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::deployment::ObjectId;
use crate::domain::id::PromptId;
use crate::domain::improve::{Attempt, AttemptId, Candidate};
use crate::domain::suggest::did_you_mean;

/// Find a better prompt: gather what fails, propose candidates, check them, and decide
///
/// A candidate is one commit on a branch of its own. A model proposes it, which is shown the failing
/// cases but for those that are held back, or a person does. It is checked against everything that
/// passes today, and a person approves, edits or rejects it. Approving merges it into the branch that
/// is checked out, and deploys nothing. Every step is kept under `refs/pointsman/improve/`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve start --prompt support/triage
  pointsman improve start --prompt support/triage --edit
  pointsman improve check support/triage/1
  pointsman improve show support/triage/1
  pointsman improve approve support/triage/1
  pointsman improve reject support/triage/1 --reason 'too long'")]
pub struct ImproveArgs {
    #[command(subcommand)]
    command: ImproveCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ImproveCommand {
    Start(Box<start::StartArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Check(check::CheckArgs),
    Approve(approve::ApproveArgs),
    Edit(edit::EditArgs),
    Reject(reject::RejectArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ImproveArgs) -> Result<Exit, CommandError> {
    match &args.command {
        ImproveCommand::Start(args) => start::run(context, ui, args),
        ImproveCommand::List(args) => list::run(context, ui, args),
        ImproveCommand::Show(args) => show::run(context, ui, args),
        ImproveCommand::Check(args) => check::run(context, ui, args),
        ImproveCommand::Approve(args) => approve::run(context, ui, args),
        ImproveCommand::Edit(args) => edit::run(context, ui, args),
        ImproveCommand::Reject(args) => reject::run(context, ui, args),
    }
}

/// The record of a candidate, with a did-you-mean where there is none.
fn kept(improvements: &GitImprovements<'_>, id: &AttemptId) -> Result<Kept, CommandError> {
    if let Some(kept) = improvements.find(id)? {
        return Ok(kept);
    }
    let known = improvements.all()?;
    let names: Vec<String> = known.iter().map(|it| it.attempt.id.to_string()).collect();
    let error = CommandError::usage(format!("there is no candidate `{id}`"));
    Err(if names.is_empty() {
        error.with_hint("propose one with `pointsman improve start --prompt <prompt>`")
    } else {
        error.with_hint(did_you_mean(
            &id.to_string(),
            names.iter().map(String::as_str),
        ))
    })
}

/// The candidate of an attempt about which nothing is decided yet.
fn undecided(attempt: &Attempt) -> Result<&Candidate, CommandError> {
    let id = &attempt.id;
    if attempt.decision.is_some() {
        return Err(CommandError::usage(format!(
            "candidate `{id}` is {} already",
            attempt.state().name()
        ))
        .with_hint(format!(
            "`pointsman improve show {id}` says by whom and why"
        )));
    }
    attempt.candidate.as_ref().ok_or_else(|| {
        CommandError::usage(format!(
            "`{id}` is no candidate: what was proposed was refused"
        ))
        .with_hint(format!("`pointsman improve show {id}` says why"))
    })
}

/// The path of a prompt's file from the top of the repository.
fn path_of(context: &Context, prompt: &PromptId) -> Result<String, CommandError> {
    Ok(match context.workspace_prefix()?.as_str() {
        "" => prompt.path(),
        prefix => format!("{prefix}/{}", prompt.path()),
    })
}

/// The text of the prompt's file in a commit.
fn text_in(
    context: &Context,
    improvements: &GitImprovements<'_>,
    commit: &ObjectId,
    prompt: &PromptId,
) -> Result<String, CommandError> {
    const SIZE_LIMIT: u64 = 1024 * 1024;
    let path = path_of(context, prompt)?;
    let unreadable = |why: String| {
        CommandError::usage(format!(
            "the prompt cannot be read in commit {}: {why}",
            commit.short()
        ))
    };
    let bytes = improvements
        .file(commit, &path, SIZE_LIMIT)
        .map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| unreadable(format!("it has no `{path}`")))?;
    String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))
}
