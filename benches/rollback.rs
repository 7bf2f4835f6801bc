//! How long it takes to roll back, and to look up what was live, in a large lane with a long
//! history: `cargo bench --bench rollback`.

mod support;
#[path = "support/timing.rs"]
mod timing;

use support::{Bench, POINTSMAN};
use timing::{report, time};

const PROMPTS: usize = 10_000;
const RECORDS: usize = 1_000;

fn main() {
    let bench = Bench::with_prompts(PROMPTS);
    bench.run(POINTSMAN, &["promote", "staging", "--yes"]);
    let promise = "promised: < 100 ms without a remote, durable";
    let rollback = ["rollback", "staging", "--yes", "--reason", "bench"];
    let whole = time(20, |index| {
        promote_another(&bench, index);
        bench.command(POINTSMAN, &rollback)
    });
    report("pointsman rollback, one of 10,000 changed", whole, promise);
    let one = time(20, |index| {
        promote_another(&bench, PROMPTS / 2 + index);
        let id = Bench::prompt_id(PROMPTS / 2 + index);
        bench.command(POINTSMAN, &[&rollback[..], &["--prompt", &id]].concat())
    });
    report("pointsman rollback --prompt", one, promise);

    let bench = Bench::with_prompts(10);
    for index in 0..RECORDS {
        bench.write_prompt(index % 10, &format!("Answer in {index} words."));
        bench.commit();
        bench.run(POINTSMAN, &["promote", "staging", "--yes"]);
    }
    let log = [
        "lanes",
        "log",
        "staging",
        "--prompt",
        "team-00/prompt-00003",
    ];
    let at = ["lanes", "at", "1d", "ago", "--lane", "staging"];
    for (name, args) in [("lanes log --prompt", &log[..]), ("lanes at", &at[..])] {
        let timing = time(10, |_| bench.command(POINTSMAN, args));
        report(&format!("pointsman {name}, 1,000 records"), timing, "");
    }
}

/// Brings another version of one prompt into the lane.
fn promote_another(bench: &Bench, index: usize) {
    bench.write_prompt(index, "Answer with one word.");
    bench.commit();
    let id = Bench::prompt_id(index);
    bench.run(POINTSMAN, &["promote", "staging", &id, "--yes"]);
}
