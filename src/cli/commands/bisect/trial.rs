//! Testing versions of a prompt: each on the rows of one look, from what is known, or by asking.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::adapters::providers;
use crate::adapters::store::FileRunStore;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{AGAIN, Ran, Workbench, interrupted, limited, without_answers};
use crate::cli::ui::Ui;
use crate::domain::project::{BUILT_IN_PROVIDERS, ProviderSettings};
use crate::domain::run::{CaseResult, RunId, Suite};
use crate::engine::bisect::line::closure;
use crate::engine::bisect::pairs::Observation;
use crate::engine::bisect::search::Trial;
use crate::engine::bisect::steps::Step;
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::evaluate::compare::{ComparedSuite, compare_suites};
use crate::engine::evaluate::known::known_only;
use crate::engine::evaluate::plan::{Plan, PlannedSuite};
use crate::engine::evaluate::ready::{NotReady, check_ready};
use crate::engine::evaluate::reuse::{ResumeError, open_run, tested_suite};
use crate::engine::evaluate::stored::{KeptRun, find};
use crate::engine::gate::ClaimedAnswers;
use crate::engine::ports::RunStore as _;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;
use crate::report::bisect::progress_line;

use super::subject::Subject;

/// Who may be asked, and for how much.
#[derive(Clone, Copy)]
pub(super) struct Consent {
    /// Models and servers may be asked for what is not known.
    pub(super) ask: bool,
    /// Programs may run.
    pub(super) allow_exec: bool,
    pub(super) limits: RunLimits,
}

/// What a version that can be tested gives, or why it cannot be.
type OrProblem<T> = Result<T, String>;

/// Tests the versions of a subject.
pub(super) struct VersionTrial<'a, 'u> {
    context: &'a Context,
    ui: &'u mut Ui,
    subject: Subject<'a>,
    consent: Consent,
    /// By version: what was tested, and the run of each look.
    tested: BTreeMap<usize, (Suite, Vec<RunId>)>,
    /// Somebody was not asked who could have answered.
    lacks_answers: bool,
}

impl<'a, 'u> VersionTrial<'a, 'u> {
    pub(super) fn new(
        context: &'a Context,
        ui: &'u mut Ui,
        subject: Subject<'a>,
        consent: Consent,
    ) -> Self {
        Self {
            context,
            ui,
            subject,
            consent,
            tested: BTreeMap::new(),
            lacks_answers: false,
        }
    }

    /// Whether somebody was not asked who could have answered.
    pub(super) fn lacks_answers(&self) -> bool {
        self.lacks_answers
    }

    /// Two versions case by case, on the rows that both have answers for.
    pub(super) fn compared_cases(
        &self,
        versions: [usize; 2],
    ) -> Result<ComparedSuite, CommandError> {
        let [before, after] = versions.map(|version| &self.tested[&version]);
        let looks = before.1.len().min(after.1.len());
        let [before_cases, after_cases] = [before, after].map(|it| self.cases(it, looks));
        let (mut before_cases, mut after_cases) = (before_cases?, after_cases?);
        keep_answered(&mut before_cases, &mut after_cases);
        let suites = [&before.0, &after.0];
        // The suites differ in nothing but the prompt, so that there is always a comparison.
        Ok(compare_suites(suites, [&before_cases, &after_cases])?)
    }

    /// The cases of the first looks at a version, as those of one suite.
    fn cases(
        &self,
        (suite, runs): &(Suite, Vec<RunId>),
        looks: usize,
    ) -> Result<Vec<CaseResult>, CommandError> {
        let store = FileRunStore::new(self.context.state_dir()?);
        let digest = suite.digest();
        let mut cases = Vec::new();
        for run in runs.iter().take(looks) {
            let kept = KeptRun::read(&store, find(&store, run.as_str())?)?;
            cases.extend(kept.cases.into_iter().map(|mut case| {
                case.key.suite = digest;
                case
            }));
        }
        Ok(cases)
    }

    /// Tests a version on the rows of a look: the run that did, or why none can.
    fn test(
        &mut self,
        version: usize,
        bench: &Workbench<'_>,
        plan: &Plan,
    ) -> Result<OrProblem<RunId>, CommandError> {
        let known = tested_suite(&bench.store, &plan.suites[0], None, bench.now())?;
        if let Some(known) = known {
            return Ok(Ok(known.run));
        }
        let key = |name: &str| bench.key(name);
        let setup = bench.setup(&key, self.consent.ask);
        let providers = providers::build(&setup, &plan.asked())?;
        let providers = self.quieted(bench, plan, providers);
        match check_ready(plan, &providers, bench.limits) {
            Err(error @ NotReady::NotAccepted { .. }) => return Ok(Err(error.to_string())),
            ready => ready?,
        }
        if let Some(limit) = bench.limits.used_up() {
            return Err(limited(limit, AGAIN));
        }
        let started_at = bench.now();
        let Ran { id, outcome } = self.run(bench, plan, &providers)?;
        let time = bench.now().duration_since(started_at);
        let time = Duration::try_from(time).unwrap_or_default();
        self.consent.limits = self.consent.limits.less(outcome.taken, time);
        if let Some(limit) = outcome.limit {
            return Err(limited(limit, AGAIN));
        }
        if outcome.interrupted {
            return Err(interrupted(AGAIN));
        }
        let errors = &outcome.suites[0].errors;
        let asked = plan.asked();
        let declared = |name: &String| bench.project.providers.contains_key(name);
        let could_answer = asked.providers.keys().any(declared) || !asked.programs.is_empty();
        self.lacks_answers |= !self.consent.ask && errors.not_recorded > 0 && could_answer;
        let is_end = version == 0 || version + 1 == self.subject.versions.len();
        let all_failed = errors.provider == outcome.suites[0].cases;
        if errors.provider > 0
            && (is_end || !all_failed)
            && let Some(error) = without_answers(&outcome.suites, AGAIN)
        {
            return Err(error);
        }
        Ok(Ok(id))
    }

