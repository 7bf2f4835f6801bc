//! A stream of events: a lane's records as they come, without asking again and again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{Stream, unfold};
use serde_json::json;
use tokio::sync::watch;

use super::super::listening::PATIENCE;
use super::routes::{Shared, no_lane, served};

/// The number of the last record that a reader has seen, as it says when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How often a stream without events says that it lives; well within the listener's patience.
const KEEP_ALIVE: Duration = Duration::from_secs(PATIENCE.as_secs() / 3);

/// Streams a lane's newest record, and each newer one when it comes. A reader that has seen the
/// newest one hears of the next.
pub(super) async fn events(
    State(shared): State<Shared>,
    Path(lane): Path<String>,
    headers: HeaderMap,
) -> Response {
    if served(&shared, &lane).is_none() {
        return no_lane();
    }
    let seen = headers.get(LAST_EVENT_ID);
    let seen = seen.and_then(|value| value.to_str().ok()?.parse().ok());
    let reader = Reader {
        changes: shared.published.changes(),
        stopped: shared.stopped.clone(),
        shared,
        lane,
        seen,
    };
    let caching = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let stream = Sse::new(reader.stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    (caching, stream).into_response()
}

/// Who reads a stream, and how far.
struct Reader {
    shared: Shared,
    changes: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
    lane: String,
    seen: Option<u64>,
}

impl Reader {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, async |mut reader| {
            let event = reader.next().await?;
            Some((Ok(event), reader))
        })
    }

    /// The next event; nothing when the server stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            // Marked as seen before it is read: what comes in between wakes us again.
            self.changes.mark_unchanged();
            if let Some(event) = self.news() {
                return Some(event);
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                _ = self.stopped.wait_for(|stopped| *stopped) => return None,
            }
        }
    }

    /// The newest record, unless the reader has seen it.
    fn news(&mut self) -> Option<Event> {
        let live = served(&self.shared, &self.lane)?.live;
        let record = &live.record;
        let deployment = &record.deployment;
        if self.seen.is_some_and(|seen| seen >= deployment.sequence) {
            return None;
        }
        self.seen = Some(deployment.sequence);
        let data = json!({
            "schema": "pointsman/served-event/v1",
            "lane": deployment.lane,
            "sequence": deployment.sequence,
            "record": record.id,
            "kind": deployment.kind,
            "recordedAt": deployment.recorded_at,
            "snapshot": deployment.snapshot,
        });
        let id = deployment.sequence.to_string();
        Some(
            Event::default()
                .event("record")
                .id(id)
                .data(data.to_string()),
        )
    }
}
