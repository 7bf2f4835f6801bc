//! Evidence packets for people: as text, as Markdown, and as one HTML page. All three show the same
//! sections in the same order; what is not known is said to be absent.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::attestation::KeyId;
use crate::domain::deployment::{Changes, ReleaseName, Snapshot};
use crate::domain::digest::Digest;
use crate::domain::monitor::{ChangeOutcome, MonitorChange};
use crate::domain::trace::filter::TimeRange;
use crate::domain::untrusted::Untrusted;
use crate::domain::watch::WatchPlan;
use crate::engine::release::packet::Packet;
use crate::engine::release::packet::cycles::{AttemptLink, ProofLink};
use crate::engine::release::packet::parts::{
    AcceptedFailure, BehaviorLink, PacketApproval, Part, Results, RowsChange, TraceLink, TraceView,
};

use super::eval::percent;
use super::html::Setting;
use super::html::blocks::{Block, Cell, Page};
use super::html::link;
use super::markdown::code;
use super::monitor::compare::change_text;
use super::monitor::number::whole;
use super::release::{seconds, source};

/// A packet that was signed: `pointsman/evidence-sign/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedPacketV1<'a> {
    schema: &'static str,
    snapshot: &'a Snapshot,
    attestation: Digest,
    key: KeyId,
}

impl<'a> SignedPacketV1<'a> {
    /// The attestation of a packet by a key.
    pub fn new(packet: &'a Packet, attestation: Digest, key: KeyId) -> Self {
        Self {
            schema: "pointsman/evidence-sign/v1",
            snapshot: &packet.snapshot,
            attestation,
            key,
        }
    }
}

/// One section of a packet.
struct Section {
    title: &'static str,
    /// Why it is absent, if it is.
    absent: Option<String>,
    lines: Vec<Line>,
}

/// A line of a section.
struct Line {
    text: String,
    /// The page that has more of it.
    href: Option<String>,
}

impl Line {
    fn leading(text: String, href: String) -> Self {
        let href = Some(href);
        Self { text, href }
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self { text, href: None }
    }
}

/// What a packet is about, in a line.
fn title(packet: &Packet) -> String {
    let state = match packet.record {
        Some(_) => "",
        None => " (planned)",
    };
    format!(
        "{} {} #{}{state}",
        packet.kind.name(),
        packet.lane,
        packet.sequence
    )
}

/// A packet as text.
pub fn packet_text(packet: &Packet) -> String {
    let mut text = format!("{}\n", title(packet));
    for section in sections(packet) {
        let _ = writeln!(text, "\n{}", section.title);
        if let Some(why) = &section.absent {
            let _ = writeln!(text, "  absent: {why}");
        }
        for line in &section.lines {
            let _ = writeln!(text, "  {}", line.text);
        }
    }
    text
}

/// A packet as Markdown. Text from outside stands in code only.
pub fn packet_markdown(packet: &Packet) -> String {
    let mut text = format!("## Evidence: {}\n", title(packet));
    for section in sections(packet) {
        let _ = writeln!(text, "\n### {}\n", section.title);
        if let Some(why) = &section.absent {
            let _ = writeln!(text, "Absent: {why}.");
        }
        for line in &section.lines {
            let _ = writeln!(text, "- {}", code(&line.text));
        }
    }
    text
}

/// A packet as one HTML page that needs nothing else.
pub fn packet_html(packet: &Packet) -> String {
    packet_page(packet).render(Setting::Alone)
}

/// A packet as a page.
pub fn packet_page(packet: &Packet) -> Page {
    let mut page = Page::new(&format!("Evidence: {}", title(packet)));
    for section in sections(packet) {
        page.heading(section.title);
        if let Some(why) = &section.absent {
            page.note(&format!("Absent: {why}."));
        }
        if !section.lines.is_empty() {
            let lines = section.lines.into_iter();
            page.add(Block::list(lines.map(|Line { text, href }| match href {
                Some(href) => Cell::link(text, href),
                None => Cell::new(text),
            })));
        }
    }
    page
}

