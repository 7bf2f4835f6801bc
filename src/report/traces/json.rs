//! A trace or a span as JSON, version 1. These shapes are frozen: fields may be added, and nothing
//! else changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::traces::explore::lineage::Live;
use crate::engine::traces::explore::tree::{Node, TraceTotals, TraceTree};
use crate::report::release_json::RecordV1;

/// A trace: `pointsman/trace/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceV1<'t> {
    schema: &'static str,
    trace: &'t str,
    started_at: Timestamp,
    totals: TotalsV1,
    live: Vec<LiveV1<'t>>,
    spans: Vec<NodeV1<'t>>,
    scores: &'t [Score],
}

/// What a trace was as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalsV1 {
    spans: usize,
    errors: usize,
    duration_ns: u64,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
    unpriced_calls: usize,
    critical_shares: Vec<ShareV1>,
}

/// The share of the critical path that a sort of step has.
#[derive(Debug, Serialize)]
struct ShareV1 {
    operation: &'static str,
    share: f64,
}

/// A span in its trace. `criticalNs`: how much of the trace's time was decided by it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeV1<'t> {
    span: &'t Span,
    critical_ns: u64,
    parent_is_kept: bool,
}

/// What was live. `named`: the span names the record; otherwise its lane and its time say so.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveV1<'t> {
    named: bool,
    since: RecordV1<'t>,
    until: Option<RecordV1<'t>>,
}

/// A span: `pointsman/span/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpanV1<'t> {
    schema: &'static str,
    span: &'t Span,
    live: Option<LiveV1<'t>>,
    scores: &'t [Score],
}

impl<'t> TraceV1<'t> {
    /// A trace with what is known of it elsewhere.
    pub fn new(tree: &'t TraceTree, scores: &'t [Score], live: &'t [Live]) -> Self {
        let nodes = tree.nodes();
        Self {
            schema: "pointsman/trace/v1",
            trace: nodes.first().map_or("", |node| &node.span.trace_id),
            started_at: tree.started_at(),
            totals: tree.totals().into(),
            live: live.iter().map(Into::into).collect(),
            spans: nodes.iter().map(Into::into).collect(),
            scores,
        }
    }
}

impl<'t> SpanV1<'t> {
    /// A span with what is known of it elsewhere.
    pub fn new(span: &'t Span, scores: &'t [Score], live: Option<&'t Live>) -> Self {
        Self {
            schema: "pointsman/span/v1",
            span,
            live: live.map(Into::into),
            scores,
        }
    }
}

impl From<TraceTotals> for TotalsV1 {
    fn from(totals: TraceTotals) -> Self {
        let shares = totals.shares.into_iter();
        Self {
            spans: totals.spans,
            errors: totals.errors,
            duration_ns: totals.duration_ns,
            input_tokens: totals.input_tokens,
            output_tokens: totals.output_tokens,
            cost_usd: totals.cost_usd,
            unpriced_calls: totals.unpriced,
            critical_shares: shares
                .map(|(operation, share)| ShareV1 {
                    operation: operation.name(),
                    share,
                })
                .collect(),
        }
    }
}

impl<'t> From<&'t Node> for NodeV1<'t> {
    fn from(node: &'t Node) -> Self {
        Self {
            span: &node.span,
            critical_ns: node.critical_ns(),
            parent_is_kept: !node.is_orphan,
        }
    }
}

impl<'t> From<&'t Live> for LiveV1<'t> {
    fn from(live: &'t Live) -> Self {
        Self {
            named: live.is_named,
            since: (&live.stay.since).into(),
            until: live.stay.until.as_ref().map(Into::into),
        }
    }
}
