//! A git server over smart HTTP on loopback: `git http-backend` behind a bridge that speaks CGI.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::loopback::Loopback;
use super::sandbox::program_path;

/// The server. It stops when it is dropped.
pub(crate) struct GitServer {
    loopback: Loopback,
    shared: Arc<Shared>,
}

struct Shared {
    /// The folder that holds the repositories.
    root: PathBuf,
    path: OsString,
    mood: Mutex<Mood>,
    authorizations: Mutex<BTreeSet<String>>,
}

/// How the server treats those who push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    Well,
    /// It takes a push, and the connection breaks before the answer.
    LosesAnswers,
    /// It does so once, and then answers nobody.
    Dies,
    /// It answers nobody.
    Dead,
}

impl GitServer {
    /// Serves the bare repositories in a folder.
    pub(crate) fn start(root: PathBuf) -> Self {
        let shared = Arc::new(Shared {
            root,
            path: program_path(),
            mood: Mutex::new(Mood::Well),
            authorizations: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        Self {
            loopback: Loopback::serve(router),
            shared,
        }
    }

    /// The address of a repository.
    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.loopback.address())
    }

    /// Whatever requests said to show who they are from.
    pub(crate) fn authorizations(&self) -> BTreeSet<String> {
        let known = self.shared.authorizations.lock();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the server behave otherwise.
    pub(crate) fn behave(&self, mood: Mood) {
        *self.shared.mood() = mood;
    }
}

impl Shared {
    fn mood(&self) -> std::sync::MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mood = *shared.mood();
    if mood == Mood::Dead {
        return broken_off();
    }
    if let Some(shown) = headers
        .get("authorization")
        .and_then(|shown| shown.to_str().ok())
    {
        let known = shared.authorizations.lock();
        known
            .unwrap_or_else(PoisonError::into_inner)
            .insert(shown.to_owned());
    }
    let output = backend(&shared, &method, &uri, &headers, &body).await;
    let is_push = method == Method::POST && uri.path().ends_with("/git-receive-pack");
    if is_push && mood != Mood::Well {
        if mood == Mood::Dies {
            *shared.mood() = Mood::Dead;
        }
        return broken_off();
    }
    response(&output)
}

/// What `git http-backend` says to a request.
async fn backend(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Vec<u8> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", &shared.path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "tester")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("HTTP_GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git is on the path");
    let mut stdin = child.stdin.take().expect("stdin was piped above");
    let write = async move {
        // A backend that ends early has its reasons, and says them.
        let _ = stdin.write_all(body).await;
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    output.expect("the backend runs to its end").stdout
}

/// A CGI answer as one of HTTP.
fn response(output: &[u8]) -> Response {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("a CGI answer has a head");
    let head = std::str::from_utf8(&output[..end]).expect("a CGI head is text");
    let mut response = Response::new(Body::from(output[end + 4..].to_vec()));
    for line in head.lines() {
        let (name, value) = line
            .split_once(": ")
            .expect("a CGI head has one header a line");
        if name == "Status" {
            let code = value.split(' ').next().and_then(|code| code.parse().ok());
            *response.status_mut() = code.expect("a CGI status is a number");
        } else if name == "Content-Type" {
            let value = value.parse().expect("a CGI head has plain values");
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
    }
    response
}

/// An answer that ends before it has begun.
fn broken_off() -> Response {
    let error = std::io::Error::other("the connection breaks");
    let pieces = futures_util::stream::iter([Err::<Bytes, _>(error)]);
    let mut response = Response::new(Body::from_stream(pieces));
    *response.status_mut() = StatusCode::OK;
    response
}
