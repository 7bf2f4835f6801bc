//! OTLP as protobuf, held against bytes of a real SDK and against an encoder that knows nothing of our
//! reader: whatever the bytes are, they are understood as JSON is, or refused.

use pointsman::engine::ports::traces::TraceBatch;
use pointsman::engine::traces::map::cost::TracePrices;
use pointsman::engine::traces::map::{Mapped, Mapper};
use pointsman::engine::traces::otlp::{Export, from_json, from_protobuf, traces_from_protobuf};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::otlp::{TRACES, add_bytes, add_varint_field, protobuf};

/// What an SDK of OpenTelemetry sent.
const REAL: &[u8] = include_bytes!("sdk/traces.pb");

fn mapped(export: Export<'_>) -> (TraceBatch, Mapped) {
    let (mut batch, mut mapped) = (TraceBatch::default(), Mapped::default());
    Mapper::new(TracePrices::default()).map(export, &mut batch, &mut mapped);
    (batch, mapped)
}

/// A span, and what is around it, as protobuf.
fn request_with(span: &[u8]) -> Vec<u8> {
    let (mut scope, mut resource, mut request) = (Vec::new(), Vec::new(), Vec::new());
    add_bytes(&mut scope, 2, span);
    add_bytes(&mut resource, 2, &scope);
    add_bytes(&mut request, 1, &resource);
    request
}

/// The fields of a span that every span has.
fn span() -> Vec<u8> {
    let mut span = Vec::new();
    add_bytes(&mut span, 1, &[7; 16]);
    add_bytes(&mut span, 2, &[7; 8]);
    span.extend_from_slice(&[7 << 3 | 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    span.extend_from_slice(&[8 << 3 | 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    span
}

#[test]
fn a_message_that_is_cut_off_anywhere_is_refused() {
    assert_eq!(
        mapped(from_protobuf(REAL).expect("it is one"))
            .0
            .spans
            .len(),
        4
    );
    for length in 1..REAL.len() {
        assert!(from_protobuf(&REAL[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_byte_that_changed_never_gives_more_than_was_sent() {
    for index in 0..REAL.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let mut bytes = REAL.to_vec();
            bytes[index] ^= mask;
            if let Ok(export) = from_protobuf(&bytes) {
                let (batch, mapped) = mapped(export);
                let unusable: u64 = mapped.unusable.values().sum();
                assert!(batch.spans.len() as u64 + unusable <= 4, "{index} {mask}");
            }
        }
    }
}

#[test]
fn fields_that_nobody_knows_are_passed_over() {
    let plain = mapped(traces_from_protobuf(&request_with(&span())).expect("it is one"));
    let mut later = span();
    add_bytes(&mut later, 99, b"a field of tomorrow");
    add_varint_field(&mut later, 98, u64::MAX);
    later.extend_from_slice(&[0x85, 0x06, 1, 2, 3, 4]); // field 96 with four bytes
    let mut request = request_with(&later);
    add_bytes(&mut request, 1_000, &[0xFF; 100]);
    assert_eq!(
        mapped(traces_from_protobuf(&request).expect("it is one")),
        plain
    );
    assert_eq!(plain.0.spans.len(), 1);
}

#[test]
fn a_field_of_another_kind_is_refused() {
    type Add = fn(&mut Vec<u8>);
    let wrong: [(&str, Add); 5] = [
        ("its name is a number", |it| add_varint_field(it, 5, 1)),
        ("its start is a text", |it| add_bytes(it, 7, b"soon")),
        ("an attribute is a number", |it| add_varint_field(it, 9, 1)),
        ("its kind is a text", |it| add_bytes(it, 6, &[0xFF; 3])),
        ("its name is no UTF-8", |it| add_bytes(it, 5, &[0xFF])),
    ];
    for (what, add) in wrong {
        let mut span = span();
        add(&mut span);
        assert!(
            traces_from_protobuf(&request_with(&span)).is_err(),
            "{what}"
        );
    }
}

#[test]
fn values_within_values_are_refused_before_they_exhaust_the_stack() {
    let nested = (0..50_000).fold(Vec::new(), |inner: Vec<u8>, depth: u32| {
        let mut outer = Vec::new();
        // A list of one value, and the value that it is.
        add_bytes(
            &mut outer,
            if depth.is_multiple_of(2) { 1 } else { 5 },
            &inner,
        );
        outer
    });
    let (mut pair, mut span) = (Vec::new(), span());
    add_bytes(&mut pair, 2, &nested);
    add_bytes(&mut span, 9, &pair);
    let error = traces_from_protobuf(&request_with(&span)).expect_err("it is too deep");
    assert!(error.to_string().contains("recursion limit"), "{error}");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| json!({ "stringValue": text })),
        any::<i64>().prop_map(|number| json!({ "intValue": number.to_string() })),
        any::<bool>().prop_map(|flag| json!({ "boolValue": flag })),
        prop::num::f64::NORMAL.prop_map(|number| json!({ "doubleValue": number })),
        Just(json!({})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let pair = (any::<String>(), inner.clone());
        let pair = pair.prop_map(|(key, value)| json!({ "key": key, "value": value }));
        prop_oneof![
            prop::collection::vec(inner, 0..4)
                .prop_map(|values| json!({ "arrayValue": { "values": values } })),
            prop::collection::vec(pair, 0..4)
                .prop_map(|values| json!({ "kvlistValue": { "values": values } })),
        ]
    })
}

fn any_attributes() -> impl Strategy<Value = Vec<Value>> {
    let names = prop::sample::select(vec![
        "gen_ai.operation.name",
        "gen_ai.usage.input_tokens",
        "gen_ai.input.messages",
        "gen_ai.prompt.variable.ticket",
        "llm.input_messages.0.message.content",
        "http.route",
        "lane",
    ]);
    let name = prop_oneof![names.prop_map(str::to_owned), any::<String>()];
    let pair = (name, any_value());
    let pair = pair.prop_map(|(key, value)| json!({ "key": key, "value": value }));
    prop::collection::vec(pair, 0..6)
}

fn any_span() -> impl Strategy<Value = Value> {
    let times = (any::<u32>(), any::<u32>());
    let text = any::<String>();
    (any::<u64>(), times, text, 0..6_u8, 0..3_u8, any_attributes(), any_attributes()).prop_map(
        |(id, (start, duration), name, kind, code, attributes, of_event)| {
            let start = 1_700_000_000_000_000_000 + u64::from(start);
            json!({
                "traceId": format!("{id:032x}"),
                "spanId": format!("{id:016x}"),
                "name": name,
                "kind": kind,
                "startTimeUnixNano": start.to_string(),
                "endTimeUnixNano": (start + u64::from(duration)).to_string(),
                "attributes": attributes,
                "events": [{ "name": name, "timeUnixNano": start.to_string(), "attributes": of_event }],
                "status": { "code": code, "message": name },
            })
        },
    )
}

proptest! {
    #[test]
    fn a_request_is_the_same_spans_whether_it_is_json_or_protobuf(
        resource in any_attributes(),
        spans in prop::collection::vec(any_span(), 1..4),
    ) {
        let request = json!({ "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": "library" }, "spans": spans }],
        }]});
        let text = request.to_string();
        let json = mapped(from_json(text.as_bytes()).expect("it is JSON"));
        let bytes = protobuf(&TRACES, &request);
        prop_assert_eq!(json, mapped(traces_from_protobuf(&bytes).expect("it is one")));
    }
}
