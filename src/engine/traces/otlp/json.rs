//! OTLP as JSON, read leniently: with names in `camelCase` or `snake_case`, lists that are left out
//! or `null`, and fields that nobody knows.

use serde::{Deserialize, Deserializer};

use super::value::{Attributes, Code, List, Text};
use super::{Export, Group, RawLog, RawSpan, RawStatus, Scoped, room};

/// Reads an export request. The error says where in the text it is none.
pub fn from_json(text: &[u8]) -> Result<Export<'_>, serde_json::Error> {
    room::begin();
    // A text that is valid as a whole need not be gone over again, piece by piece.
    let request: Request<'_> = match str::from_utf8(text) {
        Ok(text) => serde_json::from_str(text)?,
        Err(_) => serde_json::from_slice(text)?,
    };
    let spans = request.resource_spans.0.into_iter();
    let logs = request.resource_logs.0.into_iter();
    Ok(Export {
        spans: spans.map(SpanGroup::group).collect(),
        logs: logs.map(LogGroup::group).collect(),
    })
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Request<'a> {
    /// `batches` is how one store of traces calls them.
    #[serde(borrow, alias = "resource_spans", alias = "batches")]
    resource_spans: List<SpanGroup<'a>>,
    #[serde(borrow, alias = "resource_logs")]
    resource_logs: List<LogGroup<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpanGroup<'a> {
    #[serde(borrow)]
    resource: Maybe<Resource<'a>>,
    /// The last name is that of OTLP before version 1.
    #[serde(
        borrow,
        alias = "scope_spans",
        alias = "instrumentationLibrarySpans",
        alias = "instrumentation_library_spans"
    )]
    scope_spans: List<ScopeSpans<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ScopeSpans<'a> {
    #[serde(
        borrow,
        alias = "instrumentationLibrary",
        alias = "instrumentation_library"
    )]
    scope: Maybe<Scope<'a>>,
    #[serde(borrow)]
    spans: List<RawSpan<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LogGroup<'a> {
    #[serde(borrow)]
    resource: Maybe<Resource<'a>>,
    #[serde(borrow, alias = "scope_logs")]
    scope_logs: List<ScopeLogs<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ScopeLogs<'a> {
    #[serde(borrow)]
    scope: Maybe<Scope<'a>>,
    #[serde(borrow, alias = "log_records")]
    log_records: List<RawLog<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Scope<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status<'a> {
    code: Code,
    #[serde(borrow)]
    message: Text<'a>,
}

/// A message; `null` is an empty one.
#[derive(Default)]
struct Maybe<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawStatus<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Maybe(Status { code, message }) = Maybe::deserialize(deserializer)?;
        Ok(Self { code, message })
    }
}

impl<'a> SpanGroup<'a> {
    fn group(self) -> Group<'a, RawSpan<'a>> {
        let scopes = self.scope_spans.0.into_iter().map(|scope| Scoped {
            scope: scope.scope.0.name,
            items: scope.spans.0,
        });
        Group {
            resource: self.resource.0.attributes,
            scopes: scopes.collect(),
        }
    }
}

impl<'a> LogGroup<'a> {
    fn group(self) -> Group<'a, RawLog<'a>> {
        let scopes = self.scope_logs.0.into_iter().map(|scope| Scoped {
            scope: scope.scope.0.name,
            items: scope.log_records.0,
        });
        Group {
            resource: self.resource.0.attributes,
            scopes: scopes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::value::{Value, Whole};
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
