//! What `eval` and `promote` share: running an evaluation with everything it needs from the world.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::adapters::hosts::Hosts;
use crate::adapters::providers::record::Recorder;
use crate::adapters::providers::{ProviderSetup, SetupError, build};
use crate::adapters::secrets::Secrets;
use crate::adapters::store::{FileAnswerCache, FileRunStore};
use crate::domain::project::Project;
use crate::domain::run::RunId;
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::budget::{LimitReached, RunLimits, Taken};
use crate::engine::evaluate::plan::Plan;
use crate::engine::evaluate::preview::{SuitePreview, preview};
use crate::engine::evaluate::ready::{NotReady, check_ready};
use crate::engine::evaluate::run::{RunError, RunInput, RunOutcome, new_manifest, run};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::event::{Listener, Silent};
use crate::engine::ports::{AnswerCache, Results, RunStore as _, RunWriter, StoreError};
use crate::engine::workspace::Workspace;
use crate::report::progress::Progress;

use super::context::Context;
use super::env;
use super::error::CommandError;
use super::exit::Exit;
use super::listening::stop_signal;
use super::ui::Ui;

/// Everything that an evaluation needs beside its plan.
pub struct Workbench<'a> {
    context: &'a Context,
    /// The files.
    pub workspace: &'a Workspace<'a>,
    /// The settings.
    pub project: Project,
    /// The runs of this repository.
    pub store: FileRunStore,
    /// Where answers are kept; absent: they are asked for anew.
    pub cache: Option<FileAnswerCache>,
    /// The only servers that providers may be at; absent: any.
    hosts: Option<Hosts>,
    /// Where programs run that the settings name; absent: none may run.
    pub programs_in: Option<PathBuf>,
    /// What a run may take.
    pub limits: RunLimits,
    taken: Cell<Taken>,
}

/// A run that came to an end.
pub struct Ran {
    /// The run.
    pub id: RunId,
    /// What came of it.
    pub outcome: RunOutcome,
}

impl<'a> Workbench<'a> {
    /// A workbench for the files of a workspace.
    pub fn new(
        context: &'a Context,
        workspace: &'a Workspace<'a>,
        use_cache: bool,
    ) -> Result<Self, CommandError> {
        let state = context.state_dir()?;
        let project = workspace.project()?;
        let variable = |name: &str| context.environment().text(name).map(str::to_owned);
        let keys = Secrets::keys(&project, variable);
        Ok(Self {
            context,
            workspace,
            project,
            cache: use_cache.then(|| FileAnswerCache::new(&state)),
            store: FileRunStore::new(&state).hiding(keys),
            hosts: context.hosts(env::PROVIDER_HOSTS)?,
            programs_in: None,
            limits: RunLimits::default(),
            taken: Cell::default(),
        })
    }

    /// What providers are made from.
    pub fn setup<'s>(
        &'s self,
        key: &'s dyn Fn(&str) -> Option<String>,
        will_call: bool,
    ) -> ProviderSetup<'s> {
        ProviderSetup {
            project: &self.project,
            environment: key,
            tree: self.workspace.tree(),
            clock: self.context.clock(),
            will_call,
            hosts: self.hosts.clone(),
            programs_in: self.programs_in.clone(),
        }
    }

    /// What all runs on this workbench have asked and paid for.
    pub fn taken(&self) -> Taken {
        self.taken.get()
    }

    /// The time.
    pub fn now(&self) -> jiff::Timestamp {
        self.context.clock().now()
    }

    /// Looks up a key in the environment.
    pub fn key(&self, name: &str) -> Option<String> {
        self.context.environment().text(name).map(str::to_owned)
    }

    /// Where answers are kept.
    pub fn cache(&self) -> Option<&dyn AnswerCache> {
        self.cache.as_ref().map(|cache| cache as &dyn AnswerCache)
    }

    /// What a plan would ask for, and what is known of it already.
    pub fn preview(&self, plan: &Plan) -> Result<Vec<SuitePreview>, CommandError> {
        let key = |name: &str| self.key(name);
        let providers = build(&self.setup(&key, false), &plan.asked())?;
        Ok(preview(self.workspace, plan, &providers, self.cache())?)
    }

    /// Runs a plan from its start.
    pub fn run(
        &self,
        ui: &mut Ui,
        plan: &Plan,
        providers: &Providers<'_>,
    ) -> Result<Ran, CommandError> {
        let source = self.workspace.tree().label();
        self.check_ready(plan, providers)?;
        let manifest = new_manifest(plan, &source, self.context.clock(), &self.store)?;
        let writer = self.store.create(&manifest)?;
        let outcome = self.go_on(ui, plan, providers, writer, Box::new(std::iter::empty()))?;
        Ok(Ran {
            id: manifest.id,
            outcome,
        })
    }

    /// Lets programs run that the settings name, where the user allowed it.
    pub fn allow_programs(&mut self, allowed: bool) -> Result<(), CommandError> {
        if allowed {
            self.programs_in = Some(self.context.workspace_root()?);
        }
        Ok(())
    }

    /// Checks that a plan can be run as it is.
    pub fn check_ready(&self, plan: &Plan, providers: &Providers<'_>) -> Result<(), CommandError> {
        Ok(check_ready(plan, providers, self.limits)?)
    }

    /// Runs what is left of a plan.
    pub fn go_on(
        &self,
        ui: &mut Ui,
        plan: &Plan,
        providers: &Providers<'_>,
        writer: Box<dyn RunWriter>,
        done: Results,
    ) -> Result<RunOutcome, CommandError> {
        let stop = AtomicBool::new(false);
        let input = RunInput {
            workspace: self.workspace,
            plan,
            providers,
            cache: self.cache(),
            clock: self.context.clock(),
            writer,
            done,
            stop: &stop,
            limits: self.limits,
        };
        let outcome = drive(ui, input, &stop)?;
        let before = self.taken.get();
        self.taken.set(Taken {
            calls: before.calls + outcome.taken.calls,
            cost_usd: before.cost_usd + outcome.taken.cost_usd,
        });
        if let Some(error) = &outcome.cache_error {
            ui.warn(format_args!(
                "answers are not kept for the next evaluation: {error}"
            ));
        }
        Ok(outcome)
    }
}