/// The nine parts, and what the decision rests on. Every line is safe to show.
fn sections(packet: &Packet) -> Vec<Section> {
    let Packet {
        monitor,
        trace_view,
        traces,
        behavior,
        rows,
        evaluation,
        comparison,
        rollback,
        watch,
        accepted_failures,
        ..
    } = packet;
    let mut sections = vec![
        Section {
            title: "The move",
            absent: None,
            lines: facts(packet).into_iter().map(Line::from).collect(),
        },
        section("Monitor range and metric change", monitor, monitor_lines),
        section("Trace view", trace_view, view_lines),
        leading("Representative traces and spans", traces, |it| {
            it.iter().map(trace_line).collect()
        }),
        leading("Behavior and rationale", behavior, |it| {
            it.iter().map(behavior_line).collect()
        }),
        list("Attempts to improve it", &packet.attempts, attempt_line),
        section("Dataset rows", rows, |rows| row_lines(rows)),
        list("Proofs of rows", &packet.proofs, proof_line),
        section("Evaluator results before and after", evaluation, results),
        section("Comparison with what is live", comparison, changes),
        leading("Rollback target", rollback, |target| {
            let text = format!(
                "#{} ({}), snapshot {}",
                target.sequence,
                target.record.short(),
                target.snapshot.sha256.short()
            );
            let release = ReleaseName {
                lane: packet.lane.clone(),
                sequence: target.sequence,
            };
            vec![Line::leading(text, link::record(&release))]
        }),
        section("Watch plan after the release", watch, watch_lines),
        section("Accepted failures", accepted_failures, |it| {
            each(it, accepted_line)
        }),
    ];
    sections.push(list("Approvals", &packet.approvals, approval_line));
    sections.push(Section {
        title: "Evidence",
        absent: nothing_if(packet.evidence.is_empty(), "no record carries any yet"),
        lines: packet
            .evidence
            .iter()
            .map(|it| it.path.clone().into())
            .collect(),
    });
    for section in &mut sections {
        for line in &mut section.lines {
            line.text = Untrusted(&line.text).to_string();
        }
    }
    sections
}

fn section<T>(title: &'static str, part: &Part<T>, lines: impl Fn(&T) -> Vec<String>) -> Section {
    leading(title, part, |value| {
        lines(value).into_iter().map(Line::from).collect()
    })
}

/// A section whose lines lead on.
fn leading<T>(title: &'static str, part: &Part<T>, lines: impl Fn(&T) -> Vec<Line>) -> Section {
    let (absent, lines) = match part {
        Part::Present { value } => {
            let lines = lines(value);
            (nothing_if(lines.is_empty(), "none"), lines)
        }
        Part::Absent { why } => (Some(why.clone()), Vec::new()),
    };
    Section {
        title,
        absent,
        lines,
    }
}

/// What a packet lists, which may be nothing.
fn list<T>(title: &'static str, items: &[T], line: fn(&T) -> String) -> Section {
    Section {
        title,
        absent: nothing_if(items.is_empty(), "none"),
        lines: items.iter().map(|it| line(it).into()).collect(),
    }
}

fn each<T>(items: &[T], line: fn(&T) -> String) -> Vec<String> {
    items.iter().map(line).collect()
}

fn nothing_if(is_nothing: bool, why: &str) -> Option<String> {
    is_nothing.then(|| why.to_owned())
}

fn facts(packet: &Packet) -> Vec<String> {
    let mut lines = vec![
        format!("target: lane {}", packet.lane),
        format!("from: {}", source(&packet.source)),
        format!("snapshot: {}", packet.snapshot.sha256),
        format!("tree: {}", packet.snapshot.git_tree),
    ];
    let previous = packet.previous.as_ref().map(|id| format!("follows: {id}"));
    lines.extend(previous);
    lines.extend(packet.record.as_ref().map(|id| format!("record: {id}")));
    lines.extend(
        packet
            .recorded_at
            .map(|at| format!("when: {}", seconds(at))),
    );
    lines.extend(packet.actor.as_ref().map(|who| format!("who: {who}")));
    lines.extend(packet.reason.as_ref().map(|why| format!("why: {why}")));
    lines
}

/// The windows, and every number that has values in them.
fn monitor_lines(monitor: &MonitorChange) -> Vec<String> {
    let window = |name: &str, range: &TimeRange, traces: u64| {
        let (from, until) = (seconds(range.from), seconds(range.until));
        format!("{name}: {from} to {until}, {} traces", whole(traces))
    };
    let mut lines = vec![
        format!("outcome: {}", monitor.outcome.in_words()),
        window("before", &monitor.before, monitor.traces[0]),
        window("after", &monitor.after, monitor.traces[1]),
    ];
    let known = monitor
        .changes
        .iter()
        .filter(|it| it.outcome != ChangeOutcome::NoValues);
    lines.extend(known.map(|it| {
        let outcome = it.outcome.in_words();
        format!(
            "{} {}: {}; {outcome}",
            it.metric,
            it.statistic,
            change_text(it)
        )
    }));
    lines
}

fn view_lines(view: &TraceView) -> Vec<String> {
    let (from, until) = (seconds(view.range.from), seconds(view.range.until));
    vec![
        format!("{} traces from {from} to {until}", whole(view.traces)),
        format!("where {}", view.filter),
    ]
}

