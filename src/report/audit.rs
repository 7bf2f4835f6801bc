//! What came of verifying lanes: for people and for machines.

use serde::Serialize;

use crate::domain::id::LaneName;
use crate::domain::untrusted::Untrusted;
use crate::engine::release::audit::{Broken, Sound};

/// A lane and what came of verifying it.
pub struct Audited {
    /// The lane.
    pub lane: LaneName,
    /// What came of it.
    pub outcome: Result<Sound, Broken>,
}

/// One lane, for people.
pub fn audited(it: &Audited) -> String {
    let lane = &it.lane;
    match &it.outcome {
        Ok(sound) => format!(
            "lane {lane} holds up to #{} ({}): {} record(s) verified, {} signed\n",
            sound.newest.deployment.sequence,
            sound.newest.id.short(),
            sound.records,
            sound.signed
        ),
        Err(broken) => {
            let place = broken
                .sequence
                .map(|it| format!("#{it} "))
                .unwrap_or_default();
            format!(
                "lane {lane} is broken at {place}({}): {}: {}\n",
                broken.record.short(),
                broken.link.ident(),
                Untrusted(&broken.message)
            )
        }
    }
}

/// Lanes that were verified: `pointsman/verify/v1`.
#[derive(Debug, Serialize)]
pub struct AuditV1<'a> {
    schema: &'static str,
    lanes: Vec<LaneAuditV1<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LaneAuditV1<'a> {
    lane: &'a LaneName,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<VerifiedV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<BrokenV1<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedV1<'a> {
    records: u64,
    signed: u64,
    newest: &'a str,
    sequence: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BrokenV1<'a> {
    link: &'static str,
    sequence: Option<u64>,
    record: &'a str,
    message: &'a str,
}

impl<'a> From<&'a [Audited]> for AuditV1<'a> {
    fn from(audits: &'a [Audited]) -> Self {
        let lane = |it: &'a Audited| LaneAuditV1 {
            lane: &it.lane,
            holds: it.outcome.is_ok(),
            verified: it.outcome.as_ref().ok().map(|sound| VerifiedV1 {
                records: sound.records,
                signed: sound.signed,
                newest: sound.newest.id.as_str(),
                sequence: sound.newest.deployment.sequence,
            }),
            broken: it.outcome.as_ref().err().map(|broken| BrokenV1 {
                link: broken.link.ident(),
                sequence: broken.sequence,
                record: broken.record.as_str(),
                message: &broken.message,
            }),
        };
        Self {
            schema: "pointsman/verify/v1",
            lanes: audits.iter().map(lane).collect(),
        }
    }
}
