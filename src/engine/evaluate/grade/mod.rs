//! Grading by rule: pure functions from an answer and its row to a grade.
//!
//! A rule is compiled once for a suite and then applied to every answer. Nothing that could not be
//! read or compared is ever a pass: it is `Error`, and what cannot be known is `Unknown`.

mod expected;
mod json;
mod limits;
mod text;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{Evaluator, JudgeRule, Rule};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::run::{Answer, Graded};

use limits::Limit;

/// An evaluator, ready to grade.
pub enum Grader {
    /// Grades by itself.
    Rule(RuleGrader),
    /// Asks a model: see `super::judge`.
    Judge(JudgeRule),
}

/// A rule that needs nothing but the answer and its row.
pub struct RuleGrader(Compiled);

enum Compiled {
    Text(text::TextGrader),
    Json(json::JsonGrader),
    Expected(expected::ExpectedGrader),
    Limit(Limit),
}

impl Grader {
    /// Prepares an evaluator: patterns and schemas are compiled here, and what is wrong with them
    /// is a finding.
    pub fn compile(evaluator: &Evaluator) -> Result<Self, Findings> {
        let compiled = match &evaluator.rule {
            Rule::Text(rule) => text::TextGrader::compile(rule).map(Compiled::Text),
            Rule::Json(rule) => json::JsonGrader::compile(rule).map(Compiled::Json),
            Rule::Expected(rule) => Ok(Compiled::Expected(expected::ExpectedGrader::new(rule))),
            Rule::Length { unit, min, max } => Ok(Compiled::Limit(Limit::Length {
                unit: *unit,
                min: *min,
                max: *max,
            })),
            Rule::Latency { max_ms } => Ok(Compiled::Limit(Limit::Latency { max_ms: *max_ms })),
            Rule::Cost { max_usd } => Ok(Compiled::Limit(Limit::Cost { max_usd: *max_usd })),
            Rule::LlmJudge(rule) => return Ok(Self::Judge(rule.clone())),
        };
        compiled
            .map(|compiled| Self::Rule(RuleGrader(compiled)))
            .map_err(|message| {
                let place = Place::file(evaluator.id.path());
                Finding::error("invalid-rule", place, message).into()
            })
    }
}

impl RuleGrader {
    /// Grades an answer to a row.
    pub fn grade(&self, answer: &Answer, row: &Row) -> Graded {
        match &self.0 {
            Compiled::Text(grader) => grader.grade(&answer.output, row),
            Compiled::Json(grader) => grader.grade(&answer.output, row),
            Compiled::Expected(grader) => grader.grade(&answer.output, row),
            Compiled::Limit(limit) => limit.grade(answer),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use indexmap::IndexMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::evaluator::Grade;
    use crate::domain::id::EvaluatorId;

    /// A row with these columns; `expected` is the row's expected value.
    pub(in super::super) fn row(columns: Value) -> Row {
        let Value::Object(map) = columns else {
            panic!("columns are an object");
        };
        let mut vars: IndexMap<String, Value> = map.into_iter().collect();
        Row {
            id: "r1".to_owned(),
            expected: vars.shift_remove("expected"),
            vars,
            messages: Vec::new(),
            critical: false,
            priority: crate::domain::dataset::Priority::Blocking,
            status: crate::domain::dataset::RowStatus::Reviewed,
            tags: Vec::new(),
            cluster: None,
            note: None,
            source: None,
            line: 1,
        }
    }

    /// An answer of which nothing but the text is known.
    pub(in super::super) fn answer(output: &str) -> Answer {
        Answer {
            output: output.to_owned(),
            ..Answer::default()
        }
    }

    pub(super) fn evaluator(rule: Rule) -> Evaluator {
        Evaluator {
            id: EvaluatorId::new("under-test").unwrap(),
            description: None,
            blocking: true,
            rule,
            examples: Vec::new(),
        }
    }

    pub(super) fn grade(rule: Rule, output: &str, columns: Value) -> (Grade, String) {
        let graded = match Grader::compile(&evaluator(rule)).unwrap() {
            Grader::Rule(grader) => grader.grade(&answer(output), &row(columns)),
            Grader::Judge(_) => panic!("a judge does not grade by itself"),
        };
        (graded.grade, graded.reason)
    }

    #[test]
    fn a_rule_that_does_not_compile_is_a_finding_at_its_file() {
        let rule = Rule::Json(crate::domain::evaluator::JsonRule::Schema(
            json!({"type": 7}),
        ));
        let Err(findings) = Grader::compile(&evaluator(rule)) else {
            panic!("a schema with `type: 7` was accepted");
        };
        assert_eq!(findings.0[0].place.path, "evaluators/under-test.yml");
        assert_eq!(findings.0[0].ident, "invalid-rule");
    }
}
