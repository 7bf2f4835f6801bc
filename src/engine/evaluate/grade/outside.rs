//! Grading by somebody outside: what is asked, and what is made of the answer. Asking is the
//! caller's.

use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::evaluator::{EmbeddingRule, Grade, TextValue, VerdictFrom, VerdictRule};
use crate::domain::id::EvaluatorId;
use crate::domain::project::ProgramSettings;
use crate::domain::query::{Query, Task};
use crate::domain::run::{Answer, Graded};
use crate::domain::untrusted::shorten;

use super::text::column_texts;
use super::verdict::read_verdict;

/// How much of an answer that cannot be read a reason shows, in characters.
const SHOWN: usize = 120;

/// A rule that asks somebody outside who is no judge, ready to grade.
pub enum OutsideGrader {
    /// Asks for the verdict.
    Verdict(VerdictRule),
    /// Asks how near two meanings are.
    Embedding(EmbeddingRule),
}

impl OutsideGrader {
    /// The name under which whoever answers is asked.
    pub fn asked(&self) -> String {
        match self {
            Self::Verdict(rule) => rule.asked(),
            Self::Embedding(rule) => rule.model.0.provider.clone(),
        }
    }

    /// The evaluator in whose file the rule stands.
    pub fn owner(&self) -> &EvaluatorId {
        match self {
            Self::Verdict(rule) => &rule.owner,
            Self::Embedding(rule) => &rule.owner,
        }
    }

    /// The program that is run, if one is.
    pub fn program(&self) -> Option<&ProgramSettings> {
        match self {
            Self::Verdict(VerdictRule {
                from: VerdictFrom::Program(program),
                ..
            }) => Some(program),
            _ => None,
        }
    }

    /// What is asked about an answer; the error is the reason why nothing can be.
    pub fn query(&self, answer: &Answer, row: &Row) -> Result<Query, String> {
        let task = match self {
            Self::Verdict(_) => Task::Verdict {
                input: graders_input(answer, row),
            },
            Self::Embedding(rule) => {
                let references = match &rule.value {
                    TextValue::Fixed(values) => values.clone(),
                    TextValue::Column(column) => column_texts(column, row)?,
                };
                likeness(rule, &answer.output, references)
            }
        };
        Ok(self.asking(task))
    }

    /// What would be asked about an answer that nobody has given yet.
    pub fn imagined_query(&self) -> Query {
        self.asking(match self {
            Self::Verdict(_) => Task::Verdict { input: Value::Null },
            Self::Embedding(rule) => likeness(rule, "", Vec::new()),
        })
    }

    fn asking(&self, task: Task) -> Query {
        Query {
            provider: self.asked(),
            task,
        }
    }

    /// What the answer to a query means.
    pub(in super::super) fn read(&self, output: &str) -> Graded {
        match self {
            Self::Verdict(rule) => read_verdict(output, rule.threshold),
            Self::Embedding(rule) => read_likeness(output, rule.threshold),
        }
    }
}

fn likeness(rule: &EmbeddingRule, text: &str, references: Vec<String>) -> Task {
    Task::Likeness {
        model: rule.model.0.model.clone(),
        text: text.to_owned(),
        references,
        recordings: rule.owner.recordings_path(),
    }
}

/// What a script, a program and a server are shown of an answer.
pub(super) fn graders_input(answer: &Answer, row: &Row) -> Value {
    json!({
        "output": answer.output,
        "vars": row.vars,
        "expected": row.expected,
        "conversation": row.messages,
        "response": {
            "inputTokens": answer.input_tokens,
            "outputTokens": answer.output_tokens,
            "latencyMs": answer.latency_ms,
            "costUsd": answer.cost_usd,
            "finishReason": answer.finish_reason,
            "toolCalls": answer.tool_calls,
        },
    })
}

/// The nearest reference counts. Meanings that point away from each other have nothing in common.
fn read_likeness(output: &str, threshold: f64) -> Graded {
    let cosines: Vec<f64> = match serde_json::from_str(output) {
        Ok(cosines) => cosines,
        Err(error) => {
            let shown = shorten(output, SHOWN);
            return Graded::error(format!("the likeness cannot be read: {error}: `{shown}`"));
        }
    };
    let possible = |cosine: &f64| (-1.0..=1.0).contains(cosine);
    if cosines.is_empty() || !cosines.iter().all(possible) {
        return Graded::error("the likeness cannot be read: it is no list of cosines");
    }
    let nearest = cosines.into_iter().fold(-1.0, f64::max);
    let passes = nearest >= threshold;
    Graded {
        grade: if passes { Grade::Pass } else { Grade::Fail },
        score: nearest.max(0.0),
        reason: format!("the cosine is {nearest:.3}, at least {threshold} is asked for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_reference_counts_from_the_threshold_on() {
        for (cosines, grade, score) in [
            ("[0.5]", Grade::Pass, 0.5),
            ("[0.499, -1]", Grade::Fail, 0.499),
            ("[0.1, 0.9]", Grade::Pass, 0.9),
            ("[-0.3]", Grade::Fail, 0.0),
        ] {
            let graded = read_likeness(cosines, 0.5);
            assert_eq!(graded.grade, grade, "{cosines}");
            assert!((graded.score - score).abs() < 1e-12, "{cosines}");
        }
    }

    #[test]
    fn what_is_no_list_of_cosines_is_an_error_and_never_a_pass() {
        for output in [
            "", "[]", "0.9", "[null]", "[\"1\"]", "[1.01]", "[1, -2]", "[1e999]", "{}",
        ] {
            assert_eq!(read_likeness(output, 0.0).grade, Grade::Error, "{output}");
        }
    }
}
