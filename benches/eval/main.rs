//! What evaluating takes: `cargo bench --bench eval`.

#[path = "../support/measure.rs"]
mod measure;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use measure::{Taken, figure, measure};
use server::Server;
use support::{Bench, POINTSMAN};

fn main() {
    rows_without_a_provider_to_wait_for();
    calls_to_a_server_that_answers_at_once();
    calls_to_a_server_that_takes_its_time();
    one_prompt_of_a_hundred();
}

fn rows_without_a_provider_to_wait_for() {
    for (rows, promise) in [
        (1_000, ""),
        (10_000, "promised: < 1.5 s of processor, < 150 MB"),
        (
            100_000,
            "promised: as much memory as for 1,000 rows, and 100 bytes a row",
        ),
    ] {
        let bench = workspace("echo/echo", rows);
        let name = format!("eval, {rows} rows x 3 evaluators, echo");
        eval(&bench, &[]).show(&name, promise);
    }
}

fn calls_to_a_server_that_answers_at_once() {
    const ROWS: usize = 10_000;
    let server = Server::start(Duration::ZERO);
    let bench = workspace("local/small", ROWS);
    bench.write("pointsman.toml", &server.settings(16));
    let taken = eval(&bench, &["--no-cache"]);
    assert_eq!(server.took().len(), ROWS);
    taken.show("eval, 10,000 calls to a server of 0 ms", "");
    if let Some(processor_s) = taken.processor_s {
        let per_call_ms = processor_s * 1e3 / as_number(ROWS);
        figure(
            "  of processor a call",
            &format!("{per_call_ms:.3} ms"),
            "promised: < 0.5 ms",
        );
    }
}

fn calls_to_a_server_that_takes_its_time() {
    const ROWS: usize = 10_000;
    const AT_ONCE: u32 = 100;
    const DELAY: Duration = Duration::from_millis(50);
    let server = Server::start(DELAY);
    let bench = workspace("local/small", ROWS);
    bench.write("pointsman.toml", &server.settings(AT_ONCE));
    let taken = eval(&bench, &["--json"]);
    taken.show("eval, 10,000 calls to a server of 50 ms, 100 at once", "");
    let least = DELAY.as_secs_f64() * as_number(ROWS) / f64::from(AT_ONCE);
    let share = taken.wall.as_secs_f64() / least;
    figure(
        "  of the least time possible",
        &format!("{share:.3} x"),
        "promised: <= 1.1 x",
    );
    let result: serde_json::Value = serde_json::from_str(&taken.stdout).expect("it is JSON");
    let mut took = server.took();
    took.sort();
    for (name, share, promise) in [("p50", 0.5, "promised: within 5 %"), ("p95", 0.95, "")] {
        let recorded = &result["suites"][0]["latency_ms"][name];
        let recorded = recorded.as_f64().expect("every call has a latency");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank"
        )]
        let truth = took[(share * as_number(ROWS)).ceil() as usize - 1].as_secs_f64() * 1e3;
        let off = (recorded / truth - 1.0) * 100.0;
        figure(
            &format!("  recorded latency, {name}"),
            &format!("{recorded:.1} ms, {off:+.1} % of {truth:.1} ms"),
            promise,
        );
    }
}

fn one_prompt_of_a_hundred() {
    const PROMPTS: usize = 100;
    const ROWS: usize = 100;
    let server = Server::start(Duration::ZERO);
    let bench = Bench::with_prompts(0);
    write_rows(&bench, ROWS);
    bench.write("pointsman.toml", &server.settings(16));
    for index in 0..PROMPTS {
        let instruction = format!("You are number {index}.");
        bench.write(
            &format!("prompts/p{index:03}.prompt.yml"),
            &prompt("local/small", &instruction),
        );
    }
    let first = eval(&bench, &[]);
    assert_eq!(server.took().len(), PROMPTS * ROWS);
    first.show("eval, 100 prompts x 100 rows, for the first time", "");
    bench.write(
        "prompts/p042.prompt.yml",
        &prompt("local/small", "Answer briefly."),
    );
    let again = eval(&bench, &[]);
    again.show("eval again after one prompt changed", "");
    let calls = server.took().len().to_string();
    figure("  calls", &calls, "promised: 100, the rows of that prompt");
}

/// A workspace in which one prompt is tested on so many rows by three evaluators.
fn workspace(model: &str, rows: usize) -> Bench {
    let bench = Bench::with_prompts(0);
    write_rows(&bench, rows);
    bench.write(
        "prompts/tickets.prompt.yml",
        &prompt(model, "Answer with the queue."),
    );
    bench
}

fn prompt(model: &str, instruction: &str) -> String {
    format!(
        "model: {model}
variables:
  ticket: {{ type: string }}
messages:
  - role: system
    content: {instruction}
  - role: user
    content: \"{{{{ ticket }}}}\"
evals:
  - dataset: tickets
    evaluators: [queue, short, numbered]
"
    )
}

fn write_rows(bench: &Bench, rows: usize) {
    let rows = (0..rows).map(|index| {
        let ticket = format!("billing: where is refund {index}?");
        format!("{{\"id\": \"row-{index}\", \"vars\": {{\"ticket\": \"{ticket}\"}}}}\n")
    });
    bench.write("datasets/tickets.jsonl", &rows.collect::<String>());
    bench.write(
        "evaluators/short.yml",
        "kind: length\nunit: words\nmax: 30\n",
    );
    let pattern = "kind: text\noperator: regex\nvalue: 'refund [0-9]+'\n";
    bench.write("evaluators/numbered.yml", pattern);
}

fn eval(bench: &Bench, more: &[&str]) -> Taken {
    measure(bench.command(POINTSMAN, &[&["eval", "--quiet"], more].concat()))
}

fn as_number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
