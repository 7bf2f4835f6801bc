//! Traces: a list, one as a tree over time, and one of its spans.

use crate::adapters::view::Asked;
use crate::cli::commands::traces::list::{ListArgs, asked as request_of};
use crate::cli::commands::traces::show::{live_then, own_scores};
use crate::cli::commands::traces::why_nothing;
use crate::cli::context::Context;
use crate::engine::traces::explore::find::{FindError, Found, find};
use crate::engine::traces::explore::list::{ListRequest, list};
use crate::engine::traces::explore::outline::Limits;
use crate::engine::traces::explore::tree::TraceTree;
use crate::report::html::blocks::Page;
use crate::report::html::span::span_page;
use crate::report::html::trace::trace_page;
use crate::report::html::traces::{TracesReport, traces_page};
use crate::report::traces::span::SpanPage;
use crate::report::traces::tree::TracePage;

use super::fault::{Fault, number, only};
use super::options::options;

/// How many rows stand on a page.
const ROWS: usize = 50;

/// How many rows are looked at in all: whoever looks for more narrows the question.
const MOST: usize = 1_000;

/// What a list can be asked for: options of `traces list`.
const KNOWN: [&str; 9] = [
    "where", "since", "until", "window", "around", "view", "by", "sort", "columns",
];

/// How much of a trace is shown.
const LIMITS: Limits = Limits {
    depth: 20,
    rows: 300,
};

/// A page about traces.
pub(super) fn page(context: &Context, asked: &Asked, path: &[&str]) -> Result<Page, Fault> {
    match path {
        [] => rows(context, asked),
        [trace] => {
            only(asked, &[])?;
            one(context, trace)
        }
        [trace, span] => {
            only(asked, &[])?;
            one(context, &format!("{trace}/{span}"))
        }
        _ => Err(Fault::no_page()),
    }
}

fn rows(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    let from = number(asked, "from")?.min(MOST - ROWS);
    let count = format!("--count={}", (from + ROWS + 1).min(MOST));
    let args: ListArgs = options(asked, &KNOWN, &[count])?;
    let request: ListRequest = request_of(context, &args).map_err(Fault::wrong)?;
    let store = context.trace_store()?;
    let mut rows = list(store.as_ref(), &request)?;
    let nothing = if rows.is_empty() {
        why_nothing(store.as_ref(), &request.selection)?
    } else {
        Vec::new()
    };
    rows.drain(..from.min(rows.len()));
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let said: Vec<(&str, &str)> = KNOWN
        .iter()
        .map(|name| (*name, asked.value(name)))
        .collect();
    Ok(traces_page(&TracesReport {
        request: &request,
        rows: &rows,
        said: &said,
        nothing: &nothing,
        from,
        count: ROWS,
        more,
        is_last: from + ROWS >= MOST,
    }))
}

fn one(context: &Context, what: &str) -> Result<Page, Fault> {
    let store = context.trace_store()?;
    let found = find(store.as_ref(), what).map_err(|error| match error {
        FindError::Store(error) => Fault::from(error),
        error => Fault::missing(error),
    })?;
    let trace = found.spans.first().map(|span| span.trace_id.clone());
    let scores = store.scores_of(&trace.into_iter().collect::<Vec<_>>())?;
    let Found { spans, span } = found;
    let shown = match span {
        Some(index) => &spans[index..=index],
        None => &spans[..],
    };
    let (live, doubt) = match live_then(context, shown)? {
        Ok(live) => (live, None),
        Err(why) => (
            Vec::new(),
            Some(format!("What was live is not known: {why}.")),
        ),
    };
    if let Some(index) = span {
        return Ok(span_page(
            &SpanPage {
                span: &spans[index],
                scores: &own_scores(&spans[index], &scores),
                live: live.first(),
                all: false,
            },
            doubt.as_deref(),
        ));
    }
    let tree = TraceTree::new(spans).ok_or(FindError::Empty)?;
    Ok(trace_page(
        &TracePage {
            tree: &tree,
            scores: &scores,
            live: &live,
            limits: Some(LIMITS),
            width: None,
            color: false,
        },
        doubt.as_deref(),
    ))
}
