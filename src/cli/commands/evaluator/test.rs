//! `pointsman evaluator test`.

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
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::evaluate::examples::{Examples, TestedExample};
use crate::engine::workspace::Workspace;

/// How much of an output is shown, in characters.
const SHOWN: usize = 200;

/// Grade the examples of evaluators: each must get the grade that stands with it
///
/// An evaluator's file may hold `examples`: outputs with the grade that is right for them. Examples
/// of judges ask their models; answers that were paid for are kept.
///
/// Exits with 0 where every grade is right, with 1 where one is not, with 6 where there are no
/// examples at all, and with 9 where a judge did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evaluator test
  pointsman evaluator test no-apology valid-reply
  pointsman evaluator test --at HEAD~1 --json")]
pub(super) struct TestArgs {
    /// Test these evaluators instead of all
    #[arg(value_name = "EVALUATOR", value_parser = evaluator_id)]
    evaluators: Vec<EvaluatorId>,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
}

#[derive(Serialize)]
struct TestOutput<'t> {
    schema: &'static str,
    source: String,
    right: usize,
    wrong: usize,
    without_examples: Vec<&'t EvaluatorId>,
    examples: Vec<TestedV1<'t>>,
}

#[derive(Serialize)]
struct TestedV1<'t> {
    evaluator: &'t EvaluatorId,
    path: String,
    line: u32,
    output: &'t str,
    right: bool,
    wanted: Grade,
    grade: Grade,
    score: f64,
    reason: &'t str,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &TestArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let ids = if args.evaluators.is_empty() {
        workspace.evaluator_ids()?
    } else {
        args.evaluators.clone()
    };
    let examples = Examples::prepare(&workspace, &ids)?;
    if examples.count() == 0 {
        let message = "nothing was tested: the evaluators have no examples";
        return Err(CommandError::new(Exit::NothingEvaluated, message)
            .with_hint("write `examples` with `output` and `grade` into the evaluators' files"));
    }
    let mut bench = Workbench::new(context, &workspace, true)?;
    bench.allow_programs(args.allow_exec)?;
    let key = |name: &str| bench.key(name);
    let providers = build(&bench.setup(&key, true), &examples.asked())?;
    examples.check_ready(&providers)?;
    let tested = wait_for(examples.run(&providers, bench.cache()))?;
    if ui.wants_json() {
        ui.json(&output(tree.label(), &examples, &tested));
    } else {
        ui.text(rendered(&tested));
        let silent = examples.without_examples();
        if !silent.is_empty() {
            let names: Vec<&str> = silent.into_iter().map(EvaluatorId::as_str).collect();
            ui.note(format_args!("without examples: {}", names.join(", ")));
        }
    }
    let missing: Vec<&TestedExample> = tested.iter().filter(|it| it.unanswered).collect();
    if let Some(first) = missing.first() {
        return Err(unanswered(missing.len(), &first.graded.reason));
    }
    Ok(if tested.iter().all(TestedExample::is_right) {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn output<'t>(
    source: String,
    examples: &'t Examples,
    tested: &'t [TestedExample],
) -> TestOutput<'t> {
    let right = tested.iter().filter(|it| it.is_right()).count();
    let listed = tested.iter().map(|it| TestedV1 {
        evaluator: &it.evaluator,
        path: it.evaluator.path(),
        line: it.line,
        output: &it.output,
        right: it.is_right(),
        wanted: it.wanted,
        grade: it.graded.grade,
        score: it.graded.score,
        reason: &it.graded.reason,
    });
    TestOutput {
        schema: "pointsman/evaluator-test/v1",
        source,
        right,
        wrong: tested.len() - right,
        without_examples: examples.without_examples(),
        examples: listed.collect(),
    }
}

fn rendered(tested: &[TestedExample]) -> String {
    let mut text = String::new();
    let wrong: Vec<&TestedExample> = tested.iter().filter(|it| !it.is_right()).collect();
    for it in &wrong {
        let _ = writeln!(
            text,
            "{}:{}: should be {}, is {}: {}\n  output: {}",
            it.evaluator.path(),
            it.line,
            it.wanted.name(),
            it.graded.grade.name(),
            Untrusted(&it.graded.reason),
            Untrusted(&shorten(&it.output, SHOWN)),
        );
    }
    if !wrong.is_empty() {
        text.push('\n');
    }
    let mut evaluators: Vec<&EvaluatorId> = tested.iter().map(|it| &it.evaluator).collect();
    evaluators.dedup();
    let _ = writeln!(
        text,
        "{} of {} example(s) of {} evaluator(s) got the right grade",
        tested.len() - wrong.len(),
        tested.len(),
        evaluators.len()
    );
    text
}
