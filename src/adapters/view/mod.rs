//! Pages over HTTP on loopback, for a person at this machine.
//!
//! Whoever makes the pages knows nothing of HTTP, and works beside the server: so many pages at once, and
//! who asks then waits.

mod asked;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

pub use asked::Asked;

use super::listening::{Guard, Server};

/// How many pages are made at once: each may hold a part of what production did in memory.
const MOST_AT_ONCE: usize = 4;

/// Other sites may not hold an answer up to their own scripts.
const NOT_FOR_OTHERS: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderValue::from_static("same-origin"),
);

/// Makes pages.
pub trait Pages: Send + Sync + 'static {
    /// What is answered to whom asks for this.
    fn answer(&self, asked: &Asked) -> Reply;
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// What sort of thing it is.
    pub sort: Sort,
    /// The text.
    pub body: String,
}

/// A sort of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A page of HTML.
    Page,
    /// A style sheet.
    Style,
    /// A drawing.
    Drawing,
}

impl Sort {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
            Self::Drawing => "image/svg+xml",
        })
    }
}

/// Serves pages until `stop`. A browser does with them what `policy` says.
pub async fn view(
    server: Server,
    pages: Arc<dyn Pages>,
    policy: &'static str,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let guard = Guard {
        token: None,
        open: None,
        policy,
        refuse: |_, status, why| (status, format!("{why}\n")).into_response(),
    };
    let desk = Desk {
        pages,
        free: Arc::new(Semaphore::new(MOST_AT_ONCE)),
    };
    let router = |_| Router::new().fallback_service(get(answer).with_state(desk));
    server.run(router, guard, stop).await
}

/// What the handlers share.
#[derive(Clone)]
struct Desk {
    pages: Arc<dyn Pages>,
    free: Arc<Semaphore>,
}

async fn answer(State(desk): State<Desk>, request: Request) -> Response {
    let uri = request.uri();
    let Some(asked) = Asked::read(uri.path(), uri.query().unwrap_or_default()) else {
        let why = "this address cannot be read: what is encoded in it must be UTF-8\n";
        return (StatusCode::BAD_REQUEST, why).into_response();
    };
    let permit = desk.free.acquire_owned().await;
    let pages = desk.pages;
    let made = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        pages.answer(&asked)
    });
    let Ok(reply) = made.await else {
        let why = "this is a bug in pointsman; where it runs, it says more\n";
        return (StatusCode::INTERNAL_SERVER_ERROR, why).into_response();
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (CONTENT_TYPE, reply.sort.content_type()),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        NOT_FOR_OTHERS,
    ];
    (status, headers, reply.body).into_response()
}
