//! Testing what a pull request changes: the base beside the head, and the head's own tests beside
//! both.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::gate::{Against, Tested, bar_flaky_rows, judge_checks, run, tested};
use crate::cli::ui::Ui;
use crate::domain::gate::{Decision, EvaluatedSuite};
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::lane::{GatePolicy, Lane};
use crate::domain::project::REPLAY;
use crate::domain::run::CaseResult;
use crate::engine::evaluate::compare::{ComparedSuite, compare_suites};
use crate::engine::evaluate::decide::{Demand, decide};
use crate::engine::evaluate::paired::Live;
use crate::engine::evaluate::plan::{Plan, PlannedSuite, floors_elsewhere};
use crate::engine::evaluate::prospect::prospect;
use crate::engine::evaluate::stored::{KeptRun, find};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::gate::{
    ClaimedAnswers, ProposedTree, PullRequest, Scope, claims, proposed, tests,
};
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::plan::{PlanLine, warnings};
use crate::report::pull_request::UsageLine;

use super::{GateArgs, Whose};

/// What the tests showed.
#[derive(Default)]
pub(super) struct Trial {
    /// The head's prompts by the base's tests.
    pub(super) suites: Vec<SuiteSummary>,
    /// What that means.
    pub(super) decision: Option<Decision>,
    /// Base and head, case by case.
    pub(super) compared: Vec<ComparedSuite>,
    /// What both take.
    pub(super) usage: Vec<UsageLine>,
    /// Recordings of the head that were taken at their word.
    pub(super) claimed: BTreeSet<String>,
    /// Prompts that nothing in the base tests.
    pub(super) untested: BTreeSet<PromptId>,
    /// What would make the result conclusive.
    pub(super) takes: Vec<String>,
    /// What the head's own tests show.
    pub(super) beside: Vec<SuiteSummary>,
    /// Prompts whose own tests were not run.
    pub(super) left_out: BTreeSet<PromptId>,
}

