//! What it takes to keep traces and to ask about them: `cargo bench --bench traces`.
//!
//! Takes minutes and about 2 GB in the folder for temporary files. With arguments it only writes what is
//! imported, for `duckdb.py`: `cargo bench --bench traces -- write 10000000 10`.

#[path = "../support/measure.rs"]
mod measure;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;

use std::io::{BufWriter, pipe, stdout};

use measure::{figure, measure};
use support::{Bench, POINTSMAN};
use telemetry::Telemetry;

fn main() {
    let numbers = std::env::args().skip_while(|argument| argument != "write");
    let numbers: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
    if let [spans, one_with_texts_in] = numbers[..] {
        let telemetry = Telemetry {
            spans,
            one_with_texts_in,
        };
        let written = telemetry.write(BufWriter::new(stdout().lock()));
        written.expect("somebody reads");
        return;
    }
    spans_without_texts();
    spans_with_texts();
    ten_million_spans();
}

fn spans_without_texts() {
    let telemetry = Telemetry {
        spans: 1_000_000,
        one_with_texts_in: u64::MAX,
    };
    imported(&Bench::with_prompts(0), telemetry, "");
}

fn spans_with_texts() {
    for spans in [30_000, 300_000] {
        let telemetry = Telemetry {
            spans,
            one_with_texts_in: 1,
        };
        imported(&Bench::with_prompts(0), telemetry, "promised: memory flat");
    }
}

fn ten_million_spans() {
    let bench = Bench::with_prompts(0);
    let telemetry = Telemetry {
        spans: 10_000_000,
        one_with_texts_in: 10,
    };
    imported(&bench, telemetry, "");
    let mut monitor = vec!["monitor", "--json", "--window", "2026-03-02..2026-04-02"];
    monitor.extend(["--by", "lane", "--bucket", "1h"]);
    let taken = measure(bench.command(POINTSMAN, &monitor));
    taken.show(
        "monitor by hour and lane, 10,000,000 spans",
        "promised: ahead of DuckDB, see duckdb.py",
    );
}

/// Imports what is sent through a pipe, so that nothing is measured but the import.
fn imported(bench: &Bench, telemetry: Telemetry, promise: &str) {
    let (reader, writer) = pipe().expect("the system has pipes");
    let sender = std::thread::spawn(move || telemetry.write(BufWriter::new(writer)));
    let mut command = bench.command(POINTSMAN, &["traces", "import", "-", "--json"]);
    command.stdin(reader);
    let taken = measure(command);
    let sent = sender.join().expect("the thread does not panic");
    sent.expect("the program reads all that it is sent");
    let report: serde_json::Value = serde_json::from_str(&taken.stdout).expect("it is JSON");
    assert_eq!(report["spans"], telemetry.spans, "{report}");
    taken.show(
        &format!("traces import, {} spans", telemetry.spans),
        promise,
    );
    if let Some(processor_s) = taken.processor_s {
        #[expect(clippy::cast_precision_loss, reason = "a number of spans is small")]
        let per_second = telemetry.spans as f64 / processor_s;
        figure(
            "  spans a second of processor",
            &format!("{per_second:.0}"),
            "promised: >= 150,000",
        );
    }
}
