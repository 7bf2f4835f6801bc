//! Incidents as pages: a list, and one as its file tells it.

use crate::domain::incident::{Incident, IncidentState, Layer, Signed};
use crate::report::release::seconds;

use super::blocks::{Cell, Facts, Page, Table, Tone};
use super::document::document;
use super::link;
use super::sheet::Setting;

/// Every incident, the newest first.
pub fn incidents_page(incidents: &[Incident]) -> Page {
    let mut page = Page::new("Incidents");
    if incidents.is_empty() {
        page.note("There are no incidents; `pointsman incident open` writes one down.");
        return page;
    }
    let titles = ["Incident", "-State", "-Opened", "By", "-Release", "-Layer"];
    let mut table = Table::new("the incidents", &titles);
    for incident in incidents {
        let layer = incident.layer.map_or("-", |layer| layer.name());
        let name = link::path(&["incidents", incident.id.as_str()]);
        table.pieces([
            vec![Cell::link(&incident.title, name)],
            vec![state(incident)],
            vec![Cell::new(seconds(incident.opened.at))],
            vec![Cell::soft(&incident.opened.by)],
            vec![incident.deployment.as_ref().map_or_else(
                || Cell::new("-"),
                |release| Cell::link(release.to_string(), link::record(release)),
            )],
            vec![Cell::new(layer)],
        ]);
    }
    page.add(table);
    page
}

fn state(incident: &Incident) -> Cell {
    let state = incident.state();
    let tone = match state {
        IncidentState::Open => Tone::Bad,
        IncidentState::Contained => Tone::Warn,
        IncidentState::Closed => Tone::Good,
    };
    Cell::badge(state.name(), tone)
}

/// An incident as a page that needs nothing else; `text`: what stands below the settings of its file.
pub fn incident_html(incident: &Incident, text: &str) -> String {
    incident_page(incident, text).render(Setting::Alone)
}

/// One incident; `text`: what stands below the settings of its file.
pub fn incident_page(incident: &Incident, text: &str) -> Page {
    let mut page = Page::new(&incident.title)
        .badge(state(incident))
        .below([Cell::link("Incidents", "/incidents".to_owned())]);
    page.add(facts(incident));
    evidence(incident, &mut page);
    document(text, &incident.title, &mut page);
    page
}

fn facts(incident: &Incident) -> Facts {
    let signed = |it: &Signed| format!("{} by {}", seconds(it.at), it.by);
    let mut facts = Facts::default();
    facts.add("incident", Cell::code(incident.id.as_str()));
    facts.add("opened", signed(&incident.opened));
    let window = incident.window;
    facts.add(
        "window",
        format!("{} to {}", seconds(window.from), seconds(window.until)),
    );
    if !incident.filter.is_empty() {
        facts.add("where", Cell::code(&incident.filter));
    }
    let window = format!("{}..{}", window.from, window.until);
    let pairs = [("window", window.as_str()), ("where", &incident.filter)];
    facts.line(
        "look at",
        vec![
            Cell::link("its traces", link::query("/traces", &pairs)),
            Cell::new(", "),
            Cell::link("its numbers", link::query("/monitor", &pairs)),
        ],
    );
    facts.known("alert", incident.alert.as_ref().map(ToString::to_string));
    if let Some(release) = &incident.deployment {
        facts.add(
            "release",
            Cell::link(release.to_string(), link::record(release)),
        );
    }
    let live = incident.live.iter().map(|it| {
        let name = Cell::link(it.release.to_string(), link::record(&it.release));
        vec![name, Cell::new(format!(" since {}", seconds(it.since)))]
    });
    facts.lines("live", live.collect());
    if let Some(contained) = &incident.contained {
        let rollback = &contained.rollback;
        facts.line(
            "contained",
            vec![
                Cell::link(rollback.to_string(), link::record(rollback)),
                Cell::new(format!(" at {}", signed(&contained.signed))),
            ],
        );
    }
    facts.known("layer", incident.layer.map(Layer::name));
    let rows = incident
        .rows
        .iter()
        .map(|row| vec![Cell::code(row.to_string())]);
    facts.lines("rows", rows.collect());
    if let Some(closed) = &incident.closed {
        facts.add("closed", signed(&closed.signed));
        let left = closed.left.iter();
        let left = left.map(|it| vec![Cell::new(format!("{} {}", it.sort(), it.name()))]);
        facts.lines("left behind", left.collect());
        facts.known("waiver", closed.waiver.as_ref());
    }
    facts
}

fn evidence(incident: &Incident, page: &mut Page) {
    if incident.evidence.is_empty() {
        return;
    }
    page.heading("Traces that were kept");
    let mut table = Table::new("traces that were kept", &["Trace", "Span", "Why"]);
    for it in &incident.evidence {
        let (trace, span) = (&it.trace_id, &it.span_id);
        table.row([
            Cell::link(trace, link::trace(trace)).toned(Tone::Code),
            Cell::link(span, link::span(trace, span)).toned(Tone::Code),
            Cell::new(it.why.name().replace('-', " ")),
        ]);
    }
    page.add(table);
}
