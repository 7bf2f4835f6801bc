//! Incidents for programs: `pointsman/incident/v1` and `pointsman/incidents/v1`. The shapes are frozen:
//! fields may be added, and nothing else changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::AlertId;
use crate::domain::incident::{Evidence, Incident, IncidentState, Layer, Left, LiveThen, Signed};
use crate::domain::trace::filter::TimeRange;

/// One incident.
#[derive(Debug, Serialize)]
pub struct IncidentV1<'i> {
    schema: &'static str,
    incident: BodyV1<'i>,
}

/// Several incidents.
#[derive(Debug, Serialize)]
pub struct IncidentsV1<'i> {
    schema: &'static str,
    incidents: Vec<BodyV1<'i>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BodyV1<'i> {
    id: &'i str,
    path: String,
    title: &'i str,
    state: IncidentState,
    opened: &'i Signed,
    window: TimeRange,
    #[serde(rename = "where")]
    filter: &'i str,
    alert: Option<&'i str>,
    deployment: Option<String>,
    live: Vec<LiveV1<'i>>,
    evidence: Vec<EvidenceV1<'i>>,
    rows: Vec<String>,
    contained: Option<ContainedV1<'i>>,
    layer: Option<Layer>,
    closed: Option<ClosedV1<'i>>,
}

#[derive(Debug, Serialize)]
struct LiveV1<'i> {
    release: String,
    record: &'i str,
    since: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceV1<'i> {
    trace_id: &'i str,
    span_id: &'i str,
    why: &'static str,
}

#[derive(Debug, Serialize)]
struct ContainedV1<'i> {
    at: Timestamp,
    by: &'i str,
    rollback: String,
    record: &'i str,
}

#[derive(Debug, Serialize)]
struct ClosedV1<'i> {
    at: Timestamp,
    by: &'i str,
    leaves: Vec<LeftV1>,
    waiver: Option<&'i str>,
}

#[derive(Debug, Serialize)]
struct LeftV1 {
    sort: &'static str,
    name: String,
}

impl<'i> IncidentV1<'i> {
    /// One incident.
    pub fn new(incident: &'i Incident) -> Self {
        Self {
            schema: "pointsman/incident/v1",
            incident: incident.into(),
        }
    }
}

impl<'i> IncidentsV1<'i> {
    /// Incidents, in this order.
    pub fn new(incidents: &'i [Incident]) -> Self {
        Self {
            schema: "pointsman/incidents/v1",
            incidents: incidents.iter().map(BodyV1::from).collect(),
        }
    }
}

impl<'i> From<&'i Incident> for BodyV1<'i> {
    fn from(incident: &'i Incident) -> Self {
        Self {
            id: incident.id.as_str(),
            path: incident.id.path(),
            title: &incident.title,
            state: incident.state(),
            opened: &incident.opened,
            window: incident.window,
            filter: &incident.filter,
            alert: incident.alert.as_ref().map(AlertId::as_str),
            deployment: incident.deployment.as_ref().map(ToString::to_string),
            live: incident.live.iter().map(LiveV1::from).collect(),
            evidence: incident.evidence.iter().map(EvidenceV1::from).collect(),
            rows: incident.rows.iter().map(ToString::to_string).collect(),
            contained: incident.contained.as_ref().map(|contained| ContainedV1 {
                at: contained.signed.at,
                by: &contained.signed.by,
                rollback: contained.rollback.to_string(),
                record: contained.record.as_str(),
            }),
            layer: incident.layer,
            closed: incident.closed.as_ref().map(|closed| ClosedV1 {
                at: closed.signed.at,
                by: &closed.signed.by,
                leaves: closed.left.iter().map(LeftV1::from).collect(),
                waiver: closed.waiver.as_deref(),
            }),
        }
    }
}

impl<'i> From<&'i LiveThen> for LiveV1<'i> {
    fn from(live: &'i LiveThen) -> Self {
        Self {
            release: live.release.to_string(),
            record: live.record.as_str(),
            since: live.since,
        }
    }
}

impl<'i> From<&'i Evidence> for EvidenceV1<'i> {
    fn from(evidence: &'i Evidence) -> Self {
        Self {
            trace_id: &evidence.trace_id,
            span_id: &evidence.span_id,
            why: evidence.why.name(),
        }
    }
}

impl From<&Left> for LeftV1 {
    fn from(left: &Left) -> Self {
        Self {
            sort: left.sort(),
            name: left.name(),
        }
    }
}
