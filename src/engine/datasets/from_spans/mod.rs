//! Rows from production: what a model was asked becomes a case, redacted by the rules of today, and
//! waits until a person says what is wanted of it.

mod contract;
mod conversation;

use jiff::Timestamp;

use crate::domain::dataset::{Row, RowSource, RowStatus};
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceBatch;
use crate::engine::release::ReleaseError;
use crate::engine::traces::explore::lineage::Lineages;
use crate::engine::traces::redact::Redactor;

use super::asked::id_of;
use super::taken::Taken;

pub use contract::Contract;

/// What `source.kind` of such rows says.
pub const FROM_SPAN: &str = "span";

/// Makes rows of spans, each at most once.
pub struct SpanRows<'w> {
    /// The prompts that the rows must fit.
    pub contract: Contract<'w>,
    /// The rules by which texts are gone over again: those of the store may have been weaker.
    pub redactor: Redactor,
    /// Says what was live.
    pub lineages: Lineages<'w>,
    /// What the dataset holds already.
    pub taken: Taken,
    /// What is said of every row.
    pub remarks: Remarks,
}

/// What is said of every row that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remarks {
    /// Who brings it in.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its labels.
    pub tags: Vec<String>,
    /// Its remark.
    pub note: Option<String>,
}

/// What became of spans.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Brought {
    /// The rows that are new, in the order of their spans.
    pub added: Vec<Row>,
    /// The spans that are left out, because the dataset has what they would bring.
    pub known: Vec<KnownSpan>,
    /// The spans that can be no rows.
    pub unfit: Vec<UnfitSpan>,
}

/// A span that brings nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSpan {
    /// The span.
    pub span: SpanName,
    /// The row that is there.
    pub row: String,
    /// Whether that row is from this very span; otherwise it asks the same.
    pub same_span: bool,
}

/// A span that can be no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitSpan {
    /// The span.
    pub span: SpanName,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

/// Which span it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanName {
    /// The trace.
    pub trace: String,
    /// The span in it.
    pub span: String,
}

impl SpanName {
    fn of(span: &Span) -> Self {
        Self {
            trace: span.trace_id.clone(),
            span: span.span_id.clone(),
        }
    }
}

impl SpanRows<'_> {
    /// Makes a row of each span that is fit for one and brings something new.
    pub fn bring(&mut self, spans: Vec<Span>) -> Result<Brought, ReleaseError> {
        let mut batch = TraceBatch {
            spans,
            ..TraceBatch::default()
        };
        self.redactor.redact(&mut batch);
        let mut brought = Brought::default();
        for span in &batch.spans {
            self.bring_one(span, &mut brought)?;
        }
        Ok(brought)
    }

    fn bring_one(&mut self, span: &Span, brought: &mut Brought) -> Result<(), ReleaseError> {
        let known = |row: &str, same_span| KnownSpan {
            span: SpanName::of(span),
            row: row.to_owned(),
            same_span,
        };
        if let Some(row) = self.taken.is_from(&span.trace_id, &span.span_id) {
            brought.known.push(known(row, true));
            return Ok(());
        }
        let row = match self.asked_in(span) {
            Ok(row) => row,
            Err(problems) => {
                let span = SpanName::of(span);
                brought.unfit.push(UnfitSpan { span, problems });
                return Ok(());
            }
        };
        if let Some(same) = self.taken.asks_the_same(&row) {
            brought.known.push(known(same, false));
            return Ok(());
        }
        if self.taken.has_id(&row.id) {
            brought.unfit.push(UnfitSpan {
                span: SpanName::of(span),
                problems: vec![format!(
                    "another row is called `{}` and asks something else",
                    row.id
                )],
            });
            return Ok(());
        }
        let row = Row {
            source: Some(self.source(span)?),
            ..row
        };
        self.taken.add(&row);
        brought.added.push(row);
        Ok(())
    }

    /// The row that asks what was asked in the call.
    fn asked_in(&mut self, span: &Span) -> Result<Row, Vec<String>> {
        let prompts = self.contract.prompts_for(span).map_err(|it| vec![it])?;
        let vars = contract::variables(&prompts, span)?;
        let messages = match prompts.first() {
            Some(own) => conversation::conversation(own, span).map_err(|it| vec![it])?,
            None => Vec::new(),
        };
        let row = Row {
            vars,
            messages,
            status: RowStatus::Pending,
            tags: self.remarks.tags.clone(),
            note: self.remarks.note.clone(),
            ..Row::default()
        };
        Ok(Row {
            id: id_of(&row),
            ..row
        })
    }

    /// Where the row is from, and what was live then: where no lane knows, what the span says.
    fn source(&mut self, span: &Span) -> Result<RowSource, ReleaseError> {
        let live = self.lineages.of(span)?;
        let record = live.map(|live| live.stay.since.deployment);
        let deployment = record.as_ref().map_or_else(
            || span.lineage.deployment.clone(),
            |record| Some(format!("{}#{}", record.lane, record.sequence)),
        );
        Ok(RowSource {
            kind: FROM_SPAN.to_owned(),
            trace_id: Some(span.trace_id.clone()),
            span_id: Some(span.span_id.clone()),
            deployment,
            commit: record.map(|record| record.source.commit.to_string()),
            by: Some(self.remarks.by.clone()),
            at: Some(self.remarks.at.to_string()),
        })
    }
}
