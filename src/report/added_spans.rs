//! What became of spans that were to be rows: for people, and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::dataset::Row;
use crate::domain::id::DatasetId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::datasets::from_spans::{Brought, KnownSpan, SpanName, UnfitSpan};

use super::traces::list::short_id;

/// How much of a text of somebody's stands in a line, in characters.
const SHOWN: usize = 200;

/// What is reported.
pub struct AddedSpans<'r> {
    /// The dataset.
    pub dataset: &'r DatasetId,
    /// Whether it was made for the rows.
    pub created: bool,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What became of the spans.
    pub brought: &'r Brought,
}

impl AddedSpans<'_> {
    /// Whether there were no spans.
    pub fn is_empty(&self) -> bool {
        *self.brought == Brought::default()
    }

    /// For people.
    pub fn text(&self) -> String {
        let Brought {
            added,
            known,
            unfit,
        } = self.brought;
        let would = if self.dry_run { "would add" } else { "added" };
        let mut text = format!(
            "{would} {} row(s) to {}, which wait for a review\n",
            added.len(),
            self.dataset
        );
        for row in added {
            let _ = writeln!(text, "  {}", added_line(row));
        }
        if !known.is_empty() {
            let _ = writeln!(text, "left out {} span(s)", known.len());
        }
        for KnownSpan {
            span,
            row,
            same_span,
        } in known
        {
            let why = if *same_span {
                "is from it already"
            } else {
                "asks the same"
            };
            let row = Untrusted(row);
            let _ = writeln!(text, "  {}: row `{row}` {why}", span_line(span));
        }
        if !unfit.is_empty() {
            let _ = writeln!(text, "{} span(s) can be no rows", unfit.len());
        }
        for UnfitSpan { span, problems } in unfit {
            for problem in problems {
                let problem = shorten(problem, SHOWN);
                let _ = writeln!(text, "  {}: {}", span_line(span), Untrusted(&problem));
            }
        }
        text
    }
}

fn added_line(row: &Row) -> String {
    let mut line = Untrusted(&row.id).to_string();
    let Some(source) = &row.source else {
        return line;
    };
    if let (Some(trace), Some(span)) = (&source.trace_id, &source.span_id) {
        let name = SpanName {
            trace: trace.clone(),
            span: span.clone(),
        };
        let _ = write!(line, " from {}", span_line(&name));
    }
    if let Some(deployment) = &source.deployment {
        let deployment = shorten(deployment, SHOWN);
        let _ = write!(line, ", {}", Untrusted(&deployment));
    }
    line
}

fn span_line(name: &SpanName) -> String {
    let line = format!("{}/{}", short_id(&name.trace), short_id(&name.span));
    Untrusted(&shorten(&line, SHOWN)).to_string()
}

/// The same as JSON: `pointsman/dataset-add-span/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AddedSpansV1<'r> {
    schema: &'static str,
    dataset: &'r str,
    created: bool,
    dry_run: bool,
    added: Vec<AddedV1<'r>>,
    known: Vec<KnownV1<'r>>,
    unfit: Vec<UnfitV1<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedV1<'r> {
    row: &'r str,
    trace_id: Option<&'r str>,
    span_id: Option<&'r str>,
    deployment: Option<&'r str>,
    commit: Option<&'r str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KnownV1<'r> {
    trace_id: &'r str,
    span_id: &'r str,
    row: &'r str,
    why: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnfitV1<'r> {
    trace_id: &'r str,
    span_id: &'r str,
    problems: &'r [String],
}

impl<'r> From<&AddedSpans<'r>> for AddedSpansV1<'r> {
    fn from(report: &AddedSpans<'r>) -> Self {
        let brought = report.brought;
        Self {
            schema: "pointsman/dataset-add-span/v1",
            dataset: report.dataset.as_str(),
            created: report.created,
            dry_run: report.dry_run,
            added: brought.added.iter().map(AddedV1::from).collect(),
            known: brought.known.iter().map(KnownV1::from).collect(),
            unfit: brought.unfit.iter().map(UnfitV1::from).collect(),
        }
    }
}

impl<'r> From<&'r Row> for AddedV1<'r> {
    fn from(row: &'r Row) -> Self {
        let source = row.source.as_ref();
        Self {
            row: &row.id,
            trace_id: source.and_then(|it| it.trace_id.as_deref()),
            span_id: source.and_then(|it| it.span_id.as_deref()),
            deployment: source.and_then(|it| it.deployment.as_deref()),
            commit: source.and_then(|it| it.commit.as_deref()),
        }
    }
}

impl<'r> From<&'r KnownSpan> for KnownV1<'r> {
    fn from(known: &'r KnownSpan) -> Self {
        Self {
            trace_id: &known.span.trace,
            span_id: &known.span.span,
            row: &known.row,
            why: if known.same_span {
                "same-span"
            } else {
                "asks-the-same"
            },
        }
    }
}

impl<'r> From<&'r UnfitSpan> for UnfitV1<'r> {
    fn from(unfit: &'r UnfitSpan) -> Self {
        Self {
            trace_id: &unfit.span.trace,
            span_id: &unfit.span.span,
            problems: &unfit.problems,
        }
    }
}