    /// Goes on with a run of this plan that lacks answers, or starts one.
    fn run(
        &mut self,
        bench: &Workbench<'_>,
        plan: &Plan,
        providers: &Providers<'_>,
    ) -> Result<Ran, CommandError> {
        match open_run(&bench.store, None, plan) {
            Err(ResumeError::NothingToResume) => bench.run(self.ui, plan, providers),
            Err(error) => Err(error.into()),
            Ok(open) => {
                let id = open.run.manifest.id;
                let writer = bench.store.resume(&id)?;
                let outcome = bench.go_on(self.ui, plan, providers, writer, open.done)?;
                Ok(Ran { id, outcome })
            }
        }
    }

    /// Providers that ask nobody who may not be asked.
    fn quieted<'p>(
        &self,
        bench: &Workbench<'_>,
        plan: &Plan,
        providers: Providers<'p>,
    ) -> Providers<'p> {
        if self.consent.ask {
            return providers;
        }
        let asked = plan.asked();
        known_only(providers, |name| {
            let settings = bench.project.providers.get(name);
            let program = matches!(settings, Some(ProviderSettings::Program(_)))
                || asked.programs.contains_key(name);
            BUILT_IN_PROVIDERS.contains(&name) || (program && self.consent.allow_exec)
        })
    }

    /// The test of a version, on all rows; or why there is none.
    fn planned(
        &self,
        closure: Closure,
        workspace: &Workspace<'_>,
    ) -> Result<OrProblem<PlannedSuite>, CommandError> {
        let provider = &closure.prompt().model.provider;
        if !workspace.project()?.knows(provider) {
            let tests = self.subject.tests.label();
            return Ok(Err(format!(
                "it asks provider `{provider}`, which is not declared in the {tests}"
            )));
        }
        Ok(Ok(self.subject.suite.of_version(closure, workspace)?))
    }
}

impl Trial for VersionTrial<'_, '_> {
    type Error = CommandError;

    fn observe(&mut self, version: usize, look: usize) -> Result<Observation, CommandError> {
        let subject = self.subject;
        let it = &subject.versions[version];
        if let Err(problem) = &it.fingerprint {
            return Ok(Observation::impossible(problem));
        }
        let files = subject.files(version)?;
        let tree = files.tree();
        let now = &subject.suite.suite.prompt;
        let later = subject.last_files(version)?;
        let then = it.name.recordings_path();
        let recorded = ClaimedAnswers {
            base: subject.tests,
            head: tree,
            claims: [(
                now.recordings_path(),
                vec![(tree, then.clone()), (later.tree(), then)],
            )]
            .into(),
        };
        let workspace = Workspace::new(&recorded);
        let disk = subject.disk.unwrap_or(subject.tests);
        let workspace = workspace.with_programs_from(Some(disk));
        let planned = self.planned(closure(tree, &it.name, now)?, &workspace)?;
        let planned = match planned {
            Ok(planned) => planned,
            Err(problem) => return Ok(Observation::impossible(problem)),
        };
        let mut bench = Workbench::new(self.context, &workspace, true)?;
        bench.allow_programs(self.consent.allow_exec)?;
        bench.limits = self.consent.limits;
        let plan = Plan {
            suites: vec![planned.of_rows(subject.looks.rows(look))],
        };
        let run = match self.test(version, &bench, &plan)? {
            Ok(run) => run,
            Err(problem) => return Ok(Observation::impossible(problem)),
        };
        let kept = KeptRun::read(&bench.store, find(&bench.store, run.as_str())?)?;
        let tested = self.tested.entry(version);
        let (_, runs) = tested.or_insert((planned.suite, Vec::new()));
        runs.push(run);
        let evaluators = &subject.suite.suite.evaluators;
        let evaluator = evaluators.keys().next();
        Ok(Observation::of(
            &kept.cases,
            evaluator.expect("the test was planned for one evaluator"),
        ))
    }

    fn compared(&mut self, step: &Step) {
        self.ui.note(progress_line(step, self.subject.versions));
    }
}

/// Leaves out the rows that one of the sides has no verdict for.
fn keep_answered(before: &mut Vec<CaseResult>, after: &mut Vec<CaseResult>) {
    let mut open: Vec<String> = Vec::new();
    for case in before.iter().chain(after.iter()) {
        if case.provider_error().is_some() {
            open.push(case.key.row.clone());
        }
    }
    open.sort_unstable();
    let answered = |case: &CaseResult| open.binary_search(&case.key.row).is_err();
    before.retain(answered);
    after.retain(answered);
}
