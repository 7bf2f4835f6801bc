//! Runs under strace: processes that die or halt at a chosen system call, and what they did in
//! which order.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::Sandbox;
use super::run::{Run, RunOutput, Running};

/// The system calls that change what is on disk, or start or end a process. Between two of them
/// the disk stays as it is, so whoever dies anywhere in between leaves the same behind.
const CHANGES: [&str; 24] = [
    "write",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "chmod",
    "fchmod",
    "fchmodat",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "execve",
    "exit_group",
];

/// More calls of one kind than the move of a small lane makes.
const MOST_CALLS: usize = 1_000;

/// A place in a process: one of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    process: Process,
    call: &'static str,
    /// Counted from 1.
    number: usize,
}

impl Point {
    /// Goes through the points of a process that makes these calls. `try_point` says whether the process
    /// comes so far.
    pub(crate) fn each(
        process: Process,
        calls: &[&'static str],
        mut try_point: impl FnMut(Self) -> bool,
    ) {
        for &call in calls {
            let reached = (1..MOST_CALLS).take_while(|&number| {
                try_point(Self {
                    process,
                    call,
                    number,
                })
            });
            assert!(
                reached.count() < MOST_CALLS - 1,
                "{process:?} never comes to an end of {call}"
            );
        }
    }
}

impl Point {
    /// Goes through some points of a process: of each of these calls the first one, then fewer and fewer.
    pub(crate) fn sampled(
        process: Process,
        calls: &[&'static str],
        mut try_point: impl FnMut(Self) -> bool,
    ) {
        for &call in calls {
            for number in [1, 3, 8, 21, 55] {
                let point = Self {
                    process,
                    call,
                    number,
                };
                if !try_point(point) {
                    break;
                }
            }
        }
    }
}

impl Point {
    /// The points of our own process at these calls of which a run makes so many: every one up to `every`,
    /// and as many again spread evenly over the rest, the last one among them.
    pub(crate) fn throughout(made: &BTreeMap<&'static str, usize>, every: usize) -> Vec<Self> {
        let mut points = Vec::new();
        for (&call, &made) in made {
            let rest = made.saturating_sub(every);
            let spread = every.min(rest);
            let later = (1..=spread).map(|step| every + rest * step / spread);
            points.extend((1..=made.min(every)).chain(later).map(|number| Self {
                process: Process::Pointsman,
                call,
                number,
            }));
        }
        points
    }
}

/// Whose system calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Our own, without the processes that it starts.
    Pointsman,
    /// The `git` that is started with this word among its arguments.
    Git(&'static str),
}

/// Whether processes can be traced here. Where they cannot, it says so.
#[expect(
    clippy::print_stderr,
    reason = "the test harness shows what a test that cannot run has to say"
)]
pub(crate) fn can_trace(sandbox: &Sandbox) -> bool {
    let probe = sandbox.shell("strace -qq -o /dev/null true").run();
    let can = probe.code == Some(0);
    if !can {
        eprintln!("skipped: strace is not installed here, or may not trace");
    }
    can
}

impl Sandbox {
    /// Runs pointsman and kills the process as it comes to the point. `None`: it does not.
    pub(crate) fn killed_at(&self, point: Point, args: &[&str]) -> Option<RunOutput> {
        let output = self.disturbed("signal=KILL", point, args).run();
        let log = self.traced();
        log.contains("+++ killed by SIGKILL").then_some(output)
    }

    /// Runs pointsman, in which the call at the point fails with an error such as `ENOSPC`. `None`:
    /// the process does not come to it.
    pub(crate) fn failing_at(&self, error: &str, point: Point, args: &[&str]) -> Option<RunOutput> {
        let output = self.disturbed(&format!("error={error}"), point, args).run();
        self.traced().contains("(INJECTED)").then_some(output)
    }

    /// Runs pointsman, which must succeed, and counts these calls of its own.
    pub(crate) fn calls_of(
        &self,
        calls: &[&'static str],
        args: &[&str],
    ) -> BTreeMap<&'static str, usize> {
        let named: Vec<String> = calls.iter().map(|call| format!("?{call}")).collect();
        let tracer = format!(
            "strace -o {} -e trace={}",
            self.log().display(),
            named.join(",")
        );
        self.pointsman_below(&tracer, args).run().succeeds();
        let log = self.traced();
        let made = |call: &&str| {
            log.lines()
                .filter(|line| line.starts_with(&format!("{call}(")))
                .count()
        };
        calls.iter().map(|call| (*call, made(call))).collect()
    }

    /// Runs pointsman, and gives what it and all that it starts connected to.
    pub(crate) fn connected_by(
        &self,
        run: impl FnOnce(Run) -> Run,
        args: &[&str],
    ) -> (RunOutput, String) {
        let tracer = format!(
            "strace -f --seccomp-bpf -o {} -e trace=connect",
            self.log().display()
        );
        let output = run(self.pointsman_below(&tracer, args)).run();
        (output, self.traced())
    }

    /// Starts pointsman and halts the process at the point. `None`: it does not come to it.
    pub(crate) fn halted_at(&self, point: Point, args: &[&str]) -> Option<Halted> {
        self.halted(self.disturbed("signal=STOP", point, args), point)
    }

    /// The same, with a variable of the environment.
    pub(crate) fn halted_at_with(
        &self,
        (name, value): (&str, &str),
        point: Point,
        args: &[&str],
    ) -> Option<Halted> {
        let run = self.disturbed("signal=STOP", point, args);
        self.halted(run.env(name, value), point)
    }

