//! OTLP as protobuf, written from OTLP as JSON by the numbers of opentelemetry-proto: what our reader is
//! held against, and nothing of it.

use serde_json::Value;

/// A message: the names of its fields in JSON, their numbers, and how each is spelled.
pub(crate) struct Shape(&'static [(&'static str, u32, Spelled)]);

enum Spelled {
    Text,
    /// Bytes that JSON writes in hexadecimal digits.
    Id,
    Number,
    Fixed,
    Double,
    Flag,
    Message(&'static Shape),
}

use Spelled::{Double, Fixed, Flag, Id, Message, Number, Text};

/// A request to export spans.
pub(crate) static TRACES: Shape = Shape(&[("resourceSpans", 1, Message(&RESOURCE_SPANS))]);

/// A request to export log records.
pub(crate) static LOGS: Shape = Shape(&[("resourceLogs", 1, Message(&RESOURCE_LOGS))]);

static RESOURCE_SPANS: Shape = Shape(&[
    ("resource", 1, Message(&RESOURCE)),
    ("scopeSpans", 2, Message(&SCOPE_SPANS)),
]);

static RESOURCE_LOGS: Shape = Shape(&[
    ("resource", 1, Message(&RESOURCE)),
    ("scopeLogs", 2, Message(&SCOPE_LOGS)),
]);

static RESOURCE: Shape = Shape(&[("attributes", 1, Message(&KEY_VALUE))]);

static SCOPE: Shape = Shape(&[("name", 1, Text), ("version", 2, Text)]);

static SCOPE_SPANS: Shape = Shape(&[("scope", 1, Message(&SCOPE)), ("spans", 2, Message(&SPAN))]);

static SCOPE_LOGS: Shape = Shape(&[
    ("scope", 1, Message(&SCOPE)),
    ("logRecords", 2, Message(&LOG_RECORD)),
]);

static SPAN: Shape = Shape(&[
    ("traceId", 1, Id),
    ("spanId", 2, Id),
    ("traceState", 3, Text),
    ("parentSpanId", 4, Id),
    ("name", 5, Text),
    ("kind", 6, Number),
    ("startTimeUnixNano", 7, Fixed),
    ("endTimeUnixNano", 8, Fixed),
    ("attributes", 9, Message(&KEY_VALUE)),
    ("droppedAttributesCount", 10, Number),
    ("events", 11, Message(&EVENT)),
    ("status", 15, Message(&STATUS)),
]);

static EVENT: Shape = Shape(&[
    ("timeUnixNano", 1, Fixed),
    ("name", 2, Text),
    ("attributes", 3, Message(&KEY_VALUE)),
]);

static STATUS: Shape = Shape(&[("message", 2, Text), ("code", 3, Number)]);

static LOG_RECORD: Shape = Shape(&[
    ("timeUnixNano", 1, Fixed),
    ("severityNumber", 2, Number),
    ("severityText", 3, Text),
    ("body", 5, Message(&ANY_VALUE)),
    ("attributes", 6, Message(&KEY_VALUE)),
    ("traceId", 9, Id),
    ("spanId", 10, Id),
    ("observedTimeUnixNano", 11, Fixed),
    ("eventName", 12, Text),
]);

static KEY_VALUE: Shape = Shape(&[("key", 1, Text), ("value", 2, Message(&ANY_VALUE))]);

static ANY_VALUE: Shape = Shape(&[
    ("stringValue", 1, Text),
    ("boolValue", 2, Flag),
    ("intValue", 3, Number),
    ("doubleValue", 4, Double),
    ("arrayValue", 5, Message(&ARRAY)),
    ("kvlistValue", 6, Message(&KEY_VALUE_LIST)),
]);

static ARRAY: Shape = Shape(&[("values", 1, Message(&ANY_VALUE))]);

static KEY_VALUE_LIST: Shape = Shape(&[("values", 1, Message(&KEY_VALUE))]);

/// The message that a value in the canonical JSON of OTLP stands for. A field that the shape does not
/// have is a mistake of the test.
pub(crate) fn protobuf(shape: &Shape, json: &Value) -> Vec<u8> {
    let fields = json.as_object().expect("a message is an object");
    let mut message = Vec::new();
    for (name, value) in fields {
        let known = shape.0.iter().find(|(known, ..)| known == name);
        let (_, number, spelled) = known.unwrap_or_else(|| panic!("no field `{name}`"));
        match value {
            Value::Array(items) => {
                for item in items {
                    add_field(&mut message, *number, spelled, item);
                }
            }
            value => add_field(&mut message, *number, spelled, value),
        }
    }
    message
}

fn add_field(message: &mut Vec<u8>, number: u32, spelled: &Spelled, value: &Value) {
    let text = || value.as_str().expect("it is a text");
    match spelled {
        Text => add_bytes(message, number, text().as_bytes()),
        Id => {
            let digits = text().as_bytes().chunks(2);
            let bytes = digits.map(|pair| {
                let pair = std::str::from_utf8(pair).expect("ids are digits");
                u8::from_str_radix(pair, 16).expect("ids are hexadecimal")
            });
            add_bytes(message, number, &bytes.collect::<Vec<u8>>());
        }
        Number => add_varint_field(message, number, whole(value).cast_unsigned()),
        Fixed => {
            add_tag(message, number, 1);
            message.extend_from_slice(&whole(value).to_le_bytes());
        }
        Double => {
            add_tag(message, number, 1);
            let double = value.as_f64().expect("it is a number");
            message.extend_from_slice(&double.to_le_bytes());
        }
        Flag => {
            add_tag(message, number, 0);
            message.push(u8::from(value.as_bool().expect("it is true or false")));
        }
        Message(shape) => add_bytes(message, number, &protobuf(shape, value)),
    }
}

/// A field that holds bytes: a text, a message, or what nobody knows.
pub(crate) fn add_bytes(message: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    add_tag(message, number, 2);
    add_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// A field that holds a number.
pub(crate) fn add_varint_field(message: &mut Vec<u8>, number: u32, value: u64) {
    add_tag(message, number, 0);
    add_varint(message, value);
}

fn add_tag(message: &mut Vec<u8>, number: u32, wire: u32) {
    add_varint(message, u64::from(number << 3 | wire));
}

fn add_varint(message: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        message.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    message.push(number.to_le_bytes()[0]);
}

/// 64-bit numbers are digits in a text.
fn whole(value: &Value) -> i64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or(value.as_i64()).expect("it is a whole number")
}
