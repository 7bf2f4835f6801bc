//! What a protobuf message comes to in memory, before it is read: prost makes room for whatever is
//! announced.

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::messages::{
    AnyValue, Event, KeyValue, LogRecord, ResourceLogs, ResourceSpans, ScopeLogs, ScopeSpans, Span,
};
use super::protobuf::ProtobufError;
use super::room::Room;

/// How deep messages are looked into. The reader refuses what is deeper.
const DEEPEST: usize = 100;

/// A message: what one takes in memory, and which of its fields are messages.
pub(super) struct Shape {
    bytes: usize,
    parts: &'static [(u32, &'static Shape)],
}

pub(super) static TRACES: Shape = shape::<()>(&[(1, &RESOURCE_SPANS)]);
pub(super) static LOGS: Shape = shape::<()>(&[(1, &RESOURCE_LOGS)]);
static RESOURCE_SPANS: Shape = shape::<ResourceSpans>(&[(1, &RESOURCE), (2, &SCOPE_SPANS)]);
static RESOURCE_LOGS: Shape = shape::<ResourceLogs>(&[(1, &RESOURCE), (2, &SCOPE_LOGS)]);
static RESOURCE: Shape = shape::<()>(&[(1, &KEY_VALUE)]);
static SCOPE_SPANS: Shape = shape::<ScopeSpans>(&[(2, &SPAN)]);
static SCOPE_LOGS: Shape = shape::<ScopeLogs>(&[(2, &LOG_RECORD)]);
static SPAN: Shape = shape::<Span>(&[(9, &KEY_VALUE), (11, &EVENT)]);
static EVENT: Shape = shape::<Event>(&[(3, &KEY_VALUE)]);
static LOG_RECORD: Shape = shape::<LogRecord>(&[(5, &ANY_VALUE), (6, &KEY_VALUE)]);
static KEY_VALUE: Shape = shape::<KeyValue>(&[(2, &ANY_VALUE)]);
static ANY_VALUE: Shape = shape::<AnyValue>(&[(5, &LIST), (6, &MAP)]);
static LIST: Shape = shape::<()>(&[(1, &ANY_VALUE)]);
static MAP: Shape = shape::<()>(&[(1, &KEY_VALUE)]);

const fn shape<T>(parts: &'static [(u32, &'static Shape)]) -> Shape {
    Shape {
        bytes: size_of::<T>(),
        parts,
    }
}

/// Refuses a message that comes to too much. What is no message at all may be told here, or when it is
/// read.
pub(super) fn weigh(message: &[u8], shape: &Shape) -> Result<(), ProtobufError> {
    let mut room = Room::WHOLE;
    add(message, shape, DEEPEST, &mut room)
}

fn add(
    mut message: &[u8],
    shape: &Shape,
    depth: usize,
    room: &mut Room,
) -> Result<(), ProtobufError> {
    while !message.is_empty() {
        let (number, wire) = decode_key(&mut message)?;
        let part = shape.parts.iter().find(|(known, _)| *known == number);
        match (wire, part) {
            (WireType::LengthDelimited, Some((_, part))) => {
                let Some(inner) = inner(&mut message)? else {
                    return Ok(());
                };
                room.take(part.bytes)?;
                if depth > 0 {
                    add(inner, part, depth - 1, room)?;
                }
            }
            _ => skip_field(wire, number, &mut message, DecodeContext::default())?,
        }
    }
    Ok(())
}

/// The bytes of a message within another; `None`: they are not all there.
fn inner<'m>(message: &mut &'m [u8]) -> Result<Option<&'m [u8]>, DecodeError> {
    let length = usize::try_from(decode_varint(message)?).unwrap_or(usize::MAX);
    let split = message.split_at_checked(length);
    Ok(split.map(|(inner, rest)| {
        *message = rest;
        inner
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8, inner: &[u8]) -> Vec<u8> {
        let mut length = inner.len();
        let mut bytes = vec![number << 3 | 2];
        while length > 0x7F {
            bytes.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        bytes.push(length.to_le_bytes()[0]);
        bytes.extend_from_slice(inner);
        bytes
    }

    #[test]
    fn a_short_message_that_stands_for_much_is_refused() {
        const COUNT: usize = 8 * 1024 * 1024;
        let spans = message(2, &[0x12, 0x00].repeat(COUNT));
        let attributes = message(2, &message(2, &[0x4A, 0x00].repeat(COUNT)));
        for scope in [spans, attributes] {
            let request = message(1, &scope);
            let told = weigh(&request, &TRACES).unwrap_err().to_string();
            assert!(told.contains("of memory"), "{told}");
        }
        let few = message(1, &message(2, &[0x12, 0x00].repeat(1_000)));
        assert_eq!(weigh(&few, &TRACES), Ok(()));
        // What is a message in one place is a text in another, and weighs nothing there.
        let text = message(1, &message(3, &[0x12, 0x00].repeat(COUNT)));
        assert_eq!(weigh(&text, &TRACES), Ok(()));
    }
}
