//! The one place that runs the `git` executable.
//!
//! A repository's own configuration can name programs: hooks, a file system monitor, an ssh
//! command, credential helpers, programs on the other side. None of them is run: what could name
//! one is overridden on the command line, and what the user configured for all repositories is put
//! back in its place. Text that comes from users stands behind `--end-of-options` or on stdin.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::deployment::ObjectId;

use super::error::GitError;
use super::remote;

/// The variables that `git` gets to see, and nothing else.
#[derive(Debug, Clone, Default)]
pub struct GitEnvironment {
    variables: BTreeMap<OsString, OsString>,
    /// How long talking to a remote may take; absent: as long as it usually may.
    longest: Option<Duration>,
}

const KEPT: [&str; 40] = [
    "ALL_PROXY",
    "APPDATA",
    "DISPLAY",
    "EMAIL",
    "GIT_ASKPASS",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_HTTP_LOW_SPEED_LIMIT",
    "GIT_HTTP_LOW_SPEED_TIME",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GNUPGHOME",
    "GPG_TTY",
    "HOME",
    "HTTPS_PROXY",
    "LOCALAPPDATA",
    "NO_PROXY",
    "PATH",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
    "http_proxy",
    "https_proxy",
];

/// A server that sends fewer bytes a second, for so many seconds, is given up; git itself would wait for
/// ever. The user's environment may say otherwise, and nothing in the repository.
const LOW_SPEED: [(&str, &str); 2] = [
    ("GIT_HTTP_LOW_SPEED_LIMIT", "100"),
    ("GIT_HTTP_LOW_SPEED_TIME", "120"),
];

const KEPT_PREFIXES: [&str; 2] = ["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"];

impl GitEnvironment {
    /// Keeps of `variables` what `git` needs to find its configuration, its keys and the network.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a OsString, &'a OsString)>) -> Self {
        let kept = variables.into_iter().filter(|(name, _)| {
            name.to_str().is_some_and(|name| {
                KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            })
        });
        Self {
            variables: kept
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            longest: None,
        }
    }

    /// The same, where a fetch or a push may take so long.
    #[must_use]
    pub fn within(self, longest: Duration) -> Self {
        Self {
            longest: Some(longest),
            ..self
        }
    }
}

/// Programs that the user, not the repository, configured.
#[derive(Debug, Clone, Default)]
pub struct UserPrograms {
    /// `core.sshCommand`.
    pub ssh_command: Option<String>,
    /// `credential.helper` and `credential.<url>.helper`, as keys and values.
    pub credential_helpers: Vec<(String, String)>,
    /// What signs: `gpg.program`, `gpg.ssh.program` and their like, as keys and values.
    pub signers: Vec<(String, String)>,
    /// The filters that the repository configured itself, by name. They are off: even an index is
    /// not written without them where a file changed in the moment in which it was staged.
    pub filters_off: Vec<String>,
}

/// What a filter can run.
const FILTER_PROGRAMS: [&str; 3] = ["clean", "smudge", "process"];

/// An empty variable of the environment.
const NOTHING: &str = "POINTSMAN_NOTHING";

/// How often it is fetched where other processes fetch too, and how long it is waited in between.
const MOST_FETCHES: u32 = 3;
const BETWEEN_FETCHES: Duration = Duration::from_millis(50);

impl UserPrograms {
    /// What is set on the command line, in the order in which git is to read it.
    fn settings(&self) -> impl Iterator<Item = &(String, String)> {
        self.credential_helpers.iter().chain(&self.signers)
    }
}

