//! Which format a file of JSON has: the fields of its first record that can be read tell.

use serde_json::{Map, Value as Json};

use super::Format;

/// Why the format of a record is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Undecided {
    /// No format has such records.
    None,
    /// Several formats could.
    Several(Vec<Format>),
}

/// The format that has such records.
pub(in super::super) fn detect(record: &Map<String, Json>) -> Result<Format, Undecided> {
    let inner = page_item(record).unwrap_or(record);
    let found: Vec<Format> = Format::ALL
        .iter()
        .filter(|(format, _)| is_of(*format, record, inner))
        .map(|(format, _)| *format)
        .collect();
    match found.as_slice() {
        [] => Err(Undecided::None),
        [one] => Ok(*one),
        _ => Err(Undecided::Several(found)),
    }
}

/// The first item of a page of an API.
fn page_item(record: &Map<String, Json>) -> Option<&Map<String, Json>> {
    if record.contains_key("id") {
        return None;
    }
    let lists = ["data", "runs"].iter();
    let mut found = lists.filter_map(|name| record.get(*name)?.as_array()?.first()?.as_object());
    found.next()
}

fn is_of(format: Format, outer: &Map<String, Json>, record: &Map<String, Json>) -> bool {
    let has = |name: &str| record.contains_key(name);
    let any = |names: &[&str]| names.iter().any(|name| has(name));
    let trace = any(&["trace_id", "traceId"]);
    match format {
        Format::Otlp => [
            "resourceSpans",
            "resource_spans",
            "resourceLogs",
            "resource_logs",
            "batches",
        ]
        .iter()
        .any(|name| outer.contains_key(*name)),
        Format::Langfuse => {
            let observation = trace && has("type") && any(&["start_time", "startTime"]);
            let score = trace && any(&["data_type", "dataType"]) && has("name");
            let of_someone = any(&["user_id", "userId", "session_id", "sessionId", "htmlPath"]);
            let told = has("id") && has("timestamp") && of_someone && !trace;
            observation || score || told
        }
        Format::Langsmith => has("run_type"),
        Format::Phoenix => {
            let context = record.get("context").is_some_and(Json::is_object);
            any(&["context.span_id", "context.trace_id"])
                || (has("span_kind") && (context || trace))
                || (has("traceId") && record.get("spans").is_some_and(Json::is_array))
        }
        // Anything may be somebody's own log: only they can say so.
        Format::Jsonl => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detected(record: &Json) -> Result<Format, Undecided> {
        detect(record.as_object().expect("it is an object"))
    }

    #[test]
    fn a_format_is_known_by_the_fields_of_its_records() {
        for (record, format) in [
            (json!({"resourceSpans": []}), Format::Otlp),
            (
                json!({"trace_id": "t", "type": "SPAN", "start_time": "x"}),
                Format::Langfuse,
            ),
            (
                json!({"data": [{"traceId": "t", "type": "SPAN", "startTime": "x"}]}),
                Format::Langfuse,
            ),
            (
                json!({"id": "t", "timestamp": "x", "sessionId": null}),
                Format::Langfuse,
            ),
            (
                json!({"traceId": "t", "dataType": "NUMERIC", "name": "a"}),
                Format::Langfuse,
            ),
            (
                json!({"runs": [{"id": "r", "run_type": "llm"}]}),
                Format::Langsmith,
            ),
            (
                json!({"id": "r", "run_type": "llm", "trace_id": "t"}),
                Format::Langsmith,
            ),
            (
                json!({"context.span_id": "s", "name": "a"}),
                Format::Phoenix,
            ),
            (
                json!({"context": {"span_id": "s"}, "span_kind": "LLM"}),
                Format::Phoenix,
            ),
            (json!({"traceId": "t", "spans": []}), Format::Phoenix),
        ] {
            assert_eq!(detected(&record), Ok(format), "{record}");
        }
    }

    #[test]
    fn what_no_format_or_more_than_one_has_is_not_decided() {
        for record in [
            json!({}),
            json!({"message": "hi"}),
            json!({"data": []}),
            json!({"data": [1]}),
        ] {
            assert_eq!(detected(&record), Err(Undecided::None), "{record}");
        }
        let both = json!({"trace_id": "t", "type": "x", "start_time": "x", "run_type": "llm"});
        let several = Undecided::Several(vec![Format::Langfuse, Format::Langsmith]);
        assert_eq!(detected(&both), Err(several));
    }
}
