//! How long it takes to evaluate many rows without a provider to wait for: `cargo bench --bench eval`.

mod support;

use support::{Bench, POINTSMAN, report, time};

const ROWS: usize = 10_000;

const PROMPT: &str = "model: echo/echo
variables:
  ticket: { type: string }
messages:
  - role: user
    content: \"{{ ticket }}\"
evals:
  - dataset: tickets
    evaluators: [queue, short, numbered]
";

fn main() {
    let bench = Bench::with_prompts(0);
    let rows = (0..ROWS).map(|index| {
        let ticket = format!("billing: where is refund {index}?");
        format!("{{\"id\": \"row-{index}\", \"vars\": {{\"ticket\": \"{ticket}\"}}}}\n")
    });
    bench.write("datasets/tickets.jsonl", &rows.collect::<String>());
    bench.write("prompts/tickets.prompt.yml", PROMPT);
    bench.write(
        "evaluators/short.yml",
        "kind: length\nunit: words\nmax: 30\n",
    );
    let pattern = "kind: text\noperator: regex\nvalue: 'refund [0-9]+'\n";
    bench.write("evaluators/numbered.yml", pattern);
    let eval = time(5, |_| bench.command(POINTSMAN, &["eval", "--quiet"]));
    report(
        "pointsman eval, 10,000 rows x 3 evaluators, echo",
        eval,
        "promised: < 1.5 s of processor time",
    );
}
