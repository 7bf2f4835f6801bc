//! OTLP as JSON, read leniently: with names in `camelCase` or `snake_case`, lists that are left out
//! or `null`, and fields that nobody knows.

mod cursor;
mod value;

use super::value::{Attributes, Text};
use super::{Export, Group, RawEvent, RawLog, RawSpan, RawStatus, Scoped};
use cursor::{Cursor, Next, Read};
pub use cursor::{JsonError, Reason};
use value::{attributes, code, text, value, whole};

/// Where the libraries of a resource stand; the last names are those of OTLP before version 1.
const SCOPE_SPANS: [&str; 4] = [
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
];
const SCOPE_LOGS: [&str; 2] = ["scopeLogs", "scope_logs"];

/// Where the log records of a library stand.
const LOG_RECORDS: [&str; 2] = ["logRecords", "log_records"];

/// How many items of a list are made room for at first.
const FEW: usize = 4;

/// Reads an export request. The error says where in the text it is none.
pub fn from_json(text: &[u8]) -> Result<Export<'_>, JsonError> {
    export(text).map_err(|error| *error)
}

fn export(text: &[u8]) -> Read<Export<'_>> {
    let cursor = &mut Cursor::new(text)?;
    let mut export = Export::default();
    let is_request = message(cursor, |cursor, name| match name {
        // `batches` is how one store of traces calls them.
        "resourceSpans" | "resource_spans" | "batches" => {
            export.spans = list(cursor, |it| group(it, &SCOPE_SPANS, &["spans"], span))?;
            Ok(true)
        }
        "resourceLogs" | "resource_logs" => {
            export.logs = list(cursor, |it| group(it, &SCOPE_LOGS, &LOG_RECORDS, log))?;
            Ok(true)
        }
        _ => Ok(false),
    })?;
    if !is_request {
        return Err(cursor.expected("an object").into());
    }
    cursor.end()?;
    Ok(export)
}

/// Reads an object by its members; those that are not known (`false`) are passed over. `null` is an
/// object without any, and told by `false`.
fn message<'a>(
    cursor: &mut Cursor<'a>,
    mut member: impl FnMut(&mut Cursor<'a>, &str) -> Read<bool>,
) -> Read<bool> {
    match cursor.next()? {
        Next::Object => cursor.enter()?,
        _ if cursor.takes("null") => return Ok(false),
        _ => return Err(cursor.expected("an object").into()),
    }
    let mut first = true;
    while let Some(name) = cursor.member(&mut first)? {
        if !member(cursor, &name)? {
            cursor.skip()?;
        }
    }
    Ok(true)
}

/// Reads a list; `null` is an empty one.
fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    mut item: impl FnMut(&mut Cursor<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    let mut list = Vec::new();
    match cursor.next()? {
        Next::List => cursor.enter()?,
        _ if cursor.takes("null") => return Ok(list),
        _ => return Err(cursor.expected("a list").into()),
    }
    let mut first = true;
    while cursor.item(&mut first)? {
        let item = item(cursor)?;
        cursor.push(&mut list, item, FEW)?;
    }
    Ok(list)
}

/// Reads what one resource sent.
fn group<'a, T>(
    cursor: &mut Cursor<'a>,
    names_of_scopes: &[&str],
    names_of_items: &[&str],
    item: fn(&mut Cursor<'a>) -> Read<T>,
) -> Read<Group<'a, T>> {
    let mut group = Group {
        resource: Attributes::default(),
        scopes: Vec::new(),
    };
    message(cursor, |cursor, name| {
        if name == "resource" {
            group.resource = only(cursor, "attributes", attributes)?;
        } else if names_of_scopes.contains(&name) {
            group.scopes = list(cursor, |cursor| scoped(cursor, names_of_items, item))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    })?;
    Ok(group)
}

/// Reads the one member of an object that matters.
fn only<'a, T: Default>(
    cursor: &mut Cursor<'a>,
    wanted: &str,
    read: fn(&mut Cursor<'a>) -> Read<T>,
) -> Read<T> {
    let mut found = T::default();
    message(cursor, |cursor, name| {
        let is_wanted = name == wanted;
        if is_wanted {
            found = read(cursor)?;
        }
        Ok(is_wanted)
    })?;
    Ok(found)
}

