//! Processes of their own in which files are read that may be more than a process can take: bounded in
//! memory, and ended when one file takes too long.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The address space of the process that reads, stacks and the program itself included.
const MEMORY_KIB: u64 = 1024 * 1024;

/// After which time a file is said to hang whoever reads it. It is far above what is promised, one
/// second, so that a busy machine fails nothing; the figure that is printed says what was measured.
const HANGS_SECONDS: u64 = 120;

/// Runs a test that is otherwise ignored in a process of its own, and gives what it printed. It must
/// succeed, and print a line that begins with `in total: `.
#[track_caller]
pub(super) fn runs_alone(test: &str) -> String {
    let own = std::env::current_exe().expect("a test is a program");
    let limited =
        format!("ulimit -v {MEMORY_KIB} && exec \"$0\" --exact --ignored --nocapture {test}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(limited).arg(own);
    let output = command.output().expect("there is a shell");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    let last = last_of(&printed);
    assert!(output.status.success(), "{last}\n{told}");
    let total = printed.lines().find(|line| line.starts_with("in total: "));
    assert!(total.is_some(), "it did not run:\n{last}\n{told}");
    printed
}

/// The end of what was printed: where a process was ended, it names the file that it was reading.
fn last_of(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().rev().take(30).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// A number that a variable of the environment asks for; `usual`: it is not set.
pub(super) fn asked(variable: &str, usual: usize) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "a longer run is asked for when this test is started by hand"
    )]
    let asked = std::env::var(variable);
    let asked = asked.ok().map(|text| text.parse());
    asked.map_or(usual, |number| number.expect("it is a number"))
}

/// The most memory that this process had at once, where the system tells.
pub(super) fn peak_memory() -> String {
    match memory_kib("VmHWM:") {
        0 => String::new(),
        peak => format!(", at most {peak} kB of memory"),
    }
}

/// What the system tells of this process's memory under a name; 0: nothing.
pub(super) fn memory_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or_default()
}

/// The time that this thread spent on a processor.
pub(super) fn processor() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// Ends the process when one file takes too long, so that a hang is told and does not hang the tests.
pub(super) struct Watch {
    /// When the file began, in milliseconds since the watch was started; 0: none is read.
    began_ms: Arc<AtomicU64>,
    started: Instant,
}

impl Watch {
    pub(super) fn start() -> Self {
        let watch = Self {
            began_ms: Arc::default(),
            started: Instant::now(),
        };
        let (began_ms, started) = (Arc::clone(&watch.began_ms), watch.started);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let began = began_ms.load(Ordering::SeqCst);
                let now = started.elapsed();
                if began > 0 && now > Duration::from_millis(began + HANGS_SECONDS * 1_000) {
                    std::process::abort();
                }
            }
        });
        watch
    }

    /// A file is about to be read.
    pub(super) fn begins(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis());
        let now = now.expect("a test ends within millions of years");
        self.began_ms.store(now.max(1), Ordering::SeqCst);
    }

    /// It was read.
    pub(super) fn ended(&self) {
        self.began_ms.store(0, Ordering::SeqCst);
    }
}
