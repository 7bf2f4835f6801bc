//! Rows written as JSONL: one JSON object a line.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use indexmap::IndexMap;
use serde_json::Value;

use crate::domain::dataset::{Priority, ProvedVersion, Row, RowProof, RowSource, RowStatus};
use crate::domain::finding::{Finding, Findings, Place};

use super::conversation::{RowFiles, conversation};
use super::decode::Decoder;
use super::document::{Node, Source};
use super::json::parse_json;
use super::rows::{MAX_ROW_BYTES, PRIORITIES, ROW_ID_HELP, STATUSES, is_row_id};

/// Reads lines one by one.
pub(super) struct JsonlRows {
    path: String,
    input: Box<dyn BufRead + Send>,
    line: u32,
    text: String,
    ended: bool,
}

impl JsonlRows {
    /// Reads from `input`, which stands at `path`.
    pub(super) fn new(path: String, input: Box<dyn BufRead + Send>) -> Self {
        Self {
            path,
            input,
            line: 0,
            text: String::new(),
            ended: false,
        }
    }

    /// The row that was read last.
    pub(super) fn excerpt(&self) -> &str {
        &self.text
    }

    /// The next row with its place.
    pub(super) fn next_row(
        &mut self,
        files: RowFiles<'_>,
    ) -> Option<Result<(Row, Place), Findings>> {
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
                let source = Source::part(&self.path, text, self.line);
                let row = read_row(&source, files);
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
        let source = |text: String| Source::part(&self.path, text, self.line);
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

fn read_row(source: &Source, files: RowFiles<'_>) -> Result<(Row, Place), Findings> {
    let node = parse_json(source)?;
    let mut decoder = Decoder::new(source);
    let row = row(&mut decoder, &node, source, files);
    decoder.finish(row)
}

fn row(
    decoder: &mut Decoder<'_>,
    node: &Node,
    source: &Source,
    files: RowFiles<'_>,
) -> Option<(Row, Place)> {
    let mut fields = decoder.fields(node)?;
    let id_node = fields.required(decoder, "id");
    let id = id_node.and_then(|node| row_id(decoder, node));
    let messages = fields
        .optional("messages")
        .map(|node| conversation(decoder, node, files));
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
    let proof = fields
        .optional("proof")
        .map(|node| row_proof(decoder, node));
    fields.finish(decoder);
    let place = source.place(id_node?.span);
    let row = Row {
        id: id?,
        vars: vars?,
        files: BTreeMap::new(),
        messages: messages.unwrap_or(Some(Vec::new()))?,
        expected,
        critical: critical.unwrap_or(Some(false))?,
        priority: priority.unwrap_or(Some(Priority::default()))?,
        status: status.unwrap_or(Some(RowStatus::default()))?,
        tags: tags.unwrap_or(Some(Vec::new()))?,
        cluster: cluster.unwrap_or_default(),
        note: remark.unwrap_or_default(),
        source: origin.unwrap_or_default(),
        proof: proof.unwrap_or_default(),
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

fn vars(decoder: &mut Decoder<'_>, node: &Node) -> Option<IndexMap<String, Value>> {
    let entries = decoder.entries(node)?;
    let values = entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.node.to_json()));
    Some(values.collect())
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
fn row_proof(decoder: &mut Decoder<'_>, node: &Node) -> Option<RowProof> {
    let mut fields = decoder.fields(node)?;
    let times = fields.required(decoder, "times");
    let failed = fields.required(decoder, "failed");
    let [before, after] = ["before", "after"].map(|key| fields.required(decoder, key));
    let mut text = |key| {
        let node = fields.required(decoder, key)?;
        decoder.text(node)
    };
    let [prompt, by, at] = ["prompt", "by", "at"].map(&mut text);
    fields.finish(decoder);
    let failed = failed.and_then(|node| decoder.texts(node));
    let times = times.and_then(|node| decoder.integer_within(node, 1, 1000));
    let [before, after] = [before, after].map(|node| proved_version(decoder, node?));
    Some(RowProof {
        prompt: prompt?,
        failed: failed?,
        times: times.and_then(|times| u32::try_from(times).ok())?,
        before: before?,
        after: after?,
        by: by?,
        at: at?,
    })
}

fn proved_version(decoder: &mut Decoder<'_>, node: &Node) -> Option<ProvedVersion> {
    let mut fields = decoder.fields(node)?;
    let commit = fields.optional("commit").map(|node| decoder.text(node));
    let mut text = |key| {
        let node = fields.required(decoder, key)?;
        decoder.text(node)
    };
    let [fingerprint, suite, run] = ["fingerprint", "suite", "run"].map(&mut text);
    fields.finish(decoder);
    Some(ProvedVersion {
        commit: commit.unwrap_or_default(),
        fingerprint: fingerprint?,
        suite: suite?,
        run: run?,
    })
}
