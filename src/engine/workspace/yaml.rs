//! YAML for files that strangers may write: one document of the YAML 1.2 core schema, bounded in
//! size and depth, without anchors, aliases or tags, and with no key twice.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as ParserSpan};

use crate::domain::finding::{Finding, Findings, Span};

use super::document::{Entry, MAX_DEPTH, MAX_NODES, Node, Source, Value, saturate};
use super::problems::Problems;

/// Parses the text of `source`.
pub fn parse_yaml(source: &Source) -> Result<Node, Findings> {
    parse(source, None)
}

/// Parses the text of `source`, in which anchors may name values, aliases may repeat them, and the key
/// `<<` takes over the entries of a mapping: files of other tools have these. All that is repeated
/// counts for the limits.
pub fn parse_yaml_with_aliases(source: &Source) -> Result<Node, Findings> {
    parse(source, Some(BTreeMap::new()))
}

fn parse(source: &Source, anchors: Option<BTreeMap<usize, Node>>) -> Result<Node, Findings> {
    let mut reader = Reader {
        source,
        parser: Parser::new_from_str(&source.text),
        nodes: 0,
        duplicates: Problems::default(),
        anchors,
    };
    let node = reader.document()?;
    reader.duplicates.unless_any(node)
}

struct Reader<'s> {
    source: &'s Source,
    parser: Parser<'s, saphyr_parser::StrInput<'s>>,
    nodes: usize,
    duplicates: Problems,
    /// The values that have names; absent: names are refused.
    anchors: Option<BTreeMap<usize, Node>>,
}

