//! Grading answers that were given elsewhere: by the same evaluators, under the same limits and with the
//! same providers and kept answers as in an evaluation, but without a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::domain::run::{Answer, CaseErrorKind, Graded};
use crate::engine::ports::{AnswerCache, FileTree, StoreError};
use crate::engine::workspace::Workspace;

use super::answerers::Answerers;
use super::asked::Asked;
use super::budget::{LimitReached, RunLimits};
use super::call::{Caller, Providers};
use super::grade::Grader;
use super::grading::{Grading, Judged};
use super::ready::{NotReady, check_grader, check_prompt};
use super::rule::PreparedRule;

/// The column with the answer that is wanted, which nobody knows of an answer that was given elsewhere.
const EXPECTED: &str = "expected";

/// An answer that was given elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// What was asked, as if it were a row.
    pub row: Row,
    /// The prompt of this workspace that was called, where it is known.
    pub prompt: Option<PromptId>,
    /// The answer.
    pub answer: Answer,
}

/// What came of grading an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// The grade.
    pub graded: Graded,
    /// Whether it is one.
    pub standing: Standing,
}

/// Whether a grade says something of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It does.
    Given,
    /// Somebody who had to be asked did not answer.
    Unanswered,
    /// A limit came first.
    Stopped,
}

/// Evaluators that need not be told what is wanted.
pub struct Evaluators<'w> {
    tree: &'w dyn FileTree,
    prepared: BTreeMap<EvaluatorId, Prepared>,
}

struct Prepared {
    rule: PreparedRule,
    /// By the prompt that was called, whose tools count; `None`: it is not known.
    graders: BTreeMap<Option<PromptId>, Grader>,
}

impl<'w> Evaluators<'w> {
    /// Reads evaluators. One that compares with an expected answer is a finding.
    pub fn prepare(workspace: &Workspace<'w>, ids: &[EvaluatorId]) -> Result<Self, Findings> {
        let mut answerers = Answerers::new(workspace);
        let mut prepared = BTreeMap::new();
        let mut findings = Vec::new();
        for id in ids {
            let read = PreparedRule::of(workspace, id, &mut answerers).and_then(needs_no_answer);
            match read.and_then(Prepared::new) {
                Ok(one) => {
                    prepared.insert(id.clone(), one);
                }
                Err(Findings(more)) => findings.extend(more),
            }
        }
        if findings.is_empty() {
            Ok(Self {
                tree: workspace.tree(),
                prepared,
            })
        } else {
            Err(Findings(findings))
        }
    }

    /// The same evaluators, which know the tools of these prompts.
    pub fn for_prompts<'p>(
        mut self,
        prompts: impl IntoIterator<Item = &'p Prompt>,
    ) -> Result<Self, Findings> {
        for prompt in prompts {
            for prepared in self.prepared.values_mut() {
                let grader = Grader::compile(&prepared.rule.evaluator, &prompt.tools)?;
                prepared.graders.insert(Some(prompt.id.clone()), grader);
            }
        }
        Ok(self)
    }

    /// The evaluators with the digest of each.
    pub fn digests(&self) -> impl Iterator<Item = (&EvaluatorId, Digest)> {
        let prepared = self.prepared.iter();
        prepared.map(|(id, prepared)| (id, prepared.rule.digest))
    }

    /// How many times somebody is asked for one grade of an evaluator, at most.
    pub fn calls_for(&self, id: &EvaluatorId) -> usize {
        let graders = self.prepared.get(id).and_then(|it| it.graders.get(&None));
        graders.map_or(0, Grader::judge_count)
    }

    /// Who will be asked.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for prepared in self.prepared.values() {
            for judge in prepared.rule.judges.values() {
                asked.add_prompt(judge.prompt());
            }
            prepared
                .graders
                .values()
                .for_each(|it| asked.add_grader(it));
        }
        asked
    }

    /// Checks whoever will be asked, before anybody is.
    pub fn check_ready(
        &self,
        providers: &Providers<'_>,
        limits: RunLimits,
    ) -> Result<(), NotReady> {
        for prepared in self.prepared.values() {
            for judge in prepared.rule.judges.values() {
                check_prompt(judge, providers, limits)?;
            }
            for grader in prepared.graders.values() {
                check_grader(grader, providers, limits)?;
            }
        }
        Ok(())
    }

    /// Grades an answer by one of the evaluators.
    pub async fn grade(&self, marker: &Marker<'_>, id: &EvaluatorId, given: &Given) -> Marked {
        let prepared = &self.prepared[id];
        let graders = &prepared.graders;
        let by = graders.get(&given.prompt).unwrap_or(&graders[&None]);
        let mut judged = Judged::new();
        let grading = Grading {
            caller: &marker.0,
            judges: &prepared.rule.judges,
            answer: &given.answer,
            row: &given.row,
            tree: self.tree,
            repeat: 0,
        };
        let graded = grading.grade(id, by, &mut judged).await;
        let errors = judged.values().filter_map(|answer| answer.as_ref().err());
        let kinds: BTreeSet<Standing> = errors.map(|error| Standing::of(error.kind)).collect();
        Marked {
            graded,
            standing: kinds.last().copied().unwrap_or(Standing::Given),
        }
    }
}

impl Standing {
    fn of(kind: CaseErrorKind) -> Self {
        match kind {
            CaseErrorKind::Render => Self::Given,
            CaseErrorKind::Provider | CaseErrorKind::NotRecorded => Self::Unanswered,
            CaseErrorKind::Stopped => Self::Stopped,
        }
    }
}

impl Prepared {
    fn new(rule: PreparedRule) -> Result<Self, Findings> {
        let grader = Grader::compile(&rule.evaluator, &[])?;
        Ok(Self {
            rule,
            graders: BTreeMap::from([(None, grader)]),
        })
    }
}

fn needs_no_answer(rule: PreparedRule) -> Result<PreparedRule, Findings> {
    let compares = rule.evaluator.rule.columns().contains(&EXPECTED);
    let asks = rule.judges.values().find(|judge| {
        let variable = judge.prompt().variables.get(EXPECTED);
        variable.is_some_and(|variable| variable.default.is_none())
    });
    let id = &rule.evaluator.id;
    let what = match asks {
        _ if compares => format!("`{id}` compares with `{EXPECTED}`"),
        Some(judge) => format!(
            "the judge `{}` of `{id}` is shown `{EXPECTED}`",
            judge.prompt().id
        ),
        None => return Ok(rule),
    };
    let message = format!("{what}, and nobody has said what is wanted of these answers");
    Err(
        Finding::error("needs-expected", Place::file(id.path()), message)
            .with_help("name evaluators that look at the answer by itself")
            .into(),
    )
}

/// Asks on behalf of evaluators, as far as the limits allow.
pub struct Marker<'a>(Caller<'a>);

impl<'a> Marker<'a> {
    /// Nobody was asked yet.
    pub fn new(
        providers: &'a Providers<'_>,
        cache: Option<&'a dyn AnswerCache>,
        limits: RunLimits,
    ) -> Self {
        Self(Caller::new(providers, cache, limits))
    }

    /// How many answers are graded at once.
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// How many calls were made.
    pub fn calls(&self) -> u64 {
        self.0.budget().taken().calls
    }

    /// The limit that was reached, if one was.
    pub fn reached(&self) -> Option<LimitReached> {
        self.0.budget().reached()
    }

    /// Waits until the time is up.
    pub async fn time_is_up(&self) {
        self.0.budget().time_is_up().await;
    }

    /// Why answers could not be kept, the first time that this happened.
    pub fn cache_error(&self) -> Option<StoreError> {
        self.0.cache_error()
    }
}
