//! The few parts of GitHub that our action talks to: the comments of one pull request, and releases.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, patch};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::loopback::Loopback;

/// The server. It stops when it is dropped.
pub(crate) struct GitHub {
    loopback: Loopback,
    state: Arc<Mutex<Repository>>,
}

/// What the server knows.
#[derive(Default)]
struct Repository {
    comments: Vec<(u64, String, String)>,
    may_write: bool,
    requests: Vec<String>,
    releases: BTreeMap<String, Vec<u8>>,
}

type Shared = State<Arc<Mutex<Repository>>>;

/// Who writes with the token of a job.
pub(crate) const BOT: &str = "github-actions[bot]";

impl GitHub {
    /// A server whose token may write comments.
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(Repository {
            may_write: true,
            ..Repository::default()
        }));
        let issues = "/repos/acme/support/issues";
        let router = Router::new()
            .route(&format!("{issues}/41/comments"), get(list).post(create))
            .route(&format!("{issues}/comments/{{id}}"), patch(update))
            .fallback(release)
            .with_state(Arc::clone(&state));
        Self {
            loopback: Loopback::serve(router),
            state,
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.loopback.address())
    }

    /// Does as for a token of a pull request from a fork.
    pub(crate) fn refuses_to_write(&self) {
        lock(&self.state).may_write = false;
    }

    /// Somebody comments.
    pub(crate) fn comment(&self, author: &str, body: &str) {
        lock(&self.state).add(author, body);
    }

    /// The comments, from the oldest: who wrote them, and what.
    pub(crate) fn comments(&self) -> Vec<(String, String)> {
        let repository = lock(&self.state);
        let comments = repository.comments.iter();
        comments
            .map(|(_, author, body)| (author.clone(), body.clone()))
            .collect()
    }

    /// The requests, in order: `PATCH 3`.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }

    /// Publishes a file of a release.
    pub(crate) fn release(&self, path: &str, bytes: Vec<u8>) {
        lock(&self.state).releases.insert(path.to_owned(), bytes);
    }
}

impl Repository {
    fn add(&mut self, author: &str, body: &str) -> u64 {
        let id = self.comments.len() as u64 + 1;
        self.comments.push((id, author.to_owned(), body.to_owned()));
        id
    }

    /// What GitHub says to those who may not, and to what is too long.
    fn refusal(&self, headers: &HeaderMap, body: &str) -> Option<Response> {
        let token = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let status = if token != Some("Bearer token-of-the-job") {
            StatusCode::UNAUTHORIZED
        } else if !self.may_write {
            StatusCode::FORBIDDEN
        } else if body.chars().count() > 65_536 {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            return None;
        };
        Some((status, Json(json!({ "message": "no" }))).into_response())
    }
}

fn lock(state: &Mutex<Repository>) -> MutexGuard<'_, Repository> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn list(State(state): Shared, uri: Uri) -> Json<Value> {
    let page = uri
        .query()
        .and_then(|query| query.strip_prefix("per_page=100&page="));
    let page: usize = page
        .and_then(|page| page.parse().ok())
        .expect("a page is named");
    let mut repository = lock(&state);
    repository.requests.push(format!("GET {page}"));
    let comments = repository.comments.iter().skip((page - 1) * 100).take(100);
    let comments = comments
        .map(|(id, author, body)| json!({ "id": id, "user": { "login": author }, "body": body }));
    Json(comments.collect())
}

fn body(bytes: &Bytes) -> String {
    let body: Value = serde_json::from_slice(bytes).expect("GitHub is sent JSON");
    body["body"]
        .as_str()
        .expect("a comment has a body")
        .to_owned()
}

async fn create(State(state): Shared, headers: HeaderMap, bytes: Bytes) -> Response {
    let mut repository = lock(&state);
    repository.requests.push("POST".to_owned());
    let body = body(&bytes);
    if let Some(refusal) = repository.refusal(&headers, &body) {
        return refusal;
    }
    let id = repository.add(BOT, &body);
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

async fn update(
    State(state): Shared,
    Path(id): Path<u64>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let mut repository = lock(&state);
    repository.requests.push(format!("PATCH {id}"));
    let body = body(&bytes);
    if let Some(refusal) = repository.refusal(&headers, &body) {
        return refusal;
    }
    let comment = repository.comments.iter_mut().find(|it| it.0 == id);
    comment.expect("the comment was listed").2 = body;
    Json(json!({ "id": id })).into_response()
}

async fn release(State(state): Shared, uri: Uri) -> Response {
    let repository = lock(&state);
    match repository.releases.get(uri.path()) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
