//! What came of an import or of receiving, for people.

use std::fmt::Write as _;

use crate::domain::untrusted::Untrusted;
use crate::engine::traces::import::ImportReport;
use crate::engine::traces::receive::ReceiveReport;

/// The counts, the ones that are 0 left out.
pub fn render_import(report: &ImportReport) -> String {
    let mut text = format!(
        "imported {} and {} from {}\n",
        plural(report.written.spans, "span"),
        plural(report.written.scores, "score"),
        plural(report.read.files, "file"),
    );
    add_counts(&mut text, report);
    text
}

/// What came of everything that was received, alike.
pub fn render_receive(report: &ReceiveReport) -> String {
    let taken = &report.taken;
    let mut text = format!(
        "received {} and {} in {}\n",
        plural(taken.written.spans, "span"),
        plural(taken.written.scores, "score"),
        plural(taken.read.records, "request"),
    );
    add_counts(&mut text, taken);
    for (title, count) in [
        ("not stored", report.not_stored),
        ("turned away", report.turned_away),
    ] {
        if count > 0 {
            let requests = plural(count, "request");
            let _ = writeln!(text, "  {title:<15} {requests}, to be sent again");
        }
    }
    text
}

fn add_counts(text: &mut String, report: &ImportReport) {
    let (read, written) = (&report.read, &report.written);
    let mut line = |title: &str, said: String| {
        let _ = writeln!(text, "  {title:<15} {said}");
    };
    if written.duplicates + report.duplicate_scores > 0 {
        let spans = plural(written.duplicates, "span");
        let scores = plural(report.duplicate_scores, "score");
        line("already stored", format!("{spans}, {scores}"));
    }
    if !read.replaced.is_empty() {
        let rules = read.replaced.iter();
        let rules: Vec<String> = rules
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        line("redacted", rules.join(", "));
    }
    if read.unpriced > 0 {
        line("without a cost", plural(read.unpriced, "call"));
    }
    if read.unmapped > 0 {
        line("names only", plural(read.unmapped, "span"));
    }
    if read.other_logs > 0 {
        line("other logs", plural(read.other_logs, "record"));
    }
    for (reason, refused) in &read.refused {
        let first = refused.first.to_string();
        let said = format!(
            "{}: {}; first: {}",
            refused.count,
            Untrusted(reason),
            Untrusted(&first)
        );
        line("not kept", said);
    }
}

fn plural(count: u64, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}
