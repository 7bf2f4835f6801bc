//! Reads a mapping file: what the fields of somebody's own log mean as spans.

use crate::domain::finding::Findings;
use crate::domain::suggest::did_you_mean;
use crate::domain::trace::column::Column;
use crate::domain::trace::mapping::{FieldPath, MappedColumn, Mapping, Reading};

use super::decode::Decoder;
use super::document::{Entry, Node, Source};
use super::toml::parse_toml;

/// Columns for which a length without a unit says nothing.
const LENGTHS: [Column; 2] = [Column::Duration, Column::TimeToFirstChunk];

/// Reads a mapping.
pub fn read_mapping(source: &Source) -> Result<Mapping, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let mapping = mapping(&mut decoder, &node);
    decoder.finish(mapping)
}

fn mapping(decoder: &mut Decoder<'_>, node: &Node) -> Option<Mapping> {
    let mut fields = decoder.fields(node)?;
    let columns = fields.required(decoder, "columns");
    let values = fields.optional("values");
    let attributes = fields.optional("attributes");
    let scores = fields.optional("scores");
    let drop = fields.optional("drop");
    fields.finish(decoder);
    let columns = columns.and_then(|node| self::columns(decoder, node));
    let values = named(decoder, values, |decoder, entry| {
        let column = column(decoder, entry)?;
        Some((column, decoder.text(&entry.node)?))
    });
    let attributes = named(decoder, attributes, path_under_name);
    let scores = named(decoder, scores, path_under_name);
    let drop = drop.map(|node| decoder.list_of(node, Decoder::parsed::<FieldPath>));
    Some(Mapping {
        columns: columns?,
        values: values?,
        attributes: attributes?,
        scores: scores?,
        drop: drop.unwrap_or(Some(Vec::new()))?,
    })
}

/// The columns. When a span began must be among them.
fn columns(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<(MappedColumn, Reading)>> {
    let read = named(decoder, Some(node), |decoder, entry| {
        let column = column(decoder, entry)?;
        let reading: Reading = decoder.parsed(&entry.node)?;
        let is_length = matches!(&column, MappedColumn::Column(it) if LENGTHS.contains(it));
        if reading.unit.is_none() && is_length {
            decoder.error(
                "missing-unit",
                entry.node.span,
                format!("`{}` does not say in which unit it is", reading.path),
                format!(
                    "write `{} = \"{} (milliseconds)\"`",
                    entry.key, reading.path
                ),
            );
            return None;
        }
        if reading.unit.is_some() && !column.takes_unit() {
            decoder.error(
                "unexpected-unit",
                entry.node.span,
                format!("`{}` is no time and no length of time", entry.key),
                "leave the unit out",
            );
            return None;
        }
        Some((column, reading))
    })?;
    let time = MappedColumn::Column(Column::Time);
    if !read.iter().any(|(column, _)| *column == time) {
        let help = "add the field that says when it began, as in `time = \"timestamp\"`";
        decoder.error("missing-key", node.span, "the key `time` is missing", help);
        return None;
    }
    Some(read)
}

fn column(decoder: &mut Decoder<'_>, entry: &Entry) -> Option<MappedColumn> {
    let found = MappedColumn::all().find(|(_, name)| *name == entry.key);
    if found.is_none() {
        let help = did_you_mean(&entry.key, MappedColumn::all().map(|(_, name)| name));
        let message = format!("there is no column `{}`", entry.key);
        decoder.error("unknown-key", entry.key_span, message, help);
    }
    found.map(|(column, _)| column)
}

fn path_under_name(decoder: &mut Decoder<'_>, entry: &Entry) -> Option<(String, FieldPath)> {
    Some((entry.key.clone(), decoder.parsed(&entry.node)?))
}

/// The entries of a mapping, all of which are read before one that failed counts.
fn named<T>(
    decoder: &mut Decoder<'_>,
    node: Option<&Node>,
    mut read: impl FnMut(&mut Decoder<'_>, &Entry) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let entries = decoder.entries(node)?;
    let read: Vec<Option<T>> = entries.iter().map(|entry| read(decoder, entry)).collect();
    read.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Mapping, Findings> {
        read_mapping(&Source::new("log.toml", text))
    }

    #[test]
    fn a_mapping_says_what_each_field_means() {
        let mapping = read(
            "drop = [\"debug\"]\n[columns]\ntime = \"ts\"\nduration = \"took (milliseconds)\"\n\
             input = \"request.messages\"\n[values]\noperation = \"chat\"\n\
             [attributes]\n\"http.request.method\" = \"method\"\n[scores]\nhelpful = \"feedback.up\"\n",
        )
        .unwrap();
        assert_eq!(mapping.columns.len(), 3);
        assert_eq!(mapping.values[0].1, "chat");
        assert_eq!(mapping.attributes[0].0, "http.request.method");
        assert_eq!(mapping.scores[0].1.to_string(), "feedback.up");
        assert_eq!(mapping.drop[0].to_string(), "debug");
    }

    #[test]
    fn what_is_wrong_with_a_mapping_is_marked_in_its_file() {
        for (text, ident, line, column) in [
            ("", "missing-key", 1, 1),
            ("[columns]\nmodel = \"m\"\n", "missing-key", 1, 1),
            (
                "[columns]\ntime = \"ts\"\nmodle = \"m\"\n",
                "unknown-key",
                3,
                1,
            ),
            ("[column]\ntime = \"ts\"\n", "unknown-key", 1, 2),
            ("[columns]\ntime = \"a..b\"\n", "invalid-value", 2, 8),
            ("[columns]\ntime = 7\n", "wrong-type", 2, 8),
            (
                "[columns]\ntime = \"ts\"\nduration = \"took\"\n",
                "missing-unit",
                3,
                12,
            ),
            (
                "[columns]\ntime = \"ts\"\nmodel = \"m (seconds)\"\n",
                "unexpected-unit",
                3,
                9,
            ),
            ("[columns]\ntime = \"ts (hours)\"\n", "invalid-value", 2, 8),
            (
                "[columns]\ntime = \"ts\"\n[values]\nlanes = \"a\"\n",
                "unknown-key",
                4,
                1,
            ),
            ("[columns\n", "invalid-toml", 1, 9),
        ] {
            let findings = read(text).unwrap_err().0;
            let found = findings.iter().find(|finding| finding.ident == ident);
            let found = found.unwrap_or_else(|| panic!("{text}: {findings:?}"));
            let span = found.place.span.unwrap();
            if ident != "missing-key" {
                assert_eq!((span.line, span.column), (line, column), "{text}");
            }
            assert_eq!(found.place.path, "log.toml");
        }
    }
}
