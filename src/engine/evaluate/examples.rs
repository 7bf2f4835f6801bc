//! Running the examples of evaluators: each output must get the grade that stands with it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{Evaluator, Example, Grade};
use crate::domain::finding::{Finding, Findings};
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::run::{Answer, CaseErrorKind, Graded};
use crate::engine::ports::{AnswerCache, FileTree};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::asked::Asked;
use super::budget::RunLimits;
use super::call::{Caller, Providers};
use super::grade::{Grader, calls_in_text};
use super::grading::{Grading, Judged};
use super::ready::{NotReady, check_grader};

/// Evaluators with everything that their examples need.
pub struct Examples<'w> {
    tree: &'w dyn FileTree,
    evaluators: Vec<Prepared>,
}

struct Prepared {
    evaluator: Evaluator,
    grader: Grader,
    judges: BTreeMap<PromptId, Closure>,
}

/// What came of one example.
#[derive(Debug, Clone, PartialEq)]
pub struct TestedExample {
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// The line of the evaluator's file that the example starts on.
    pub line: u32,
    /// The output.
    pub output: String,
    /// The grade that is right.
    pub wanted: Grade,
    /// The grade that was given.
    pub graded: Graded,
    /// Whether a judge that had to be asked did not answer: that is no verdict on the evaluator.
    pub unanswered: bool,
}

impl TestedExample {
    /// Whether the grade is the right one.
    pub fn is_right(&self) -> bool {
        self.graded.grade == self.wanted
    }
}

impl<'w> Examples<'w> {
    /// Prepares these evaluators; what is wrong with their files is collected in full.
    pub fn prepare(workspace: &Workspace<'w>, ids: &[EvaluatorId]) -> Result<Self, Findings> {
        let mut findings: Vec<Finding> = Vec::new();
        let mut evaluators = Vec::new();
        for id in ids {
            match prepare(workspace, id) {
                Ok(prepared) => evaluators.push(prepared),
                Err(Findings(more)) => findings.extend(more),
            }
        }
        if findings.is_empty() {
            Ok(Self {
                tree: workspace.tree(),
                evaluators,
            })
        } else {
            Err(Findings(findings))
        }
    }

    /// How many examples there are.
    pub fn count(&self) -> usize {
        let evaluators = self.evaluators.iter();
        evaluators.map(|it| it.evaluator.examples.len()).sum()
    }

    /// The evaluators without examples.
    pub fn without_examples(&self) -> Vec<&EvaluatorId> {
        let evaluators = self.evaluators.iter().map(|it| &it.evaluator);
        evaluators
            .filter(|evaluator| evaluator.examples.is_empty())
            .map(|evaluator| &evaluator.id)
            .collect()
    }

    /// Who will be asked.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        let evaluators = self.evaluators.iter();
        for prepared in evaluators.filter(|it| !it.evaluator.examples.is_empty()) {
            for judge in prepared.judges.values() {
                asked.add_prompt(judge.prompt());
            }
            asked.add_grader(&prepared.grader);
        }
        asked
    }

    /// Checks whoever the evaluators ask beside judges, before anybody is asked.
    pub fn check_ready(&self, providers: &Providers<'_>) -> Result<(), NotReady> {
        let mut evaluators = self.evaluators.iter();
        evaluators.try_for_each(|it| check_grader(&it.grader, providers, RunLimits::default()))
    }

    /// Grades every example, in the order of the files.
    pub async fn run(
        &self,
        providers: &Providers<'_>,
        cache: Option<&dyn AnswerCache>,
    ) -> Vec<TestedExample> {
        let caller = Caller::new(providers, cache, RunLimits::default());
        let mut tested = Vec::with_capacity(self.count());
        for prepared in &self.evaluators {
            for example in &prepared.evaluator.examples {
                tested.push(prepared.test(self.tree, &caller, example).await);
            }
        }
        tested
    }
}

impl Prepared {
    async fn test(
        &self,
        tree: &dyn FileTree,
        caller: &Caller<'_>,
        example: &Example,
    ) -> TestedExample {
        let mut judged = Judged::new();
        let answer = Answer {
            output: example.output.clone(),
            tool_calls: calls_in_text(&example.output),
            ..Answer::default()
        };
        let row = imagined_row(example);
        let grading = Grading {
            caller,
            judges: &self.judges,
            answer: &answer,
            row: &row,
            tree,
            repeat: 0,
        };
        let graded = grading
            .grade(&self.evaluator.id, &self.grader, &mut judged)
            .await;
        let mut errors = judged.values().filter_map(|answer| answer.as_ref().err());
        TestedExample {
            evaluator: self.evaluator.id.clone(),
            line: example.span.line,
            output: example.output.clone(),
            wanted: example.grade,
            graded,
            unanswered: errors.any(|error| error.kind != CaseErrorKind::Render),
        }
    }
}

fn prepare(workspace: &Workspace<'_>, id: &EvaluatorId) -> Result<Prepared, Findings> {
    let evaluator = workspace.evaluator(id)?;
    let mut judges = BTreeMap::new();
    for judge in evaluator.judges() {
        judges.insert(judge.clone(), workspace.closure(judge)?);
    }
    let grader = Grader::compile(&evaluator, &tools_around(workspace, id)?)?;
    Ok(Prepared {
        evaluator,
        grader,
        judges,
    })
}

/// The tools of every prompt that names the evaluator: an example belongs to no prompt.
fn tools_around(workspace: &Workspace<'_>, id: &EvaluatorId) -> Result<Vec<Value>, Findings> {
    let mut tools = Vec::new();
    for prompt in workspace.prompt_ids()? {
        let Ok(prompt) = workspace.prompt(&prompt) else {
            continue;
        };
        let mut named = prompt.evals.iter().flat_map(|binding| &binding.evaluators);
        if named.any(|(name, _)| name == id) {
            tools.extend(prompt.tools);
        }
    }
    Ok(tools)
}

fn imagined_row(example: &Example) -> Row {
    Row {
        id: "example".to_owned(),
        vars: example.vars.clone(),
        expected: example.expected.clone(),
        line: example.span.line,
        ..Row::default()
    }
}
