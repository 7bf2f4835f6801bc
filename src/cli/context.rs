//! What every command starts from: the folder, the environment and the clock.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::clock::{FixedClock, SystemClock};
use crate::adapters::files::WorktreeTree;
use crate::adapters::git::command::GitEnvironment;
use crate::adapters::git::{GitAttestations, GitError, GitLanes, Repository};
use crate::adapters::hosts::Hosts;
use crate::adapters::store::FileOutbox;
use crate::adapters::traces::{FileTraceSink, FileTraceStore};
use crate::adapters::webhooks::AnnouncedLanes;
use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::domain::period::Period;
use crate::domain::project::{PROJECT_FILE, Project, TraceSettings};
use crate::domain::suggest::did_you_mean;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{Clock, FileTree, LaneStore as _};
use crate::engine::workspace::Workspace;

use super::GlobalArgs;
use super::env::{self, Environment};
use super::error::CommandError;
use super::intake::clickhouse_store;

/// The surroundings of a command.
pub struct Context {
    environment: Environment,
    directory: PathBuf,
    clock: Box<dyn Clock>,
    repository: OnceCell<Repository>,
}

impl Context {
    /// Looks around: where we are and what time it is.
    pub fn new(environment: Environment, global: &GlobalArgs) -> Result<Self, CommandError> {
        let directory = working_directory(global)?;
        let clock = clock(&environment)?;
        Ok(Self {
            environment,
            directory,
            clock,
            repository: OnceCell::new(),
        })
    }

    /// The folder that the command runs in, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The environment as it was at the start.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The servers that a variable names, which are none where it is set to nothing; absent: it is not set.
    pub fn hosts(&self, variable: &str) -> Result<Option<Hosts>, CommandError> {
        let value = self.environment.value(variable);
        let text = value.map(|value| value.to_str().ok_or_else(|| "it is no text".to_owned()));
        let hosts = text.map(|text| text.and_then(Hosts::parse));
        hosts.transpose().map_err(|error| {
            CommandError::usage(format!("`{variable}` is wrong: {error}"))
                .with_hint("write `host` or `host:port`, separated by commas")
        })
    }

    /// The git repository that the command runs in.
    pub fn repository(&self) -> Result<&Repository, CommandError> {
        if let Some(repository) = self.repository.get() {
            return Ok(repository);
        }
        let environment = git_environment(&self.environment)?;
        let repository = Repository::discover(&self.directory, environment)?;
        Ok(self.repository.get_or_init(|| repository))
    }

    /// The workspace's folder: the nearest one, from here upwards, with a `pointsman.toml`.
    pub fn workspace_root(&self) -> Result<PathBuf, CommandError> {
        let worktree = self.worktree()?;
        let mut folders = self
            .directory
            .ancestors()
            .take_while(|folder| folder.starts_with(&worktree));
        let root = folders.find(|folder| folder.join(PROJECT_FILE).symlink_metadata().is_ok());
        root.map(Path::to_owned).ok_or_else(|| {
            let hint = match workspace_below(&self.directory) {
                Some(folder) => format!(
                    "there is a workspace in `{}`: go there, or name it with `-C`",
                    Untrusted(&folder)
                ),
                None => "start a workspace here with `pointsman init`".to_owned(),
            };
            CommandError::usage(format!(
                "there is no `{PROJECT_FILE}` in `{}` or above",
                self.directory.display()
            ))
            .with_hint(hint)
        })
    }

    /// Where the workspace is in the tree of a commit: the path from the top of the worktree.
    pub fn workspace_prefix(&self) -> Result<String, CommandError> {
        let Some(worktree) = self.repository()?.worktree() else {
            return Ok(String::new());
        };
        let root = self.workspace_root()?;
        let segments = root.strip_prefix(&worktree).unwrap_or(Path::new(""));
        let segments: Option<Vec<&str>> = segments.iter().map(|part| part.to_str()).collect();
        let segments = segments.ok_or_else(|| {
            CommandError::usage(format!("the path `{}` is not UTF-8", root.display()))
                .with_hint("move the workspace to a folder with a plain name")
        })?;
        Ok(segments.join("/"))
    }

    /// The workspace's files: as they stand on disk, or at a revision or lane.
    pub fn tree(&self, at: Option<&str>) -> Result<Box<dyn FileTree>, CommandError> {
        match at {
            None => Ok(Box::new(WorktreeTree::new(self.workspace_root()?))),
            Some(spec) => self.revision_or_lane(spec),
        }
    }

