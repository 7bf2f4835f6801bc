//! Incidents as a table.

use crate::domain::incident::Incident;
use crate::report::release::seconds;
use crate::report::traces::fit::fitting_table;

/// A row for each incident, for a terminal of this width.
pub fn incident_table(incidents: &[Incident], width: Option<usize>) -> String {
    let titles = ["INCIDENT", "STATE", "OPENED", "RELEASE", "LAYER", "TITLE"].map(str::to_owned);
    let rows = incidents.iter().map(|incident| {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            incident.id.to_string(),
            incident.state().name().to_owned(),
            seconds(incident.opened.at),
            or_none(incident.deployment.as_ref().map(ToString::to_string)),
            or_none(incident.layer.map(|layer| layer.name().to_owned())),
            incident.title.clone(),
        ]
    });
    fitting_table(&titles, rows.collect(), &[], width)
}
