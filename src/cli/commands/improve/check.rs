//! `pointsman improve check`.

use std::collections::BTreeSet;

use crate::adapters::git::GitImprovements;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::gate::{Tested, tested};
use crate::cli::limits::LimitArgs;
use crate::cli::ui::Ui;
use crate::domain::deployment::ObjectId;
use crate::domain::gate::EvaluatedSuite;
use crate::domain::id::DatasetId;
use crate::domain::improve::{Attempt, AttemptId, Check, RowPlace};
use crate::domain::lane::GatePolicy;
use crate::domain::run::CaseResult;
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::evaluate::compare::compare_suites;
use crate::engine::evaluate::plan::{Plan, PlannedSuite};
use crate::engine::improve::{CheckedSuite, Checking, WithFile, check, train_rows};
use crate::engine::ports::FileTree;
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::improve::{CheckV1, render_check};

use super::gather::{cases_of, tests_of};
use super::{kept, text_in, undecided};

/// Check a candidate against everything that passes today
///
/// Evaluates the prompt as it is checked out and the candidate on all datasets that test it, with the
/// rows, evaluators and settings of the commit that is checked out. What a finished run has shown for
/// the same bytes is not asked again. A case that passes and does not with the candidate, on a row that
/// gates and by an evaluator that blocks, fails the check. The result is kept with the candidate.
///
/// Exits with 0 where nothing that passes fails, with 1 where something does, with 6 where there is
/// nothing to evaluate, with 7 where the prompt was changed since the candidate was made, and with 9
/// where a model does not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve check support/triage/1
  pointsman improve check support/triage/1 --repeats 3 --max-cost 2 --json")]
pub(super) struct CheckArgs {
    /// The candidate
    #[arg(value_name = "CANDIDATE")]
    id: AttemptId,
    /// Test every row this often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), default_value_t = 1)]
    repeats: u32,
    #[command(flatten)]
    limits: LimitArgs,
    /// Ask nobody: recorded answers stand in for every model, whoever the files name
    #[arg(long)]
    recorded: bool,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &CheckArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let kept = kept(&improvements, &args.id)?;
    let candidate = undecided(&kept.attempt)?.clone();
    let head = context.repository()?.commit("HEAD")?;
    let tree = context.tree_of_commit(&head)?;
    made_from(tree.as_ref(), &kept.attempt)?;
    let all = improvements.all()?;
    let seen: BTreeSet<RowPlace> = all
        .iter()
        .filter(|it| it.attempt.id.prompt == args.id.prompt)
        .filter(|it| it.attempt.id.number <= args.id.number)
        .flat_map(|it| it.attempt.seen().cloned())
        .collect();
    let bench = CandidateBench {
        head,
        tree: tree.as_ref(),
        by: improvements.actor()?,
        text: text_in(context, &improvements, &candidate.commit, &args.id.prompt)?,
    };
    let check = bench.check(context, ui, args, &seen)?;
    let mut attempt = kept.attempt.clone();
    attempt.checks.push(check);
    let subject = format!("Check candidate {}", attempt.id);
    improvements.update(&kept, &attempt, &subject, context.clock().now())?;
    let check = attempt.checks.last().expect("a check was added");
    if ui.wants_json() {
        ui.json(&CheckV1::new(&attempt, check));
    } else {
        ui.text(render_check(&attempt, check));
    }
    Ok(if check.passes() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Makes sure that the prompt of a tree is the one that a candidate was made from.
pub(super) fn made_from(tree: &dyn FileTree, attempt: &Attempt) -> Result<(), CommandError> {
    let id = &attempt.id;
    let closure = Workspace::new(tree).closure(&id.prompt)?;
    if closure.fingerprint() == attempt.base_fingerprint {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "`{}` was changed since candidate `{id}` was made: merging it would undo that change",
        id.prompt
    ))
    .with_hint(format!(
        "start again from what is there now: `pointsman improve start --prompt {}`; the candidate's \
         words are in `git show {}`",
        id.prompt,
        id.branch()
    )))
}

