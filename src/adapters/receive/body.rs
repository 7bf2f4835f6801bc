//! Reads the body of a request, as far as there is room for it.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{MOST_BODY_BYTES, PIECE};

/// A body, and its place in memory, which is free again when this is dropped.
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) place: OwnedSemaphorePermit,
}

/// Why a body is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotKept {
    /// There is no room for it now.
    NoRoom,
    /// It is longer than any that is read.
    TooLarge,
    /// Whoever sends it went away.
    Broken,
}

/// Reads a body. One for which there is no room is read to its end all the same, so that whoever sends
/// it reads the answer, and not that nobody listens.
pub(super) async fn read(body: Body, room: &Arc<Semaphore>) -> Result<Kept, NotKept> {
    let Ok(place) = Arc::clone(room).try_acquire_owned() else {
        return Err(discard(body.into_data_stream(), 0).await);
    };
    let mut kept = Kept {
        bytes: Vec::new(),
        place,
    };
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else {
            return Err(NotKept::Broken);
        };
        let length = kept.bytes.len() + chunk.len();
        if length > MOST_BODY_BYTES {
            return Err(NotKept::TooLarge);
        }
        let missing = length
            .div_ceil(PIECE)
            .saturating_sub(kept.place.num_permits());
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let Ok(more) = Arc::clone(room).try_acquire_many_owned(missing) else {
            drop(kept);
            return Err(discard(stream, length).await);
        };
        kept.place.merge(more);
        kept.bytes.extend_from_slice(&chunk);
    }
    Ok(kept)
}

async fn discard(mut stream: BodyDataStream, mut length: usize) -> NotKept {
    while let Some(Ok(chunk)) = stream.next().await {
        length += chunk.len();
        if length > MOST_BODY_BYTES {
            return NotKept::TooLarge;
        }
    }
    NotKept::NoRoom
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_now(body: Vec<u8>, room: &Arc<Semaphore>) -> Result<Kept, NotKept> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(read(Body::from(body), room))
    }

    #[test]
    fn a_body_takes_room_for_as_long_as_it_is_kept() {
        let room = Arc::new(Semaphore::new(4));
        let kept = read_now(vec![7; 2 * PIECE + 1], &room).ok().unwrap();
        assert_eq!(kept.bytes, vec![7; 2 * PIECE + 1]);
        assert_eq!(room.available_permits(), 1);
        let second = read_now(vec![7; PIECE + 1], &room).err();
        assert_eq!(second, Some(NotKept::NoRoom));
        assert_eq!(room.available_permits(), 1, "what was refused takes none");
        let _small = read_now(vec![7; 1], &room).ok().unwrap();
        assert_eq!(read_now(vec![7; 1], &room).err(), Some(NotKept::NoRoom));
        drop(kept);
        assert_eq!(room.available_permits(), 3);
    }

    #[test]
    fn a_body_is_read_up_to_a_limit_only() {
        let room = Arc::new(Semaphore::new(MOST_BODY_BYTES));
        let body = read_now(vec![0; MOST_BODY_BYTES + 1], &room);
        assert_eq!(body.err(), Some(NotKept::TooLarge));
        let full = Arc::new(Semaphore::new(0));
        let body = read_now(vec![0; MOST_BODY_BYTES + 1], &full);
        assert_eq!(body.err(), Some(NotKept::TooLarge));
    }
}
