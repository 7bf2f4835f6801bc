//! What production shows of a prompt: calls like those that a candidate would answer.

use crate::domain::digest::Digest;
use crate::domain::id::PromptId;
use crate::domain::metric::Metric;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::selection::Selection;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::figures::Figures;
use crate::engine::monitor::overview::{calls_to_models, numbers_of};
use crate::engine::ports::traces::TraceStore;

/// The calls of a prompt in a window of production.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// When.
    pub range: TimeRange,
    /// How many calls there were.
    pub calls: u64,
    /// How many of them were of the version that the candidate was made from.
    pub of_base: u64,
    /// The share that failed.
    pub errors: Figures,
    /// How long they took, in nanoseconds.
    pub latency: Figures,
    /// What each cost, in US dollars, as far as that is known.
    pub cost: Figures,
    /// Tokens read by each.
    pub input_tokens: Figures,
    /// Tokens written by each.
    pub output_tokens: Figures,
}

/// What a store holds of a prompt's calls.
pub fn traffic(
    store: &dyn TraceStore,
    prompt: &PromptId,
    base: Digest,
    range: TimeRange,
) -> Result<Traffic, MonitorError> {
    let calls = calls_to_models().and(Filter::is(Column::Prompt, prompt.as_str()));
    let version = TextTest::StartsWith(base.short());
    let of_base = calls
        .clone()
        .and(Filter::Text(Column::Fingerprint, version));
    let of = |filter: Filter, metrics: &[Metric]| {
        numbers_of(store, Level::Span, &Selection { range, filter }, metrics)
    };
    let metrics = [
        Metric::Traffic,
        Metric::ErrorRate,
        Metric::Latency,
        Metric::Cost,
        Metric::InputTokens,
        Metric::OutputTokens,
    ];
    let all = of(calls, &metrics)?;
    let of_base = of(of_base, &[Metric::Traffic])?;
    let figures = |metric: Metric| all.get(&metric).copied().unwrap_or_default();
    Ok(Traffic {
        range,
        calls: figures(Metric::Traffic).n,
        of_base: of_base.get(&Metric::Traffic).map_or(0, |it| it.n),
        errors: figures(Metric::ErrorRate),
        latency: figures(Metric::Latency),
        cost: figures(Metric::Cost),
        input_tokens: figures(Metric::InputTokens),
        output_tokens: figures(Metric::OutputTokens),
    })
}
