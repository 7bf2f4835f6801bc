//! Holding a judge against people: rows whose answers somebody graded by hand.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::domain::agreement::TruthTable;
use crate::domain::dataset::Row;
use crate::domain::evaluator::{Grade, JudgeRule, JudgeVerdict, Rule};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::run::{Answer, CaseErrorKind, Graded};
use crate::engine::ports::{AnswerCache, FileTree};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::asked::Asked;
use super::budget::RunLimits;
use super::call::{Caller, Providers};
use super::grading::{Grading, Judged};

/// The column that holds the answer to judge.
const OUTPUT: &str = "output";

/// The column that holds what a person said of it.
const EXPECTED: &str = "expected";

/// A judge and the rows that it is held against.
pub struct Calibration<'w> {
    tree: &'w dyn FileTree,
    evaluator: EvaluatorId,
    rule: JudgeRule,
    judges: BTreeMap<PromptId, Closure>,
    rows: Vec<LabelledRow>,
}

struct LabelledRow {
    row: Row,
    answer: Answer,
    people_pass: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The rows whose verdict could be read.
    pub table: TruthTable,
    /// The rows that people and judge see differently, in the order of the dataset.
    pub disagreements: Vec<JudgedRow>,
    /// The rows whose verdict changed with the order in which two answers were shown; absent: the
    /// judge is shown one.
    pub flipped: Option<Vec<JudgedRow>>,
    /// The rows whose verdict could not be read.
    pub unreadable: Vec<JudgedRow>,
    /// The rows for which the judge did not answer.
    pub unanswered: Vec<JudgedRow>,
}

/// What people and the judge said of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedRow {
    /// The row.
    pub row: String,
    /// Whether people pass its answer.
    pub people_pass: bool,
    /// What the judge made of it.
    pub graded: Graded,
}

impl<'w> Calibration<'w> {
    /// Reads a judge and the rows of a dataset. Every row that people did not grade in the judge's
    /// own words is a finding.
    pub fn prepare(
        workspace: &Workspace<'w>,
        id: &EvaluatorId,
        dataset: &DatasetId,
    ) -> Result<Self, Findings> {
        let evaluator = workspace.evaluator(id)?;
        let Rule::LlmJudge(rule) = &evaluator.rule else {
            let message = format!(
                "`{id}` is no judge: its kind is `{}`",
                evaluator.rule.kind()
            );
            let finding = Finding::error("not-a-judge", Place::file(id.path()), message);
            return Err(finding
                .with_help("name an evaluator of kind `llm-judge`")
                .into());
        };
        Self::of(workspace, id, rule, dataset)
    }

    /// The same for a judge that an evaluator asks, by itself or as a part.
    pub(super) fn of(
        workspace: &Workspace<'w>,
        id: &EvaluatorId,
        rule: &JudgeRule,
        dataset: &DatasetId,
    ) -> Result<Self, Findings> {
        let judge = workspace.closure(&rule.prompt.0)?;
        Ok(Self {
            tree: workspace.tree(),
            rows: labelled_rows(workspace, dataset, &rule.verdict)?,
            rule: rule.clone(),
            judges: BTreeMap::from([(rule.prompt.0.clone(), judge)]),
            evaluator: id.clone(),
        })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Who will be asked.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        self.add_asked(&mut asked);
        asked
    }

    pub(super) fn add_asked(&self, asked: &mut Asked) {
        for judge in self.judges.values() {
            asked.add_prompt(judge.prompt());
        }
    }

    /// Asks the judge about every row, as far as the limits on calls and cost allow.
    pub async fn run(
        &self,
        providers: &Providers<'_>,
        cache: Option<&dyn AnswerCache>,
        limits: RunLimits,
    ) -> Calibrated {
        let caller = Caller::new(providers, cache, limits);
        let mut calibrated = Calibrated {
            table: TruthTable::default(),
            disagreements: Vec::new(),
            flipped: match self.rule.verdict {
                JudgeVerdict::Better { .. } => Some(Vec::new()),
                _ => None,
            },
            unreadable: Vec::new(),
            unanswered: Vec::new(),
        };
        let mut judged = stream::iter(&self.rows)
            .map(|row| self.judge(&caller, row))
            .buffered(caller.width());
        while let Some((row, answered)) = judged.next().await {
            calibrated.add(row, answered);
        }
        calibrated
    }

    /// What the judge made of a row, and whether it answered at all.
    async fn judge(&self, caller: &Caller<'_>, labelled: &LabelledRow) -> (JudgedRow, bool) {
        let mut judged = Judged::new();
        let grading = Grading {
            caller,
            judges: &self.judges,
            answer: &labelled.answer,
            row: &labelled.row,
            tree: self.tree,
            repeat: 0,
        };
        let graded = grading
            .ask_judge(&self.evaluator, &self.rule, &mut judged)
            .await;
        let mut errors = judged.values().filter_map(|answer| answer.as_ref().err());
        let row = JudgedRow {
            row: labelled.row.id.clone(),
            people_pass: labelled.people_pass,
            graded,
        };
        let answered = errors.all(|error| error.kind == CaseErrorKind::Render);
        (row, answered)
    }
}

impl Calibrated {
    /// In how many pairs the verdict changed with the order, and how many pairs had a verdict in
    /// both; absent for a judge that is shown one answer.
    pub fn position_bias(&self) -> Option<(u64, u64)> {
        let flipped = self.flipped.as_ref()?.len() as u64;
        Some((flipped, flipped + self.table.total()))
    }

