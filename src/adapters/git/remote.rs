//! A `git` that talks to a remote: it takes no longer, and no more, than it may, whatever is sent to it.
//!
//! A server that says nothing is given up by git itself ([`super::command`]). One that sends without end is
//! given up here, after a time, and on Linux when git has taken so much memory or written so large a file.

use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::command::GitOutput;
use super::error::GitError;

/// How long a fetch or a push may take, unless the user says otherwise.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// The most memory that git takes for what a remote sends, and the largest file that it writes of it.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 1 << 30;
#[cfg(target_os = "linux")]
const LARGEST_FILE: u64 = 4 << 30;

/// What is kept of what git prints: a remote may have it say more.
const LARGEST_TALK: u64 = 1 << 20;

/// How long git may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// How often what git started is bounded, too: one may come into being just before git is bounded itself.
const BOUND_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether git has ended after it said all that it had to say.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Runs a command that reads nothing, and ends it when it takes too long.
pub(super) fn finish(mut command: Command, longest: Duration) -> Result<GitOutput, GitError> {
    let unusable = |error: std::io::Error| GitError::NoExecutable(error.to_string());
    let mut child = command.spawn().map_err(unusable)?;
    let end = Instant::now() + longest;
    bound([Pid::from_child(&child)]);
    drop(child.stdin.take());
    let said = [read(child.stdout.take()), read(child.stderr.take())];
    let texts = said.map(|text| hear(&text, &child, end));
    let status = match &texts {
        [Some(_), Some(_)] => ends_before(&mut child, end).map_err(unusable)?,
        // It goes on, or whoever it started does.
        _ => None,
    };
    let is_late = status.is_none();
    if is_late {
        terminate(&mut child).map_err(unusable)?;
    }
    let [stdout, mut stderr] = texts.map(Option::unwrap_or_default);
    if is_late {
        let seconds = longest.as_secs();
        stderr = format!("fatal: the remote did not come to an end within {seconds} s\n");
    }
    Ok(GitOutput {
        success: status.is_some_and(|status| status.success()),
        stdout,
        stderr,
    })
}

/// What a pipe says up to its end, as soon as that has come; the beginning of it, where it is too much.
fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // A pipe that breaks ends what was said; the exit status tells the rest.
            let mut pipe = pipe.take(LARGEST_TALK);
            let _ = pipe.read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe.into_inner(), &mut std::io::sink());
        }
        // Whoever does not wait any longer has given it up.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// What was said, if it came before a moment. Until then git and what it started stay bounded.
fn hear(text: &Receiver<String>, child: &Child, end: Instant) -> Option<String> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match text.recv_timeout(left.min(BOUND_EVERY)) {
            Err(RecvTimeoutError::Timeout) if left > BOUND_EVERY => {
                bound(with_what_it_started(child));
            }
            heard => return heard.ok(),
        }
    }
}

/// How a process ended, if it did before a moment.
fn ends_before(child: &mut Child, end: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= end {
            return Ok(status);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Ends git, and what it started.
fn terminate(child: &mut Child) -> std::io::Result<()> {
    for id in with_what_it_started(child) {
        // A process that is gone already need not be told.
        let _ = kill_process(id, Signal::TERM);
    }
    if ends_before(child, Instant::now() + GRACE)?.is_some() {
        return Ok(());
    }
    child.kill()?;
    child.wait().map(drop)
}

/// A process, and those that it started.
fn with_what_it_started(child: &Child) -> Vec<Pid> {
    let id = Pid::from_child(child);
    let started = started_by(id.as_raw_nonzero().get()).into_iter();
    std::iter::once(id)
        .chain(started.filter_map(Pid::from_raw))
        .collect()
}

/// The processes that a process started, and those that these started: what reads from the server is a
/// process of its own, which does not notice that git is gone as long as it has something to read.
#[cfg(target_os = "linux")]
fn started_by(process: i32) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(i32, i32)> = entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let told = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // `<id> (<name>) <state> <parent> ...`, where the name may hold anything.
            let (_, rest) = told.rsplit_once(") ")?;
            Some((id, rest.split(' ').nth(1)?.parse().ok()?))
        })
        .collect();
    let mut started = vec![process];
    let mut next = 0;
    while let Some(parent) = started.get(next).copied() {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        started.extend(children.map(|(id, _)| *id));
        next += 1;
    }
    started.split_off(1)
}

#[cfg(not(target_os = "linux"))]
fn started_by(_process: i32) -> Vec<i32> {
    Vec::new()
}

/// Limits what processes take, with whatever they start from now on.
#[cfg(target_os = "linux")]
fn bound(processes: impl IntoIterator<Item = Pid>) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limits = [
        (Resource::Data, MOST_MEMORY),
        (Resource::Fsize, LARGEST_FILE),
    ];
    for process in processes {
        for (resource, most) in limits {
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            // A user whose own limit is lower may not raise it, and keeps it.
            let _ = prlimit(Some(process), resource, limit);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn bound(_processes: impl IntoIterator<Item = Pid>) {}
