//! The rows of a dataset, read as a stream: memory does not grow with the file, but for what it
//! takes to notice a row id that stands there twice.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use indexmap::IndexMap;

use crate::domain::dataset::{Dataset, Priority, Row, RowSource, RowStatus, RowsFormat};
use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::prompt::Role;
use crate::domain::run::RenderedMessage;

use super::csv_rows::CsvRows;
use super::decode::Decoder;
use super::document::{Node, Source};
use super::json::parse_json;

/// The longest line of a JSONL file that is read, in bytes.
pub const MAX_ROW_BYTES: u64 = 4 * 1024 * 1024;

/// How priorities are spelled in files.
pub(super) const PRIORITIES: [(&str, Priority); 2] = [
    ("blocking", Priority::Blocking),
    ("advisory", Priority::Advisory),
];

const STATUSES: [(&str, RowStatus); 3] = [
    ("pending", RowStatus::Pending),
    ("reviewed", RowStatus::Reviewed),
    ("accepted-risk", RowStatus::AcceptedRisk),
];

/// Who may speak in a row's conversation.
const SPEAKERS: [(&str, Role); 2] = [("user", Role::User), ("assistant", Role::Assistant)];

/// Yields the rows of a dataset in the order of the file. After a row that is wrong, the next ones
/// are still read.
pub struct RowReader {
    lines: Lines,
    cluster: Option<String>,
    seen: HashMap<ShortDigest, u32>,
}

enum Lines {
    Jsonl(JsonlRows),
    Csv(Box<CsvRows>),
}

impl RowReader {
    /// Reads the rows of `dataset` from `input`.
    pub fn new(dataset: &Dataset, input: Box<dyn BufRead + Send>) -> Self {
        let path = dataset.rows_path.clone();
        let lines = match dataset.rows_format {
            RowsFormat::Jsonl => Lines::Jsonl(JsonlRows {
                path,
                input,
                line: 0,
                text: String::new(),
                ended: false,
            }),
            RowsFormat::Csv => Lines::Csv(Box::new(CsvRows::new(path, input))),
        };
        Self {
            lines,
            cluster: dataset.cluster.clone(),
            seen: HashMap::new(),
        }
    }

    /// The row that was read last, as it stands in the file, for excerpts.
    pub fn excerpt(&self) -> &str {
        match &self.lines {
            Lines::Jsonl(rows) => &rows.text,
            Lines::Csv(rows) => rows.excerpt(),
        }
    }

    /// Fills in the cluster from its column, and refuses an id that was there before.
    fn admit(&mut self, (mut row, place): (Row, Place)) -> Result<Row, Findings> {
        if row.cluster.is_none()
            && let Some(value) = self
                .cluster
                .as_ref()
                .and_then(|column| row.vars.get(column))
        {
            row.cluster = Some(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            );
        }
        let name = Digest::of(row.id.as_bytes()).shortened();
        match self.seen.insert(name, row.line) {
            None => Ok(row),
            Some(first) => {
                let message = format!("the row id `{}` stands here twice", row.id);
                let help =
                    format!("it stands first in line {first}; give each row an id of its own");
                Err(Finding::error("duplicate-row-id", place, message)
                    .with_help(help)
                    .into())
            }
        }
    }
}

impl Iterator for RowReader {
    type Item = Result<Row, Findings>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = match &mut self.lines {
            Lines::Jsonl(rows) => rows.next_row()?,
            Lines::Csv(rows) => rows.next_row()?,
        };
        Some(found.and_then(|row| self.admit(row)))
    }
}

struct JsonlRows {
    path: String,
    input: Box<dyn BufRead + Send>,
    line: u32,
    text: String,
    ended: bool,
}

impl JsonlRows {
    fn next_row(&mut self) -> Option<Result<(Row, Place), Findings>> {
        loop {
            if self.ended {
                return None;
            }
            self.line += 1;
            let text = match self.read_line() {
                Ok(Some(text)) => text,
                Ok(None) => return None,
                Err(findings) => {
                    self.ended = true;
                    return Some(Err(findings));
                }
            };
            if !text.trim().is_empty() {
                let source = Source {
                    path: self.path.clone(),
                    text,
                    first_line: self.line,
                };
                let row = read_row(&source);
                source.text.trim_end().clone_into(&mut self.text);
                return Some(row);
            }
        }
    }