impl<'s> Reader<'s> {
    fn document(&mut self) -> Result<Node, Findings> {
        let node = loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => {
                    return Ok(Node {
                        span: self.span(span),
                        value: Value::Null,
                    });
                }
                event => break self.node(event, span, 0)?,
            }
        };
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(node),
                _ => {
                    return Err(self
                        .refuse(span, "a second document in the same file")
                        .into());
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'s>, ParserSpan), Findings> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let span = self.point(*error.marker());
                let place = self.source.place(span);
                Err(Finding::error("invalid-yaml", place, error.info()).into())
            }
            None => {
                let span = self.point(Marker::new(0, 1, 0));
                let place = self.source.place(span);
                Err(Finding::error("invalid-yaml", place, "the file ends too early").into())
            }
        }
    }

    fn node(&mut self, event: Event<'s>, span: ParserSpan, depth: usize) -> Result<Node, Findings> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            let message = format!("more than {MAX_DEPTH} levels or {MAX_NODES} values");
            return Err(self.refuse(span, &message).into());
        }
        let anchor = match &event {
            Event::Scalar(_, _, anchor, None)
            | Event::SequenceStart(anchor, None)
            | Event::MappingStart(anchor, None) => *anchor,
            Event::Alias(anchor) => return self.repeated(*anchor, span, depth),
            _ => return Err(self.refuse(span, "a tag").into()),
        };
        if anchor != 0 && self.anchors.is_none() {
            return Err(self.refuse(span, "an anchor").into());
        }
        let node = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.list(span, depth)?,
            _ => self.map(span, depth)?,
        };
        if anchor != 0
            && let Some(anchors) = &mut self.anchors
        {
            anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The value that an alias names.
    fn repeated(
        &mut self,
        anchor: usize,
        span: ParserSpan,
        depth: usize,
    ) -> Result<Node, Findings> {
        let named = self
            .anchors
            .as_ref()
            .and_then(|anchors| anchors.get(&anchor));
        let Some(node) = named.cloned() else {
            return Err(self.refuse(span, "an alias").into());
        };
        let (count, deepest) = size(&node);
        self.nodes += count;
        if self.nodes > MAX_NODES || depth + deepest > MAX_DEPTH {
            return Err(self.refuse(span, "an alias that repeats too much").into());
        }
        Ok(node)
    }

    /// Takes the entries over that `<<` names, but for those that the mapping has itself.
    fn merge(&self, entries: Vec<Entry>) -> Vec<Entry> {
        const MERGE: &str = "<<";
        if self.anchors.is_none() || entries.iter().all(|entry| entry.key != MERGE) {
            return entries;
        }
        let (merged, mut entries): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.key == MERGE);
        let mut keys: BTreeSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        for entry in merged {
            let maps = match entry.node.value {
                Value::List(maps) => maps,
                _ => vec![entry.node],
            };
            for map in maps {
                let Value::Map(taken) = map.value else {
                    continue;
                };
                for entry in taken {
                    if keys.insert(entry.key.clone()) {
                        entries.push(entry);
                    }
                }
            }
        }
        entries
    }

    fn list(&mut self, start: ParserSpan, depth: usize) -> Result<Node, Findings> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, span, depth + 1)?);
        }
        Ok(Node {
            span: self.span(start),
            value: Value::List(items),
        })
    }

    fn map(&mut self, start: ParserSpan, depth: usize) -> Result<Node, Findings> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(self.refuse(span, "a key that is not plain text").into()),
            };
            let key_span = self.span(span);
            if !keys.insert(key.clone()) {
                self.duplicates
                    .add(|| duplicate_key(self.source, key_span, &key));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            entries.push(Entry {
                key,
                key_span,
                node,
            });
        }
        Ok(Node {
            span: self.span(start),
            value: Value::Map(self.merge(entries)),
        })
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: ParserSpan) -> Node {
        match style {
            ScalarStyle::Plain => Node {
                span: self.span(span),
                value: plain_value(text),
            },
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let mut span = self.span(span);
                span.column += 1;
                span.length = span.length.saturating_sub(2).max(1);
                Node {
                    span,
                    value: Value::Text(text.to_owned()),
                }
            }
            ScalarStyle::Literal | ScalarStyle::Folded => Node {
                span: self.block_span(text, span),
                value: Value::Text(text.to_owned()),
            },
        }
    }

    /// Where the first character of a block scalar stands. The parser names the first line that is
    /// not blank; the blank ones before it belong to the text.
    fn block_span(&self, text: &str, span: ParserSpan) -> Span {
        let blank = text.bytes().take_while(|byte| *byte == b'\n').count();
        let mut start = self.point(span.start);
        start.line = start.line.saturating_sub(saturate(blank)).max(1);
        start
    }

    fn span(&self, span: ParserSpan) -> Span {
        let mut result = self.point(span.start);
        if span.start.line() == span.end.line() {
            let length = span.end.col().saturating_sub(span.start.col());
            result.length = saturate(length).max(1);
        }
        result
    }

    fn point(&self, marker: Marker) -> Span {
        Span {
            line: self.source.first_line + saturate(marker.line().saturating_sub(1)),
            column: saturate(marker.col()) + 1,
            length: 1,
        }
    }

    fn refuse(&self, span: ParserSpan, what: &str) -> Finding {
        let place = self.source.place(self.span(span));
        Finding::error("unsupported-yaml", place, format!("{what} is not accepted here"))
            .with_help("write plain YAML: one document, no anchors, aliases or tags, text keys, moderate depth")
    }
}

/// How many values a value holds, itself included, and how deep they are nested.
fn size(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.value {
        Value::List(items) => items.iter().map(size).collect(),
        Value::Map(entries) => entries.iter().map(|entry| size(&entry.node)).collect(),
        _ => Vec::new(),
    };
    let count = inner.iter().map(|(count, _)| count).sum::<usize>() + 1;
    let deepest = inner.iter().map(|(_, deepest)| deepest + 1).max();
    (count, deepest.unwrap_or(0))
}

/// The finding for a key that a mapping holds twice.
pub fn duplicate_key(source: &Source, span: Span, key: &str) -> Finding {
    let message = format!("the key `{key}` stands here twice");
    Finding::error("duplicate-key", source.place(span), message).with_help("keep one of the two")
}

