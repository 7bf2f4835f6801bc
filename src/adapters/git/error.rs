//! What can go wrong with a repository, and what to do about it.

/// Why git could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no repository here.
    #[error("`{0}` is not in a git repository")]
    NoRepository(String),
    /// The repository exists but cannot be opened.
    #[error("cannot open the git repository: {0}")]
    Unusable(String),
    /// The repository stores its refs in a way that we cannot read.
    #[error("this repository stores its refs as `{0}`, which pointsman cannot read yet")]
    RefStorage(String),
    /// The repository belongs to somebody else.
    #[error("the repository `{0}` belongs to another user, so its configuration is not trusted")]
    Foreign(String),
    /// The repository has no commit yet.
    #[error("this repository has no commits yet")]
    NoCommits,
    /// The text names no commit.
    #[error("`{0}` is not a revision of this repository")]
    UnknownRevision(String),
    /// The text names something that is not a commit.
    #[error("`{0}` does not name a commit")]
    NotACommit(String),
    /// An object is not here, because the clone is shallow or partial, or because it is damaged.
    #[error("git object {0} is missing from this clone")]
    MissingObject(String),
    /// gix refused.
    #[error("git: {0}")]
    Read(String),
    /// The `git` program cannot be started.
    #[error("cannot run `git`: {0}")]
    NoExecutable(String),
    /// The `git` program ended before it was told everything.
    #[error("`git` was not told all that it was to do: {0}")]
    NotTold(String),
    /// The `git` program is too old.
    #[error("git {0} is too old: pointsman needs 2.41 or later")]
    TooOld(String),
    /// The `git` program failed.
    #[error("`git {action}` failed: {message}")]
    Failed {
        /// The git command.
        action: String,
        /// What it said.
        message: String,
    },
}

impl GitError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRepository(_) => "run `git init` first, or name the folder with `-C <dir>`",
            Self::RefStorage(_) => {
                "convert it with `git refs migrate --ref-format=files` (git 2.46 or later)"
            }
            Self::Foreign(path) => {
                return Some(format!(
                    "if you trust it: `git config --global --add safe.directory '{path}'`"
                ));
            }
            Self::NoCommits => "commit the workspace first: `git add -A && git commit`",
            Self::UnknownRevision(_) => {
                "name a branch, a tag, a commit id or a lane; in a shallow clone, \
                 `git fetch --unshallow` brings the history"
            }
            Self::NotACommit(_) => "name a branch, a tag or a commit id",
            Self::MissingObject(_) => {
                "if the clone is shallow, run `git fetch --unshallow`; if it is partial, \
                 `git fetch --refetch --no-filter`"
            }
            Self::NoExecutable(_) | Self::TooOld(_) => {
                "install git 2.41 or later and put it on your `PATH`"
            }
            Self::Unusable(_) => "run `git fsck` to see what is wrong with it",
            Self::Read(_) | Self::NotTold(_) | Self::Failed { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<gix::Error> for GitError {
    fn from(error: gix::Error) -> Self {
        Self::Read(error.probable_cause().to_string())
    }
}