/// The tests of the prompt of a workspace, and the same of a candidate.
pub(super) fn planned_pair(
    bench: &Workbench<'_>,
    attempt: &AttemptId,
    text: &str,
    repeats: u32,
) -> Result<[Plan; 2], CommandError> {
    let workspace = bench.workspace;
    let before = tests_of(bench, &attempt.prompt, repeats)?;
    let overlay = WithFile {
        base: workspace.tree(),
        path: attempt.prompt.path(),
        text,
    };
    let mut after: Vec<PlannedSuite> = Vec::new();
    for planned in &before.suites {
        let closure = workspace.beside(&overlay).closure(&attempt.prompt)?;
        after.push(planned.of_version(closure, workspace)?);
    }
    Ok([before, Plan { suites: after }])
}

/// What a candidate is checked with.
struct CandidateBench<'t> {
    head: ObjectId,
    tree: &'t dyn FileTree,
    by: String,
    text: String,
}

impl CandidateBench<'_> {
    fn check(
        &self,
        context: &Context,
        ui: &mut Ui,
        args: &CheckArgs,
        seen: &BTreeSet<RowPlace>,
    ) -> Result<Check, CommandError> {
        let disk = context.disk();
        let workspace = Workspace::new(self.tree)
            .with_programs_from(disk.as_deref())
            .with_recorded(Recorded::everybody_if(args.recorded));
        let mut bench = Workbench::new(context, &workspace, true)?;
        bench.allow_programs(args.allow_exec)?;
        bench.limits = RunLimits::from(&args.limits);
        let [before, after] = planned_pair(&bench, &args.id, &self.text, args.repeats)?;
        let policy = GatePolicy::default();
        let started = bench.now();
        let before = tested(&bench, ui, before, &policy, started)?;
        let time = bench.now().duration_since(started);
        let time = std::time::Duration::try_from(time).unwrap_or_default();
        bench.limits = bench.limits.less(bench.taken(), time);
        let after = tested(&bench, ui, after, &policy, started)?;
        let datasets: BTreeSet<DatasetId> = before
            .iter()
            .map(|it| it.summary.suite.dataset.clone())
            .collect();
        let train = train_rows(&workspace, &datasets, seen)?;
        let cases = [cases(&bench, &before)?, cases(&bench, &after)?];
        let suites = suites([&before, &after], [&cases[0], &cases[1]])?;
        let checking = Checking {
            at: context.clock().now(),
            by: self.by.clone(),
            base: self.head.clone(),
            train: &train,
        };
        Ok(check(checking, &suites))
    }
}

/// The cases of each tested suite; a suite without rows has none.
fn cases(bench: &Workbench<'_>, tested: &[Tested]) -> Result<Vec<Vec<CaseResult>>, CommandError> {
    let of_suite = |it: &Tested| match &it.evidence {
        Some(evidence) => cases_of(bench, &evidence.run, &evidence.suite),
        None => Ok(Vec::new()),
    };
    tested.iter().map(of_suite).collect()
}

/// Both versions of each suite.
fn suites<'c>(
    tested: [&'c [Tested]; 2],
    cases: [&'c [Vec<CaseResult>]; 2],
) -> Result<Vec<CheckedSuite<'c>>, CommandError> {
    let mut suites = Vec::new();
    for (index, before) in tested[0].iter().enumerate() {
        let suite = &before.summary.suite;
        let same = |it: &Tested| {
            let other = &it.summary.suite;
            other.dataset == suite.dataset && other.evaluators == suite.evaluators
        };
        let Some(other) = tested[1].iter().position(same) else {
            continue;
        };
        let after = &tested[1][other];
        let (Some(one), Some(two)) = (&before.evidence, &after.evidence) else {
            continue;
        };
        let sides = [&cases[0][index], &cases[1][other]];
        suites.push(CheckedSuite {
            summaries: [&before.summary, &after.summary],
            evidence: [one, two],
            // The suites differ in nothing but the prompt, so that there is always a comparison.
            compared: compare_suites([suite, &after.summary.suite], [sides[0], sides[1]])?,
            cases: sides.map(|cases| cases.iter().collect()),
        });
    }
    Ok(suites)
}

/// Whether the last check of a candidate was of exactly what would be merged now.
pub(super) fn is_of_these_bytes(check: &Check, planned: &[Plan; 2]) -> bool {
    let same = |plan: &Plan, evidence: &[EvaluatedSuite]| {
        let wanted: BTreeSet<_> = plan
            .suites
            .iter()
            .filter(|it| it.cases() > 0)
            .map(|it| it.digest)
            .collect();
        let shown: BTreeSet<_> = evidence.iter().map(|it| it.suite.digest()).collect();
        wanted == shown
    };
    same(&planned[0], &check.before) && same(&planned[1], &check.after)
}
