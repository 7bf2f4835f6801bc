//! Runs: what was evaluated, what was answered, and which cases changed their grade.

use std::collections::BTreeSet;

use crate::adapters::view::Asked;
use crate::cli::commands::runs::{kept, store};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::id::DatasetId;
use crate::domain::run::CaseResult;
use crate::engine::evaluate::compare::compare;
use crate::engine::evaluate::decide::{Demand, decide};
use crate::engine::evaluate::stored::KeptRun;
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::ports::RunStore as _;
use crate::engine::workspace::Workspace;
use crate::report::eval::EvalReport;
use crate::report::html::blocks::Page;
use crate::report::html::run::{Cases, Origins};
use crate::report::html::runs::{RunReport, RunsReport, comparison_page, kept_run_page, runs_page};
use crate::report::runs::RunLine;

use super::fault::{Fault, number, only};

/// How many runs stand on a page.
const RUNS: usize = 25;

/// How many cases stand on a page.
const CASES: usize = 50;

/// How many cases whose grade changed stand on a page.
const FLIPS: usize = 50;

/// A page about runs.
pub(super) fn page(context: &Context, asked: &Asked, path: &[&str]) -> Result<Page, Fault> {
    match path {
        [] => list(context, asked),
        ["compare"] => comparison(context, asked),
        [run] => one(context, asked, run),
        _ => Err(Fault::no_page()),
    }
}

fn list(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    only(asked, &["from"])?;
    let from = number(asked, "from")?;
    let store = store(context)?;
    let runs = store.list()?;
    let all = runs.len();
    let mut lines = Vec::new();
    let mut unreadable = Vec::new();
    for run in runs.into_iter().skip(from).take(RUNS) {
        let id = run.manifest.id.clone();
        match KeptRun::read(&store, run) {
            Ok(kept) => lines.push(RunLine::new(&kept)),
            Err(error) => unreadable.push(format!("run {id} is left out: {error}")),
        }
    }
    Ok(runs_page(&RunsReport {
        lines: &lines,
        unreadable: &unreadable,
        from,
        count: RUNS,
        all,
    }))
}

/// The run that an address names, with its cases.
fn run_of(context: &Context, name: &str) -> Result<KeptRun, Fault> {
    kept(&store(context)?, name).map_err(Fault::missing)
}

fn one(context: &Context, asked: &Asked, name: &str) -> Result<Page, Fault> {
    only(asked, &["from"])?;
    let from = number(asked, "from")?;
    let kept = run_of(context, name)?;
    let suites = kept.summaries();
    let cases = Cases::new(&suites, &kept.cases);
    let shown = cases.stretch(from, CASES);
    Ok(kept_run_page(&RunReport {
        eval: &EvalReport {
            source: &kept.run.manifest.source,
            run: &kept.run.manifest.id,
            complete: kept.run.finished_at.is_some(),
            gate: None,
            suites: &suites,
            decision: &decide(Demand::AllBlocking, &suites),
            slices: &[],
        },
        started_at: kept.run.manifest.started_at,
        cases: &cases,
        from,
        count: CASES,
        origins: &origins(context, shown),
    }))
}

/// The spans that the rows of cases come from, as the datasets at hand say. A dataset that cannot be read
/// hides no run.
fn origins(context: &Context, shown: &[(&SuiteSummary, &CaseResult)]) -> Origins {
    let mut origins = Origins::new();
    let Ok(tree) = context.tree_at_hand() else {
        return origins;
    };
    let workspace = Workspace::new(tree.as_ref());
    let wanted: BTreeSet<(&DatasetId, &str)> = shown
        .iter()
        .map(|(suite, case)| (&suite.suite.dataset, case.key.row.as_str()))
        .collect();
    let datasets: BTreeSet<&DatasetId> = wanted.iter().map(|(dataset, _)| *dataset).collect();
    for id in datasets {
        let dataset = workspace.dataset(id);
        let Ok(rows) = dataset.and_then(|dataset| workspace.rows(&dataset)) else {
            continue;
        };
        for row in rows.filter_map(Result::ok) {
            if let Some(source) = &row.source
                && let (Some(trace), Some(span)) = (&source.trace_id, &source.span_id)
                && wanted.contains(&(id, row.id.as_str()))
            {
                let found = (trace.clone(), span.clone());
                origins.insert((id.clone(), row.id), found);
            }
        }
    }
    origins
}

fn comparison(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    only(asked, &["before", "after", "from"])?;
    let [before, after] = ["before", "after"].map(|name| asked.value(name));
    if before.is_empty() || after.is_empty() {
        let error = CommandError::usage("two runs are compared");
        return Err(Fault::wrong(
            error.with_hint("choose them in the list of runs"),
        ));
    }
    let (before, after) = (run_of(context, before)?, run_of(context, after)?);
    let comparison = compare(&before, &after, &[]).map_err(Fault::wrong)?;
    Ok(comparison_page(&comparison, number(asked, "from")?, FLIPS))
}