/// What a run of `git` gave.
#[derive(Debug, Clone)]
pub struct GitOutput {
    /// Whether it succeeded.
    pub success: bool,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl GitOutput {
    /// What git said about a failure: the lines that name it, or else the last one.
    pub fn complaint(&self) -> String {
        let lines = || self.stderr.lines().map(str::trim);
        let named: Vec<&str> = lines()
            .filter(|line| {
                ["fatal:", "error:", "remote:", "! "]
                    .iter()
                    .any(|start| line.starts_with(start))
            })
            .collect();
        let rejected = self.stdout.lines().filter(|line| line.starts_with('!'));
        let rejected = rejected.filter_map(|line| line.rsplit('\t').next());
        let mut parts: Vec<&str> = rejected.chain(named).collect();
        if parts.is_empty() {
            parts.extend(lines().rfind(|line| !line.is_empty()));
        }
        parts.truncate(6);
        parts.join("; ")
    }
}

/// Runs `git` on one repository.
#[derive(Debug, Clone)]
pub struct GitCommand {
    git_dir: PathBuf,
    environment: GitEnvironment,
    programs: UserPrograms,
    version_checked: OnceLock<()>,
}

impl GitCommand {
    /// The `git` executable for the repository at `git_dir`.
    pub fn new(
        git_dir: impl Into<PathBuf>,
        environment: GitEnvironment,
        programs: UserPrograms,
    ) -> Self {
        Self {
            git_dir: git_dir.into(),
            environment,
            programs,
            version_checked: OnceLock::new(),
        }
    }

    /// Runs `git <arguments>` with `stdin`.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        stdin: &[u8],
    ) -> Result<GitOutput, GitError> {
        self.check_version()?;
        let mut command = self.hardened(&self.git_dir);
        command.args(arguments);
        finish(command, stdin)
    }

    /// Makes an annotated tag of a commit, as of `time`; it is signed where git is configured so.
    pub fn tag(
        &self,
        name: &str,
        commit: &ObjectId,
        message: &str,
        time: Timestamp,
    ) -> Result<GitOutput, GitError> {
        self.check_version()?;
        let mut command = self.hardened(&self.git_dir);
        command
            .args(["-c", "core.fsync=committed", "tag", "--annotate"])
            .args(["--cleanup=verbatim", "--file=-", "--end-of-options", name])
            .arg(commit.as_str())
            .env("GIT_COMMITTER_DATE", format!("@{} +0000", time.as_second()));
        finish(command, message.as_bytes())
    }

    /// Pushes a tag to a remote that does not have it yet.
    pub fn push_tag(&self, remote: &str, name: &str) -> Result<GitOutput, GitError> {
        let refspec = format!("refs/tags/{name}:refs/tags/{name}");
        let arguments = [
            "push",
            "--porcelain",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--receive-pack=git-receive-pack",
            "--end-of-options",
            remote,
            &refspec,
        ];
        self.talk(&arguments)
    }

    /// Pushes a commit to one ref of a remote, if that ref still is where it is expected (absent: if
    /// it does not exist). Nothing else travels with it, and nothing is forced past another's work.
    pub fn push(
        &self,
        remote: &str,
        name: &str,
        commit: &ObjectId,
        expected: Option<&ObjectId>,
    ) -> Result<GitOutput, GitError> {
        let expected = expected.map_or("", ObjectId::as_str);
        let lease = format!("--force-with-lease={name}:{expected}");
        let refspec = format!("{commit}:{name}");
        let arguments = [
            "push",
            "--porcelain",
            "--atomic",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--receive-pack=git-receive-pack",
            &lease,
            "--end-of-options",
            remote,
            &refspec,
        ];
        self.talk(&arguments)
    }

    /// Fetches what a refspec names from a remote, and nothing else. Where another process fetches at the
    /// same time, one of the two loses the race for a ref, and tries again.
    pub fn fetch(&self, remote: &str, refspec: &str) -> Result<GitOutput, GitError> {
        let arguments = [
            "fetch",
            "--quiet",
            "--prune",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--upload-pack=git-upload-pack",
            "--end-of-options",
            remote,
            refspec,
        ];
        for _ in 1..MOST_FETCHES {
            let output = self.talk(&arguments)?;
            // Where git comes to word it differently, the next command tries again.
            if output.success || !output.complaint().contains("cannot lock ref") {
                return Ok(output);
            }
            std::thread::sleep(BETWEEN_FETCHES);
        }
        self.talk(&arguments)
    }

    /// Runs `git <arguments>`, which talks to a remote, in bounded time and memory.
    fn talk(&self, arguments: &[&str]) -> Result<GitOutput, GitError> {
        self.check_version()?;
        let mut command = self.hardened(&self.git_dir);
        command.args(arguments);
        remote::finish(command, self.environment.longest.unwrap_or(remote::LONGEST))
    }