    fn read_line(&mut self) -> Result<Option<String>, Findings> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.input).take(MAX_ROW_BYTES + 1);
        let count = limited.read_until(b'\n', &mut bytes).map_err(|error| {
            Finding::error("unreadable", Place::file(&self.path), error.to_string())
        })?;
        if count == 0 {
            return Ok(None);
        }
        let source = |text: String| Source {
            path: self.path.clone(),
            text,
            first_line: self.line,
        };
        if bytes.len() as u64 > MAX_ROW_BYTES {
            let source = source(String::new());
            let place = source.place(source.span_of_bytes(0..1));
            let message = format!("this line is longer than {MAX_ROW_BYTES} bytes");
            return Err(Finding::error("too-large", place, message).into());
        }
        String::from_utf8(bytes).map(Some).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let source = source(String::from_utf8_lossy(error.as_bytes()).into_owned());
            let place = source.place(source.span_of_bytes(valid..valid + 1));
            Finding::error("not-utf-8", place, "this is not UTF-8 text").into()
        })
    }
}

fn read_row(source: &Source) -> Result<(Row, Place), Findings> {
    let node = parse_json(source)?;
    let mut decoder = Decoder::new(source);
    let row = row(&mut decoder, &node, source);
    decoder.finish(row)
}

fn row(decoder: &mut Decoder<'_>, node: &Node, source: &Source) -> Option<(Row, Place)> {
    let mut fields = decoder.fields(node)?;
    let id_node = fields.required(decoder, "id");
    let id = id_node.and_then(|node| row_id(decoder, node));
    let messages = fields
        .optional("messages")
        .map(|node| conversation(decoder, node));
    let vars = match (fields.optional("vars"), &messages) {
        (Some(node), _) => vars(decoder, node),
        (None, Some(_)) => Some(IndexMap::new()),
        (None, None) => {
            fields.required(decoder, "vars");
            None
        }
    };
    let expected = fields.optional("expected").map(Node::to_json);
    let critical = fields
        .optional("critical")
        .map(|node| decoder.boolean(node));
    let priority = fields
        .optional("priority")
        .map(|node| decoder.word(node, &PRIORITIES));
    let status = fields
        .optional("status")
        .map(|node| decoder.word(node, &STATUSES));
    let tags = fields.optional("tags").map(|node| decoder.texts(node));
    let cluster = fields.optional("cluster").map(|node| decoder.text(node));
    let remark = fields.optional("note").map(|node| decoder.text(node));
    let origin = fields
        .optional("source")
        .map(|node| row_source(decoder, node));
    fields.finish(decoder);
    let place = source.place(id_node?.span);
    let row = Row {
        id: id?,
        vars: vars?,
        messages: messages.unwrap_or(Some(Vec::new()))?,
        expected,
        critical: critical.unwrap_or(Some(false))?,
        priority: priority.unwrap_or(Some(Priority::default()))?,
        status: status.unwrap_or(Some(RowStatus::default()))?,
        tags: tags.unwrap_or(Some(Vec::new()))?,
        cluster: cluster.unwrap_or_default(),
        note: remark.unwrap_or_default(),
        source: origin.unwrap_or_default(),
        line: source.first_line,
    };
    Some((row, place))
}

fn row_id(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let id = decoder.text(node)?;
    if is_row_id(&id) {
        return Some(id);
    }
    decoder.error(
        "invalid-row-id",
        node.span,
        "this is not a row id",
        ROW_ID_HELP,
    );
    None
}

/// What a row id may be, for people.
pub(super) const ROW_ID_HELP: &str =
    "use 1 to 200 characters without white space at the ends and without control characters";

/// Whether a text may name a row.
pub(super) fn is_row_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 200 && id.trim() == id && !id.chars().any(char::is_control)
}

fn vars(decoder: &mut Decoder<'_>, node: &Node) -> Option<IndexMap<String, serde_json::Value>> {
    let entries = decoder.entries(node)?;
    let values = entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.node.to_json()));
    Some(values.collect())
}

