//! Reads `[traces]` of `pointsman.toml`: where traces are kept.

use crate::domain::project::{ClickHouseSettings, TraceSettings};

use super::decode::Decoder;
use super::document::Node;
use super::provider::timeout;

/// The words for the stores that there are.
const STORES: [(&str, bool); 2] = [("files", false), ("clickhouse", true)];

/// Reads the settings.
pub(super) fn traces(decoder: &mut Decoder<'_>, node: &Node) -> Option<TraceSettings> {
    let mut fields = decoder.fields(node)?;
    let store = fields.required(decoder, "store");
    let store = store.and_then(|node| decoder.word(node, &STORES));
    if store == Some(false) {
        fields.finish(decoder);
        return Some(TraceSettings::Files);
    }
    let usual = ClickHouseSettings::default();
    let mut variable = |decoder: &mut Decoder<'_>, key, usual| match fields.optional(key) {
        Some(node) => decoder.variable(node),
        None => Some(usual),
    };
    let url_env = variable(decoder, "url_env", usual.url_env);
    let user_env = variable(decoder, "user_env", usual.user_env);
    let password_env = variable(decoder, "password_env", usual.password_env);
    let mut name = |decoder: &mut Decoder<'_>, key, usual| match fields.optional(key) {
        Some(node) => identifier(decoder, node),
        None => Some(usual),
    };
    let database = name(decoder, "database", usual.database);
    let table = name(decoder, "table", usual.table);
    let logs_table = name(decoder, "logs_table", usual.logs_table);
    let timeout = timeout(decoder, &mut fields, usual.timeout);
    fields.finish(decoder);
    store?;
    Some(TraceSettings::ClickHouse(ClickHouseSettings {
        url_env: url_env?,
        user_env: user_env?,
        password_env: password_env?,
        database: database?,
        table: table?,
        logs_table: logs_table?,
        timeout: timeout?,
    }))
}

/// The name of a database or table that needs no quotation.
fn identifier(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let name = decoder.text(node)?;
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.len() <= 200
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain {
        decoder.error(
            "invalid-name",
            node.span,
            format!("`{name}` is not the name of a table or database"),
            "use letters, digits and `_`, for example `otel_traces`",
        );
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::document::Source;
    use super::super::project::read_project;
    use super::*;

    fn read(text: &str) -> Result<TraceSettings, String> {
        let source = Source::new("pointsman.toml", format!("[traces]\n{text}"));
        let project = read_project(&source);
        project
            .map(|project| project.traces)
            .map_err(|findings| findings.0[0].ident.clone())
    }

    #[test]
    fn a_store_is_named_and_the_rest_is_the_collectors() {
        assert_eq!(read("store = \"files\"\n"), Ok(TraceSettings::Files));
        let usual = TraceSettings::ClickHouse(ClickHouseSettings::default());
        assert_eq!(read("store = \"clickhouse\"\n"), Ok(usual));
        let own = TraceSettings::ClickHouse(ClickHouseSettings {
            url_env: "OTEL_URL".to_owned(),
            table: "traces_v2".to_owned(),
            timeout: Duration::from_secs(90),
            ..ClickHouseSettings::default()
        });
        let text = "store = \"clickhouse\"\nurl_env = \"OTEL_URL\"\ntable = \"traces_v2\"\ntimeout = \"90s\"\n";
        assert_eq!(read(text), Ok(own));
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for (text, ident) in [
            ("", "missing-key"),
            ("store = \"clickhose\"\n", "unknown-word"),
            ("store = \"files\"\ntable = \"t\"\n", "unknown-key"),
            (
                "store = \"clickhouse\"\ntable = \"t`; DROP\"\n",
                "invalid-name",
            ),
            (
                "store = \"clickhouse\"\nurl = \"https://h\"\n",
                "unknown-key",
            ),
        ] {
            assert_eq!(read(text), Err(ident.to_owned()), "{text}");
        }
    }
}
