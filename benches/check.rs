//! How long it takes to check a large workspace: `cargo bench --bench check`.

mod support;
#[path = "support/timing.rs"]
mod timing;

use support::{Bench, POINTSMAN};
use timing::{report, time};

fn main() {
    let bench = Bench::with_prompts(1_000);
    let check = time(20, |_| bench.command(POINTSMAN, &["check", "--quiet"]));
    report(
        "pointsman check, 1,000 prompts",
        check,
        "promised: < 300 ms",
    );
}
