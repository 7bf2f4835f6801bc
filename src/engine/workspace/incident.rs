//! Reads and writes the settings at the top of an incident's file.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::domain::deployment::{ObjectId, ReleaseName};
use crate::domain::finding::Findings;
use crate::domain::id::IncidentId;
use crate::domain::incident::{
    Closed, Contained, Evidence, Incident, Layer, Left, LiveThen, RowName, Signed, Why,
};
use crate::domain::trace::filter::TimeRange;

use super::decode::{Decoder, Fields};
use super::document::{Node, Source};
use super::kept;
use super::view::read_filter;
use super::yaml::parse_yaml;

/// Reads one incident.
pub fn read_incident(id: &IncidentId, source: &Source) -> Result<Incident, Findings> {
    let (settings, _) = kept::open(source)?;
    let node = parse_yaml(&settings)?;
    let mut decoder = Decoder::new(&settings);
    let incident = incident(id, &mut decoder, &node, &settings);
    decoder.finish(incident)
}

fn incident(
    id: &IncidentId,
    decoder: &mut Decoder<'_>,
    node: &Node,
    source: &Source,
) -> Option<Incident> {
    let mut fields = decoder.fields(node)?;
    let title = fields.required(decoder, "title");
    let title = title.and_then(|node| decoder.text(node));
    let opened = fields.required(decoder, "opened");
    let opened = opened.and_then(|node| signed_alone(decoder, node));
    let window = fields.required(decoder, "window");
    let window = window.and_then(|node| range(decoder, node));
    let filter = match fields.optional("where") {
        Some(node) => read_filter(decoder, node, source),
        None => Some(String::new()),
    };
    let alert = fields.optional("alert").map(|node| decoder.parsed(node));
    let deployment = fields.optional("deployment");
    let deployment = deployment.map(|node| decoder.parsed(node));
    let live = listed(decoder, fields.optional("live"), live);
    let evidence = listed(decoder, fields.optional("evidence"), evidence);
    let rows = listed(decoder, fields.optional("rows"), |decoder, node| {
        decoder.parsed::<RowName>(node)
    });
    let contained = fields.optional("contained");
    let contained = contained.map(|node| self::contained(decoder, node));
    let layer = fields.optional("layer");
    let layer = layer.map(|node| decoder.word(node, &Layer::ALL));
    let closed = fields.optional("closed").map(|node| closed(decoder, node));
    fields.finish(decoder);
    Some(Incident {
        id: id.clone(),
        title: title?,
        opened: opened?,
        window: window?,
        filter: filter?,
        alert: said(alert)?,
        deployment: said(deployment)?,
        live: live?,
        evidence: evidence?,
        rows: rows?,
        contained: said(contained)?,
        layer: said(layer)?,
        closed: said(closed)?,
    })
}

/// What a file may leave out: nothing, or something that can be read.
#[expect(
    clippy::option_option,
    reason = "what could not be read is another thing than what is not there"
)]
fn said<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