    fn add(&mut self, row: JudgedRow, answered: bool) {
        let judge_passes = match row.graded.grade {
            Grade::Pass => true,
            Grade::Fail => false,
            Grade::Unknown | Grade::Error => {
                let rows = match &mut self.flipped {
                    Some(flipped) if row.graded.grade == Grade::Unknown => flipped,
                    _ if answered => &mut self.unreadable,
                    _ => &mut self.unanswered,
                };
                return rows.push(row);
            }
        };
        self.table.add(row.people_pass, judge_passes);
        if row.people_pass != judge_passes {
            self.disagreements.push(row);
        }
    }
}

fn labelled_rows(
    workspace: &Workspace<'_>,
    id: &DatasetId,
    verdict: &JudgeVerdict,
) -> Result<Vec<LabelledRow>, Findings> {
    let dataset = workspace.dataset(id)?;
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for row in workspace.rows(&dataset)? {
        let labelled = row.and_then(|row| {
            let line = row.line;
            labelled(row, verdict).map_err(|message| {
                let place = Place {
                    span: Some(Span {
                        line,
                        column: 1,
                        length: 1,
                    }),
                    ..Place::file(&dataset.rows_path)
                };
                Finding::error("not-labelled", place, message)
                    .with_help(wanted_label(verdict))
                    .into()
            })
        });
        match labelled {
            Ok(row) => rows.push(row),
            Err(Findings(more)) => findings.extend(more),
        }
    }
    if findings.is_empty() {
        Ok(rows)
    } else {
        Err(Findings(findings))
    }
}

fn labelled(row: Row, verdict: &JudgeVerdict) -> Result<LabelledRow, String> {
    let Some(output) = row.column(OUTPUT).and_then(Value::as_str) else {
        return Err(format!("row `{}` has no text `{OUTPUT}` to judge", row.id));
    };
    if matches!(verdict, JudgeVerdict::Better { than, .. } if than == EXPECTED) {
        return Err(format!(
            "the judge compares with `{EXPECTED}`, where row `{}` says what a person thinks",
            row.id
        ));
    }
    let answer = Answer {
        output: output.to_owned(),
        ..Answer::default()
    };
    let expected = row
        .expected
        .as_ref()
        .ok_or_else(|| format!("row `{}` has no `expected` from a person", row.id))?;
    let people_pass = people_pass(expected, verdict).ok_or_else(|| {
        format!(
            "`expected` of row `{}` is no verdict that the judge may give",
            row.id
        )
    })?;
    Ok(LabelledRow {
        row,
        answer,
        people_pass,
    })
}

/// Whether people pass an answer: they give a score or a label of the judge's own, or say so.
fn people_pass(expected: &Value, verdict: &JudgeVerdict) -> Option<bool> {
    match (verdict, expected) {
        (_, Value::Bool(passes)) => Some(*passes),
        (
            JudgeVerdict::Scale {
                min,
                max,
                threshold,
            },
            expected,
        ) => {
            let score = match expected {
                Value::Number(score) => score.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            let score: f64 = score?;
            (*min..=*max)
                .contains(&score)
                .then_some(score >= *threshold)
        }
        (JudgeVerdict::Labels { labels, pass }, Value::String(label)) => {
            labels.contains(label).then(|| pass.contains(label))
        }
        (JudgeVerdict::Better { tie_passes, .. }, Value::String(better)) => match better.as_str() {
            "output" => Some(true),
            "other" => Some(false),
            "neither" => Some(*tie_passes),
            _ => None,
        },
        (JudgeVerdict::Choices(choices), Value::String(word)) => {
            let choice = choices.iter().find(|choice| choice.word == *word);
            choice.map(|choice| choice.score > 0.0)
        }
        (
            JudgeVerdict::Labels { .. } | JudgeVerdict::Choices(_) | JudgeVerdict::Better { .. },
            _,
        ) => None,
    }
}

fn wanted_label(verdict: &JudgeVerdict) -> String {
    match verdict {
        JudgeVerdict::Scale { min, max, .. } => {
            format!("give a score from {min} to {max}, or `true` or `false`")
        }
        JudgeVerdict::Labels { labels, .. } => {
            format!("give one of {}, or `true` or `false`", labels.join(", "))
        }
        JudgeVerdict::Choices(choices) => {
            let words: Vec<&str> = choices.iter().map(|choice| choice.word.as_str()).collect();
            format!("give one of {}, or `true` or `false`", words.join(", "))
        }
        JudgeVerdict::Better { .. } => {
            "say which is better: `output`, `other` or `neither`".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_grade_in_the_judges_own_words() {
        let scale = JudgeVerdict::Scale {
            min: 1.0,
            max: 5.0,
            threshold: 4.0,
        };
        let labels = JudgeVerdict::Labels {
            labels: vec!["good".to_owned(), "bad".to_owned()],
            pass: vec!["good".to_owned()],
        };
        for (expected, of_scale, of_labels) in [
            (json!(5), Some(true), None),
            (json!("4"), Some(true), None),
            (json!(3.9), Some(false), None),
            (json!(0), None, None),
            (json!("NaN"), None, None),
            (json!("good"), None, Some(true)),
            (json!("bad"), None, Some(false)),
            (json!("Good"), None, None),
            (json!(true), Some(true), Some(true)),
            (json!(false), Some(false), Some(false)),
            (json!(["good"]), None, None),
        ] {
            assert_eq!(people_pass(&expected, &scale), of_scale, "{expected}");
            assert_eq!(people_pass(&expected, &labels), of_labels, "{expected}");
        }
    }
}
