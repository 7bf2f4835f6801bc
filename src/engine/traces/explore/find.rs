//! Which trace or span is meant by what somebody typed: an id, or enough of its start.

use std::ops::ControlFlow;

use crate::domain::suggest::nearest;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{MeasureRequest, TraceStore, TraceStoreError};

/// How many ids are named where several are meant.
const NAMED: usize = 5;

/// How many ids are compared with one that nothing has.
const COMPARED: usize = 20_000;

/// A trace that was found, and the span that was asked for within it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The trace's spans with their content, by start and id.
    pub spans: Vec<Span>,
    /// The index of the span; absent: the trace as a whole was asked for.
    pub span: Option<usize>,
}

/// Nothing, or more than one thing, is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// Nothing is stored.
    #[error("no traces are kept here")]
    Empty,
    /// No id begins like that.
    #[error("no {what} begins with `{typed}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// What was typed.
        typed: String,
        /// The id that may have been meant.
        near: Option<String>,
    },
    /// Several ids begin like that.
    #[error("several {what}s begin with `{typed}`: {}", named(.ids))]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// What was typed.
        typed: String,
        /// Some of them, one more than are named.
        ids: Vec<String>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] TraceStoreError),
}

fn named(ids: &[String]) -> String {
    let shown: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > NAMED { " and more" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Finds `<trace>`, `<trace>/<span>` or `<span>`, each by its id or the start of it.
pub fn find(store: &dyn TraceStore, typed: &str) -> Result<Found, FindError> {
    let typed = typed.trim();
    if let Some(trace) = trace_of(store, typed)? {
        return whole(store, &trace);
    }
    if let Some((trace, span)) = typed.rsplit_once('/') {
        let trace = trace_of(store, trace)?.map_or_else(|| Err(unknown(store, trace)), Ok)?;
        let mut found = whole(store, &trace)?;
        found.span = Some(span_in(&found.spans, span)?);
        return Ok(found);
    }
    let Some((trace, span)) = span_anywhere(store, typed)? else {
        return Err(unknown(store, typed));
    };
    let mut found = whole(store, &trace)?;
    found.span = Some(span_in(&found.spans, &span)?);
    Ok(found)
}

fn whole(store: &dyn TraceStore, trace: &str) -> Result<Found, FindError> {
    let spans = store.trace(trace)?;
    Ok(Found { spans, span: None })
}

/// The trace with this id, or else the only one whose id begins like that.
fn trace_of(store: &dyn TraceStore, typed: &str) -> Result<Option<String>, FindError> {
    if typed.is_empty() {
        return Ok(None);
    }
    let mut ids: Vec<String> = Vec::new();
    let start = Filter::Text(Column::Trace, TextTest::StartsWith(spelled(typed)));
    each(
        store,
        Level::Trace,
        start,
        |trace, _| ids.push(trace),
        NAMED + 1,
    )?;
    only("trace", typed, ids)
}

/// The trace and id of the only span whose id begins like that.
fn span_anywhere(
    store: &dyn TraceStore,
    typed: &str,
) -> Result<Option<(String, String)>, FindError> {
    if typed.is_empty() {
        return Ok(None);
    }
    let mut spans = Vec::new();
    let start = Filter::Text(Column::Span, TextTest::StartsWith(spelled(typed)));
    let add = |trace, span: Option<String>| spans.push((trace, span.unwrap_or_default()));
    each(store, Level::Span, start, add, NAMED + 1)?;
    let ids = spans.iter().map(|(trace, span)| format!("{trace}/{span}"));
    only("span", typed, ids.collect())?;
    Ok(spans.into_iter().next())
}

/// The index of the span with this id, or else of the only one whose id begins like that.
fn span_in(spans: &[Span], typed: &str) -> Result<usize, FindError> {
    let typed = spelled(typed);
    if let Some(exact) = spans.iter().position(|span| span.span_id == typed) {
        return Ok(exact);
    }
    let begins = |span: &&Span| span.span_id.starts_with(&typed);
    let ids = spans.iter().filter(begins).map(|span| span.span_id.clone());
    let id = only("span of the trace", &typed, ids.collect())?;
    let found = spans
        .iter()
        .position(|span| Some(&span.span_id) == id.as_ref());
    found.ok_or_else(|| FindError::Unknown {
        what: "span of the trace",
        near: nearest(&typed, spans.iter().map(|span| span.span_id.as_str())).map(str::to_owned),
        typed,
    })
}

fn only(
    what: &'static str,
    typed: &str,
    mut ids: Vec<String>,
) -> Result<Option<String>, FindError> {
    ids.sort();
    if let Some(exact) = ids.iter().position(|id| id == typed) {
        return Ok(Some(ids.swap_remove(exact)));
    }
    if ids.len() > 1 {
        let typed = typed.to_owned();
        return Err(FindError::Ambiguous { what, typed, ids });
    }
    Ok(ids.pop())
}

/// Ids of hexadecimal digits are kept in lower case.
fn spelled(typed: &str) -> String {
    if typed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        typed.to_lowercase()
    } else {
        typed.to_owned()
    }
}

/// Gives the ids of traces or spans that a filter means, so many at most.
fn each(
    store: &dyn TraceStore,
    level: Level,
    filter: Filter,
    mut each: impl FnMut(String, Option<String>),
    most: usize,
) -> Result<(), TraceStoreError> {
    let request = MeasureRequest {
        level,
        range: TimeRange::ALWAYS,
        filter,
        keys: vec![Column::Span],
        values: Vec::new(),
    };
    let mut left = most;
    store.measure(&request, &mut |measured| {
        each(measured.trace, measured.keys.into_iter().next().flatten());
        left = left.saturating_sub(1);
        if left == 0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
}

fn unknown(store: &dyn TraceStore, typed: &str) -> FindError {
    let mut ids = Vec::new();
    let listed = each(
        store,
        Level::Trace,
        Filter::Everything,
        |trace, _| ids.push(trace),
        COMPARED,
    );
    if let Err(error) = listed {
        return error.into();
    }
    if ids.is_empty() {
        return FindError::Empty;
    }
    ids.sort();
    FindError::Unknown {
        what: "trace or span",
        typed: typed.to_owned(),
        near: nearest(typed, ids.iter().map(String::as_str)).map(str::to_owned),
    }
}