/// Tests the prompts in `scope`.
pub(super) fn try_prompts(
    context: &Context,
    ui: &mut Ui,
    args: &GateArgs,
    lane: &Lane,
    (request, scope): (PullRequest<'_>, &Scope),
) -> Result<Trial, CommandError> {
    let gate = lane.gate.clone().unwrap_or_default();
    let paths = match args.recordings {
        Whose::Head => claims(request, scope)?,
        Whose::Base => BTreeSet::new(),
    };
    let claimed = ClaimedAnswers {
        base: request.base,
        head: request.head,
        claims: paths
            .iter()
            .map(|path| (path.clone(), vec![(request.head, path.clone())]))
            .collect(),
    };
    let disk = context.disk().filter(|_| args.allow_exec);
    let recorded = Recorded::everybody_if(args.recorded);
    let workspace = |tree| Workspace::new(tree).with_recorded(recorded);
    let [base, head] = [request.base, request.head].map(workspace);
    let base = base.with_programs_from(disk.as_deref());
    let judged = workspace(&claimed).with_programs_from(Some(base.disk()));
    let repeats = gate.repeats.max(1);
    let tests = tests(&judged, &head, scope, repeats)?;
    let benches = [args.bench(context, &base)?, args.bench(context, &judged)?];
    let mut trial = Trial {
        claimed: paths.clone(),
        untested: tests.untested,
        ..Trial::default()
    };
    let proposal = ProposedTree {
        base: request.base,
        head: request.head,
    };
    let proposal = workspace(&proposal);
    let (beside, left_out) = proposed(&proposal, &base, (scope, &tests.head), repeats)?;
    trial.left_out = left_out;
    if !tests.head.suites.is_empty() {
        let asks_graders = tests.head.asks_graders();
        let decided = trial.decide(ui, &gate, &benches, tests.head, tests.pairs.into());
        decided.map_err(|error| without_graders(error, asks_graders))?;
    }
    let bench = args.bench(context, &proposal)?;
    trial.beside = run_beside(&bench, ui, beside);
    Ok(trial)
}

/// An answer that is missing may be that of a judge, which no author can bring.
fn without_graders(error: CommandError, asks_graders: bool) -> CommandError {
    if error.exit != Exit::Provider || !asks_graders {
        return error;
    }
    error.with_hint(
        "of judges, only answers that the base has recorded count: what they have not graded yet takes \
         a gate that may ask them, without `--recorded` and with their key",
    )
}

/// Runs the head's own tests. They decide nothing, and neither does an error in them.
fn run_beside(bench: &Workbench<'_>, ui: &mut Ui, plan: Plan) -> Vec<SuiteSummary> {
    if plan.cases() == 0 {
        return Vec::new();
    }
    match tested(bench, ui, plan, &GatePolicy::default(), bench.now()) {
        Ok(tested) => tested.into_iter().map(|it| it.summary).collect(),
        Err(error) => {
            ui.warn(format_args!(
                "the head's own tests were not run to their end: {}",
                error.message
            ));
            Vec::new()
        }
    }
}

impl Trial {
    fn decide(
        &mut self,
        ui: &mut Ui,
        gate: &GatePolicy,
        [base, candidates]: &[Workbench<'_>; 2],
        head: Plan,
        against: Against,
    ) -> Result<(), CommandError> {
        let elsewhere = floors_elsewhere(base.workspace, &head, gate)?;
        let judges = judge_checks(base, &head, gate)?;
        let now = base.now();
        let planned = head.suites.clone();
        // A run with `--record` is of what was recorded before it: none of recorded answers is taken over.
        let replays = |planned: &PlannedSuite| planned.suite.model.provider == REPLAY;
        let (recorded, asked) = head.suites.into_iter().partition(replays);
        let (recorded, asked) = (Plan { suites: recorded }, Plan { suites: asked });
        let mut candidate = tested(candidates, ui, asked, gate, now)?;
        if recorded.cases() > 0 {
            candidate.extend(run(candidates, ui, &recorded)?);
        }
        let (mut live, baselines) = against.test(base, ui, gate, now)?;
        self.compare(base, &candidate, &live, &baselines)?;
        self.suites = candidate.into_iter().map(|it| it.summary).collect();
        bar_flaky_rows(base, &self.suites, &mut live)?;
        let demand = Demand::Policy {
            policy: gate,
            elsewhere: &elsewhere,
            judges: &judges,
            live: &live,
        };
        self.decision = Some(decide(demand, &self.suites));
        self.takes = takes(candidates, gate, &Plan { suites: planned }, &self.suites)?;
        Ok(())
    }

    /// Sets base and head side by side, for people.
    fn compare(
        &mut self,
        bench: &Workbench<'_>,
        candidate: &[Tested],
        live: &Live,
        baselines: &[EvaluatedSuite],
    ) -> Result<(), CommandError> {
        let mut runs = Runs::default();
        for Tested { evidence, summary } in candidate {
            let key = (summary.suite.prompt.clone(), summary.suite.dataset.clone());
            let before = baselines.iter().find(|it| named(it) == key);
            let (Some(after), Some(before)) = (evidence, before) else {
                continue;
            };
            let cases = [runs.cases(bench, before)?, runs.cases(bench, after)?];
            let suites = [&before.suite, &after.suite];
            // The suites differ in nothing but the prompt, so that there is always a comparison.
            let compared = compare_suites(suites, [&cases[0], &cases[1]])?;
            self.compared.push(compared);
            let both = live.baselines.get(&key).map(|it| [&it.summary, summary]);
            self.usage.extend(both.map(|both| UsageLine {
                prompt: key.0.clone(),
                dataset: key.1.clone(),
                cost_usd: both.map(|it| it.usage.cost_usd()),
                latency_p95_ms: both.map(|it| it.latency_ms(0.95)),
            }));
        }
        Ok(())
    }
}

fn named(evaluated: &EvaluatedSuite) -> (PromptId, DatasetId) {
    let suite = &evaluated.suite;
    (suite.prompt.clone(), suite.dataset.clone())
}

/// The cases of runs, each read once.
#[derive(Default)]
struct Runs(BTreeMap<String, Vec<CaseResult>>);

impl Runs {
    fn cases(
        &mut self,
        bench: &Workbench<'_>,
        evaluated: &EvaluatedSuite,
    ) -> Result<Vec<CaseResult>, CommandError> {
        let name = evaluated.run.to_string();
        if let Some(known) = self.0.get(&name) {
            return Ok(known.clone());
        }
        let run = find(&bench.store, &name)?;
        let cases = KeptRun::read(&bench.store, run)?.cases;
        self.0.insert(name, cases.clone());
        Ok(cases)
    }
}

/// What the policy's margin takes, where the rows at hand are too few.
fn takes(
    bench: &Workbench<'_>,
    gate: &GatePolicy,
    plan: &Plan,
    suites: &[SuiteSummary],
) -> Result<Vec<String>, CommandError> {
    let previews = bench.preview(plan)?;
    let mut lines = Vec::new();
    for (planned, preview) in plan.suites.iter().zip(previews) {
        let same = |summary: &&SuiteSummary| summary.suite == planned.suite;
        let prospect = prospect(planned, &preview, suites.iter().find(same), gate);
        lines.push(PlanLine {
            planned,
            preview,
            prospect,
            flaky: Vec::new(),
        });
    }
    Ok(warnings(&lines))
}