    /// The files that a text names: `worktree`, a lane (`production` or `lanes/production`) or a
    /// revision.
    pub fn view(&self, spec: &str) -> Result<Box<dyn FileTree>, CommandError> {
        match spec {
            "worktree" => self.tree(None),
            _ => self.revision_or_lane(spec),
        }
    }

    /// The workspace's files at a commit.
    pub fn tree_of_commit(&self, commit: &ObjectId) -> Result<Box<dyn FileTree>, CommandError> {
        let tree = self.repository()?.tree(commit, &self.workspace_prefix()?)?;
        Ok(Box::new(tree))
    }

    /// The lanes of the repository, on the remote that the workspace names. Moves are announced.
    pub fn lanes(&self) -> Result<AnnouncedLanes<'_>, CommandError> {
        let lanes = GitLanes::new(self.repository()?, self.remote()?)?;
        Ok(AnnouncedLanes::new(lanes, self.outbox()?))
    }

    /// The messages about moves that were made here.
    pub fn outbox(&self) -> Result<FileOutbox, CommandError> {
        Ok(FileOutbox::new(&self.state_dir()?))
    }

    /// The traces of the workspace, to be asked about: those that are kept here, or those in
    /// ClickHouse where the settings say so.
    pub fn trace_store(&self) -> Result<Box<dyn TraceStore>, CommandError> {
        let project = self.project_at_hand()?;
        match &project.traces {
            TraceSettings::Files => Ok(Box::new(FileTraceStore::new(&self.state_dir()?))),
            TraceSettings::ClickHouse(settings) => {
                Ok(Box::new(clickhouse_store(self, &project, settings)?))
            }
        }
    }

    /// Where traces are written to. Nothing is written to ClickHouse: the collector does that.
    pub fn trace_sink(&self) -> Result<FileTraceSink<'_>, CommandError> {
        match self.project_at_hand()?.traces {
            TraceSettings::Files => Ok(FileTraceSink::open(&self.state_dir()?, self.clock())?),
            TraceSettings::ClickHouse(settings) => Err(CommandError::usage(format!(
                "`[traces]` of `{PROJECT_FILE}` says that traces are in ClickHouse, which is only \
                 read here"
            ))
            .with_hint(format!(
                "send them to the collector that writes `{}.{}`, or set `store = \"files\"`",
                settings.database, settings.table
            ))),
        }
    }

    /// The settings of the workspace at hand.
    pub fn project_at_hand(&self) -> Result<Project, CommandError> {
        let tree = self.tree_at_hand()?;
        Ok(Workspace::new(tree.as_ref()).project()?)
    }

    /// The attestations of the repository, on the remote that its lanes live on.
    pub fn attestations(&self) -> Result<GitAttestations<'_>, CommandError> {
        Ok(GitAttestations::new(self.repository()?, self.remote()?)?)
    }

    /// The workspace's files as they stand on disk, which is where programs are run from; a bare
    /// repository has none.
    pub fn disk(&self) -> Option<Box<dyn FileTree>> {
        let root = self.workspace_root().ok()?;
        Some(Box::new(WorktreeTree::new(root)))
    }

    /// Where pointsman keeps what is not under version control.
    pub fn state_dir(&self) -> Result<PathBuf, CommandError> {
        Ok(self.repository()?.common_dir().join("pointsman"))
    }

    /// The top of the files on disk; a bare repository has none.
    pub fn worktree(&self) -> Result<PathBuf, CommandError> {
        self.repository()?.worktree().ok_or_else(|| {
            CommandError::usage("this repository is bare: it has no files on disk")
                .with_hint("read a commit with `--at <rev>`, or run this in a clone")
        })
    }

    /// The files of the workspace at hand: those on disk, or those of `HEAD` in a bare repository.
    pub fn tree_at_hand(&self) -> Result<Box<dyn FileTree>, CommandError> {
        if self.repository()?.worktree().is_some() {
            return self.tree(None);
        }
        self.tree_of_commit(&self.repository()?.commit("HEAD")?)
    }

    /// The lane that a text names (`production` or `lanes/production`), if there is one. A text
    /// that is both a lane and a branch is refused.
    pub fn lane_named(&self, spec: &str) -> Result<Option<LaneName>, CommandError> {
        let name = spec.strip_prefix("lanes/").unwrap_or(spec);
        let tips = self.lanes_to_read()?.tips()?;
        let lane = LaneName::new(name).ok();
        let Some(lane) = lane.filter(|lane| tips.contains_key(lane)) else {
            return Ok(None);
        };
        if name == spec && self.repository()?.has_branch(name) {
            return Err(
                CommandError::usage(format!("`{spec}` is both a lane and a branch"))
                    .with_hint(format!("say `lanes/{spec}` or `refs/heads/{spec}`")),
            );
        }
        Ok(Some(lane))
    }

    /// The remote that lanes live on, as the workspace at hand says.
    pub fn remote(&self) -> Result<Option<String>, CommandError> {
        Ok(self.project_at_hand()?.remote)
    }

    /// The lanes, to read from: settings that cannot be read hide no revision, and where no remote
    /// is known, the branches here are the lanes.
    fn lanes_to_read(&self) -> Result<GitLanes<'_>, CommandError> {
        let remote = self.remote().unwrap_or(None);
        match GitLanes::new(self.repository()?, remote) {
            Ok(lanes) => Ok(lanes),
            Err(_) => Ok(GitLanes::new(self.repository()?, None)?),
        }
    }

    fn revision_or_lane(&self, spec: &str) -> Result<Box<dyn FileTree>, CommandError> {
        let lanes = self.lanes_to_read()?;
        if let Some(lane) = self.lane_named(spec)?
            && let Some(record) = lanes.tip(&lane)?
        {
            return Ok(lanes.tree(&record)?);
        }
        let commit = self.repository()?.commit(spec).or_else(|error| {
            let tips = lanes.tips()?;
            Err(unknown_view(error, spec, &tips))
        })?;
        self.tree_of_commit(&commit)
    }
}