/// A conversation: what the user and the model have said so far. Instructions come from prompts
/// only, so that no row can forge them.
fn conversation(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<RenderedMessage>> {
    let messages = decoder.list_of(node, message)?;
    if messages.last().is_some_and(|last| last.role == Role::User) {
        return Some(messages);
    }
    decoder.error(
        "open-conversation",
        node.span,
        "the conversation does not end with a message of the user",
        "end with the message that the model has to answer",
    );
    None
}

fn message(decoder: &mut Decoder<'_>, node: &Node) -> Option<RenderedMessage> {
    let mut fields = decoder.fields(node)?;
    let role = fields
        .required(decoder, "role")
        .and_then(|node| decoder.word(node, &SPEAKERS));
    let content = fields
        .required(decoder, "content")
        .and_then(|node| decoder.text(node));
    fields.finish(decoder);
    Some(RenderedMessage {
        role: role?,
        content: content?,
    })
}

fn row_source(decoder: &mut Decoder<'_>, node: &Node) -> Option<RowSource> {
    let mut fields = decoder.fields(node)?;
    let kind = fields
        .required(decoder, "kind")
        .and_then(|node| decoder.text(node));
    let mut text = |key| fields.optional(key).and_then(|node| decoder.text(node));
    let source = RowSource {
        trace_id: text("trace_id"),
        span_id: text("span_id"),
        deployment: text("deployment"),
        commit: text("commit"),
        by: text("by"),
        at: text("at"),
        kind: kind?,
    };
    fields.finish(decoder);
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dataset::DatasetKind;
    use crate::domain::id::DatasetId;
    use serde_json::json;

    pub(super) fn read(format: RowsFormat, text: &str) -> Vec<Result<Row, Findings>> {
        let dataset = Dataset {
            id: DatasetId::new("a").unwrap(),
            description: None,
            kind: DatasetKind::Golden,
            rows_path: "datasets/a.rows".to_owned(),
            rows_format: format,
            cluster: Some("customer".to_owned()),
            split: None,
        };
        RowReader::new(
            &dataset,
            Box::new(std::io::Cursor::new(text.as_bytes().to_vec())),
        )
        .collect()
    }

    #[test]
    fn jsonl_rows_are_read_with_their_lines_and_blank_lines_are_skipped() {
        let rows = read(
            RowsFormat::Jsonl,
            "{\"id\":\"a\",\"vars\":{\"x\":1,\"customer\":\"c1\"},\"expected\":\"y\",\"critical\":true}\n\n{\"id\":\"b\",\"vars\":{}}",
        );
        let first = rows[0].as_ref().unwrap();
        assert_eq!(
            (first.id.as_str(), first.line, first.critical),
            ("a", 1, true)
        );
        assert_eq!(first.cluster.as_deref(), Some("c1"));
        assert_eq!(first.expected, Some(json!("y")));
        assert_eq!(rows[1].as_ref().unwrap().line, 3);
    }

    #[test]
    fn a_wrong_row_does_not_hide_the_ones_after_it() {
        let rows = read(
            RowsFormat::Jsonl,
            "{\"id\":\"a\",\"vars\":{}}\n{\"id\":\"a\",\"vars\":{}}\n{\"id\":\"b\"}\n{\"id\":\"c\",\"vars\":{},\"tag\":[]}\nnonsense\n{\"id\":\"d\",\"vars\":{}}\n",
        );
        let idents: Vec<_> = rows
            .iter()
            .map(|row| match row {
                Ok(row) => format!("row {}", row.id),
                Err(findings) => {
                    let place = &findings.0[0].place;
                    format!(
                        "{} in line {}",
                        findings.0[0].ident,
                        place.span.unwrap().line
                    )
                }
            })
            .collect();
        assert_eq!(
            idents,
            [
                "row a",
                "duplicate-row-id in line 2",
                "missing-key in line 3",
                "unknown-key in line 4",
                "invalid-json in line 5",
                "row d"
            ]
        );
    }

    #[test]
    fn a_conversation_is_of_user_and_model_ends_with_the_user_and_is_part_of_the_digest() {
        let row = |messages: &str| {
            let text = format!("{{\"id\":\"a\",\"messages\":{messages}}}");
            read(RowsFormat::Jsonl, &text).remove(0)
        };
        let one =
            row(r#"[{"role":"assistant","content":"Hi"},{"role":"user","content":"{{ x }}"}]"#);
        let one = one.unwrap();
        assert_eq!(one.messages[1].content, "{{ x }}");
        assert!(one.vars.is_empty());
        let other = row(r#"[{"role":"user","content":"Hi"}]"#).unwrap();
        assert_ne!(one.digest(), other.digest());
        for (messages, ident) in [
            (r#"[{"role":"system","content":"Obey"}]"#, "unknown-word"),
            (
                r#"[{"role":"assistant","content":"Hi"}]"#,
                "open-conversation",
            ),
            ("[]", "open-conversation"),
            (r#"[{"role":"user"}]"#, "missing-key"),
            (r#""Hi""#, "wrong-type"),
        ] {
            assert_eq!(row(messages).unwrap_err().0[0].ident, ident, "{messages}");
        }
    }

    #[test]
    fn the_digest_of_a_row_sees_what_is_tested_and_not_labels() {
        let digest = |text: &str| read(RowsFormat::Jsonl, text)[0].as_ref().unwrap().digest();
        let base = digest("{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\"}");
        assert_eq!(
            base,
            digest(
                "{\"expected\":\"y\",\"id\":\"a\",\"vars\":{\"x\":1},\"tags\":[\"t\"],\"note\":\"n\"}"
            )
        );
        for other in [
            "{\"id\":\"b\",\"vars\":{\"x\":1},\"expected\":\"y\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":2},\"expected\":\"y\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"z\"}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\",\"critical\":true}",
            "{\"id\":\"a\",\"vars\":{\"x\":1},\"expected\":\"y\",\"priority\":\"advisory\"}",
        ] {
            assert_ne!(base, digest(other), "{other}");
        }
    }
}
