//! `pointsman behaviors label`.

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::helper::HelperArgs;
use crate::cli::limits::LimitArgs;
use crate::cli::ui::Ui;
use crate::domain::behavior::{Behavior, Decided, Label};
use crate::domain::id::{BehaviorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::domain::run::{Answer, ModelRequest};
use crate::domain::untrusted::Untrusted;
use crate::engine::behaviors::examples::{Example, examples};
use crate::engine::behaviors::label::{LABELER, read_label, request};
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::behaviors::json::ListV1;
use crate::report::behaviors::label::{LabelPlanV1, label_plan, label_table};
use crate::report::behaviors::list::in_order;

use super::behavior_id;
use super::decide::decide;

/// Let a model say in a few words what behaviors are
///
/// A label stands in lists beside the name, and changes nothing else: what is a behavior, whether it is an
/// issue, and what became of it, is never asked of a model. What was said in the spans that show a behavior
/// is sent to it as redaction left it. Without names, all open behaviors get a label that have none, and no
/// title.
///
/// Exits with 1 where an answer was no label, with 6 where nothing lacks one, and with 9 where the model
/// did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors label --model openai/gpt-5-mini --max-cost 0.10
  pointsman behaviors label --model openai/gpt-5-mini --plan
  pointsman behaviors label tool-find-order-timed-out-3f2a91 --model openai/gpt-5-mini")]
pub(super) struct LabelArgs {
    /// The behaviors; also those that have a label
    #[arg(value_parser = behavior_id)]
    behaviors: Vec<BehaviorId>,
    /// Ask with this prompt of the workspace. Without it, with `behaviors/label`, or with the built-in one
    /// where the workspace has none
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id, conflicts_with = "model")]
    labeler: Option<PromptId>,
    #[command(flatten)]
    helper: HelperArgs,
    /// Show the model this many spans of each behavior
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 3)]
    count: usize,
    #[command(flatten)]
    limits: LimitArgs,
    /// Show what would be asked, and ask nobody
    #[arg(long)]
    plan: bool,
    /// Ask for every answer anew, and keep none for later
    #[arg(long)]
    no_cache: bool,
    /// Let programs run that files name as providers: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &LabelArgs) -> Result<Exit, CommandError> {
    let (tree, disk) = (context.tree(None)?, context.disk());
    let workspace = Workspace::new(tree.as_ref())
        .with_programs_from(disk.as_deref())
        .with_recorded(Recorded::everybody_if(args.helper.recorded));
    let meant = args.meant(&workspace)?;
    if meant.is_empty() {
        ui.note("no open behavior lacks a label");
        return Ok(Exit::NothingEvaluated);
    }
    let asking = workspace.with_recorded(args.helper.stand_ins());
    let named = args.labeler.as_ref();
    let labeler = args.helper.closure(&asking, LABELER, named, None)?;
    let shown = args.shown(context, meant)?;
    if args.plan {
        show_plan(ui, labeler.prompt(), &shown);
        return Ok(Exit::Success);
    }
    let requests = requests(&labeler, &shown, tree.as_ref())?;
    let mut bench = Workbench::new(context, &workspace, !args.no_cache)?;
    bench.allow_programs(args.allow_exec)?;
    bench.limits = RunLimits::from(&args.limits);
    let answers = args
        .helper
        .ask(context, ui, &bench, (&labeler, &requests))?;
    let behaviors = shown.into_iter().map(|(behavior, _)| behavior).collect();
    let (labelled, is_whole) = write(context, ui, (behaviors, &answers), &labeler)?;
    let labelled: Vec<&Behavior> = labelled.iter().collect();
    if ui.wants_json() {
        ui.json(&ListV1::new(&labelled));
    } else {
        ui.text(label_table(&labelled, ui.width()));
    }
    Ok(if is_whole {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Behaviors, each with the spans that a model is shown of it.
type Shown = Vec<(Behavior, Vec<Example>)>;

impl LabelArgs {
    /// Those that are named; or else those that are open, and have neither a title nor a label.
    fn meant(&self, workspace: &Workspace<'_>) -> Result<Vec<Behavior>, CommandError> {
        if !self.behaviors.is_empty() {
            let named = self.behaviors.iter().map(|id| workspace.behavior(id));
            return Ok(named.collect::<Result<_, _>>()?);
        }
        let all = workspace.behaviors()?;
        let bare = all.iter().filter(|it| {
            let decided = &it.decided;
            let is_bare = decided.title.is_none() && decided.label.is_none();
            is_bare && !it.state().is_settled()
        });
        Ok(in_order(bare).into_iter().cloned().collect())
    }

    fn shown(&self, context: &Context, meant: Vec<Behavior>) -> Result<Shown, CommandError> {
        let store = context.trace_store()?;
        let shown = meant.into_iter().map(|behavior| {
            let examples = examples(store.as_ref(), &behavior, self.count)?;
            Ok((behavior, examples))
        });
        shown.collect()
    }
}

fn requests(
    labeler: &Closure,
    shown: &Shown,
    tree: &dyn FileTree,
) -> Result<Vec<ModelRequest>, CommandError> {
    let requests = shown.iter().map(|(behavior, examples)| {
        request(labeler, (behavior, examples), tree).map_err(|error| {
            let id = &labeler.prompt().id;
            CommandError::usage(format!(
                "the prompt that labels, `{id}`, cannot be used: {error}"
            ))
            .with_hint("`docs/behaviors.md` says which variables it is given")
        })
    });
    requests.collect()
}

fn show_plan(ui: &mut Ui, labeler: &Prompt, shown: &Shown) {
    if ui.wants_json() {
        ui.json(&LabelPlanV1::new(labeler, shown));
    } else {
        ui.text(label_plan(labeler, shown));
    }
}

/// Writes what the model said: the behaviors as they are then, and whether each answer is a label.
fn write(
    context: &Context,
    ui: &mut Ui,
    (behaviors, answers): (Vec<Behavior>, &[Answer]),
    labeler: &Closure,
) -> Result<(Vec<Behavior>, bool), CommandError> {
    let mut is_whole = true;
    let mut labelled = Vec::new();
    for (behavior, answer) in behaviors.into_iter().zip(answers) {
        let text = match read_label(&answer.output) {
            Ok(text) => text,
            Err(reason) => {
                is_whole = false;
                let reason = Untrusted(&reason);
                let id = &behavior.id;
                ui.warn(format_args!("{id}: the answer is no label: {reason}"));
                labelled.push(behavior);
                continue;
            }
        };
        let label = Label {
            text,
            by: labeler.prompt().model.to_string(),
            at: context.clock().now(),
        };
        let (behavior, _) = decide(context, &behavior.id, |decided| Decided {
            label: Some(label),
            ..decided
        })?;
        labelled.push(behavior);
    }
    Ok((labelled, is_whole))
}
