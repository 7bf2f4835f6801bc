//! OTLP over HTTP, between whoever sends telemetry and a server: what is asked for, how it is spelled,
//! and what is answered. <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

use prost::Message as _;
use serde_json::json;

use super::messages::{ExportResponse, PartialSuccess, RpcStatus};
use super::{Export, from_json, logs_from_protobuf, traces_from_protobuf};

/// What a request is to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
}

/// How a request is spelled, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// Protobuf.
    Protobuf,
}

/// Codes of `google.rpc.Code` that say why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of google.rpc.Code")]
pub enum RpcCode {
    InvalidArgument = 3,
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// What of a request is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// How many spans or log records.
    pub count: u64,
    /// Why, for people.
    pub why: String,
}

impl Signal {
    /// Where it is sent to.
    pub fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Logs => "/v1/logs",
        }
    }

    /// Reads a request. What is of another signal in it is a field that nobody knows, and passed over.
    pub(in super::super) fn read(
        self,
        encoding: Encoding,
        body: &[u8],
    ) -> Result<Export<'_>, String> {
        let mut export = match (encoding, self) {
            (Encoding::Json, _) => from_json(body).map_err(|error| error.to_string())?,
            (Encoding::Protobuf, Self::Traces) => {
                traces_from_protobuf(body).map_err(|error| error.to_string())?
            }
            (Encoding::Protobuf, Self::Logs) => {
                logs_from_protobuf(body).map_err(|error| error.to_string())?
            }
        };
        match self {
            Self::Traces => export.logs.clear(),
            Self::Logs => export.spans.clear(),
        }
        Ok(export)
    }

    /// The name of the count of what is not kept.
    fn rejected_name(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Logs => "rejectedLogRecords",
        }
    }
}

impl Encoding {
    /// The encoding that a content type names; `None`: none of ours.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is = |known: &str| essence.eq_ignore_ascii_case(known);
        if is("application/json") {
            Some(Self::Json)
        } else if is("application/x-protobuf") || is("application/protobuf") {
            Some(Self::Protobuf)
        } else {
            None
        }
    }

    /// The content type of what is spelled so.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }
}

/// The answer to a request that was taken in, but for what was rejected.
pub fn response(signal: Signal, encoding: Encoding, rejected: Option<&Rejected>) -> Vec<u8> {
    match (encoding, rejected) {
        (Encoding::Json, None) => b"{}".to_vec(),
        (Encoding::Json, Some(Rejected { count, why })) => {
            // A 64-bit number is digits in a text in the JSON of protobuf.
            let partial = json!({ signal.rejected_name(): count.to_string(), "errorMessage": why });
            json!({ "partialSuccess": partial })
                .to_string()
                .into_bytes()
        }
        (Encoding::Protobuf, rejected) => {
            let partial = rejected.map(|Rejected { count, why }| PartialSuccess {
                rejected: i64::try_from(*count).unwrap_or(i64::MAX),
                error_message: why.clone(),
            });
            let response = ExportResponse {
                partial_success: partial,
            };
            response.encode_to_vec()
        }
    }
}

/// The answer to a request that failed: a `google.rpc.Status`.
pub fn failure(encoding: Encoding, code: RpcCode, message: &str) -> Vec<u8> {
    match encoding {
        Encoding::Json => json!({ "code": code as i32, "message": message })
            .to_string()
            .into_bytes(),
        Encoding::Protobuf => RpcStatus {
            code: code as i32,
            message: message.to_owned(),
        }
        .encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_known_whatever_stands_behind_it() {
        for (text, encoding) in [
            ("application/json", Some(Encoding::Json)),
            ("Application/JSON; charset=utf-8", Some(Encoding::Json)),
            ("application/x-protobuf", Some(Encoding::Protobuf)),
            ("application/protobuf", Some(Encoding::Protobuf)),
            ("application/jsonl", None),
            ("text/plain", None),
            ("", None),
        ] {
            assert_eq!(Encoding::of_content_type(text), encoding, "{text}");
        }
    }

    #[test]
    fn answers_are_spelled_as_the_protocol_says() {
        let rejected = Rejected {
            count: 2,
            why: "no id".to_owned(),
        };
        let json = response(Signal::Logs, Encoding::Json, Some(&rejected));
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no id"}}"#
        );
        assert_eq!(response(Signal::Traces, Encoding::Json, None), b"{}");
        // Field 1 with a message of 9 bytes: field 1 is 2, field 2 a text of 5 bytes.
        let protobuf = response(Signal::Traces, Encoding::Protobuf, Some(&rejected));
        assert_eq!(protobuf, b"\x0a\x09\x08\x02\x12\x05no id");
        assert_eq!(response(Signal::Traces, Encoding::Protobuf, None), b"");
        let status = failure(Encoding::Protobuf, RpcCode::Unavailable, "full");
        assert_eq!(status, b"\x08\x0e\x12\x04full");
        let status = failure(Encoding::Json, RpcCode::InvalidArgument, "what?");
        assert_eq!(status, br#"{"code":3,"message":"what?"}"#);
    }

    #[test]
    fn what_is_of_another_signal_is_passed_over() {
        let both = br#"{"resourceSpans":[{}],"resourceLogs":[{}]}"#;
        let traces = Signal::Traces.read(Encoding::Json, both).unwrap();
        assert_eq!((traces.spans.len(), traces.logs.len()), (1, 0));
        let logs = Signal::Logs.read(Encoding::Json, both).unwrap();
        assert_eq!((logs.spans.len(), logs.logs.len()), (0, 1));
    }
}
