//! What came of an import or of receiving, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::untrusted::Untrusted;
use crate::engine::traces::import::ImportReport;
use crate::engine::traces::receive::ReceiveReport;
use crate::engine::traces::tools::Format;

/// How many fields that nobody understands are named.
const MOST_NAMED: usize = 12;

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
    if read.formats.keys().any(|format| *format != Format::Otlp) {
        let formats = read.formats.iter();
        let formats: Vec<String> = formats
            .map(|(format, files)| format!("{format} ({})", plural(*files, "file")))
            .collect();
        line("read as", formats.join(", "));
    }
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
    if written.logged > 0 {
        let records = plural(written.logged, "log record");
        line("content", format!("{records} of spans"));
    }
    if read.other_logs > 0 {
        line("other logs", plural(read.other_logs, "record"));
    }
    if !read.unmapped_fields.is_empty() {
        line("as attributes", unmapped(&read.unmapped_fields));
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

/// The fields that nobody understands, the most frequent first.
fn unmapped(fields: &BTreeMap<String, u64>) -> String {
    let mut fields: Vec<(&String, &u64)> = fields.iter().collect();
    fields.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let named = fields.iter().take(MOST_NAMED);
    let mut said: Vec<String> = named
        .map(|(name, count)| format!("{} {count}", Untrusted(name)))
        .collect();
    if fields.len() > MOST_NAMED {
        said.push(format!("and {} more", fields.len() - MOST_NAMED));
    }
    said.join(", ")
}

fn plural(count: u64, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}
