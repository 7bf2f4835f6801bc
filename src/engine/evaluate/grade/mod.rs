//! Grading by rule: pure functions from an answer and its row to a grade.
//!
//! A rule is compiled once for a suite and then applied to every answer. Nothing that could not be
//! read or compared is ever a pass: it is `Error`, and what cannot be known is `Unknown`.

mod combine;
mod expected;
mod json;
mod limits;
mod outside;
mod script;
mod similarity;
mod text;
mod tool_calls;
mod verdict;

use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{Evaluator, JudgeRule, JudgeVerdict, Part, Rule};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::run::{Answer, Graded};

use limits::Limit;

pub use combine::Combined;
pub use outside::OutsideGrader;
pub use script::ScriptGrader;
pub(super) use tool_calls::calls_in_text;

/// An evaluator, ready to grade.
pub enum Grader {
    /// Grades by itself.
    Rule(RuleGrader),
    /// Asks a script: see `super::grading`.
    Script(ScriptGrader),
    /// Asks a model: see `super::judge`.
    Judge(JudgeRule),
    /// Asks somebody else outside: see `super::grading`.
    Outside(OutsideGrader),
    /// Asks its parts.
    Combined(Combined),
}

/// A rule that needs nothing but the answer and its row.
pub struct RuleGrader(Compiled);

enum Compiled {
    Text(text::TextGrader),
    Json(json::JsonGrader),
    Expected(expected::ExpectedGrader),
    Similarity(similarity::SimilarityGrader),
    ToolCalls(tool_calls::ToolCallsGrader),
    Limit(Limit),
}

impl Grader {
    /// Prepares an evaluator for a prompt that offers `tools`: patterns and schemas are compiled
    /// here, and what is wrong with them is a finding.
    pub fn compile(evaluator: &Evaluator, tools: &[Value]) -> Result<Self, Findings> {
        compile(&evaluator.rule, tools).map_err(|message| {
            let place = Place::file(evaluator.id.path());
            Finding::error("invalid-rule", place, message).into()
        })
    }

    /// How many times somebody outside is asked for one grade, at most.
    pub fn judge_count(&self) -> usize {
        match self {
            Self::Judge(rule) => match rule.verdict {
                JudgeVerdict::Better { .. } => 2,
                _ => 1,
            },
            Self::Outside(_) => 1,
            Self::Combined(combined) => {
                let parts = combined.parts.iter();
                parts.map(|part| part.grader.judge_count()).sum()
            }
            Self::Rule(_) | Self::Script(_) => 0,
        }
    }

    /// The judges that are asked, in the order of the parts.
    pub fn judges(&self) -> Vec<&JudgeRule> {
        match self {
            Self::Judge(rule) => vec![rule],
            Self::Combined(combined) => {
                let parts = combined.parts.iter();
                parts.flat_map(|part| part.grader.judges()).collect()
            }
            Self::Rule(_) | Self::Script(_) | Self::Outside(_) => Vec::new(),
        }
    }

    /// Whoever else is asked, in the order of the parts.
    pub fn outside(&self) -> Vec<&OutsideGrader> {
        match self {
            Self::Outside(outside) => vec![outside],
            Self::Combined(combined) => {
                let parts = combined.parts.iter();
                parts.flat_map(|part| part.grader.outside()).collect()
            }
            Self::Rule(_) | Self::Script(_) | Self::Judge(_) => Vec::new(),
        }
    }
}

fn compile(rule: &Rule, tools: &[Value]) -> Result<Grader, String> {
    let compiled = match rule {
        Rule::Text(rule) => Compiled::Text(text::TextGrader::compile(rule)?),
        Rule::Json(rule) => Compiled::Json(json::JsonGrader::compile(rule)?),
        Rule::Expected(rule) => Compiled::Expected(expected::ExpectedGrader::new(rule)),
        Rule::Similarity(rule) => Compiled::Similarity(similarity::SimilarityGrader::new(rule)),
        Rule::ToolCalls(rule) => {
            Compiled::ToolCalls(tool_calls::ToolCallsGrader::compile(rule, tools)?)
        }
        Rule::Length { unit, min, max } => Compiled::Limit(Limit::Length {
            unit: *unit,
            min: *min,
            max: *max,
        }),
        Rule::Latency { max_ms } => Compiled::Limit(Limit::Latency { max_ms: *max_ms }),
        Rule::Cost { max_usd } => Compiled::Limit(Limit::Cost { max_usd: *max_usd }),
        Rule::LlmJudge(rule) => return Ok(Grader::Judge(rule.clone())),
        Rule::Script(rule) => return Ok(Grader::Script(ScriptGrader::new(rule))),
        Rule::Verdict(rule) => return Ok(Grader::Outside(OutsideGrader::Verdict(rule.clone()))),
        Rule::Embedding(rule) => {
            return Ok(Grader::Outside(OutsideGrader::Embedding(rule.clone())));
        }
        Rule::Combine(rule) => {
            let parts = rule.parts.iter().enumerate();
            let parts = parts.map(|(index, part)| compile_part(index, part, tools));
            return Ok(Grader::Combined(Combined {
                parts: parts.collect::<Result<_, String>>()?,
                combination: rule.combination,
            }));
        }
    };
    Ok(Grader::Rule(RuleGrader(compiled)))
}

fn compile_part(
    index: usize,
    part: &Part,
    tools: &[Value],
) -> Result<combine::CombinedPart, String> {
    let label = match &part.name {
        Some(name) => format!("`{name}`"),
        None => format!("part {} ({})", index + 1, part.rule.kind()),
    };
    Ok(combine::CombinedPart {
        grader: compile(&part.rule, tools)?,
        label,
        weight: part.weight,
    })
}

impl RuleGrader {
    /// Grades an answer to a row.
    pub fn grade(&self, answer: &Answer, row: &Row) -> Graded {
        match &self.0 {
            Compiled::Text(grader) => grader.grade(&answer.output, row),
            Compiled::Json(grader) => grader.grade(&answer.output, row),
            Compiled::Expected(grader) => grader.grade(&answer.output, row),
            Compiled::Similarity(grader) => grader.grade(&answer.output, row),
            Compiled::ToolCalls(grader) => grader.grade(answer, row),
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
            line: 1,
            ..Row::default()
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
        let graded = match Grader::compile(&evaluator(rule), &[]).unwrap() {
            Grader::Rule(grader) => grader.grade(&answer(output), &row(columns)),
            _ => panic!("this rule does not grade by itself"),
        };
        (graded.grade, graded.reason)
    }

    #[test]
    fn a_rule_that_does_not_compile_is_a_finding_at_its_file() {
        let rule = Rule::Json(crate::domain::evaluator::JsonRule::Schema(
            json!({"type": 7}),
        ));
        let Err(findings) = Grader::compile(&evaluator(rule), &[]) else {
            panic!("a schema with `type: 7` was accepted");
        };
        assert_eq!(findings.0[0].place.path, "evaluators/under-test.yml");
        assert_eq!(findings.0[0].ident, "invalid-rule");
    }
}
