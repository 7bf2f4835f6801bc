//! A temporary folder with a real git repository, cut off from the machine that the test runs on.
//!
//! The environment is cleared, git reads no configuration but the repository's, people and times
//! are fixed: the same test gives the same commit ids everywhere, so that snapshots can show them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tempfile::TempDir;

use super::run::{Run, RunOutput};
use super::workspace::SMALL_WORKSPACE;

/// When every test starts: 2026-03-02T09:00:00Z, a Monday.
const START_SECOND: i64 = 1_772_442_000;

/// How far the clock moves with every commit and every call of `pointsman`.
const STEP_SECONDS: i64 = 60;

/// A repository in a temporary folder. Clones of it share its clock.
pub(crate) struct Sandbox {
    shared: Arc<Shared>,
    repository: PathBuf,
}

/// What all repositories of one test have in common.
struct Shared {
    folder: TempDir,
    path: PathBuf,
    clock_second: AtomicI64,
}

impl Sandbox {
    /// An empty folder without git.
    pub(crate) fn without_git() -> Self {
        Self::within(TempDir::new())
    }

    fn within(folder: std::io::Result<TempDir>) -> Self {
        let folder = folder.expect("the system has a place for temporary folders");
        let path = folder
            .path()
            .canonicalize()
            .expect("the folder was made a moment ago");
        let repository = path.join("repository");
        for name in ["home", "repository"] {
            fs::create_dir(path.join(name)).expect("the temporary folder is ours and empty");
        }
        let clock_second = AtomicI64::new(START_SECOND);
        Self {
            shared: Arc::new(Shared {
                folder,
                path,
                clock_second,
            }),
            repository,
        }
    }

    /// A repository without commits, on branch `main`.
    pub(crate) fn new() -> Self {
        let sandbox = Self::without_git();
        sandbox.git(&["init", "--quiet", "--template=", "--initial-branch=main"]);
        sandbox
    }

    /// A repository with one commit: a small valid workspace, see [`SMALL_WORKSPACE`].
    pub(crate) fn with_workspace() -> Self {
        let sandbox = Self::new();
        for (path, text) in SMALL_WORKSPACE {
            sandbox.write(path, text);
        }
        sandbox.commit("Add the workspace");
        sandbox
    }

    /// Adds a bare repository as the remote `origin`, over `file://`, and pushes `main` to it.
    pub(crate) fn with_remote(self) -> Self {
        let remote = self.remote_path();
        let bare = remote.to_str().expect("temporary folders have text names");
        self.git(&[
            "init",
            "--quiet",
            "--bare",
            "--template=",
            "-b",
            "main",
            bare,
        ]);
        self.git(&["remote", "add", "origin", &self.remote_url()]);
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        self
    }

    /// Reaches the remote by another address from now on.
    pub(crate) fn set_remote_url(&self, url: &str) {
        self.git(&["remote", "set-url", "origin", url]);
    }

    /// A clone of the remote: another person's working copy.
    pub(crate) fn clone_of_remote(&self, name: &str) -> Self {
        let repository = self.shared.path.join(name);
        let target = repository
            .to_str()
            .expect("temporary folders have text names");
        self.git(&[
            "clone",
            "--quiet",
            "--template=",
            &self.remote_url(),
            target,
        ]);
        Self {
            shared: Arc::clone(&self.shared),
            repository,
        }
    }

    /// A copy of the repository and its remote as they are now, in a folder and with a clock of its
    /// own. It is for tests that make hundreds, so it stands in memory where the system offers that.
    pub(crate) fn copy(&self) -> Self {
        const MEMORY: &str = "/dev/shm";
        let copy = Self::within(TempDir::new_in(MEMORY).or_else(|_| TempDir::new()));
        copy.shared
            .clock_second
            .store(self.now().as_second(), Ordering::SeqCst);
        for (from, to) in [
            (self.repository.clone(), copy.repository.clone()),
            (self.remote_path(), copy.remote_path()),
        ] {
            if from.is_dir() {
                let line = format!("cp -a '{}/.' '{}'", from.display(), to.display());
                self.shell(&line).run().succeeds();
            }
        }
        if copy.remote_path().exists() {
            copy.git(&["remote", "set-url", "origin", &copy.remote_url()]);
        }
        copy
    }

