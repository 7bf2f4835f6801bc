//! Times one command over and over.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::run;

/// What repeated runs of one command took.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// The quickest run.
    pub(crate) min: Duration,
    /// The run in the middle.
    pub(crate) median: Duration,
}

/// Times one command: `prepare` makes it before each run, off the clock.
pub(crate) fn time(runs: usize, mut prepare: impl FnMut(usize) -> Command) -> Timing {
    let mut times: Vec<Duration> = (0..runs)
        .map(|index| {
            let mut command = prepare(index);
            let start = Instant::now();
            run(&mut command);
            start.elapsed()
        })
        .collect();
    times.sort();
    Timing {
        min: times[0],
        median: times[times.len() / 2],
    }
}

/// Prints a timing beside what we promise.
#[expect(clippy::print_stdout, reason = "a benchmark's result goes to stdout")]
pub(crate) fn report(name: &str, timing: Timing, promise: &str) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!(
        "{name:<42} min {:>8.1} ms   median {:>8.1} ms   {promise}",
        milliseconds(timing.min),
        milliseconds(timing.median)
    );
}
