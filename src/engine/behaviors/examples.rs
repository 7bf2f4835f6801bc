//! The spans that show a behavior, with what was said in them.

use crate::domain::behavior::{Behavior, BehaviorRole, Evidence};
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{TraceStore, TraceStoreError};
use crate::engine::traces::search::passages::{Passage, Source, passages};

/// A span that shows a behavior.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Which it is.
    pub evidence: Evidence,
    /// The span; absent: the store does not hold it any more.
    pub span: Option<Span>,
    /// What was said in it, as far as it has to do with the behavior.
    pub said: Vec<Passage>,
}

/// The first spans that show a behavior.
pub fn examples(
    store: &dyn TraceStore,
    behavior: &Behavior,
    count: usize,
) -> Result<Vec<Example>, TraceStoreError> {
    let evidence = behavior.evidence.iter().take(count);
    let examples = evidence.map(|evidence| {
        let spans = store.trace(&evidence.trace_id)?;
        let span = spans.into_iter().find(|it| it.span_id == evidence.span_id);
        let said = span.as_ref().map(|span| said(span, behavior.pattern.role));
        Ok(Example {
            evidence: evidence.clone(),
            span,
            said: said.unwrap_or_default(),
        })
    });
    examples.collect()
}

/// What was said last by each of those whom a role is about.
fn said(span: &Span, role: BehaviorRole) -> Vec<Passage> {
    let wanted: &[Source] = match role {
        BehaviorRole::User => &[Source::User],
        BehaviorRole::Assistant => &[Source::User, Source::Assistant, Source::Error],
        BehaviorRole::Tool => &[Source::ToolCall, Source::ToolResult, Source::Error],
    };
    let all = passages(span);
    let last = |source: &Source| {
        all.iter()
            .rfind(|passage| passage.source == *source)
            .cloned()
    };
    wanted.iter().filter_map(last).collect()
}
