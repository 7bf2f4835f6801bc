//! The two ends of a search, found by whatever names them: a revision, a lane, a lane's record, or the
//! files on disk.

use crate::adapters::git::GitHistory;
use crate::cli::commands::lanes::current;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::deployment::{Deployment, ObjectId, RECORD_PATH};
use crate::domain::id::{LaneName, PromptId};
use crate::engine::bisect::line::{self, Point, Version, fingerprint, follow, versions};
use crate::engine::ports::history::{FirstParents, Parting};
use crate::engine::ports::{FileTree, LaneRecord, LaneStore as _};
use crate::engine::release::history::History;
use crate::engine::workspace::Workspace;

use super::BisectArgs;

/// The largest record that is read.
const RECORD_LIMIT: u64 = 8 * 1024 * 1024;

/// The files on disk.
const WORKTREE: &str = "worktree";

/// The ends of a search, and what lies between them.
pub(super) struct Ends {
    pub(super) good: End,
    pub(super) bad: End,
    pub(super) parting: Parting,
    points: Vec<Point>,
}

impl Ends {
    /// Finds the ends that the user names.
    pub(super) fn find(
        context: &Context,
        history: &GitHistory<'_>,
        args: &BisectArgs,
    ) -> Result<Self, CommandError> {
        let bad = End::named(context, &args.bad, std::slice::from_ref(&args.prompt))?;
        let points = follow(history, (bad.tree.as_ref(), &bad.commit), &args.prompt)?;
        let good = good_end(context, history, args, &points)?;
        Ok(Self {
            parting: parting(context, history, args, [&good, &bad])?,
            good,
            bad,
            points,
        })
    }

    /// The versions from the good end to the bad one.
    pub(super) fn versions(&self, history: &GitHistory<'_>) -> Result<Vec<Version>, CommandError> {
        let between = self.parting.touching_prompts.min(self.points.len());
        let (points, older) = self.points.split_at(between);
        let commit = self.parting.fork.as_ref().unwrap_or(&self.good.commit);
        let name = older.first().and_then(|point| point.name.as_ref());
        let ends = (self.good.on_line(), self.bad.on_line());
        Ok(versions(history, points, (commit, name), ends)?)
    }
}

/// One end of the search.
pub(super) struct End {
    /// The files.
    pub(super) tree: Box<dyn FileTree>,
    /// Where they stand in the development history.
    pub(super) commit: ObjectId,
    /// The prompt's name in them.
    pub(super) name: PromptId,
}

impl End {
    /// The end that a text names, in whose files the prompt has the first of `names` that is there.
    fn named(context: &Context, spec: &str, names: &[PromptId]) -> Result<Self, CommandError> {
        if spec == WORKTREE {
            let commit = context.repository()?.commit("HEAD")?;
            return Self::of_files(context.tree(None)?, commit, names);
        }
        if let Some(lane) = context.lane_named(spec)? {
            return Self::of_lane(context, &lane, names);
        }
        // An unknown name is told by whoever reads a view, with what may have been meant.
        let tree = context.view(spec)?;
        let commit = context.repository()?.commit(spec)?;
        match tree.read(RECORD_PATH, RECORD_LIMIT)? {
            None => Self::of_files(tree, commit, names),
            Some(bytes) => {
                let deployment: Deployment = serde_json::from_slice(&bytes).map_err(|error| {
                    CommandError::usage(format!(
                        "`{RECORD_PATH}` of commit {} is not a record: {error}",
                        commit.short()
                    ))
                    .with_hint(format!("look at it with `git show {}`", commit.short()))
                })?;
                let record = context.lanes()?.record(&deployment.lane, &commit)?;
                Self::of_record(context, &record, names)
            }
        }
    }

    /// What is live in a lane.
    fn of_lane(
        context: &Context,
        lane: &LaneName,
        names: &[PromptId],
    ) -> Result<Self, CommandError> {
        let lanes = context.lanes()?;
        let record = current(&lanes, lane)?;
        Self::of_record(context, &record, names)
    }

