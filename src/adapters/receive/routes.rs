//! What is answered to whom sends telemetry, as the protocol says:
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, ORIGIN,
    RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tokio::sync::{Semaphore, oneshot};

use crate::engine::traces::otlp::exchange::{self, Encoding, RpcCode, Signal};
use crate::engine::traces::receive::{Acknowledgement, Delivery};
use crate::engine::traces::source::Compression;

use super::body::{Kept, NotKept, read};
use super::{MOST_BODY_BYTES, TurnedAway};

/// When to come again, in seconds.
const LATER: HeaderValue = HeaderValue::from_static("1");

/// What a body may be compressed with.
const COMPRESSIONS: HeaderValue = HeaderValue::from_static("gzip, zstd");

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) deliveries: SyncSender<Delivery>,
    pub(super) turned_away: TurnedAway,
    pub(super) room: Arc<Semaphore>,
}

/// Everything that can be sent.
pub(super) fn router(desk: Desk) -> Router {
    let mut router = Router::new();
    for signal in [Signal::Traces, Signal::Logs] {
        let take = move |State(desk): State<Desk>, request: Request| async move {
            take(&desk, signal, request).await.unwrap_or_else(|it| *it)
        };
        router = router.route(signal.path(), post(take).fallback(wrong_method));
    }
    router.fallback(nothing_here).with_state(desk)
}

/// An answer that says what is wrong, in the encoding of the request.
pub(super) fn failure(encoding: Encoding, status: StatusCode, why: &str) -> Response {
    let code = match status {
        StatusCode::UNAUTHORIZED => RpcCode::Unauthenticated,
        StatusCode::FORBIDDEN => RpcCode::PermissionDenied,
        StatusCode::NOT_FOUND => RpcCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            RpcCode::Unimplemented
        }
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => RpcCode::ResourceExhausted,
        StatusCode::SERVICE_UNAVAILABLE => RpcCode::Unavailable,
        _ => RpcCode::InvalidArgument,
    };
    let body = exchange::failure(encoding, code, why);
    (status, [content_type(encoding)], body).into_response()
}

/// The encoding that a request is spelled in, or JSON, which people can read.
pub(super) fn encoding(headers: &HeaderMap) -> Encoding {
    known_encoding(headers).unwrap_or(Encoding::Json)
}

fn known_encoding(headers: &HeaderMap) -> Option<Encoding> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Encoding::of_content_type(text)
}

fn content_type(encoding: Encoding) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_static(encoding.content_type());
    (CONTENT_TYPE, value)
}

/// Takes a request; the error is the answer that says why not.
async fn take(desk: &Desk, signal: Signal, request: Request) -> Result<Response, Box<Response>> {
    let (head, body) = request.into_parts();
    let (encoding, compression) = readable(&head.headers)?;
    let refuse = |status, why: &str| Box::new(failure(encoding, status, why));
    let too_large = || {
        let why = format!("a body has at most {MOST_BODY_BYTES} bytes: send fewer at a time");
        refuse(StatusCode::PAYLOAD_TOO_LARGE, &why)
    };
    if declared_length(&head.headers).is_some_and(|length| length > MOST_BODY_BYTES as u64) {
        return Err(too_large());
    }
    let Kept { bytes, place } = match read(body, &desk.room).await {
        Ok(kept) => kept,
        Err(NotKept::NoRoom) => return Err(Box::new(turn_away(desk, encoding))),
        Err(NotKept::TooLarge) => return Err(too_large()),
        Err(NotKept::Broken) => {
            return Err(refuse(StatusCode::BAD_REQUEST, "the body is cut off"));
        }
    };
    let (tell, told) = oneshot::channel();
    let delivery = Delivery {
        signal,
        encoding,
        compression,
        body: bytes,
        acknowledge: Box::new(move |acknowledgement| {
            drop(place);
            // Whoever sent it may have gone away; it is kept all the same.
            let _ = tell.send(acknowledgement);
        }),
    };
    match desk.deliveries.try_send(delivery) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => return Err(Box::new(turn_away(desk, encoding))),
        Err(TrySendError::Disconnected(_)) => {
            return Err(Box::new(later(encoding, "this server ends")));
        }
    }
    match told.await {
        Ok(Acknowledgement::Stored(rejected)) => {
            let body = exchange::response(signal, encoding, rejected.as_ref());
            Ok(([content_type(encoding)], body).into_response())
        }
        Ok(Acknowledgement::Unreadable(why)) => Err(refuse(StatusCode::BAD_REQUEST, &why)),
        Ok(Acknowledgement::TooLarge(why)) => Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, &why)),
        Ok(Acknowledgement::NotStored) => {
            Err(Box::new(later(encoding, "nothing can be stored now")))
        }
        Err(_) => Err(Box::new(later(encoding, "this server ends"))),
    }
}

/// How a request is spelled and compressed, where we can read that.
fn readable(headers: &HeaderMap) -> Result<(Encoding, Compression), Box<Response>> {
    if headers.contains_key(ORIGIN) {
        let why = "web pages send nothing here: send it to a server of yours first";
        return Err(Box::new(failure(
            encoding(headers),
            StatusCode::FORBIDDEN,
            why,
        )));
    }
    let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let Some(encoding) = known_encoding(headers) else {
        let why = "the Content-Type is neither application/x-protobuf nor application/json";
        return Err(Box::new(failure(Encoding::Json, unsupported, why)));
    };
    let named = headers.get(CONTENT_ENCODING).map(HeaderValue::to_str);
    let named = named.map(|name| name.unwrap_or("?").trim().to_ascii_lowercase());
    let compression = match named.as_deref() {
        None | Some("" | "identity") => Compression::None,
        Some("gzip" | "x-gzip") => Compression::Gzip,
        Some("zstd") => Compression::Zstd,
        Some(_) => {
            let why = "the Content-Encoding is neither gzip nor zstd";
            let mut response = failure(encoding, unsupported, why);
            response.headers_mut().insert(ACCEPT_ENCODING, COMPRESSIONS);
            return Err(Box::new(response));
        }
    };
    Ok((encoding, compression))
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn turn_away(desk: &Desk, encoding: Encoding) -> Response {
    desk.turned_away.add();
    let why = "too many requests are waiting";
    let mut response = failure(encoding, StatusCode::TOO_MANY_REQUESTS, why);
    response.headers_mut().insert(RETRY_AFTER, LATER);
    response
}

fn later(encoding: Encoding, why: &str) -> Response {
    let mut response = failure(encoding, StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(RETRY_AFTER, LATER);
    response
}

async fn wrong_method(headers: HeaderMap) -> Response {
    let why = "send telemetry with POST";
    let mut response = failure(encoding(&headers), StatusCode::METHOD_NOT_ALLOWED, why);
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, post);
    response
}

async fn nothing_here(headers: HeaderMap) -> Response {
    let why = "spans are sent to /v1/traces, log records to /v1/logs; nothing else is kept here";
    failure(encoding(&headers), StatusCode::NOT_FOUND, why)
}
