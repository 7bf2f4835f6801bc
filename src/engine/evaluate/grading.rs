//! Grading one answer by any evaluator: by rule, by script, by a judge, by
//! somebody else outside, or by all of them together.

use std::collections::BTreeMap;

use crate::domain::dataset::Row;
use crate::domain::evaluator::JudgeRule;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::run::{Answer, CaseError, CaseErrorKind, Graded};
use crate::engine::ports::{BoxFuture, FileTree};
use crate::engine::workspace::closure::Closure;

use super::call::Caller;
use super::grade::{Combined, Grader, OutsideGrader};
use super::judge;

/// What judges and other graders outside answered, by the evaluator that asked. Those in a
/// combination stand under the combination's name and their place in it, and the answers of a judge
/// that is asked twice under its name and their place.
pub(super) type Judged = BTreeMap<EvaluatorId, Result<Answer, CaseError>>;

/// An answer that is to be graded, and who can be asked about it.
pub(super) struct Grading<'g> {
    pub(super) caller: &'g Caller<'g>,
    pub(super) judges: &'g BTreeMap<PromptId, Closure>,
    pub(super) answer: &'g Answer,
    pub(super) row: &'g Row,
    /// Where the files stand that the row names.
    pub(super) tree: &'g dyn FileTree,
    pub(super) repeat: u32,
}

impl Grading<'_> {
    /// Grades the answer by the evaluator `name`.
    pub(super) async fn grade(
        &self,
        name: &EvaluatorId,
        grader: &Grader,
        judged: &mut Judged,
    ) -> Graded {
        match grader {
            Grader::Rule(rule) => rule.grade(self.answer, self.row),
            Grader::Script(script) => script.grade(self.answer, self.row).await,
            Grader::Judge(rule) => self.ask_judge(name, rule, judged).await,
            Grader::Outside(outside) => self.ask_outside(name, outside, judged).await,
            Grader::Combined(combined) => self.combine(name, combined, judged).await,
        }
    }

    /// Asks the parts in their order, until the grade is decided. Boxed, because a part may be a
    /// combination itself.
    fn combine<'f>(
        &'f self,
        name: &'f EvaluatorId,
        combined: &'f Combined,
        judged: &'f mut Judged,
    ) -> BoxFuture<'f, Graded> {
        Box::pin(async move {
            let mut graded = Vec::with_capacity(combined.parts.len());
            for (index, part) in combined.parts.iter().enumerate() {
                let part_name = numbered(name, index);
                let part = self.grade(&part_name, &part.grader, judged).await;
                let decided = combined.is_decided_by(part.grade);
                graded.push(part);
                if decided {
                    break;
                }
            }
            combined.conclude(&graded)
        })
    }

    async fn ask_outside(
        &self,
        name: &EvaluatorId,
        outside: &OutsideGrader,
        judged: &mut Judged,
    ) -> Graded {
        let query = match outside.query(self.answer, self.row) {
            Ok(query) => query,
            Err(reason) => return Graded::error(reason),
        };
        let answer = self.caller.consult(&query).await.answer;
        let graded = match &answer {
            Ok(verdict) => outside.read(&verdict.output),
            Err(error) => Graded::error(format!("there is no verdict: {}", error.message)),
        };
        judged.insert(name.clone(), answer);
        graded
    }

    /// Asks the judge every question that its rule has, until one has no answer.
    pub(super) async fn ask_judge(
        &self,
        name: &EvaluatorId,
        rule: &JudgeRule,
        judged: &mut Judged,
    ) -> Graded {
        let closure = &self.judges[&rule.prompt.0];
        let output = &self.answer.output;
        let row = (self.row, self.tree);
        let questions = judge::questions(rule, closure, output, row, self.repeat);
        let questions = match questions {
            Ok(questions) => questions,
            Err(message) => {
                let graded = no_verdict(&message);
                let kind = CaseErrorKind::Render;
                judged.insert(name.clone(), Err(CaseError { kind, message }));
                return graded;
            }
        };
        let only = questions.len() == 1;
        let mut verdicts = Vec::new();
        for (index, request) in questions.iter().enumerate() {
            let answer = self.caller.ask(request, request.digest()).await.answer;
            let graded = answer.as_ref().map(|answer| answer.output.clone());
            let graded = graded.map_err(|error| no_verdict(&error.message));
            let asked = if only {
                name.clone()
            } else {
                numbered(name, index)
            };
            judged.insert(asked, answer);
            match graded {
                Ok(verdict) => verdicts.push(verdict),
                Err(graded) => return graded,
            }
        }
        let verdicts: Vec<&str> = verdicts.iter().map(String::as_str).collect();
        judge::read_verdict(&verdicts, &rule.verdict)
    }
}

/// The name of a part or a question of an evaluator.
fn numbered(name: &EvaluatorId, index: usize) -> EvaluatorId {
    EvaluatorId::new(format!("{name}/{}", index + 1))
        .expect("a name with one more segment, which is a number, is a name")
}

fn no_verdict(message: &str) -> Graded {
    Graded::error(format!("the judge gave no verdict: {message}"))
}