    /// What a record deployed. It stands where the record that brought this version was taken from.
    fn of_record(
        context: &Context,
        record: &LaneRecord,
        names: &[PromptId],
    ) -> Result<Self, CommandError> {
        let lanes = context.lanes()?;
        let end = Self::of_files(lanes.tree(record)?, record.id.clone(), names)?;
        let mut brought = record.clone();
        for older in History::from(&lanes, record) {
            brought = older?;
            if brought.deployment.changes.names(&end.name) {
                break;
            }
        }
        Ok(Self {
            commit: brought.deployment.source.commit,
            ..end
        })
    }

    fn on_line(&self) -> line::End<'_> {
        line::End {
            tree: self.tree.as_ref(),
            name: &self.name,
        }
    }

    /// The oldest version on the way to the bad end that can be read.
    fn oldest(history: &dyn FirstParents, points: &[Point]) -> Result<Option<Self>, CommandError> {
        for Point { commit, name } in points.iter().rev() {
            let Some(name) = name else { continue };
            let tree = history.files(&commit.id)?;
            if fingerprint(tree.as_ref(), name).is_ok() {
                return Ok(Some(Self {
                    tree,
                    commit: commit.id.clone(),
                    name: name.clone(),
                }));
            }
        }
        Ok(None)
    }

    fn of_files(
        tree: Box<dyn FileTree>,
        commit: ObjectId,
        names: &[PromptId],
    ) -> Result<Self, CommandError> {
        let mut name = &names[0];
        for known in names {
            if !tree.list(&known.path())?.is_empty() {
                name = known;
                break;
            }
        }
        Workspace::new(tree.as_ref()).closure(name)?;
        Ok(Self {
            commit,
            name: name.clone(),
            tree,
        })
    }
}

/// Where the evaluator was better.
fn good_end(
    context: &Context,
    history: &GitHistory<'_>,
    args: &BisectArgs,
    points: &[Point],
) -> Result<End, CommandError> {
    let mut names = vec![args.prompt.clone()];
    for name in points.iter().filter_map(|point| point.name.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if let Some(lane) = &args.lane {
        return End::of_lane(context, lane, &names);
    }
    if let Some(spec) = &args.good {
        return End::named(context, spec, &names);
    }
    if context.repository()?.is_shallow()? {
        return Err(CommandError::usage(
            "this clone is shallow, so that the oldest version of the prompt is not in it",
        )
        .with_hint("run `git fetch --unshallow`, or name a commit as `--good`"));
    }
    End::oldest(history, points)?.ok_or_else(|| {
        CommandError::usage(format!(
            "no commit on the way to `{}` has a version of `{}` that can be read",
            args.bad, args.prompt
        ))
        .with_hint("commit the prompt, or name a revision that has it as `--good`")
    })
}

/// Where the history of the bad end leaves that of the good end.
fn parting(
    context: &Context,
    history: &GitHistory<'_>,
    args: &BisectArgs,
    [good, bad]: [&End; 2],
) -> Result<Parting, CommandError> {
    let parting = history.parting(&good.commit, &bad.commit)?;
    if parting.fork.is_none() {
        let shallow = context.repository()?.is_shallow()?;
        let (message, hint) = if shallow {
            (
                "this clone is shallow, and where the ends parted is not in it",
                "run `git fetch --unshallow`",
            )
        } else {
            (
                "the ends have no commit in common: these are two histories",
                "name a commit on the way to the bad end as `--good`",
            )
        };
        return Err(CommandError::usage(message).with_hint(hint));
    }
    if parting.commits == 0 && good.commit != bad.commit {
        return Err(CommandError::usage(format!(
            "`{}` is part of the history of the good end ({})",
            args.bad,
            good.tree.label()
        ))
        .with_hint("the good end comes first: swap `--good` and `--bad`"));
    }
    Ok(parting)
}
