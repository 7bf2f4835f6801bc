//! What one process took: time by the clock, time of processors, and the most memory it held.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// How many ticks a second `/proc` counts processor time in, on every Linux that is built today.
const TICKS_PER_SECOND: f64 = 100.0;

/// What one process took.
pub(crate) struct Taken {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// On all processors, in seconds; absent where there is no `/proc`.
    pub(crate) processor_s: Option<f64>,
    /// The most memory that it held, in MB; absent where there is no `/proc`.
    pub(crate) peak_mb: Option<f64>,
    /// What it printed.
    pub(crate) stdout: String,
}

impl Taken {
    /// Prints a line of it.
    pub(crate) fn show(&self, name: &str, promise: &str) {
        let known = |value: Option<f64>, unit: &str| {
            value.map_or("?".to_owned(), |value| format!("{value:.2} {unit}"))
        };
        let figures = format!(
            "{:.2} s, {} of processor, {}",
            self.wall.as_secs_f64(),
            known(self.processor_s, "s"),
            known(self.peak_mb, "MB"),
        );
        figure(name, &figures, promise);
    }
}

/// Prints a line of what was measured, beside what is promised.
#[expect(clippy::print_stdout, reason = "a benchmark's result goes to stdout")]
pub(crate) fn figure(name: &str, figure: &str, promise: &str) {
    println!("{name:<54} {figure:<44} {promise}");
}

/// Runs a command, which must succeed, and says what it took.
pub(crate) fn measure(mut command: Command) -> Taken {
    let output = tempfile::tempfile().expect("the system has a place for temporary files");
    let stdout = output.try_clone().expect("a file can be opened twice");
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let peak_mb = peak_until_the_end(&child);
    let wall = start.elapsed();
    // The process has ended, but until it is waited for, what it took can still be read.
    let processor_s = processor_s(&child);
    let status = child.wait().expect("the process is ours");
    assert!(status.success(), "{command:?}: {status}");
    Taken {
        wall,
        processor_s,
        peak_mb,
        stdout: read(output),
    }
}

/// Waits for the end of a process, and looks at its memory all the while.
fn peak_until_the_end(child: &Child) -> Option<f64> {
    let status = format!("/proc/{}/status", child.id());
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = None;
            while !ended.load(Ordering::Relaxed) {
                // What is read last before the end is the highest: it never falls.
                peak = peak_mb(&status).or(peak);
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.expect("a process has a number");
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), options).expect("the process is ours");
        ended.store(true, Ordering::Relaxed);
        watch.join().expect("the thread does not panic")
    })
}

fn peak_mb(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024.0 / 1e6)
}

/// The fields 14 and 15 of `/proc/<pid>/stat`, see proc(5). The name before them may hold spaces.
fn processor_s(child: &Child) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    let ticks: f64 = ticks.sum::<Result<f64, _>>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

fn read(mut file: fs::File) -> String {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind().expect("the file is ours");
    file.read_to_string(&mut text)
        .expect("the program prints text");
    text
}
