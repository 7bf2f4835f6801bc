//! What fails today, from a run or from an evaluation of what is committed.

use std::collections::BTreeSet;

use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::gate::tested;
use crate::cli::ui::Ui;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::lane::GatePolicy;
use crate::domain::run::{CaseResult, RunId, Suite};
use crate::engine::evaluate::plan::{Plan, Selection, plan};
use crate::engine::evaluate::stored::{KeptRun, find};
use crate::engine::improve::ShownSuite;

/// What came of the tests of a prompt.
pub(super) struct Gathered {
    /// The runs that showed it.
    pub(super) runs: BTreeSet<RunId>,
    suites: Vec<GatheredSuite>,
}

struct GatheredSuite {
    dataset: DatasetId,
    blocking: BTreeSet<EvaluatorId>,
    cases: Vec<CaseResult>,
}

impl Gathered {
    /// What came of each dataset.
    pub(super) fn suites(&self) -> Vec<ShownSuite<'_>> {
        let suites = self.suites.iter();
        suites
            .map(|suite| ShownSuite {
                dataset: &suite.dataset,
                blocking: &suite.blocking,
                cases: suite.cases.iter().collect(),
            })
            .collect()
    }
}

/// The tests of a prompt, which must have some.
pub(super) fn tests_of(
    bench: &Workbench<'_>,
    prompt: &PromptId,
    repeats: u32,
) -> Result<Plan, CommandError> {
    let selection = Selection::Prompts(vec![prompt.clone()]);
    let plan = plan(bench.workspace, &selection, repeats)?;
    if plan.cases() > 0 {
        return Ok(plan);
    }
    Err(CommandError::new(
        Exit::NothingEvaluated,
        format!("nothing tests `{prompt}`: no candidate could be told from a worse one"),
    )
    .with_hint("name a dataset and evaluators under `evals` of the prompt"))
}

/// What an evaluation of the workspace shows; what is known is not asked again.
pub(super) fn from_evaluation(
    bench: &Workbench<'_>,
    ui: &mut Ui,
    prompt: &PromptId,
) -> Result<Gathered, CommandError> {
    let planned = tests_of(bench, prompt, 1)?;
    let tested = tested(bench, ui, planned, &GatePolicy::default(), bench.now())?;
    let mut gathered = Gathered {
        runs: BTreeSet::new(),
        suites: Vec::new(),
    };
    for it in tested {
        let Some(evidence) = it.evidence else {
            continue;
        };
        let cases = cases_of(bench, &evidence.run, &evidence.suite)?;
        gathered.runs.insert(evidence.run);
        gathered.suites.push(GatheredSuite {
            dataset: evidence.suite.dataset,
            blocking: it.summary.blocking,
            cases,
        });
    }
    Ok(gathered)
}

/// What a run has shown of exactly the prompt, the rows and the evaluators that are committed.
pub(super) fn from_run(
    bench: &Workbench<'_>,
    prompt: &PromptId,
    spec: &str,
) -> Result<Gathered, CommandError> {
    let kept = KeptRun::read(&bench.store, find(&bench.store, spec)?)?;
    let run = &kept.run.manifest;
    let mut of_prompt = run.suites.iter().filter(|suite| suite.prompt == *prompt);
    let Some(first) = of_prompt.next() else {
        return Err(
            CommandError::usage(format!("run {} has not tested `{prompt}`", run.id))
                .with_hint("`pointsman runs list` shows what each run tested"),
        );
    };
    let planned = tests_of(bench, prompt, first.repeats)?;
    let mut suites = Vec::new();
    for planned in planned.suites {
        if run.suites.contains(&planned.suite) {
            let of_suite = |case: &&CaseResult| case.key.suite == planned.digest;
            suites.push(GatheredSuite {
                cases: kept.cases.iter().filter(of_suite).cloned().collect(),
                blocking: planned.blocking,
                dataset: planned.suite.dataset,
            });
        }
    }
    if suites.is_empty() {
        return Err(CommandError::new(
            Exit::NotComparable,
            format!(
                "run {} tested another version of `{prompt}`, of its rows or of its evaluators than \
                 what is committed",
                run.id
            ),
        )
        .with_hint(format!(
            "leave `--from-run` out, or evaluate first: `pointsman eval {prompt} --at HEAD`"
        )));
    }
    Ok(Gathered {
        runs: BTreeSet::from([run.id.clone()]),
        suites,
    })
}

/// The cases of one suite of a run.
pub(super) fn cases_of(
    bench: &Workbench<'_>,
    run: &RunId,
    suite: &Suite,
) -> Result<Vec<CaseResult>, CommandError> {
    let kept = KeptRun::read(&bench.store, find(&bench.store, run.as_str())?)?;
    let digest = suite.digest();
    let cases = kept.cases.into_iter();
    Ok(cases.filter(|case| case.key.suite == digest).collect())
}