    fn halted(&self, run: Run, point: Point) -> Option<Halted> {
        let running = run.start();
        loop {
            let log = self.traced();
            if log.contains("--- stopped by SIGSTOP ---") {
                let process_id = match point.process {
                    Process::Pointsman => running.process_id().to_string(),
                    Process::Git(_) => self.read("../git.pid").trim().to_owned(),
                };
                return Some(Halted {
                    running,
                    process_id,
                });
            }
            if log.contains("+++ exited with") {
                running.wait();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Runs pointsman and gives the sorts of changes that a process makes.
    pub(crate) fn changes_of(&self, process: Process, args: &[&str]) -> Vec<&'static str> {
        let all = CHANGES.map(|call| format!("?{call}")).join(",");
        let tracer = format!("strace -o {} -e trace={all}", self.log().display());
        self.traced_by(&tracer, process, args).run();
        let log = self.traced();
        let made = |call: &&str| {
            log.lines()
                .any(|line| line.starts_with(&format!("{call}(")))
        };
        let changes: Vec<&str> = CHANGES.into_iter().filter(made).collect();
        assert!(!changes.is_empty(), "{process:?} changes nothing:\n{log}");
        changes
    }

    /// Runs pointsman and gives what it and all that it starts did: one system call a line, with
    /// the files that are behind descriptors.
    pub(crate) fn trace_of(&self, args: &[&str]) -> String {
        let calls = "trace=?rename,?renameat,?renameat2,fsync,write";
        let options = format!("-f -y -s 200 -o {} -e {calls}", self.log().display());
        self.pointsman_below(&format!("strace {options}"), args)
            .run()
            .succeeds();
        self.traced()
    }

    /// Runs pointsman and gives what it and all that it starts opened, or followed as links.
    pub(crate) fn opened_by(&self, args: &[&str]) -> String {
        let calls = "trace=?open,?openat,?openat2,?readlink,?readlinkat";
        let options = format!("-f -s 400 -o {} -e {calls}", self.log().display());
        self.pointsman_below(&format!("strace {options}"), args)
            .run();
        self.traced()
    }

    /// A run in which something happens to a process at a point.
    fn disturbed(&self, what: &str, point: Point, args: &[&str]) -> Run {
        let _ = fs::remove_file(self.log());
        // A process that is to be woken again keeps its own number: strace stands beside it.
        let place = if what == "signal=STOP" { "-D" } else { "" };
        let Point { call, number, .. } = point;
        let tracer = format!(
            "strace {place} -o {log} -e trace=?{call} -e inject=?{call}:{what}:when={number}",
            log = self.log().display(),
        );
        self.traced_by(&tracer, point.process, args)
    }

    /// Pointsman, with one process under a tracer.
    fn traced_by(&self, tracer: &str, process: Process, args: &[&str]) -> Run {
        match process {
            Process::Pointsman => self.pointsman_below(tracer, args),
            Process::Git(word) => {
                self.own_git(word, tracer);
                let folder = self.path().with_file_name("own-git");
                self.pointsman_below(&format!("env PATH={}:\"$PATH\"", folder.display()), args)
            }
        }
    }

    /// Pointsman, started by another program.
    fn pointsman_below(&self, program: &str, args: &[&str]) -> Run {
        let args: Vec<String> = args.iter().map(|arg| format!("'{arg}'")).collect();
        self.shell(&format!("exec {program} pointsman {}", args.join(" ")))
    }

    /// A `git` that is traced where `word` is among its arguments.
    fn own_git(&self, word: &str, tracer: &str) {
        let script = format!(
            "#!/bin/sh\nPATH=\"${{PATH#*:}}\"\ncase \" $* \" in *' {word} '*)\n\
             echo $$ > '{pid}'\nexec {tracer} git \"$@\" ;;\nesac\nexec git \"$@\"\n",
            pid = self.path().with_file_name("git.pid").display(),
        );
        self.write("../own-git/git", script);
        let git = self.path().with_file_name("own-git").join("git");
        fs::set_permissions(git, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }

    fn log(&self) -> PathBuf {
        self.path().with_extension("trace")
    }

    fn traced(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Sandbox {
    /// Runs a command again, and where another that died left a lock, once more after the cure that is named.
    pub(crate) fn again_after_the_cure(&self, args: &[&str]) -> RunOutput {
        let again = self.pointsman(args);
        if again.code == Some(0) {
            return again;
        }
        again.exits(2).tells("lock file of a dead process");
        self.remove(&lock_named_in(&again.stderr));
        self.pointsman(args)
    }
}

/// The cure that a refusal names: the lock file that is to be removed.
#[track_caller]
fn lock_named_in(talk: &str) -> String {
    let name = talk
        .split(['\'', '`', '"'])
        .find(|word| word.strip_suffix(".lock").is_some());
    let name = name.unwrap_or_else(|| panic!("no lock file is named:\n{talk}"));
    let (_, path) = name
        .split_once(".git/")
        .unwrap_or_else(|| panic!("the lock is not in the repository: {name}"));
    format!(".git/{path}")
}

/// A run in which one process stands still.
pub(crate) struct Halted {
    running: Running,
    process_id: String,
}

impl Halted {
    /// Lets the process go on and waits for the end of the run.
    pub(crate) fn resume(self, sandbox: &Sandbox) -> RunOutput {
        let line = format!("kill -CONT {}", self.process_id);
        sandbox.shell(&line).run().succeeds();
        self.running.wait()
    }
}
