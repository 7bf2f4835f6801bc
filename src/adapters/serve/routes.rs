//! What is answered to whom asks for a lane or a prompt.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::domain::digest::Digest;
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::LaneRecord;

use super::events;
use super::published::{Answer, Published};

/// Where to ask whether the server lives.
pub(super) const HEALTH: &str = "/healthz";

/// Ask again each time, which costs little with the `ETag`; go on with what you have for a day if
/// nobody answers.
const CACHING: HeaderValue = HeaderValue::from_static("private, no-cache, stale-if-error=86400");

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) published: Arc<Published>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Everything that can be asked for.
pub(super) fn router(published: Arc<Published>, stopped: watch::Receiver<bool>) -> Router {
    Router::new()
        .route(HEALTH, get(health))
        .route("/v1/lanes/{lane}", get(lane))
        .route("/v1/lanes/{lane}/events", get(events::events))
        .route("/v1/lanes/{lane}/prompts/{*prompt}", get(prompt))
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is nothing here"))
        .with_state(Shared { published, stopped })
}

/// An answer that says what is wrong.
pub(super) fn problem(status: StatusCode, why: &str) -> Response {
    let body = json!({ "error": why });
    (status, [(CONTENT_TYPE, JSON)], body.to_string()).into_response()
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

async fn health(State(shared): State<Shared>) -> Response {
    let (age, failing) = shared.published.health();
    let status = if failing { "stale" } else { "ok" };
    let body = json!({ "status": status, "ageSeconds": age.as_secs() });
    let headers = [
        (CONTENT_TYPE, JSON),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body.to_string()).into_response()
}

async fn lane(
    State(shared): State<Shared>,
    Path(lane): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(Answer { live, age }) = served(&shared, &lane) else {
        return no_lane();
    };
    let prompts: serde_json::Map<String, Value> = live
        .prompts
        .iter()
        .map(|(id, prompt)| (id.to_string(), json!(prompt.fingerprint)))
        .collect();
    let deployment = &live.record.deployment;
    let body = json!({
        "schema": "pointsman/served-lane/v1",
        "lane": deployment.lane,
        "sequence": deployment.sequence,
        "record": live.record.id,
        "kind": deployment.kind,
        "recordedAt": deployment.recorded_at,
        "source": deployment.source,
        "snapshot": deployment.snapshot,
        "prompts": prompts,
    });
    let tag = format!("\"{}\"", live.record.id);
    answer(&headers, &tag, identity(&live.record, None, age), &body)
}

async fn prompt(
    State(shared): State<Shared>,
    Path((lane, prompt)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(Answer { live, age }) = served(&shared, &lane) else {
        return no_lane();
    };
    let found = PromptId::new(prompt).ok();
    let Some(prompt) = found.and_then(|id| live.prompts.get(&id)) else {
        return problem(StatusCode::NOT_FOUND, "the lane has no such prompt");
    };
    let record = &live.record;
    let body = json!({
        "schema": "pointsman/served-prompt/v1",
        "lane": record.deployment.lane,
        "sequence": record.deployment.sequence,
        "record": record.id,
        "prompt": prompt.document,
    });
    let tag = format!("\"{}-{}\"", prompt.fingerprint, record.id);
    let identity = identity(record, Some(prompt.fingerprint), age);
    answer(&headers, &tag, identity, &body)
}

/// What is served of the lane that a path names.
pub(super) fn served(shared: &Shared, lane: &str) -> Option<Answer> {
    shared.published.lane(&LaneName::new(lane).ok()?)
}

/// The answer where a lane is not served.
pub(super) fn no_lane() -> Response {
    problem(StatusCode::NOT_FOUND, "no such lane is served here")
}

/// The headers that say what an answer is of, and how many seconds ago git confirmed it.
fn identity(record: &LaneRecord, fingerprint: Option<Digest>, age: Duration) -> HeaderMap {
    let deployment = &record.deployment;
    let texts = [
        ("pointsman-lane", Some(deployment.lane.to_string())),
        ("pointsman-sequence", Some(deployment.sequence.to_string())),
        ("pointsman-record", Some(record.id.to_string())),
        (
            "pointsman-fingerprint",
            fingerprint.map(|it| it.to_string()),
        ),
        ("pointsman-age", Some(age.as_secs().to_string())),
    ];
    let header = |(name, text): (&'static str, Option<String>)| {
        let value = HeaderValue::from_str(&text?);
        let value = value.expect("names, numbers and digests are plain text");
        Some((HeaderName::from_static(name), value))
    };
    texts.into_iter().filter_map(header).collect()
}

/// The answer, or word that the reader has it already.
fn answer(asked: &HeaderMap, tag: &str, identity: HeaderMap, body: &Value) -> Response {
    let tag_value = HeaderValue::from_str(tag).expect("a tag is digests between quotes");
    let about = [(ETAG, tag_value), (CACHE_CONTROL, CACHING)];
    if is_known(asked, tag) {
        return (StatusCode::NOT_MODIFIED, about, identity).into_response();
    }
    let json = [(CONTENT_TYPE, JSON)];
    (about, json, identity, body.to_string()).into_response()
}

/// Whether the reader says that it has what the tag stands for (RFC 9110, section 13.1.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter();
    let mut tags = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_may_know_several_versions() {
        let knows = |list: &str| {
            let header = HeaderValue::from_str(list).unwrap();
            is_known(&HeaderMap::from_iter([(IF_NONE_MATCH, header)]), "\"a-b\"")
        };
        for list in ["\"a-b\"", "W/\"a-b\"", "\"x\", \"a-b\"", "*"] {
            assert!(knows(list), "{list}");
        }
        for list in ["\"x\"", "a-b", "\"a\"", ""] {
            assert!(!knows(list), "{list}");
        }
    }
}