    /// The repository's folder.
    pub(crate) fn path(&self) -> &Path {
        &self.repository
    }

    /// The folder of the bare remote.
    pub(crate) fn remote_path(&self) -> PathBuf {
        self.shared.path.join("remote.git")
    }

    fn remote_url(&self) -> String {
        format!("file://{}", self.remote_path().display())
    }

    /// The time now, in this test's world.
    pub(crate) fn now(&self) -> Timestamp {
        let second = self.shared.clock_second.load(Ordering::SeqCst);
        Timestamp::from_second(second).expect("tests stay within the calendar")
    }

    /// Lets time pass.
    pub(crate) fn wait_seconds(&self, seconds: i64) {
        self.shared
            .clock_second
            .fetch_add(seconds, Ordering::SeqCst);
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.repository.join(path);
        let parent = path.parent().expect("a file stands in a folder");
        fs::create_dir_all(parent).expect("the temporary folder is ours");
        fs::write(&path, text).expect("the temporary folder is ours");
    }

    /// A file's text.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.repository.join(path))
            .unwrap_or_else(|error| panic!("cannot read `{path}`: {error}"))
    }

    /// Replaces a piece of a file that stands there exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        let count = text.matches(from).count();
        assert_eq!(
            count, 1,
            "`{from}` stands {count} times in `{path}`:\n{text}"
        );
        self.write(path, text.replace(from, to));
    }

    /// Removes a file.
    #[track_caller]
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.repository.join(path))
            .unwrap_or_else(|error| panic!("cannot remove `{path}`: {error}"));
    }

    /// Commits everything in the worktree; the commit's id.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.wait_seconds(STEP_SECONDS);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git, which must succeed; its stdout without the last line break.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        let text = output.succeeds().stdout.trim_end_matches('\n');
        text.to_owned()
    }

    /// Runs git.
    pub(crate) fn try_git(&self, args: &[&str]) -> RunOutput {
        let mut command = self.closed_command("git");
        command.args(args);
        Run::new(command, format!("git {}", args.join(" ")), self.folder()).run()
    }

    /// Runs pointsman in the repository's folder; a minute passes.
    pub(crate) fn pointsman(&self, args: &[&str]) -> RunOutput {
        self.command(args).run()
    }

    /// A call of pointsman that is not started yet; a minute passes.
    pub(crate) fn command(&self, args: &[&str]) -> Run {
        let mut command = self.closed_command(env!("CARGO_BIN_EXE_pointsman"));
        command.args(args);
        self.wait_seconds(STEP_SECONDS);
        Run::new(
            command,
            format!("pointsman {}", args.join(" ")),
            self.folder(),
        )
    }

    /// A line of shell in the repository's folder, with stderr joined to stdout as on a terminal;
    /// a minute passes.
    pub(crate) fn shell(&self, line: &str) -> Run {
        let mut command = self.closed_command("sh");
        command.arg("-c").arg(format!("exec 2>&1\n{line}"));
        self.wait_seconds(STEP_SECONDS);
        Run::new(command, line.to_owned(), self.folder())
    }

    /// The temporary folder that holds everything of this test.
    fn folder(&self) -> &Path {
        &self.shared.path
    }

    /// A command that inherits nothing but where programs are.
    fn closed_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.repository)
            .env_clear()
            .env("PATH", program_path())
            .env("HOME", self.shared.path.join("home"))
            .env("TMPDIR", self.shared.folder.path())
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("POINTSMAN_CLOCK", self.now().to_string());
        for (role, name) in [("AUTHOR", "Ada"), ("COMMITTER", "Cleo")] {
            command
                .env(format!("GIT_{role}_NAME"), name)
                .env(
                    format!("GIT_{role}_EMAIL"),
                    format!("{}@example.com", name.to_lowercase()),
                )
                .env(format!("GIT_{role}_DATE"), self.now().to_string());
        }
        command
    }
}

/// Where programs are: our own binary first, then what the machine has.
pub(super) fn program_path() -> std::ffi::OsString {
    #[expect(
        clippy::disallowed_methods,
        reason = "git and sh must be found; nothing else comes in from outside"
    )]
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(env!("CARGO_BIN_EXE_pointsman"))
        .parent()
        .expect("a program stands in a folder")
        .to_owned();
    let folders = std::iter::once(own).chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).expect("folders taken from a path list can be joined to one")
}
