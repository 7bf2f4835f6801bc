//! Reads and writes saved views.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;
use toml::Value as Toml;

use crate::domain::finding::{Findings, Span};
use crate::domain::id::ViewId;
use crate::domain::trace::language::parse;
use crate::domain::trace::query::Level;
use crate::domain::trace::view::View;

use super::decode::Decoder;
use super::document::{Node, Source, saturate};
use super::toml::parse_toml;

/// What a row of a list is.
pub(super) const LEVELS: [(&str, Level); 2] = [("trace", Level::Trace), ("span", Level::Span)];

/// Reads one view.
pub fn read_view(id: &ViewId, source: &Source) -> Result<View, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let view = view(id, &mut decoder, &node, source);
    decoder.finish(view)
}

fn view(id: &ViewId, decoder: &mut Decoder<'_>, node: &Node, source: &Source) -> Option<View> {
    let mut fields = decoder.fields(node)?;
    let description = fields.optional("description");
    let filter = fields.optional("where");
    let last = fields.optional("last");
    let by = fields.optional("by");
    let columns = fields.optional("columns");
    let sort = fields.optional("sort");
    fields.finish(decoder);
    Some(View {
        id: id.clone(),
        description: description.and_then(|node| decoder.text(node)),
        filter: match filter {
            Some(node) => read_filter(decoder, node, source)?,
            None => String::new(),
        },
        last: last.and_then(|node| decoder.parsed(node)),
        by: by.and_then(|node| decoder.word(node, &LEVELS)),
        columns: match columns {
            Some(node) => decoder.list_of(node, Decoder::parsed)?,
            None => Vec::new(),
        },
        sort: sort.and_then(|node| decoder.parsed(node)),
    })
}

/// The text of a filter that can be read.
pub(super) fn read_filter(
    decoder: &mut Decoder<'_>,
    node: &Node,
    source: &Source,
) -> Option<String> {
    let text = decoder.text(node)?;
    // What `2h ago` means is decided when the view is used.
    if let Err(error) = parse(&text, Timestamp::UNIX_EPOCH) {
        let finding = error.finding(|range| source.place(span_within(node, source, &text, range)));
        decoder.report(vec![finding]);
        return None;
    }
    Some(text)
}

/// Where bytes of a text stand in the file: within its quotes, if the file says it letter by letter,
/// otherwise the text as a whole.
fn span_within(node: &Node, source: &Source, text: &str, range: Range<usize>) -> Span {
    let line = source.line(node.span.line);
    let from = node.span.column.saturating_sub(1) as usize;
    let said: String = line
        .chars()
        .skip(from)
        .take(node.span.length as usize)
        .collect();
    let within = said
        .strip_prefix(['"', '\''])
        .and_then(|said| said.strip_suffix(['"', '\'']));
    if within != Some(text) {
        return node.span;
    }
    let count = |text: &str| saturate(text.chars().count());
    Span {
        line: node.span.line,
        column: node.span.column + 1 + count(&text[..range.start]),
        length: count(&text[range]).max(1),
    }
}

/// A view as a file.
pub fn write_view(view: &View) -> String {
    let quoted = |text: &str| Toml::from(text).to_string();
    let mut lines = String::new();
    let mut line = |key: &str, value: String| {
        let _ = writeln!(lines, "{key} = {value}");
    };
    if let Some(description) = &view.description {
        line("description", quoted(description));
    }
    if !view.filter.is_empty() {
        line("where", quoted(&view.filter));
    }
    if let Some(last) = view.last {
        line("last", quoted(&last.to_string()));
    }
    if let Some((name, _)) = LEVELS.iter().find(|(_, level)| Some(*level) == view.by) {
        line("by", quoted(name));
    }
    if !view.columns.is_empty() {
        let columns = view.columns.iter().map(|field| quoted(&field.to_string()));
        line(
            "columns",
            format!("[{}]", columns.collect::<Vec<_>>().join(", ")),
        );
    }
    if let Some(sort) = &view.sort {
        line("sort", quoted(&sort.to_string()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::Period;
    use crate::domain::trace::column::Column;
    use crate::domain::trace::filter::Filter;
    use crate::domain::trace::selection::Selection;

    fn read(text: &str) -> Result<View, Findings> {
        let id = ViewId::new("bad-answers").unwrap();
        read_view(&id, &Source::new("operations/views/bad-answers.toml", text))
    }

    #[test]
    fn a_view_says_which_spans_and_how_they_are_listed() {
        let view = read(
            "description = \"What users complain about\"\nwhere = 'lane = production and score < 0.5'\n\
             last = \"7d\"\nby = \"span\"\ncolumns = [\"time\", \"input\", \"attribute.http.method\"]\nsort = \"-cost\"\n",
        )
        .unwrap();
        assert_eq!(view.by, Some(Level::Span));
        assert_eq!(view.columns.len(), 3);
        let now = "2026-03-08T00:00:00Z".parse().unwrap();
        let selection = view.selection(now).unwrap();
        assert_eq!(
            selection.to_string(),
            "time >= 2026-03-01T00:00:00Z and lane = production and score < 0.5"
        );
        assert_eq!(read("").unwrap().selection(now), Ok(Selection::EVERYTHING));
    }

    #[test]
    fn what_is_wrong_with_a_view_is_marked_in_its_file() {
        for (text, ident, marked) in [
            ("filter = \"lane = a\"\n", "unknown-key", "filter"),
            (
                "where = 'lane = a and modle ~ gpt'\n",
                "invalid-filter",
                "modle",
            ),
            ("where = \"größe = 'a'\"\n", "invalid-filter", "größe"),
            (
                "where = \"route = \\\"a\\\" x\"\n",
                "invalid-filter",
                "\"route = \\\"a\\\" x\"",
            ),
            ("by = \"session\"\n", "unknown-word", "\"session\""),
            ("columns = [\"nmae\"]\n", "invalid-value", "\"nmae\""),
            ("columns = \"name\"\n", "wrong-type", "\"name\""),
            ("sort = \"-spans\"\n", "invalid-value", "\"-spans\""),
            ("last = \"1w\"\n", "invalid-value", "\"1w\""),
        ] {
            let finding = read(text).unwrap_err().0.remove(0);
            let span = finding.place.span.unwrap();
            let line: Vec<char> = finding.place.excerpt.unwrap().chars().collect();
            let from = span.column as usize - 1;
            let shown: String = line[from..from + span.length as usize].iter().collect();
            assert_eq!(
                (finding.ident.as_str(), shown.as_str()),
                (ident, marked),
                "{text}"
            );
        }
        let long = read("where = \"\"\"\nlane = a\nand x = 1\"\"\"\n")
            .unwrap_err()
            .0
            .remove(0);
        assert_eq!(long.ident, "invalid-filter");
    }

    proptest! {
        #[test]
        fn a_view_reads_back_as_it_was_written(
            description in proptest::option::of("\\PC{0,20}"),
            value in "\\PC{1,20}",
            seconds in proptest::option::of(1..9_999_i64),
            by in proptest::sample::select(vec![None, Some(Level::Trace), Some(Level::Span)]),
        ) {
            let view = View {
                id: ViewId::new("bad-answers").unwrap(),
                description,
                filter: Filter::is(Column::Route, value).to_string(),
                last: seconds.map(|seconds| Period { seconds }),
                by,
                columns: vec!["name".parse().unwrap(), "spans".parse().unwrap()],
                sort: "-duration".parse().ok(),
            };
            prop_assert_eq!(read(&write_view(&view)), Ok(view));
        }
    }
}
