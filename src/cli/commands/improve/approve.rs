//! `pointsman improve approve`.

use std::fmt::Write as _;

use crate::adapters::git::{GitImprovements, Kept};
use crate::adapters::rewrite::rewrite_text;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::deployment::ObjectId;
use crate::domain::gate::EvaluatedSuite;
use crate::domain::improve::{Attempt, AttemptId, Candidate, Check, Decision, DecisionKind};
use crate::domain::project::REPLAY;
use crate::domain::untrusted::Untrusted;
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::improve::{DecisionV1, approval_plan};

use super::check::{is_of_these_bytes, made_from, planned_pair};
use super::verify::holds;
use super::{kept, path_of, text_in, undecided};

/// Merge a candidate into the branch that is checked out
///
/// Only a candidate whose last check passed is merged, and only where that check was of exactly these
/// bytes: the same prompt, rows, evaluators and settings as are checked out now. The merge changes the
/// prompt's file and nothing else, in the branch, in the index and on disk. It moves no lane: what is
/// live stays live until somebody promotes.
///
/// Exits with 7 where the candidate was not checked, where its check failed or was of other bytes,
/// where the prompt was changed since, and where its file has changes that are not committed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve approve support/triage/1
  pointsman improve approve support/triage/1 --reason 'read the diff' --yes
  pointsman improve approve support/triage/1 --dry-run")]
pub(super) struct ApproveArgs {
    /// The candidate
    #[arg(value_name = "CANDIDATE")]
    id: AttemptId,
    /// Why; kept in the record
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be merged, and merge nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// A merge that may be made.
struct Merge<'a> {
    context: &'a Context,
    improvements: &'a GitImprovements<'a>,
    kept: &'a Kept,
    candidate: Candidate,
    /// The branch that is checked out, as a full ref name.
    branch: String,
    head: ObjectId,
    /// The prompt's file: its path from the top of the repository, and both texts.
    path: String,
    old: String,
    new: String,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &ApproveArgs,
) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let kept = kept(&improvements, &args.id)?;
    let candidate = undecided(&kept.attempt)?.clone();
    let branch = branch(context)?;
    let head = context.repository()?.commit("HEAD")?;
    if context
        .repository()?
        .is_in_history(&candidate.commit, &head)?
    {
        // The merge was made, and what says so was not kept: that is made up for.
        let attempt = decided(&improvements, context, args, &kept, (&branch, &head))?;
        let now = context.clock().now();
        improvements.approve(&kept, &attempt, (&branch, &head, &head), now)?;
        tell(ui, &attempt, &head, &branch);
        return Ok(Exit::Success);
    }
    let merge = Merge {
        path: path_of(context, &args.id.prompt)?,
        old: text_in(context, &improvements, &head, &args.id.prompt)?,
        new: text_in(context, &improvements, &candidate.commit, &args.id.prompt)?,
        context,
        improvements: &improvements,
        kept: &kept,
        candidate,
        branch,
        head,
    };
    let check = merge.may_be_made()?;
    ui.note(approval_plan(&kept.attempt, check, &merge.branch).trim_end());
    if args.dry_run {
        if ui.wants_json() {
            ui.json(&DecisionV1::planned(&kept.attempt));
        }
        ui.note("this was a dry run: nothing was merged");
        return Ok(Exit::Success);
    }
    consent(ui, args)?;
    let (attempt, commit) = merge.make(args)?;
    tell(ui, &attempt, &commit, &merge.branch);
    Ok(Exit::Success)
}

/// The branch that is checked out, where it is one that people develop on.
fn branch(context: &Context) -> Result<String, CommandError> {
    let branch = context.repository()?.checked_out()?;
    let Some(branch) = branch else {
        return Err(
            CommandError::usage("no branch is checked out to merge into")
                .with_hint("switch to your own branch first: `git switch main`"),
        );
    };
    for (start, what) in [
        (
            "refs/heads/lanes/",
            "a lane, which only `promote` and `rollback` move",
        ),
        ("refs/heads/improve/", "a candidate's own branch"),
    ] {
        if branch.starts_with(start) {
            return Err(
                CommandError::refused(format!("the branch that is checked out is {what}"))
                    .with_hint("switch to your own branch first: `git switch main`"),
            );
        }
    }
    Ok(branch)
}

fn consent(ui: &mut Ui, args: &ApproveArgs) -> Result<(), CommandError> {
    if args.yes {
        return Ok(());
    }
    if !ui.is_interactive() {
        return Err(
            CommandError::usage("nobody is here to confirm this, and nothing was merged")
                .with_hint("say `--yes` to merge it, or `--dry-run` to see what would be merged"),
        );
    }
    if ui.confirm(&format!("merge candidate {}?", args.id)) {
        return Ok(());
    }
    Err(CommandError::refused("not confirmed: nothing was merged"))
}

fn decided(
    improvements: &GitImprovements<'_>,
    context: &Context,
    args: &ApproveArgs,
    kept: &Kept,
    (branch, commit): (&str, &ObjectId),
) -> Result<Attempt, CommandError> {
    let mut attempt = kept.attempt.clone();
    attempt.decision = Some(Decision {
        kind: DecisionKind::Approved {
            branch: branch.to_owned(),
            commit: commit.clone(),
        },
        at: context.clock().now(),
        by: improvements.actor()?,
        reason: args.reason.clone(),
    });
    Ok(attempt)
}

fn tell(ui: &mut Ui, attempt: &Attempt, commit: &ObjectId, branch: &str) {
    if ui.wants_json() {
        ui.json(&DecisionV1::new(attempt));
        return;
    }
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    ui.line(format!(
        "candidate {} is merged into {}: commit {}",
        attempt.id,
        Untrusted(branch),
        commit.short()
    ));
    ui.note("no lane has moved; promote when you want it live");
}

