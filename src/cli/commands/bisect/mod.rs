//! `pointsman bisect`.

mod consent;
mod ends;
mod subject;
mod test;
mod trial;

use crate::adapters::git::GitHistory;
use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::limits::LimitArgs;
use crate::cli::ui::Ui;
use crate::domain::id::{DatasetId, EvaluatorId, LaneName, PromptId};
use crate::domain::lane::GatePolicy;
use crate::engine::bisect::looks::Looks;
use crate::engine::bisect::{BisectError, Verdict};
use crate::engine::workspace::Workspace;
use crate::report::bisect::{BisectReport, BisectV1, render_bisect};

use consent::search_with_consent;
use ends::Ends;
use subject::Subject;
use test::{nothing_to_test, planned};

/// Find the commit that made an evaluator worse
///
/// Walks the history of a prompt along first parents, looks only at commits that change what a model
/// is sent, and halves them: each version is tested on as many rows as it takes to tell whether it
/// is worse than the good end. Rows, evaluator, judges and settings are those of one revision, so
/// that nothing but the prompt differs. Answers that are recorded or kept are used; models are asked
/// for the others only if you agree. Nothing is checked out, and no ref moves.
///
/// Exits with 0 where the commit is found, with 1 where no commit of this history made it worse, with
/// 3 where that cannot be told from these rows and answers, with 5 where a limit came first, with 6
/// where there is no row to test, and with 9 where an end has no answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman bisect support/triage --evaluator queue-label
  pointsman bisect support/triage --evaluator queue-label --lane production --bad worktree
  pointsman bisect support/triage --evaluator tone --dataset support-golden --good v1.2 --yes --max-cost 2")]
pub struct BisectArgs {
    /// The prompt, by its name at the bad end
    #[arg(value_name = "PROMPT", value_parser = prompt_id)]
    prompt: PromptId,
    /// The evaluator that got worse
    #[arg(long, value_name = "EVALUATOR")]
    evaluator: EvaluatorId,
    /// The rows to test on, where the prompt's `evals` do not say
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetId>,
    /// Where the evaluator was better: a revision or a lane. Without it, the oldest version
    #[arg(long, value_name = "REV", conflicts_with = "lane")]
    good: Option<String>,
    /// Take what is live in this lane as the good end
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
    /// Where the evaluator is worse: a revision, a lane, or `worktree`
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    bad: String,
    /// Take rows, evaluators, judges and settings from here instead of from the bad end
    #[arg(long, value_name = "REV")]
    tests: Option<String>,
    /// The loss of pass rate that makes a version worse, from 0 to 1. Without it, half of what the bad
    /// end loses
    #[arg(long, value_name = "SHARE", value_parser = share)]
    margin: Option<f64>,
    /// How sure the answer must be
    #[arg(long, value_name = "SHARE", value_parser = share, default_value_t = GatePolicy::CONFIDENCE)]
    confidence: f64,
    /// Test every row this often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), default_value_t = 1)]
    repeats: u32,
    #[command(flatten)]
    limits: LimitArgs,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
    /// Ask models and servers for the answers that are not known, without asking you first
    #[arg(long, short)]
    yes: bool,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share is a number between 0 and 1: `0.05`".to_owned()),
    }
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &BisectArgs) -> Result<Exit, CommandError> {
    let history = GitHistory::new(context.repository()?, context.workspace_prefix()?);
    let ends = Ends::find(context, &history, args)?;
    let versions = ends.versions(&history)?;
    let tests = args.tests.as_deref().map(|spec| context.view(spec));
    let tests = tests.transpose()?;
    let tests = tests.as_deref().unwrap_or(ends.bad.tree.as_ref());
    let suite = planned(tests, args, &ends.bad)?;
    let looks = Looks::of(suite.gating_rows(&Workspace::new(tests))?);
    if looks.count() == 0 {
        return Err(nothing_to_test(&suite.suite));
    }
    let disk = context.disk();
    let subject = Subject {
        history: &history,
        tests,
        disk: disk.as_deref(),
        ends: [&ends.good, &ends.bad].map(|end| end.tree.as_ref()),
        versions: &versions,
        suite: &suite,
        looks: &looks,
    };
    let mut report = BisectReport {
        suite: &suite.suite,
        evaluator: &args.evaluator,
        ends: [&ends.good, &ends.bad].map(|end| (end.tree.label(), end.commit.clone())),
        tests: tests.label(),
        commits: ends.parting.commits,
        versions: &versions,
        rows: looks.all_rows(),
        confidence: args.confidence,
        bisection: None,
        found: None,
        calls_to_ask: None,
    };
    let ends = [versions.first(), versions.last()].map(|it| it.map(|it| &it.fingerprint));
    if ends[0] != ends[1] {
        search_with_consent(context, ui, args, subject, &mut report)?;
    }
    if ui.wants_json() {
        ui.json(&BisectV1::from(&report));
    } else {
        ui.text(render_bisect(&report, ui.color()));
    }
    Ok(match report.verdict() {
        Verdict::Found(_) => Exit::Success,
        Verdict::Elsewhere | Verdict::NotWorse => Exit::Failed,
        Verdict::Open(_) => Exit::Inconclusive,
    })
}

impl From<BisectError> for CommandError {
    fn from(error: BisectError) -> Self {
        match error {
            BisectError::History(error) => error.into(),
            BisectError::Tree(error) => error.into(),
            BisectError::Findings(findings) => findings.into(),
        }
    }
}
