//! What tables and columns there are, and what they hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::project::ClickHouseSettings;
use crate::engine::ports::traces::{StoreContents, TraceStoreError};
use crate::engine::traces::map::table::AttributeTable;

use super::ClickHouseStore;
use super::client::Client;
use super::ddl::comment;
use super::expression::READY_PREFIX;
use super::parameters::Parameters;
use super::scores;

/// Of how many of the newest spans the names of attributes are gathered.
const LOOKED_AT: u64 = 100_000;

/// The tables of the collector.
pub(super) struct Schema {
    /// The table of spans, as SQL names it.
    pub(super) table: String,
    /// The table of logs, where there is one.
    pub(super) logs: Option<Logs>,
    /// The columns that hold what our expressions give, in the version of the attributes at hand.
    pub(super) ready: BTreeSet<String>,
}

/// The collector's table of logs.
pub(super) struct Logs {
    /// The table, as SQL names it.
    pub(super) table: String,
    /// Whether it has the name of an event as a column: older exporters have it as an attribute.
    pub(super) has_event_name: bool,
}

impl Schema {
    /// A table without columns of ours.
    pub(super) fn of_table(table: &str) -> Self {
        Self {
            table: quoted(table),
            logs: None,
            ready: BTreeSet::new(),
        }
    }

    /// Looks at what there is.
    pub(super) fn read(
        client: &Client,
        settings: &ClickHouseSettings,
    ) -> Result<Self, TraceStoreError> {
        let mut parameters = Parameters::default();
        let tables = [&settings.table, &settings.logs_table].map(|name| parameters.text(name));
        let sql = format!(
            "SELECT table, name, comment FROM system.columns WHERE database = currentDatabase() \
             AND table IN ({})",
            tables.join(", ")
        );
        let rows = client.all(&sql, &parameters)?;
        let text = |row: &[Json], place: usize| {
            row.get(place)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let columns = |table: &str| -> Vec<(String, String)> {
            let rows = rows.iter().filter(|row| text(row, 0) == table);
            rows.map(|row| (text(row, 1), text(row, 2))).collect()
        };
        let spans = columns(&settings.table);
        if !spans.iter().any(|(name, _)| name == "SpanAttributes") {
            return Err(TraceStoreError {
                message: format!(
                    "ClickHouse has no table `{}` of OpenTelemetry's collector in database `{}`",
                    settings.table, settings.database
                ),
                hint: Some(
                    "name the table under `[traces]`, or let the collector's `clickhouse` exporter \
                     make it"
                        .to_owned(),
                ),
                remote: true,
            });
        }
        let current = comment();
        let ready = spans
            .into_iter()
            .filter(|(name, said)| name.starts_with(READY_PREFIX) && *said == current);
        let logs = columns(&settings.logs_table);
        let logs = logs
            .iter()
            .any(|(name, _)| name == "LogAttributes")
            .then(|| Logs {
                table: quoted(&settings.logs_table),
                has_event_name: logs.iter().any(|(name, _)| name == "EventName"),
            });
        Ok(Self {
            table: quoted(&settings.table),
            logs,
            ready: ready.map(|(name, _)| name).collect(),
        })
    }
}

/// A name that settings allow, which has nothing in it that would end a quotation.
fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// What the table holds.
pub(super) fn contents(store: &ClickHouseStore) -> Result<StoreContents, TraceStoreError> {
    let table = &store.schema.table;
    let none = Parameters::default();
    let sql = format!(
        "SELECT toString(count()), toString(toUnixTimestamp64Nano(min(Timestamp))), \
         toString(toUnixTimestamp64Nano(max(Timestamp))) FROM {table}"
    );
    let rows = store.client.all(&sql, &none)?;
    let row = rows.first().map(Vec::as_slice).unwrap_or_default();
    let spans = count(row.first());
    let moment = |place: usize| {
        let text = row.get(place).and_then(Json::as_str)?;
        let nanoseconds = text.parse().ok()?;
        Timestamp::from_nanosecond(nanoseconds)
            .ok()
            .filter(|_| spans > 0)
    };
    let sql = format!(
        "SELECT name, count() AS spans FROM (SELECT arrayJoin(arrayDistinct(arrayConcat(\
         mapKeys(SpanAttributes), mapKeys(ResourceAttributes)))) AS name FROM (SELECT \
         SpanAttributes, ResourceAttributes FROM {table} ORDER BY Timestamp DESC LIMIT {LOOKED_AT})) \
         GROUP BY name ORDER BY spans DESC, name LIMIT 1000"
    );
    let known = AttributeTable::built_in();
    let mut attributes = BTreeMap::new();
    for row in store.client.all(&sql, &none)? {
        let name = row.first().and_then(Json::as_str).unwrap_or_default();
        if known.targets(name).is_empty() {
            attributes.insert(name.to_owned(), count(row.get(1)));
        }
    }
    let (found, scored) = scores::names(store)?;
    Ok(StoreContents {
        spans,
        scores: found,
        first: moment(1),
        last: moment(2),
        attributes,
        scored,
    })
}

/// A count, which is a number or its digits by the settings of the server.
pub(super) fn count(value: Option<&Json>) -> u64 {
    let number = value.and_then(Json::as_u64);
    let digits = || value.and_then(Json::as_str)?.parse().ok();
    number.or_else(digits).unwrap_or(0)
}