/// Reads what one library made.
fn scoped<'a, T>(
    cursor: &mut Cursor<'a>,
    names_of_items: &[&str],
    item: fn(&mut Cursor<'a>) -> Read<T>,
) -> Read<Scoped<'a, T>> {
    let mut scoped = Scoped {
        scope: Text::default(),
        items: Vec::new(),
    };
    message(cursor, |cursor, name| {
        match name {
            "scope" | "instrumentationLibrary" | "instrumentation_library" => {
                scoped.scope = only(cursor, "name", text)?;
            }
            name if names_of_items.contains(&name) => scoped.items = list(cursor, item)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(scoped)
}

fn span<'a>(cursor: &mut Cursor<'a>) -> Read<RawSpan<'a>> {
    let mut span = RawSpan::default();
    message(cursor, |cursor, name| {
        match name {
            "traceId" | "trace_id" => span.trace_id = text(cursor)?,
            "spanId" | "span_id" => span.span_id = text(cursor)?,
            "parentSpanId" | "parent_span_id" => span.parent_span_id = text(cursor)?,
            "name" => span.name = text(cursor)?,
            "kind" => span.kind = code(cursor)?,
            "startTimeUnixNano" | "start_time_unix_nano" => {
                span.start_time_unix_nano = whole(cursor)?;
            }
            "endTimeUnixNano" | "end_time_unix_nano" => span.end_time_unix_nano = whole(cursor)?,
            "attributes" => span.attributes = attributes(cursor)?,
            "events" => span.events = list(cursor, event)?,
            "status" => span.status = status(cursor)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(span)
}

fn event<'a>(cursor: &mut Cursor<'a>) -> Read<RawEvent<'a>> {
    let mut event = RawEvent::default();
    message(cursor, |cursor, name| {
        match name {
            "timeUnixNano" | "time_unix_nano" => event.time_unix_nano = whole(cursor)?,
            "name" => event.name = text(cursor)?,
            "attributes" => event.attributes = attributes(cursor)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(event)
}

fn status<'a>(cursor: &mut Cursor<'a>) -> Read<RawStatus<'a>> {
    let mut status = RawStatus::default();
    message(cursor, |cursor, name| {
        match name {
            "code" => status.code = code(cursor)?,
            "message" => status.message = text(cursor)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(status)
}

fn log<'a>(cursor: &mut Cursor<'a>) -> Read<RawLog<'a>> {
    let mut log = RawLog::default();
    message(cursor, |cursor, name| {
        match name {
            "timeUnixNano" | "time_unix_nano" => log.time_unix_nano = whole(cursor)?,
            "observedTimeUnixNano" | "observed_time_unix_nano" => {
                log.observed_time_unix_nano = whole(cursor)?;
            }
            "eventName" | "event_name" => log.event_name = text(cursor)?,
            "traceId" | "trace_id" => log.trace_id = text(cursor)?,
            "spanId" | "span_id" => log.span_id = text(cursor)?,
            "body" => log.body = value(cursor)?,
            "attributes" => log.attributes = attributes(cursor)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(log)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::value::{Code, Value, Whole};
    use super::*;

    fn span(fields: &str) -> RawSpan<'_> {
        let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{fields}]}}]}}]}}"#);
        let export = from_json(text.leak().as_bytes()).unwrap();
        export.spans[0].scopes[0].items[0].clone()
    }

    fn value(text: &str) -> Value<'_> {
        let span = span(format!(r#"{{"attributes":[{{"key":"k","value":{text}}}]}}"#).leak());
        span.attributes.get("k").unwrap().clone().into_owned()
    }

    #[test]
    fn a_64_bit_number_is_digits_in_a_text_or_a_number() {
        for text in [
            "\"1772352000000000000\"",
            "1772352000000000000",
            "1.772352e18",
        ] {
            let span = span(format!(r#"{{"startTimeUnixNano":{text}}}"#).leak());
            assert_eq!(
                span.start_time_unix_nano,
                Whole::Is(1_772_352_000_000_000_000),
                "{text}"
            );
        }
        let wrong = span(r#"{"startTimeUnixNano":"soon","endTimeUnixNano":[1]}"#);
        assert_eq!(wrong.start_time_unix_nano, Whole::Wrong);
        assert_eq!(wrong.end_time_unix_nano, Whole::Wrong);
        assert_eq!(span("{}").start_time_unix_nano, Whole::Absent);
    }

    #[test]
    fn an_enumeration_is_a_number_or_a_name() {
        for (text, code) in [
            ("2", 2),
            ("\"STATUS_CODE_ERROR\"", 2),
            ("\"Error\"", 2),
            ("\"2\"", 2),
            ("null", 0),
            ("-1", 0),
        ] {
            let span = span(format!(r#"{{"status":{{"code":{text}}},"kind":{text}}}"#).leak());
            assert_eq!(span.status.code, Code(code), "{text}");
            assert_eq!(span.kind, Code(code), "{text}");
        }
        assert_eq!(span(r#"{"status":null}"#).status, RawStatus::default());
    }

    #[test]
    fn values_are_read_however_they_are_spelled() {
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        let cases = [
            (r#"{"stringValue":"a"}"#, text("a")),
            (r#"{"intValue":"7"}"#, Value::Whole(7)),
            (r#"{"intValue":7}"#, Value::Whole(7)),
            (r#"{"int_value":7.0}"#, Value::Whole(7)),
            (r#"{"doubleValue":7}"#, Value::Number(7.0)),
            (r#"{"doubleValue":"1.5"}"#, Value::Number(1.5)),
            (r#"{"boolValue":false}"#, Value::Flag(false)),
            (r#"{"bytesValue":"AAE="}"#, text("AAE=")),
            ("{}", Value::Nothing),
            ("null", Value::Nothing),
            (r#"{"stringValue":"a","doubleValue":null}"#, text("a")),
            (r#"{"doubleValue":null,"stringValue":"a"}"#, text("a")),
            (
                r#"{"arrayValue":{"values":[{"intValue":1},{}]}}"#,
                Value::List(vec![Value::Whole(1), Value::Nothing]),
            ),
            (r#"{"arrayValue":{}}"#, Value::List(Vec::new())),
            (
                r#"{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}"#,
                Value::Map(Attributes(vec![(Cow::Borrowed("a"), Value::Flag(true))])),
            ),
            ("\"plain\"", text("plain")),
        ];
        for (spelled, expected) in cases {
            assert_eq!(value(spelled), expected, "{spelled}");
        }
    }

    #[test]
    fn both_styles_of_names_are_read_and_what_is_unknown_is_passed_over() {
        let text = br#"{"resource_spans":[{"resource":{"attributes":[{"key":"service.name","value":
            {"string_value":"api"}}],"droppedAttributesCount":0},"scope_spans":[{"scope":{"name":"lib",
            "version":"1"},"spans":[{"trace_id":"aa","span_id":"bb","parent_span_id":"cc","flags":256,
            "links":[{"traceId":"x"}],"start_time_unix_nano":1,"end_time_unix_nano":2,"events":null}],
            "schemaUrl":"s"}]}],"later":{"a":[1,{"b":2}]}}"#;
        let export = from_json(text).unwrap();
        let group = &export.spans[0];
        assert_eq!(
            group.resource.get("service.name").unwrap().to_text(),
            Some(Cow::Borrowed("api"))
        );
        assert_eq!(group.scopes[0].scope.0, "lib");
        let span = &group.scopes[0].items[0];
        assert_eq!(span.parent_span_id.0, "cc");
        assert_eq!(span.end_time_unix_nano, Whole::Is(2));
    }

    #[test]
    fn lists_that_are_left_out_or_null_are_empty() {
        for text in [
            "{}",
            r#"{"resourceSpans":null}"#,
            r#"{"resourceSpans":[{"resource":null,"scopeSpans":null}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"scope":null}]}]}"#,
            r#"{"resourceLogs":[{"scopeLogs":[{}]}]}"#,
        ] {
            assert!(from_json(text.as_bytes()).is_ok(), "{text}");
        }
        assert!(from_json(b"{}").unwrap().is_empty());
        assert!(from_json(b"[1").is_err());
    }

    #[test]
    fn attributes_may_be_a_plain_mapping() {
        let span = span(r#"{"attributes":{"a":1,"b":"x","c":[true],"d":{"e":null}}}"#);
        assert_eq!(span.attributes.get("a"), Some(&Value::Whole(1)));
        assert_eq!(
            span.attributes.get("d").unwrap().to_text().unwrap(),
            r#"{"e":null}"#
        );
    }
}