impl Merge<'_> {
    /// Makes sure that the last check passed, was of exactly these bytes, and that no work of the user is
    /// in the way.
    fn may_be_made(&self) -> Result<&Check, CommandError> {
        let attempt = &self.kept.attempt;
        let id = &attempt.id;
        let again = format!("run `pointsman improve check {id}`");
        let Some(check) = attempt.checks.last() else {
            let error = CommandError::refused(format!("candidate `{id}` was not checked"));
            return Err(error.with_hint(again));
        };
        if !check.passes() {
            return Err(CommandError::refused(format!(
                "candidate `{id}` breaks {} case(s) that pass today",
                check.regression_count
            ))
            .with_hint(format!(
                "see them with `pointsman improve show {id}`, and edit or reject it"
            )));
        }
        let tree = self.context.tree_of_commit(&self.head)?;
        made_from(tree.as_ref(), attempt)?;
        let replays = |it: &EvaluatedSuite| it.suite.model.provider == REPLAY;
        let recorded = check.after.iter().all(replays);
        let disk = self.context.disk();
        let workspace = Workspace::new(tree.as_ref())
            .with_programs_from(disk.as_deref())
            .with_recorded(Recorded::everybody_if(recorded));
        let bench = Workbench::new(self.context, &workspace, true)?;
        let repeats = check.after.first().map_or(1, |it| it.suite.repeats);
        let planned = planned_pair(&bench, id, &self.new, repeats)?;
        if !is_of_these_bytes(check, &planned) {
            return Err(CommandError::refused(format!(
                "the check of candidate `{id}` was of other rows, evaluators or settings than are \
                 checked out now"
            ))
            .with_hint(again));
        }
        holds(&bench, id, check, &planned)?;
        self.nothing_is_in_the_way()?;
        Ok(check)
    }

    /// What the user did to the file and has not committed would be lost; but for the candidate's own
    /// words, which are what a merge that broke off leaves there.
    fn nothing_is_in_the_way(&self) -> Result<(), CommandError> {
        let repository = self.context.repository()?;
        let prompt = &self.kept.attempt.id.prompt;
        let prefix = self.context.workspace_prefix()?;
        let changed = repository.uncommitted(&self.head, &prefix, &["prompts"])?;
        if !changed.contains(&prompt.path()) || self.on_disk()? == self.new.as_bytes() {
            return Ok(());
        }
        Err(CommandError::refused(format!(
            "`{}` has changes that are not committed",
            prompt.path()
        ))
        .with_hint(format!(
            "set them aside with `git stash push -- {}`, or make a candidate of them with `pointsman \
             improve start --prompt {prompt} --from {}`",
            self.path,
            prompt.path()
        )))
    }

    fn on_disk(&self) -> Result<Vec<u8>, CommandError> {
        let path = self.context.worktree()?.join(&self.path);
        Ok(std::fs::read(path).unwrap_or_default())
    }

    /// Makes the merge. The file and the index come first, so that a merge that breaks off leaves a
    /// change that is staged and not yet committed; then the branch and the record move together.
    fn make(&self, args: &ApproveArgs) -> Result<(Attempt, ObjectId), CommandError> {
        let now = self.context.clock().now();
        let message = self.message(args);
        let file = (self.path.as_str(), self.new.as_bytes());
        let commit =
            self.improvements
                .write_merge(&self.head, &self.candidate, file, (&message, now))?;
        let branch = (self.branch.as_str(), &commit);
        let decided = decided(self.improvements, self.context, args, self.kept, branch)?;
        let repository = self.context.repository()?;
        let has_files = repository.worktree().is_some();
        if has_files {
            self.write(&self.new)?;
            if let Err(error) = repository.stage(&self.path, &self.candidate.blob) {
                self.put_back()?;
                return Err(error.into());
            }
        }
        let branch = (self.branch.as_str(), &commit, &self.head);
        let moved = self.improvements.approve(self.kept, &decided, branch, now);
        if let Err(error) = moved {
            let error = CommandError::from(error);
            if self.improvements.tip(&self.branch)?.as_ref() == Some(&commit) {
                return Err(error.with_hint(
                    "the merge is made, and the record does not say so yet: run the command again",
                ));
            }
            if has_files {
                self.put_back()?;
            }
            return Err(error);
        }
        Ok((decided, commit))
    }

    /// Brings index and file back to what is committed. The index comes first, so that whoever dies in
    /// between leaves what a merge that broke off leaves.
    fn put_back(&self) -> Result<(), CommandError> {
        let repository = self.context.repository()?;
        if let Some(blob) = repository.blob_in(&self.head, &self.path)? {
            // An index that cannot be written was not written before, either.
            let _ = repository.stage(&self.path, &blob);
        }
        self.write(&self.old)
    }

    fn write(&self, text: &str) -> Result<(), CommandError> {
        let path = self.context.worktree()?.join(&self.path);
        rewrite_text(&path, text).map_err(|error| {
            CommandError::usage(format!("cannot write `{}`: {error}", self.path))
                .with_hint("make the file writable and run the command again: nothing was merged")
        })
    }

    fn message(&self, args: &ApproveArgs) -> String {
        let id = &self.kept.attempt.id;
        let mut message = format!("{}: approve candidate {}\n\n", id.prompt, id.number);
        if let Some(reason) = &args.reason {
            let _ = write!(message, "{}\n\n", Untrusted(reason));
        }
        let _ = writeln!(message, "Improve-Candidate: {id}");
        message
    }
}
