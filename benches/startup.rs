//! How long the program takes to say anything at all: `cargo bench --bench startup`.

mod support;
#[path = "support/timing.rs"]
mod timing;

use support::{Bench, POINTSMAN};
use timing::{report, time};

fn main() {
    let bench = Bench::with_prompts(10);
    let yardstick = time(100, |_| bench.command("git", &["rev-parse", "HEAD"]));
    report("git rev-parse HEAD", yardstick, "the yardstick");
    let version = time(100, |_| bench.command(POINTSMAN, &["--version"]));
    let promise = "promised: < 10 ms, at most 3 x the yardstick";
    report("pointsman --version", version, promise);
}