fn unknown_view(error: GitError, spec: &str, tips: &BTreeMap<LaneName, ObjectId>) -> CommandError {
    let unknown = matches!(error, GitError::UnknownRevision(_));
    let error = CommandError::from(error);
    if !unknown || tips.is_empty() {
        return error;
    }
    let name = spec.strip_prefix("lanes/").unwrap_or(spec);
    let known = did_you_mean(name, tips.keys().map(LaneName::as_str));
    error.with_hint(format!("among the lanes, {known}"))
}

fn working_directory(global: &GlobalArgs) -> Result<PathBuf, CommandError> {
    let wanted = global
        .directory
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    wanted.canonicalize().map_err(|error| {
        CommandError::usage(format!("cannot use folder `{}`: {error}", wanted.display()))
            .with_hint("name an existing folder with `-C <dir>`")
    })
}

fn clock(environment: &Environment) -> Result<Box<dyn Clock>, CommandError> {
    let Some(text) = environment.text(env::CLOCK) else {
        return Ok(Box::new(SystemClock));
    };
    let time = text.parse().map_err(|_| {
        CommandError::usage(format!("`{}` is not a time: `{text}`", env::CLOCK))
            .with_hint("use RFC 3339, for example `2026-03-01T09:00:00Z`, or unset it")
    })?;
    Ok(Box::new(FixedClock(time)))
}

/// What `git` gets to see of an environment, and how long it may talk to a remote.
pub fn git_environment(environment: &Environment) -> Result<GitEnvironment, CommandError> {
    let kept = GitEnvironment::new(environment.variables());
    let Some(text) = environment.text(env::GIT_TIMEOUT) else {
        return Ok(kept);
    };
    let longest: Period = text.parse().map_err(|error| {
        CommandError::usage(format!("`{}` is wrong: {error}", env::GIT_TIMEOUT))
            .with_hint("write how long a fetch or a push may take, like `10m`")
    })?;
    Ok(kept.within(Duration::from_secs(longest.seconds.unsigned_abs())))
}

/// A workspace in the folders below, the nearest and first by name: of a repository of many projects,
/// that is where its prompts are.
fn workspace_below(top: &Path) -> Option<String> {
    const DEEPEST: usize = 3;
    const MOST_FOLDERS: usize = 2_000;
    let mut level = vec![top.to_owned()];
    let mut looked_at = 0;
    for _ in 0..DEEPEST {
        level = level.iter().flat_map(|folder| folders_in(folder)).collect();
        looked_at += level.len();
        if let Some(found) = level.iter().find(|it| it.join(PROJECT_FILE).is_file()) {
            let path = found.strip_prefix(top).unwrap_or(found);
            return Some(path.display().to_string());
        }
        if looked_at > MOST_FOLDERS {
            break;
        }
    }
    None
}

/// The folders in a folder, by name, without hidden ones and links; none where it cannot be read.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()))
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}