/// The value of a plain scalar by the YAML 1.2 core schema: `no`, `on` and `y` are text.
fn plain_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Boolean(true),
        "false" | "False" | "FALSE" => return Value::Boolean(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let numeric = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !numeric {
        return Value::Text(text.to_owned());
    }
    if let Ok(integer) = text.parse() {
        return Value::Integer(integer);
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Value::Float(float),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Node, Findings> {
        parse_yaml(&Source::new("a.yml", text))
    }

    fn problem(text: &str) -> Finding {
        parse(text)
            .expect_err("the text should be refused")
            .0
            .remove(0)
    }

    #[test]
    fn values_follow_the_core_schema_and_words_like_no_stay_text() {
        let node = parse(
            "a: 1\nb: 1.5\nc: no\nd: on\ne: true\nf: ~\ng: '1'\nh: 2026-01-01\ni: -.5e3\nj: 1.2.3\n",
        );
        assert_eq!(
            node.unwrap().to_json(),
            json!({"a": 1, "b": 1.5, "c": "no", "d": "on", "e": true, "f": null, "g": "1",
                   "h": "2026-01-01", "i": -500.0, "j": "1.2.3"})
        );
    }

    #[test]
    fn a_block_scalar_knows_where_its_text_starts() {
        let node = parse("a:\n  b: |\n\n    first\n    second\n").unwrap();
        let Value::Map(entries) = node.value else {
            panic!("not a map")
        };
        let Value::Map(inner) = &entries[0].node.value else {
            panic!("not a map")
        };
        assert_eq!(
            inner[0].node.span,
            Span {
                line: 3,
                column: 5,
                length: 1
            }
        );
        assert_eq!(
            inner[0].node.value,
            Value::Text("\nfirst\nsecond\n".to_owned())
        );
    }

    #[test]
    fn a_key_twice_is_found_where_it_stands_the_second_time() {
        let finding = problem("a: 1\nb: 2\na: 3\n");
        assert_eq!(finding.ident, "duplicate-key");
        assert_eq!(finding.place.span.unwrap().line, 3);
        assert_eq!(finding.place.excerpt.as_deref(), Some("a: 3"));
    }

    #[test]
    fn a_syntax_error_has_line_and_column() {
        let finding = problem("a: 1\nb: [1, 2\n");
        assert_eq!(finding.ident, "invalid-yaml");
        assert!(finding.place.span.unwrap().line >= 2);
    }

    #[test]
    fn anchors_aliases_tags_and_second_documents_are_refused() {
        for text in [
            "a: &x 1\nb: *x\n",
            "a: !!binary aGk=\n",
            "a: 1\n---\nb: 2\n",
            "? [a]\n: 1\n",
        ] {
            assert_eq!(problem(text).ident, "unsupported-yaml", "{text}");
        }
    }

    #[test]
    fn aliases_repeat_values_and_merges_take_entries_over_where_they_are_allowed() {
        let with_aliases = |text: &str| parse_yaml_with_aliases(&Source::new("a.yml", text));
        let text = "base: &b { x: 1, y: &l [2] }\nown: { <<: *b, x: 3 }\nall: [*b, *l]\n";
        assert_eq!(
            with_aliases(text).unwrap().to_json(),
            json!({"base": {"x": 1, "y": [2]}, "own": {"x": 3, "y": [2]},
                   "all": [{"x": 1, "y": [2]}, [2]]})
        );
        assert_eq!(problem(text).ident, "unsupported-yaml");
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            let list = [below.as_str(); 9].join(", ");
            let line = format!("a{level}: &a{level} [{list}]\n");
            bomb.push_str(&line);
        }
        assert!(with_aliases(&bomb).is_err());
        for text in ["a: *b\n", "a: &b [*b]\n", "a: !!binary aGk=\n"] {
            assert!(with_aliases(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bombs_of_depth_and_breadth_are_refused_without_effort() {
        for text in [
            "{a: ".repeat(50_000),
            "[".repeat(200_000),
            "- ".repeat(100_000),
        ] {
            assert!(matches!(
                problem(&text).ident.as_str(),
                "unsupported-yaml" | "invalid-yaml"
            ));
        }
        let wide = format!("a: [{}]", "1,".repeat(MAX_NODES + 1));
        assert_eq!(problem(&wide).ident, "unsupported-yaml");
    }
}
