//! `pointsman evaluator calibrate`.

use std::fmt::Write as _;

use serde::Serialize;

use super::unanswered;
use crate::adapters::providers::build;
use crate::cli::arguments::evaluator_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{Workbench, wait_for};
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::agreement::{Kappa, TruthTable};
use crate::domain::evaluator::Grade;
use crate::domain::id::{DatasetId, EvaluatorId};
use crate::domain::untrusted::Untrusted;
use crate::engine::evaluate::calibrate::{Calibrated, Calibration, JudgedRow};
use crate::engine::workspace::Workspace;
use crate::report::table::TextTable;

/// Hold a judge against people: how far does it agree with them?
///
/// Each row of the dataset holds an answer in `vars.output`, whatever else the judge looks at, and
/// in `expected` what a person said of it: a score or a label of the judge's, which of two answers is
/// better, or `true` or `false`.
/// The judge is asked about every row; answers that were paid for are kept.
///
/// Exits with 0 whatever the agreement, with 6 where there are no rows, and with 9 where the judge
/// did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evaluator calibrate grounded --dataset judge-calibration
  pointsman evaluator calibrate grounded --dataset judge-calibration --json")]
pub(super) struct CalibrateArgs {
    /// The judge: an evaluator of kind `llm-judge`
    #[arg(value_name = "EVALUATOR", value_parser = evaluator_id)]
    evaluator: EvaluatorId,
    /// The rows that people graded
    #[arg(long, value_name = "DATASET")]
    dataset: DatasetId,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Let programs run that `pointsman.toml` names as providers: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
}

#[derive(Serialize)]
struct CalibrateOutput<'c> {
    schema: &'static str,
    source: String,
    evaluator: &'c EvaluatorId,
    dataset: &'c DatasetId,
    rows: usize,
    truth_table: TruthTable,
    agreement: Option<f64>,
    kappa: Option<Kappa>,
    constant: bool,
    position_bias: Option<PositionBiasV1>,
    unreadable: usize,
    unanswered: usize,
    differences: Vec<JudgedRowV1<'c>>,
}

/// How often a judge of two answers changed its verdict with their order.
#[derive(Serialize)]
struct PositionBiasV1 {
    flipped: u64,
    pairs: u64,
}

#[derive(Serialize)]
struct JudgedRowV1<'c> {
    row: &'c str,
    people_pass: bool,
    grade: Grade,
    score: f64,
    reason: &'c str,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &CalibrateArgs,
) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let calibration = Calibration::prepare(&workspace, &args.evaluator, &args.dataset)?;
    if calibration.rows() == 0 {
        let message = format!("nothing was judged: `{}` has no rows", args.dataset);
        return Err(CommandError::new(Exit::NothingEvaluated, message)
            .with_hint("add rows with an `output` and what a person said of it"));
    }
    let mut bench = Workbench::new(context, &workspace, true)?;
    bench.allow_programs(args.allow_exec)?;
    let key = |name: &str| bench.key(name);
    let providers = build(&bench.setup(&key, true), &calibration.asked())?;
    let calibrated = wait_for(calibration.run(&providers, bench.cache(), bench.limits))?;
    if ui.wants_json() {
        ui.json(&output(tree.label(), args, &calibrated, calibration.rows()));
    } else {
        ui.text(rendered(args, &calibrated));
    }
    if let Some(first) = calibrated.unanswered.first() {
        let reason = &first.graded.reason;
        return Err(unanswered(calibrated.unanswered.len(), reason));
    }
    if calibrated.table.judge_is_constant() {
        ui.warn("the judge said the same of every answer: it tells nothing apart");
    }
    Ok(Exit::Success)
}

fn output<'c>(
    source: String,
    args: &'c CalibrateArgs,
    calibrated: &'c Calibrated,
    rows: usize,
) -> CalibrateOutput<'c> {
    let differing = calibrated.disagreements.iter();
    let differing = differing
        .chain(calibrated.flipped.iter().flatten())
        .chain(&calibrated.unreadable)
        .chain(&calibrated.unanswered);
    CalibrateOutput {
        schema: "pointsman/evaluator-calibrate/v1",
        source,
        evaluator: &args.evaluator,
        dataset: &args.dataset,
        rows,
        truth_table: calibrated.table,
        agreement: calibrated.table.agreement(),
        kappa: calibrated.table.kappa(),
        constant: calibrated.table.judge_is_constant(),
        position_bias: calibrated
            .position_bias()
            .map(|(flipped, pairs)| PositionBiasV1 { flipped, pairs }),
        unreadable: calibrated.unreadable.len(),
        unanswered: calibrated.unanswered.len(),
        differences: differing
            .map(|it| JudgedRowV1 {
                row: &it.row,
                people_pass: it.people_pass,
                grade: it.graded.grade,
                score: it.graded.score,
                reason: &it.graded.reason,
            })
            .collect(),
    }
}

fn rendered(args: &CalibrateArgs, calibrated: &Calibrated) -> String {
    let truth = calibrated.table;
    let mut table = TextTable::new(&["", "JUDGE PASSES", "JUDGE FAILS"])
        .align_right(1)
        .align_right(2);
    let row = |name: &str, passes: u64, fails: u64| {
        [name.to_owned(), passes.to_string(), fails.to_string()]
    };
    table.row(row("people pass", truth.both_pass, truth.only_people_pass));
    table.row(row("people fail", truth.only_judge_passes, truth.both_fail));
    let mut text = format!(
        "{} on {}\n\n{}\n",
        args.evaluator,
        args.dataset,
        table.render()
    );
    text.push_str(&in_words(truth));
    if let Some((flipped, pairs)) = calibrated.position_bias() {
        let _ = writeln!(
            text,
            "position bias: the verdict changed with the order in {flipped} of {pairs} pair(s)"
        );
    }
    let unreadable = calibrated.unreadable.len();
    let _ = writeln!(text, "verdicts that could not be read: {unreadable}");
    let no_flips = Vec::new();
    for (title, rows) in [
        ("seen differently", &calibrated.disagreements),
        (
            "changed with the order",
            calibrated.flipped.as_ref().unwrap_or(&no_flips),
        ),
        ("not readable", &calibrated.unreadable),
        ("not answered", &calibrated.unanswered),
    ] {
        if !rows.is_empty() {
            let _ = writeln!(text, "\n{title}:");
            text.extend(rows.iter().map(line));
        }
    }
    text
}

fn in_words(truth: TruthTable) -> String {
    let mut text = format!(
        "of {} answers that people fail, the judge lets {} through\n\
         of {} answers that people pass, the judge fails {}\n",
        truth.people_fail(),
        truth.only_judge_passes,
        truth.people_pass(),
        truth.only_people_pass,
    );
    if let Some(agreement) = truth.agreement() {
        let percent = agreement * 100.0;
        let _ = writeln!(
            text,
            "agreement: {percent:.1}% ({} of {})",
            truth.agreed(),
            truth.total()
        );
    }
    let _ = match truth.kappa() {
        Some(Kappa { value, low, high }) => writeln!(
            text,
            "Cohen's kappa: {value:.3}, with 95% confidence from {low:.3} to {high:.3}"
        ),
        None => writeln!(
            text,
            "Cohen's kappa: not defined, because there is only one verdict"
        ),
    };
    text
}

fn line(row: &JudgedRow) -> String {
    let people = if row.people_pass { "pass" } else { "fail" };
    format!(
        "  {}: people {people}, judge {}: {}\n",
        Untrusted(&row.row),
        row.graded.grade.name(),
        Untrusted(&row.graded.reason)
    )
}
