//! What it takes to keep traces and to ask about them: `cargo bench --bench traces`.
//!
//! Takes minutes and about 2 GB in the folder for temporary files. With `KEEP=<folder>` the larger store
//! stays there, for `benches/traces/duckdb.py`.

#[path = "../support/measure.rs"]
mod measure;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;

use std::io::{BufWriter, pipe};

use measure::{Taken, figure, measure};
use support::{Bench, POINTSMAN};
use telemetry::Telemetry;

fn main() {
    spans_with_texts();
    ten_million_spans();
}

fn spans_with_texts() {
    let bench = Bench::with_prompts(0);
    for spans in [30_000, 300_000] {
        let telemetry = Telemetry {
            spans,
            one_with_texts_in: 1,
        };
        imported(&bench, telemetry, "promised: memory flat");
    }
}

fn ten_million_spans() {
    let bench = Bench::with_prompts(0);
    let telemetry = Telemetry {
        spans: 10_000_000,
        one_with_texts_in: 10,
    };
    imported(&bench, telemetry, "");
    let since = ["--since", "2026-03-02", "--until", "2026-04-02"];
    for (name, more) in [(
        "monitor, p50 and p95 by hour and lane",
        ["--by", "lane", "--bucket", "1h"],
    )] {
        let args = [&["monitor", "--json"], &since[..], &more].concat();
        measure(bench.command(POINTSMAN, &args)).show(name, "promised: ahead of DuckDB");
    }
}

/// Imports what is sent through a pipe, so that nothing is measured but the import.
fn imported(bench: &Bench, telemetry: Telemetry, promise: &str) -> Taken {
    let (reader, writer) = pipe().expect("the system has pipes");
    let sender = std::thread::spawn(move || telemetry.write(BufWriter::new(writer)));
    let mut command = bench.command(POINTSMAN, &["traces", "import", "-", "--json"]);
    command.stdin(reader);
    let taken = measure(command);
    let sent = sender.join().expect("the thread does not panic");
    sent.expect("the program reads all that it is sent");
    taken.show(
        &format!("traces import, {} spans", telemetry.spans),
        promise,
    );
    if let Some(processor_s) = taken.processor_s {
        #[expect(clippy::cast_precision_loss, reason = "a number of spans is small")]
        let per_second = telemetry.spans as f64 / processor_s;
        let promise = "promised: >= 150,000";
        figure(
            "  spans a second of processor",
            &format!("{per_second:.0}"),
            promise,
        );
    }
    taken
}
