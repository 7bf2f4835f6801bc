//! Reads `pointsman.toml`.

use std::collections::BTreeMap;

use crate::domain::finding::Findings;
use crate::domain::project::{BUILT_IN_PROVIDERS, Price, Project, TraceSettings};
use crate::domain::redaction::Redaction;

use super::decode::Decoder;
use super::document::{Node, Source};
use super::provider::provider;
use super::redaction::redaction;
use super::toml::parse_toml;
use super::traces::traces;

/// The version of the file's shape that this program reads.
const SCHEMA: i64 = 1;

/// Reads the settings.
pub fn read_project(source: &Source) -> Result<Project, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let project = project(&mut decoder, &node);
    decoder.finish(project)
}

fn project(decoder: &mut Decoder<'_>, node: &Node) -> Option<Project> {
    let mut fields = decoder.fields(node)?;
    let schema = fields.optional("schema");
    let schema = schema.map(|node| decoder.integer_within(node, SCHEMA, SCHEMA));
    let remote = fields
        .optional("remote")
        .and_then(|node| remote(decoder, node));
    let providers = match fields.optional("providers") {
        Some(node) => by_name(decoder, node, provider)?,
        None => BTreeMap::new(),
    };
    let prices = match fields.optional("prices") {
        Some(node) => by_name(decoder, node, price)?,
        None => BTreeMap::new(),
    };
    let redaction = match fields.optional("redaction") {
        Some(node) => redaction(decoder, node)?,
        None => Redaction::default(),
    };
    let traces = match fields.optional("traces") {
        Some(node) => traces(decoder, node)?,
        None => TraceSettings::default(),
    };
    fields.finish(decoder);
    schema.unwrap_or(Some(SCHEMA))?;
    Some(Project {
        remote,
        providers,
        prices,
        redaction,
        traces,
    })
}

/// The name of a remote, never an address: where it points is for git's own configuration to say.
fn remote(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let name = decoder.text(node)?;
    let plain = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain {
        let help = "name a remote that `git remote` lists, for example `origin`";
        decoder.error(
            "invalid-name",
            node.span,
            format!("`{name}` is not the name of a remote"),
            help,
        );
        return None;
    }
    Some(name)
}

fn by_name<T>(
    decoder: &mut Decoder<'_>,
    node: &Node,
    read: fn(&mut Decoder<'_>, &str, &Node) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let mut map = BTreeMap::new();
    for entry in decoder.entries(node)? {
        if BUILT_IN_PROVIDERS.contains(&entry.key.as_str()) {
            let message = format!("`{}` exists without being declared", entry.key);
            decoder.error(
                "reserved-name",
                entry.key_span,
                message,
                "choose another name",
            );
        }
        if let Some(value) = read(decoder, &entry.key, &entry.node) {
            map.insert(entry.key.clone(), value);
        }
    }
    Some(map)
}

fn price(decoder: &mut Decoder<'_>, _name: &str, node: &Node) -> Option<Price> {
    let mut fields = decoder.fields(node)?;
    let mut rate = |key| {
        let node = fields.required(decoder, key)?;
        decoder.number_within(node, 0.0, f64::MAX)
    };
    let (input, output) = (
        rate("input_usd_per_million"),
        rate("output_usd_per_million"),
    );
    let mut optional_rate = |key| match fields.optional(key) {
        Some(node) => decoder.number_within(node, 0.0, f64::MAX).map(Some),
        None => Some(None),
    };
    let (cached, write) = (
        optional_rate("cached_input_usd_per_million"),
        optional_rate("cache_write_usd_per_million"),
    );
    fields.finish(decoder);
    Some(Price {
        input_usd_per_million: input?,
        cached_input_usd_per_million: cached?,
        cache_write_usd_per_million: write?,
        output_usd_per_million: output?,
        up_to_input_tokens: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Project, Findings> {
        read_project(&Source::new("pointsman.toml", text))
    }

    #[test]
    fn a_price_may_tell_cached_input_apart() {
        let text = "[prices.\"a/b\"]\ninput_usd_per_million = 1\noutput_usd_per_million = 2\n\
                    cached_input_usd_per_million = 0.1\n";
        let price = read(text).unwrap().prices["a/b"];
        assert_eq!(price.cached_input_usd_per_million, Some(0.1));
        assert_eq!(price.cache_write_usd_per_million, None);
    }

    #[test]
    fn an_empty_file_is_fine_and_a_later_schema_is_refused() {
        assert_eq!(read("").unwrap(), Project::default());
        assert_eq!(read("schema = 2\n").unwrap_err().0[0].ident, "out-of-range");
    }
}