    /// A `git` process with nothing of the repository's own programs.
    fn hardened(&self, git_dir: &Path) -> Command {
        let mut command = self.bare_process();
        for setting in [
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.pager=cat",
            "gc.auto=0",
            "maintenance.auto=false",
            "protocol.ext.allow=never",
            "credential.helper=",
        ] {
            command.args(["-c", setting]);
        }
        let ssh = self.programs.ssh_command.as_deref().unwrap_or("ssh");
        command.args(["-c", &format!("core.sshCommand={ssh}")]);
        for (key, value) in self.programs.settings() {
            command.args(["-c", &format!("{key}={value}")]);
        }
        command.env(NOTHING, "");
        for filter in &self.programs.filters_off {
            for program in FILTER_PROGRAMS {
                // Unlike `-c`, this takes a name with `=` for what it is.
                command.arg(format!("--config-env=filter.{filter}.{program}={NOTHING}"));
            }
        }
        let mut argument = OsString::from("--git-dir=");
        argument.push(git_dir);
        command.arg(argument);
        command
    }

    fn bare_process(&self) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(LOW_SPEED)
            .envs(&self.environment.variables)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "file:http:https:ssh")
            // An object is the one that has its id, and one that is missing is an error: to bring it
            // from a remote by itself, git would run what the repository says is on the other side.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self
            .environment
            .variables
            .contains_key(OsStr::new("GIT_ASKPASS"))
        {
            // Set but empty: else `core.askPass` of the repository would be run.
            command.env("GIT_ASKPASS", "");
        }
        command
    }

    fn check_version(&self) -> Result<(), GitError> {
        if self.version_checked.get().is_some() {
            return Ok(());
        }
        let mut command = self.bare_process();
        command.arg("version");
        let output = finish(command, b"")?;
        let version = output.stdout.trim().trim_start_matches("git version ");
        if !is_new_enough(version) {
            return Err(GitError::TooOld(version.to_owned()));
        }
        let _ = self.version_checked.set(());
        Ok(())
    }
}

fn finish(mut command: Command, stdin: &[u8]) -> Result<GitOutput, GitError> {
    let unusable = |error: std::io::Error| GitError::NoExecutable(error.to_string());
    let mut child = command.spawn().map_err(unusable)?;
    let mut pipe = child.stdin.take().expect("stdin was piped above");
    let told = pipe.write_all(stdin);
    drop(pipe);
    let output = child.wait_with_output().map_err(unusable)?;
    // A process that fails without reading its input tells why by its exit status. One that
    // succeeds has done what it was told, which may be less than it was to be told.
    if output.status.success() {
        told.map_err(|error| GitError::NotTold(error.to_string()))?;
    }
    Ok(GitOutput {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .split(['.', ' '])
        .map_while(|part| part.parse::<u32>().ok());
    let major = numbers.next().unwrap_or(0);
    let minor = numbers.next().unwrap_or(0);
    (major, minor) >= (2, 41)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("2.41.0"));
        assert!(is_new_enough("2.47.3 (Apple Git-154)"));
        assert!(is_new_enough("3.0.0.rc1"));
        assert!(!is_new_enough("2.9.5"));
        assert!(!is_new_enough("2.40.1.windows.1"));
        assert!(!is_new_enough("unknown"));
    }

    #[test]
    fn variables_that_steer_git_to_other_repositories_or_programs_are_not_kept() {
        let variables: BTreeMap<OsString, OsString> = [
            "PATH",
            "GIT_DIR",
            "GIT_EXTERNAL_DIFF",
            "OPENAI_API_KEY",
            "GIT_CONFIG_KEY_0",
        ]
        .into_iter()
        .map(|name| (OsString::from(name), OsString::from("x")))
        .collect();
        let kept = GitEnvironment::new(&variables);
        let names: Vec<_> = kept.variables.keys().collect();
        assert_eq!(names, ["GIT_CONFIG_KEY_0", "PATH"]);
    }

    #[test]
    fn a_complaint_names_the_refusal_and_leaves_chatter_out() {
        let output = GitOutput {
            success: false,
            stdout: "To file:///r\n!\ta:b\t[rejected] (stale info)\nDone\n".to_owned(),
            stderr: "Enumerating objects: 5\nerror: failed to push some refs\nhint: x\n".to_owned(),
        };
        assert_eq!(
            output.complaint(),
            "[rejected] (stale info); error: failed to push some refs"
        );
    }
}
