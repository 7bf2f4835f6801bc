//! Evaluating for a gate: the candidate, and beside it the version that is live.

use jiff::Timestamp;

use crate::adapters::providers;
use crate::domain::gate::{EvaluatedSuite, Evaluation, JudgeCheck, NotComparable};
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::lane::GatePolicy;
use crate::domain::prompt::Prompt;
use crate::domain::run::RunId;
use crate::engine::evaluate::decide::{Demand, decide};
use crate::engine::evaluate::flaky::barred_rows;
use crate::engine::evaluate::paired::{Baseline, Live};
use crate::engine::evaluate::plan::{Plan, PlannedSuite, Selection, floors_elsewhere, plan};
use crate::engine::evaluate::reuse::{looks, results_digest, tested_suite};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::evaluate::trust::Trust;
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;

use super::context::Context;
use super::error::CommandError;
use super::evaluation::{AGAIN, Workbench, wait_for, whole};
use super::ui::Ui;

/// What came of a suite, and how the evidence names it; a suite without rows is in no run.
pub struct Tested {
    /// The run that tested it.
    pub evidence: Option<EvaluatedSuite>,
    /// What came of it.
    pub summary: SuiteSummary,
}

/// What a gate asks to be evaluated.
pub struct GateRequest<'g> {
    /// The prompts.
    pub prompts: &'g [PromptId],
    /// The gate.
    pub gate: &'g GatePolicy,
    /// What is live, if anything is.
    pub live: Option<&'g dyn FileTree>,
    /// Whether programs may run as providers.
    pub allow_exec: bool,
}

/// Evaluates prompts for a gate: those of `workspace`, and where the policy compares, those that
/// are live. What a finished run has shown for the same bytes is not asked again.
pub fn evaluate_for_gate(
    context: &Context,
    ui: &mut Ui,
    workspace: &Workspace<'_>,
    request: &GateRequest<'_>,
) -> Result<Evaluation, CommandError> {
    let gate = request.gate;
    let mut bench = Workbench::new(context, workspace, true)?;
    bench.allow_programs(request.allow_exec)?;
    let selection = Selection::Prompts(request.prompts.to_vec());
    let planned = plan(workspace, &selection, gate.repeats.max(1))?;
    let elsewhere = floors_elsewhere(workspace, &planned, gate)?;
    let now = context.clock().now();
    let against = against(workspace, &planned, gate, request.live)?;
    let judges = judge_checks(&bench, &planned, gate)?;
    let candidate = tested(&bench, ui, planned, gate, now)?;
    let (mut live, baselines) = against.test(&bench, ui, gate, now)?;
    let suites = candidate
        .iter()
        .filter_map(|it| it.evidence.clone())
        .collect();
    let summaries: Vec<SuiteSummary> = candidate.into_iter().map(|it| it.summary).collect();
    bar_flaky_rows(&bench, &summaries, &mut live)?;
    let demand = Demand::Policy {
        policy: gate,
        elsewhere: &elsewhere,
        judges: &judges,
        live: &live,
    };
    Ok(Evaluation {
        suites,
        baselines,
        decision: decide(demand, &summaries),
    })
}

/// How far the judges that may block agree with people, where the policy asks.
pub fn judge_checks(
    bench: &Workbench<'_>,
    plan: &Plan,
    gate: &GatePolicy,
) -> Result<Vec<JudgeCheck>, CommandError> {
    let Some(trust) = Trust::of(bench.workspace, plan, gate)? else {
        return Ok(Vec::new());
    };
    let key = |name: &str| bench.key(name);
    let providers = providers::build(&bench.setup(&key, true), &trust.asked())?;
    wait_for(trust.checks(&providers, bench.cache(), bench.limits))
}