fn listed<T>(
    decoder: &mut Decoder<'_>,
    node: Option<&Node>,
    read: impl FnMut(&mut Decoder<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    match node {
        None => Some(Vec::new()),
        Some(node) => decoder.list_of(node, read),
    }
}

fn signed(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Signed> {
    let at = fields.required(decoder, "at");
    let at: Option<Timestamp> = at.and_then(|node| decoder.parsed(node));
    let by = fields.required(decoder, "by");
    let by = by.and_then(|node| decoder.text(node));
    Some(Signed { at: at?, by: by? })
}

/// Who did something, and when.
pub(super) fn signed_alone(decoder: &mut Decoder<'_>, node: &Node) -> Option<Signed> {
    let mut fields = decoder.fields(node)?;
    let signed = signed(decoder, &mut fields);
    fields.finish(decoder);
    signed
}

/// A window whose end lies after its start.
pub(super) fn range(decoder: &mut Decoder<'_>, node: &Node) -> Option<TimeRange> {
    let mut fields = decoder.fields(node)?;
    let from = fields.required(decoder, "from");
    let from: Option<Timestamp> = from.and_then(|node| decoder.parsed(node));
    let until = fields.required(decoder, "until");
    let until: Option<Timestamp> = until.and_then(|node| decoder.parsed(node));
    fields.finish(decoder);
    let range = TimeRange {
        from: from?,
        until: until?,
    };
    if range.is_empty() {
        let message = "no time lies in this window";
        decoder.error(
            "out-of-range",
            node.span,
            message,
            "name the earlier time first",
        );
        return None;
    }
    Some(range)
}

fn live(decoder: &mut Decoder<'_>, node: &Node) -> Option<LiveThen> {
    let mut fields = decoder.fields(node)?;
    let release = fields.required(decoder, "release");
    let release: Option<ReleaseName> = release.and_then(|node| decoder.parsed(node));
    let record = object_id(decoder, &mut fields);
    let since = fields.required(decoder, "since");
    let since: Option<Timestamp> = since.and_then(|node| decoder.parsed(node));
    fields.finish(decoder);
    Some(LiveThen {
        release: release?,
        record: record?,
        since: since?,
    })
}

fn object_id(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<ObjectId> {
    let node = fields.required(decoder, "record")?;
    let text = decoder.text(node)?;
    match ObjectId::new(text) {
        Ok(id) => Some(id),
        Err(error) => {
            let help = "copy the id of the record from `pointsman lanes log --json`";
            decoder.error("invalid-value", node.span, error.to_string(), help);
            None
        }
    }
}

fn evidence(decoder: &mut Decoder<'_>, node: &Node) -> Option<Evidence> {
    let mut fields = decoder.fields(node)?;
    let trace = fields.required(decoder, "trace_id");
    let trace = trace.and_then(|node| decoder.text(node));
    let span = fields.required(decoder, "span_id");
    let span = span.and_then(|node| decoder.text(node));
    let why = match fields.optional("why") {
        Some(node) => decoder.word(node, &Why::ALL),
        None => Some(Why::Chosen),
    };
    fields.finish(decoder);
    Some(Evidence {
        trace_id: trace?,
        span_id: span?,
        why: why?,
    })
}

fn contained(decoder: &mut Decoder<'_>, node: &Node) -> Option<Contained> {
    let mut fields = decoder.fields(node)?;
    let signed = signed(decoder, &mut fields);
    let rollback = fields.required(decoder, "rollback");
    let rollback: Option<ReleaseName> = rollback.and_then(|node| decoder.parsed(node));
    let record = object_id(decoder, &mut fields);
    fields.finish(decoder);
    Some(Contained {
        signed: signed?,
        rollback: rollback?,
        record: record?,
    })
}

fn closed(decoder: &mut Decoder<'_>, node: &Node) -> Option<Closed> {
    let mut fields = decoder.fields(node)?;
    let signed = signed(decoder, &mut fields);
    let left = listed(decoder, fields.optional("leaves"), left);
    let waiver = fields.optional("waiver");
    let waiver = waiver.map(|node| decoder.text(node));
    fields.finish(decoder);
    let (left, waiver) = (left?, said(waiver)?);
    if left.is_empty() && waiver.as_ref().is_none_or(|it| it.trim().is_empty()) {
        decoder.error(
            "missing-key",
            node.span,
            "an incident is closed with what it leaves behind",
            "name it in `leaves`, or say in `waiver` why it leaves nothing",
        );
        return None;
    }
    Some(Closed {
        signed: signed?,
        left,
        waiver,
    })
}

/// One thing that is left behind, as `row: …`, `evaluator: …`, `alert: …` or `watch: …`.
fn left(decoder: &mut Decoder<'_>, node: &Node) -> Option<Left> {
    let mut fields = decoder.fields(node)?;
    let row = fields.optional("row").map(|it| (it, "row"));
    let evaluator = fields.optional("evaluator").map(|it| (it, "evaluator"));
    let alert = fields.optional("alert").map(|it| (it, "alert"));
    let watch = fields.optional("watch").map(|it| (it, "watch"));
    let said: Vec<_> = [row, evaluator, alert, watch]
        .into_iter()
        .flatten()
        .collect();
    fields.finish(decoder);
    let &[(named, sort)] = said.as_slice() else {
        let help = "write one of `row`, `evaluator`, `alert` and `watch`";
        let message = "each thing that is left behind has a line of its own";
        decoder.error("missing-key", node.span, message, help);
        return None;
    };
    match sort {
        "row" => decoder.parsed(named).map(Left::Row),
        "evaluator" => decoder.parsed(named).map(Left::Evaluator),
        "alert" => decoder.parsed(named).map(Left::Alert),
        _ => decoder.parsed(named).map(Left::Watch),
    }
}

/// An incident that was opened a moment ago, as a file with this text below its settings.
pub fn write_incident(incident: &Incident, body: &str) -> String {
    let TimeRange { from, until } = incident.window;
    let mut settings = vec![
        ("title", json!(incident.title)),
        ("opened", signed_json(&incident.opened)),
        ("window", json!({"from": from, "until": until})),
    ];
    if !incident.filter.is_empty() {
        settings.push(("where", json!(incident.filter)));
    }
    if let Some(alert) = &incident.alert {
        settings.push(("alert", json!(alert)));
    }
    if let Some(deployment) = &incident.deployment {
        settings.push(("deployment", json!(deployment.to_string())));
    }
    if !incident.live.is_empty() {
        let live = incident.live.iter().map(|live| {
            json!({"release": live.release.to_string(), "record": live.record, "since": live.since})
        });
        settings.push(("live", live.collect()));
    }
    if !incident.evidence.is_empty() {
        settings.push(("evidence", json!(incident.evidence)));
    }
    kept::new_file(&settings, body)
}

/// The rows in which failed calls are preserved, as the file says it.
pub fn rows_setting(rows: &[RowName]) -> (&'static str, Json) {
    let rows = rows.iter().map(|row| json!(row.to_string()));
    ("rows", rows.collect())
}

/// How an incident was contained, as its file says it.
pub fn contained_setting(contained: &Contained) -> (&'static str, Json) {
    let mut value = signed_json(&contained.signed);
    value["rollback"] = json!(contained.rollback.to_string());
    value["record"] = json!(contained.record);
    ("contained", value)
}

/// Where the fault lies, as the file says it.
pub fn layer_setting(layer: Layer) -> (&'static str, Json) {
    ("layer", json!(layer))
}

/// How an incident ended, as its file says it.
pub fn closed_setting(closed: &Closed) -> (&'static str, Json) {
    let mut value = signed_json(&closed.signed);
    if !closed.left.is_empty() {
        let left = closed.left.iter();
        value["leaves"] = left.map(|it| json!({ it.sort(): it.name() })).collect();
    }
    if let Some(waiver) = &closed.waiver {
        value["waiver"] = json!(waiver);
    }
    ("closed", value)
}

/// Who did something, and when, as files say it.
pub(super) fn signed_json(signed: &Signed) -> Json {
    json!({"at": signed.at, "by": signed.by})
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: &str = "title: Slow refunds\nopened: { at: \"2026-03-02T12:00:00Z\", by: Ada }\n\
                          window: { from: \"2026-03-02T09:00:00Z\", until: \"2026-03-02T12:00:00Z\" }\n";

    fn id() -> IncidentId {
        IncidentId::new("slow-refunds").unwrap()
    }

    fn read(rest: &str) -> Result<Incident, Findings> {
        let text = format!("---\n{OPENED}{rest}---\n\n# Slow refunds\n");
        read_incident(&id(), &Source::new(id().path(), text))
    }

    fn whole() -> Incident {
        let record = ObjectId::new("ab".repeat(20)).unwrap();
        Incident {
            deployment: "production#2".parse().ok(),
            alert: "slow/answers".parse().ok(),
            filter: "lane = production".to_owned(),
            live: vec![LiveThen {
                release: "production#2".parse().unwrap(),
                record: record.clone(),
                since: "2026-03-02T08:00:00Z".parse().unwrap(),
            }],
            evidence: vec![Evidence {
                trace_id: "00e1".to_owned(),
                span_id: "7".to_owned(),
                why: Why::LowestScore,
            }],
            ..read("").unwrap()
        }
    }

    #[test]
    fn an_incident_reads_back_as_it_was_written_and_as_it_was_changed() {
        let opened = whole();
        let text = write_incident(&opened, "# Slow refunds\n");
        let source = Source::new(id().path(), text);
        assert_eq!(read_incident(&id(), &source), Ok(opened.clone()));
        let signed = opened.opened.clone();
        let closed = Incident {
            layer: Some(Layer::Retrieval),
            rows: vec!["regression:r-1".parse().unwrap()],
            contained: Some(Contained {
                signed: signed.clone(),
                rollback: "production#3".parse().unwrap(),
                record: opened.live[0].record.clone(),
            }),
            closed: Some(Closed {
                signed,
                left: vec![
                    Left::Row("regression:r-1".parse().unwrap()),
                    Left::Watch("production".parse().unwrap()),
                ],
                waiver: Some("yes: no".to_owned()),
            }),
            ..opened
        };
        let settings = [
            rows_setting(&closed.rows),
            contained_setting(closed.contained.as_ref().unwrap()),
            layer_setting(Layer::Retrieval),
            closed_setting(closed.closed.as_ref().unwrap()),
        ];
        let text = kept::with_settings(&source, &settings).unwrap();
        assert_eq!(read_incident(&id(), &Source::new("a.md", text)), Ok(closed));
    }

    #[test]
    fn what_is_wrong_with_an_incident_is_found_where_it_stands() {
        for (rest, ident, line) in [
            ("layr: prompt\n", "unknown-key", 5),
            ("layer: prompts\n", "unknown-word", 5),
            ("deployment: production\n", "invalid-value", 5),
            ("where: \"modle = a\"\n", "invalid-filter", 5),
            ("evidence:\n  - trace_id: a\n", "missing-key", 6),
            (
                "evidence:\n  - { trace_id: a, span_id: b, why: odd }\n",
                "unknown-word",
                6,
            ),
            ("rows: [regression]\n", "invalid-value", 5),
            (
                "live:\n  - { release: \"a#1\", record: \"12\", since: \"2026-03-02T09:00:00Z\" }\n",
                "invalid-value",
                6,
            ),
            (
                "closed: { at: \"2026-03-02T09:00:00Z\", by: Ada }\n",
                "missing-key",
                5,
            ),
            (
                "closed: { at: \"2026-03-02T09:00:00Z\", by: Ada, leaves: [{ row: \"a:b\", alert: c }] }\n",
                "missing-key",
                5,
            ),
        ] {
            let finding = read(rest).unwrap_err().0.remove(0);
            let span = finding.place.span.unwrap();
            assert_eq!((finding.ident.as_str(), span.line), (ident, line), "{rest}");
        }
        let empty = OPENED.replace("T12:00:00Z\" }\n", "T08:00:00Z\" }\n");
        let text = format!("---\n{empty}---\n");
        let found = read_incident(&id(), &Source::new("a.md", text)).unwrap_err();
        assert_eq!(found.0[0].ident, "out-of-range");
    }
}