fn trace_line(of: &TraceLink) -> Line {
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "-".to_owned());
    let (trace, span) = (id(&of.trace_id), id(&of.span_id));
    Line {
        text: format!("{} {}: trace {trace}, span {span}", of.dataset, of.row),
        href: match (&of.trace_id, &of.span_id) {
            (Some(trace), Some(span)) => Some(link::span(trace, span)),
            (Some(trace), None) => Some(link::trace(trace)),
            (None, _) => None,
        },
    }
}

fn behavior_line(of: &BehaviorLink) -> Line {
    let (kind, state) = (of.kind.name(), of.state.name());
    let text = format!(
        "{} ({kind}, {state}): {}; {}",
        of.id, of.signature, of.rationale
    );
    Line::leading(text, link::path(&["behaviors", of.id.as_str()]))
}

fn accepted_line(failure: &AcceptedFailure) -> String {
    let note = failure.note.as_ref().map(|note| format!(": {note}"));
    let note = note.unwrap_or_default();
    format!("{} {}{note}", failure.dataset, failure.row)
}

fn row_lines(rows: &[RowsChange]) -> Vec<String> {
    let mut lines = Vec::new();
    for it in rows {
        for (sign, names) in [("+", &it.added), ("~", &it.changed), ("-", &it.removed)] {
            lines.extend(
                names
                    .iter()
                    .map(|row| format!("{sign} {} {row}", it.dataset)),
            );
        }
    }
    lines
}

fn results(results: &Results) -> Vec<String> {
    let mut lines = vec![format!("gate: {}", results.verdict.in_words())];
    for rate in &results.rates {
        let before = match rate.before {
            Some(before) => format!("before {}, now ", percent(before)),
            None => String::new(),
        };
        let floor = match rate.floor {
            Some(floor) => format!(", floor {floor}"),
            None => String::new(),
        };
        lines.push(format!(
            "{}: {before}{} of {}{floor}",
            rate.test, rate.passed, rate.total
        ));
    }
    lines.extend(results.beside_live.iter().cloned());
    lines
}

fn changes(changes: &Changes) -> Vec<String> {
    let added = changes.added.iter().map(|id| format!("+ prompt {id}"));
    let edited = changes.changed.iter().map(|id| format!("~ prompt {id}"));
    let removed = changes.removed.iter().map(|id| format!("- prompt {id}"));
    let files = changes.files.iter().map(|path| format!("file {path}"));
    added.chain(edited).chain(removed).chain(files).collect()
}

pub(super) fn watch_lines(plan: &WatchPlan) -> Vec<String> {
    let times: Vec<String> = plan.checkpoints.iter().map(ToString::to_string).collect();
    let limits = [
        ("error rate at most +", plan.max_error_rate_increase),
        ("p95 latency at most ×", plan.max_latency_p95_ratio),
        ("cost per call at most ×", plan.max_cost_per_call_ratio),
        ("score change at least ", plan.min_score_delta),
    ];
    let limits = limits.iter();
    let limits = limits.filter_map(|(name, limit)| Some(format!("{name}{}", (*limit)?)));
    let checkpoints = format!("after {}", times.join(", "));
    std::iter::once(checkpoints).chain(limits).collect()
}

fn attempt_line(link: &AttemptLink) -> String {
    let mut text = format!(
        "{} by {}: {}",
        link.candidate,
        link.author,
        link.state.name()
    );
    if let Some(decision) = &link.decision {
        let reason = decision.reason.as_ref().map(|why| format!(": {why}"));
        let at = seconds(decision.at);
        let _ = write!(
            text,
            " at {at} by {}{}",
            decision.by,
            reason.unwrap_or_default()
        );
    }
    if let Some(about) = &link.about {
        let _ = write!(text, "; about {about}");
    }
    if let Some(checked) = &link.checked {
        let _ = write!(
            text,
            "; {} row(s) recovered, {} of them unseen, {} case(s) broken",
            checked.recovered, checked.recovered_unseen, checked.regressions
        );
    }
    let _ = write!(text, "; record {}", link.record.short());
    text
}

fn proof_line(link: &ProofLink) -> String {
    let [before, after] = &link.fingerprints;
    let [failed, passes] = &link.runs;
    format!(
        "{} {}: {} {} failed in run {failed}, {} passes in run {passes}; by {}",
        link.dataset,
        link.row,
        link.prompt,
        short(before),
        short(after),
        link.by
    )
}

/// As much of a fingerprint as people read.
fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(12).collect()
}

/// Who approved, when, and what the gate said then.
pub(super) fn approval_line(it: &PacketApproval) -> String {
    let verdict = it.verdict.map_or("not known", |verdict| verdict.in_words());
    let reason = it.reason.as_deref().unwrap_or_default();
    let text = format!(
        "{} at {}, in sight of a gate that was: {verdict}. {reason}",
        it.by,
        seconds(it.approved_at)
    );
    text.trim_end().to_owned()
}
