//! What redaction takes out as JSON, version 1. The shape is frozen: fields may be added, and nothing else
//! changes.

use serde::Serialize;

use super::redact_test::{Place, Tested, TestedExample, TestedInput};

const SCHEMA: &str = "pointsman/redact-test/v1";

/// What came of a test.
#[derive(Debug, Serialize)]
pub struct RedactTestV1<'t> {
    schema: &'static str,
    examples: Vec<ExampleV1<'t>>,
    inputs: Vec<InputV1<'t>>,
}

#[derive(Debug, Serialize)]
struct ExampleV1<'t> {
    line: u32,
    right: bool,
    expected: &'t str,
    left: &'t str,
}

#[derive(Debug, Serialize)]
struct InputV1<'t> {
    name: &'t str,
    /// Spans and scores; 0: it is a text.
    items: u64,
    untouched: u64,
    places: Vec<PlaceV1<'t>>,
}

#[derive(Debug, Serialize)]
struct PlaceV1<'t> {
    line: Option<u32>,
    column: Option<u32>,
    length: Option<u32>,
    trace: Option<&'t str>,
    span: Option<&'t str>,
    field: Option<&'t str>,
    /// None: it is dropped.
    rules: Vec<&'t str>,
}

impl<'t> RedactTestV1<'t> {
    /// What came of a test.
    pub fn new(tested: &'t Tested<'_>) -> Self {
        Self {
            schema: SCHEMA,
            examples: tested.examples.iter().map(ExampleV1::new).collect(),
            inputs: tested.inputs.iter().map(InputV1::new).collect(),
        }
    }
}

impl<'t> ExampleV1<'t> {
    fn new(tested: &'t TestedExample<'_>) -> Self {
        Self {
            line: tested.example.line,
            right: tested.is_right(),
            expected: &tested.example.expect,
            left: &tested.left,
        }
    }
}

impl<'t> InputV1<'t> {
    fn new(input: &'t TestedInput) -> Self {
        Self {
            name: &input.name,
            items: input.items,
            untouched: input.untouched,
            places: input.places.iter().map(PlaceV1::new).collect(),
        }
    }
}

impl<'t> PlaceV1<'t> {
    fn new(place: &'t Place) -> Self {
        match place {
            Place::Text(found) => Self {
                line: Some(found.span.line),
                column: Some(found.span.column),
                length: Some(found.span.length),
                trace: None,
                span: None,
                field: None,
                rules: vec![&found.rule],
            },
            Place::Field {
                trace,
                span,
                change,
            } => Self {
                line: None,
                column: None,
                length: None,
                trace: Some(trace),
                span: span.as_deref(),
                field: Some(&change.field),
                rules: change.rules.iter().map(String::as_str).collect(),
            },
        }
    }
}