/// Runs to the end, or until a signal.
fn drive(ui: &mut Ui, input: RunInput<'_>, stop: &AtomicBool) -> Result<RunOutcome, CommandError> {
    let mut listener: Box<dyn Listener> = if ui.shows_progress() {
        Box::new(Progress::new())
    } else {
        Box::new(Silent)
    };
    until_stopped(ui, stop, RESUME, run(input, listener.as_mut()))
}

/// Waits for work that may ask providers, or until SIGINT (Ctrl-C) or SIGTERM. The first one sets `stop`,
/// which lets what was started finish; the second one stops at once, and `next` says how to go on.
pub fn until_stopped<T, E: Into<CommandError>>(
    ui: &mut Ui,
    stop: &AtomicBool,
    next: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, CommandError> {
    wait_for(async {
        tokio::pin!(work);
        let first = stop_signal().map_err(|error| cannot_call(&error))?;
        tokio::select! {
            outcome = &mut work => return outcome.map_err(Into::into),
            () = first => {}
        }
        stop.store(true, Ordering::Relaxed);
        ui.note("finishing the calls that were started; press Ctrl-C again to stop at once");
        let second = stop_signal().map_err(|error| cannot_call(&error))?;
        tokio::select! {
            outcome = &mut work => outcome.map_err(Into::into),
            () = second => Err(interrupted(next)),
        }
    })?
}

/// Waits for work that may ask providers.
pub fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot_call(&error))?;
    Ok(runtime.block_on(work))
}

fn cannot_call(error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot start calling providers: {error}"))
        .with_hint("close other programs and try again")
}

/// Keeps what was recorded beside the prompts.
pub fn save_recordings(
    context: &Context,
    ui: &mut Ui,
    recorder: &Recorder<'_>,
) -> Result<(), CommandError> {
    for (path, count) in recorder.save(&context.workspace_root()?)? {
        ui.note(format_args!("recorded {count} answer(s) in `{path}`"));
    }
    Ok(())
}

/// How `eval` goes on after it was cut off.
pub const RESUME: &str = "go on with `pointsman eval --resume` and the same arguments";

/// How other commands go on after their evaluation was cut off.
pub const AGAIN: &str = "run the command again: answers that were paid for are not asked for again";

/// The error of a run that was stopped.
pub fn interrupted(next: &str) -> CommandError {
    CommandError::new(
        Exit::Interrupted,
        "the evaluation was interrupted; what was finished is kept",
    )
    .with_hint(next)
}

/// The error of a run that was stopped and knows how far it came.
fn interrupted_after(outcome: &RunOutcome, next: &str) -> CommandError {
    let suites = outcome.suites.iter();
    let (cases, planned) = suites.fold((0, 0), |(cases, planned), suite| {
        (cases + suite.cases, planned + suite.planned_cases)
    });
    let message = format!(
        "the evaluation was interrupted; {cases} of {planned} case(s) are finished and kept"
    );
    CommandError::new(Exit::Interrupted, message).with_hint(next)
}

/// The error of a run that came to a limit.
pub fn limited(limit: LimitReached, next: &str) -> CommandError {
    CommandError::new(
        Exit::BudgetReached,
        format!("{limit}; what was finished is kept"),
    )
    .with_hint(next)
}

/// The error of a run that did not come to its end with an answer for every case.
pub fn whole(outcome: &RunOutcome, next: &str) -> Result<(), CommandError> {
    if let Some(limit) = outcome.limit {
        return Err(limited(limit, next));
    }
    if outcome.interrupted {
        return Err(interrupted_after(outcome, next));
    }
    without_answers(&outcome.suites, next).map_or(Ok(()), Err)
}

/// The error of a run in which cases have no answer, if there are such cases. That is no verdict
/// on the prompts.
pub fn without_answers(suites: &[SuiteSummary], next: &str) -> Option<CommandError> {
    let provider: u64 = suites.iter().map(|suite| suite.errors.provider).sum();
    let not_recorded: u64 = suites.iter().map(|suite| suite.errors.not_recorded).sum();
    let total = provider + not_recorded;
    if total == 0 {
        return None;
    }
    let mut error = CommandError::new(
        Exit::Provider,
        format!("{total} case(s) have no answer: that is no verdict on the prompts"),
    );
    if provider > 0 {
        error = error.with_hint(format!("when the provider answers again, {next}"));
    }
    if not_recorded > 0 {
        error = error.with_hint(
            "record what is missing with `pointsman eval --record <provider>`, where the provider stands in `pointsman.toml`",
        );
    }
    Some(error)
}

impl From<NotReady> for CommandError {
    fn from(error: NotReady) -> Self {
        let help = error.help();
        Self::usage(error.to_string()).with_hint(help)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::usage(error.to_string())
            .with_hint("check that the folder can be written and that the disk is not full")
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Files(findings) => findings.into(),
            RunError::Store(error) => error.into(),
        }
    }
}

impl From<SetupError> for CommandError {
    fn from(error: SetupError) -> Self {
        let help = error.help();
        match error {
            SetupError::Recordings(findings) => Self::from(findings).with_hint(help),
            error => Self::usage(error.to_string()).with_hint(help),
        }
    }
}