/// Whether finished runs have shown already all that [`evaluate_for_gate`] would ask. The agreement of
/// judges with people stands in no run.
pub fn is_known(
    context: &Context,
    workspace: &Workspace<'_>,
    request: &GateRequest<'_>,
) -> Result<bool, CommandError> {
    let gate = request.gate;
    let store = Workbench::new(context, workspace, true)?.store;
    let now = context.clock().now();
    let selection = Selection::Prompts(request.prompts.to_vec());
    let candidate = plan(workspace, &selection, gate.repeats.max(1))?;
    if Trust::of(workspace, &candidate, gate)?.is_some_and(|trust| trust.asks()) {
        return Ok(false);
    }
    let against = against(workspace, &candidate, gate, request.live)?;
    let live = against.pairs.into_iter().map(|(live, _)| live).collect();
    for planned in [candidate, Plan { suites: live }] {
        let mut unknown = Vec::new();
        for suite in &planned.suites {
            if tested_suite(&store, suite, gate.evidence_max_age, now)?.is_none() {
                unknown.push(suite.suite.clone());
            }
        }
        if planned.only(|suite| unknown.contains(&suite.suite)).cases() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the candidate will be compared with.
#[derive(Default)]
pub struct Against {
    /// The tests of the version that is live, each with the candidate's.
    pairs: Vec<(PlannedSuite, PlannedSuite)>,
    dropped: Vec<NotComparable>,
}

/// Plans the tests of the version that is live: the candidate's rows and evaluators, with the
/// prompt as it is live. What is not live yet, or is the same, needs none.
pub fn against<'t>(
    workspace: &Workspace<'t>,
    candidate: &Plan,
    gate: &GatePolicy,
    live: Option<&'t dyn FileTree>,
) -> Result<Against, CommandError> {
    let mut against = Against::default();
    let Some(tree) = live.filter(|_| gate.compares()) else {
        return Ok(against);
    };
    let live = workspace.beside(tree);
    let known = live.prompt_ids()?;
    for planned in &candidate.suites {
        let prompt = &planned.suite.prompt;
        if !known.contains(prompt) {
            continue;
        }
        let closure = live.closure(prompt)?;
        if closure.fingerprint() == planned.suite.fingerprint {
            continue;
        }
        for dropped in dropped(closure.prompt(), candidate) {
            if !against.dropped.contains(&dropped) {
                against.dropped.push(dropped);
            }
        }
        let pair = (planned.of_version(closure, workspace)?, planned.clone());
        against.pairs.push(pair);
    }
    Ok(against)
}

/// The tests of the live version that the candidate does not undergo.
fn dropped(live: &Prompt, candidate: &Plan) -> Vec<NotComparable> {
    let kept = |dataset: &DatasetId, evaluator: &EvaluatorId| {
        candidate.suites.iter().any(|planned| {
            planned.suite.prompt == live.id
                && planned.suite.dataset == *dataset
                && planned.suite.evaluators.contains_key(evaluator)
        })
    };
    let mut dropped = Vec::new();
    for binding in &live.evals {
        let dataset = &binding.dataset.0;
        let names = binding.evaluators.iter().map(|(name, _)| name);
        dropped.extend(
            names
                .filter(|name| !kept(dataset, name))
                .map(|name| NotComparable {
                    prompt: live.id.clone(),
                    dataset: dataset.clone(),
                    reason: format!(
                        "`{name}` tests the version that is live, and not the candidate"
                    ),
                }),
        );
    }
    dropped
}

impl From<Vec<(PlannedSuite, PlannedSuite)>> for Against {
    fn from(pairs: Vec<(PlannedSuite, PlannedSuite)>) -> Self {
        Self {
            pairs,
            dropped: Vec::new(),
        }
    }
}

impl Against {
    /// Tests the version that is live.
    pub fn test(
        self,
        bench: &Workbench<'_>,
        ui: &mut Ui,
        gate: &GatePolicy,
        now: Timestamp,
    ) -> Result<(Live, Vec<EvaluatedSuite>), CommandError> {
        let mut live = Live {
            dropped: self.dropped,
            ..Live::default()
        };
        let (plans, candidates): (Vec<_>, Vec<_>) = self.pairs.into_iter().unzip();
        let tested = tested(bench, ui, Plan { suites: plans }, gate, now)?;
        let mut evidence = Vec::new();
        for Tested {
            evidence: evaluated,
            summary,
        } in tested
        {
            let suite = &summary.suite;
            let key = (suite.prompt.clone(), suite.dataset.clone());
            let same = |planned: &&PlannedSuite| {
                planned.suite.prompt == suite.prompt && planned.suite.dataset == suite.dataset
            };
            let candidate = candidates.iter().find(same);
            let looks = candidate.map(|planned| looks(&bench.store, planned));
            let baseline = Baseline {
                summary,
                looks: looks.transpose()?.unwrap_or(1),
            };
            live.baselines.insert(key, baseline);
            evidence.extend(evaluated);
        }
        Ok((live, evidence))
    }
}

/// Looks up which critical rows are too flaky to be critical.
pub fn bar_flaky_rows(
    bench: &Workbench<'_>,
    candidate: &[SuiteSummary],
    live: &mut Live,
) -> Result<(), CommandError> {
    for summary in candidate {
        let suite = &summary.suite;
        let key = (suite.prompt.clone(), suite.dataset.clone());
        live.barred.insert(key, barred_rows(&bench.store, summary)?);
    }
    Ok(())
}

/// The results of a plan, in the order of prompts and datasets: from finished runs as far as there
/// are any that are not too old, and from a new run.
pub fn tested(
    bench: &Workbench<'_>,
    ui: &mut Ui,
    planned: Plan,
    gate: &GatePolicy,
    now: Timestamp,
) -> Result<Vec<Tested>, CommandError> {
    let mut tested: Vec<Tested> = Vec::new();
    for suite in &planned.suites {
        if let Some(known) = tested_suite(&bench.store, suite, gate.evidence_max_age, now)? {
            tested.push(Tested::new(
                bench,
                known.summary,
                &known.run,
                known.finished_at,
            )?);
        }
    }
    let left = planned.only(|suite| {
        let mut known = tested.iter();
        known.all(|known| known.summary.suite != suite.suite)
    });
    if left.cases() > 0 {
        tested.extend(run(bench, ui, &left)?);
    } else {
        tested.extend(left.suites.iter().map(|planned| Tested {
            evidence: None,
            summary: SuiteSummary::new(planned),
        }));
    }
    tested.sort_by_key(|known| {
        let suite = &known.summary.suite;
        (suite.prompt.clone(), suite.dataset.clone())
    });
    Ok(tested)
}

/// The results of a plan from a new run, whatever earlier ones have shown.
pub fn run(bench: &Workbench<'_>, ui: &mut Ui, plan: &Plan) -> Result<Vec<Tested>, CommandError> {
    let key = |name: &str| bench.key(name);
    let providers = providers::build(&bench.setup(&key, true), &plan.asked())?;
    let ran = bench.run(ui, plan, &providers)?;
    whole(&ran.outcome, AGAIN)?;
    let finished_at = bench.now();
    let suites = ran.outcome.suites.into_iter();
    suites
        .map(|summary| Tested::new(bench, summary, &ran.id, finished_at))
        .collect()
}

impl Tested {
    fn new(
        bench: &Workbench<'_>,
        summary: SuiteSummary,
        run: &RunId,
        finished_at: Timestamp,
    ) -> Result<Self, CommandError> {
        let evidence = EvaluatedSuite {
            suite: summary.suite.clone(),
            run: run.clone(),
            finished_at,
            cases: summary.cases,
            results: results_digest(&bench.store, run, summary.suite.digest())?,
        };
        Ok(Self {
            evidence: Some(evidence),
            summary,
        })
    }
}
