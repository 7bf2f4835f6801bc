//! Grading one answer by any evaluator: by rule, by script, by a judge, or by all of them together.

use std::collections::BTreeMap;

use crate::domain::dataset::Row;
use crate::domain::evaluator::JudgeRule;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::run::{Answer, CaseError, CaseErrorKind, Graded};
use crate::engine::ports::{BoxFuture, FileTree};
use crate::engine::workspace::closure::Closure;

use super::call::Caller;
use super::grade::{Combined, Grader};
use super::judge;

/// What judges answered, by the evaluator that asked. The judges in a combination stand under the
/// combination's name and their place in it.
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
            Grader::Judge(rule) => {
                let (verdict, answer) = self.ask_judge(rule).await;
                judged.insert(name.clone(), answer);
                verdict
            }
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
                let part_name = EvaluatorId::new(format!("{name}/{}", index + 1))
                    .expect("a name with one more segment, which is a number, is a name");
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

    async fn ask_judge(&self, rule: &JudgeRule) -> (Graded, Result<Answer, CaseError>) {
        let closure = &self.judges[&rule.prompt.0];
        let question = judge::question(
            closure,
            &self.answer.output,
            (self.row, self.tree),
            self.repeat,
        );
        let answer = match question {
            Ok(request) => self.caller.ask(&request, request.digest()).await.answer,
            Err(error) => Err(CaseError {
                kind: CaseErrorKind::Render,
                message: error.to_string(),
            }),
        };
        let graded = match &answer {
            Ok(verdict) => judge::read_verdict(&verdict.output, &rule.verdict),
            Err(error) => Graded::error(format!("the judge gave no verdict: {}", error.message)),
        };
        (graded, answer)
    }
}
