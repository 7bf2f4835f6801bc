//! How long it takes to promote one prompt in a large lane: `cargo bench --bench promote`.

mod support;
#[path = "support/timing.rs"]
mod timing;

use support::{Bench, POINTSMAN};
use timing::{report, time};

const PROMPTS: usize = 10_000;

fn main() {
    let bench = Bench::with_prompts(PROMPTS);
    let promote_all = ["promote", "staging", "--yes"];
    report(
        "pointsman promote, 10,000 prompts at once",
        time(1, |_| bench.command(POINTSMAN, &promote_all)),
        "once, the lane's first record",
    );
    let promote_one = time(20, |index| {
        bench.write_prompt(index, "Answer with one word.");
        bench.commit();
        let id = Bench::prompt_id(index);
        bench.command(POINTSMAN, &["promote", "staging", &id, "--yes"])
    });
    let promise = "promised: < 50 ms without a remote, durable";
    report("pointsman promote, one of 10,000", promote_one, promise);
}
