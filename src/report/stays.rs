//! What was live when, for people and for machines.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::digest::Digest;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::untrusted::Untrusted;
use crate::engine::release::packet::parts::PacketApproval;
use crate::engine::release::stays::{Question, Stay};

use super::release::{field, list, seconds, source};
use super::release_json::RecordV1;

/// One stay: the lane, from when until when, and how it came in.
pub fn stay(stay: &Stay, author: Option<&str>, approvals: &[PacketApproval]) -> String {
    let (since, record) = (&stay.since.deployment, &stay.record);
    let until = match &stay.until {
        None => "live now".to_owned(),
        Some(next) => {
            let next = &next.deployment;
            format!("until #{} ({})", next.sequence, seconds(next.recorded_at))
        }
    };
    let mut text = format!(
        "{} #{} since {}, {until}\n",
        stay.lane,
        since.sequence,
        seconds(since.recorded_at)
    );
    if let Some((prompt, fingerprint)) = &stay.prompt {
        field(&mut text, "prompt", format!("{prompt} at {fingerprint}"));
    }
    field(&mut text, "record", &stay.since.id);
    if record.id != stay.since.id {
        let (sequence, kind) = (record.deployment.sequence, record.deployment.kind.name());
        field(
            &mut text,
            "then",
            format!("#{sequence} ({kind}), {}", record.id),
        );
    }
    let let_in = format!("{} by {}", since.kind.name(), since.actor);
    field(&mut text, "let in", Untrusted(&let_in));
    if let Some(reason) = &since.reason {
        field(&mut text, "why", Untrusted(reason));
    }
    field(&mut text, "from", source(&since.source));
    field(
        &mut text,
        "author",
        Untrusted(author.unwrap_or("not in this clone")),
    );
    for approval in approvals {
        let reason = approval.reason.iter().map(|reason| format!(": {reason}"));
        let said = format!(
            "{} {}{}",
            approval.by,
            seconds(approval.approved_at),
            reason.collect::<String>()
        );
        field(&mut text, "approved", Untrusted(&said));
    }
    field(&mut text, "snapshot", since.snapshot.sha256);
    let paths = since.evidence.iter();
    list(
        &mut text,
        "evidence",
        paths.map(|link| Untrusted(&link.path)),
    );
    text
}

/// The trace that is asked about.
pub fn ran(trace: &str, spans: usize) -> String {
    let ending = if spans == 1 { "" } else { "s" };
    format!("trace {}, {spans} span{ending}\n", Untrusted(trace))
}

/// A lane in which nothing was live then.
pub fn not_live(lane: &LaneName) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{lane}: nothing was live then");
    text
}

/// What was live when: `pointsman/lanes-at/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaysV1<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    lanes: Vec<LaneStaysV1<'a>>,
}

/// The stays in one lane, the newest first; none where nothing was live.
#[derive(Debug, Serialize)]
struct LaneStaysV1<'a> {
    lane: &'a LaneName,
    stays: Vec<StayV1<'a>>,
}

/// One stay.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StayV1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a PromptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Digest>,
    record: RecordV1<'a>,
    since: RecordV1<'a>,
    until: Option<RecordV1<'a>>,
    author: Option<String>,
    approvals: Vec<PacketApproval>,
}

impl<'a> StaysV1<'a> {
    /// An answer without lanes yet.
    pub fn new(question: &Question) -> Self {
        Self {
            schema: "pointsman/lanes-at/v1",
            at: match question {
                Question::Time(time) => Some(*time),
                Question::Sequence(_) | Question::Digits(_) => None,
            },
            trace: None,
            lanes: Vec::new(),
        }
    }

    /// An answer about a trace, without lanes yet.
    pub fn of_trace(trace: &str) -> Self {
        Self {
            schema: "pointsman/lanes-at/v1",
            at: None,
            trace: Some(trace.to_owned()),
            lanes: Vec::new(),
        }
    }

    /// Adds the stays in a lane, each with the author of the commit that it came from, and with the
    /// approvals that its record carries.
    pub fn add(
        &mut self,
        lane: &'a LaneName,
        stays: &'a [Stay],
        authors: Vec<Option<String>>,
        approvals: Vec<Vec<PacketApproval>>,
    ) {
        let stay = |((stay, author), approvals): ((&'a Stay, _), _)| StayV1 {
            prompt: stay.prompt.as_ref().map(|(prompt, _)| prompt),
            fingerprint: stay.prompt.as_ref().map(|(_, fingerprint)| *fingerprint),
            record: (&stay.record).into(),
            since: (&stay.since).into(),
            until: stay.until.as_ref().map(Into::into),
            author,
            approvals,
        };
        let stays = stays.iter().zip(authors).zip(approvals);
        let stays = stays.map(stay).collect();
        self.lanes.push(LaneStaysV1 { lane, stays });
    }
}
