//! Spans for other programs: JSON lines with everything, and CSV for tables.

use serde::Serialize;

use crate::domain::cell::neutral;
use crate::domain::trace::column::Column;
use crate::domain::trace::field::Field;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::domain::untrusted::UntrustedBlock;
use crate::engine::traces::explore::list::{ListValue, span_values};

use super::list::plain;
use crate::report::json;

/// A span with its scores: `pointsman/span-line/v1`.
#[derive(Serialize)]
struct SpanLineV1<'s> {
    schema: &'static str,
    span: &'s Span,
    scores: &'s [&'s Score],
}

/// A span as a line of JSON.
pub fn span_line(span: &Span, scores: &[&Score]) -> String {
    json::line(&SpanLineV1 {
        schema: "pointsman/span-line/v1",
        span,
        scores,
    })
}

/// A score as a line of JSON: `pointsman/score-line/v1`.
#[derive(Serialize)]
struct ScoreLineV1<'s> {
    schema: &'static str,
    score: &'s Score,
}

/// A score as a line of JSON.
pub fn score_line(score: &Score) -> String {
    json::line(&ScoreLineV1 {
        schema: "pointsman/score-line/v1",
        score,
    })
}

/// Spans as lines of CSV.
pub struct SpanCsv(Vec<Field>);

impl SpanCsv {
    /// These fields of each span; without any, every column and what was said.
    pub fn new(fields: &[Field]) -> Self {
        if !fields.is_empty() {
            return Self(fields.to_vec());
        }
        let columns = Column::plain().map(Field::Column);
        Self(columns.chain([Field::Input, Field::Output]).collect())
    }

    /// The first line.
    pub fn titles(&self) -> String {
        line(self.0.iter().map(ToString::to_string))
    }

    /// The line of a span.
    pub fn line(&self, span: &Span, scores: &[&Score]) -> String {
        let values = span_values(span, &self.0, scores);
        line(
            values
                .into_iter()
                .map(|value| value.as_ref().map_or_else(String::new, cell)),
        )
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let cells: Vec<String> = cells.collect();
    writer
        .write_record(&cells)
        .expect("memory takes what is written");
    let bytes = writer.into_inner().expect("memory takes what is written");
    String::from_utf8(bytes).expect("cells are text")
}

/// A value as a cell that no program takes for a formula, and no terminal for a command.
fn cell(value: &ListValue) -> String {
    let text = match value {
        ListValue::Text(text) => text.clone(),
        ListValue::Labels(labels) => labels.join(","),
        ListValue::Time(time) => return time.to_string(),
        number @ ListValue::Number(..) => return plain(number).to_string(),
    };
    UntrustedBlock(&neutral(&text)).to_string()
}
