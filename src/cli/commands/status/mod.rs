//! `pointsman status`: the loop at a glance.

mod lanes;
mod operations;
mod production;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::workspace::Workspace;
use crate::report::status::{
    LaneAtAGlance, StatusReport, StatusV1, ToDo, Urgency, status_text, whole_text,
};

/// Show the loop at a glance: what is live, what waits to be released, and what to do next
///
/// Of each lane what is live and what waits to come there; then, the most urgent first, alert rules and
/// watch plans that fire, incidents, behaviors, candidates, rows that wait for a review, reviews that are
/// due, and prompts that can be released, each with the command that leads on. It works without any traces, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman status
  pointsman status --all --json

Where to start:
  a number moved after a release   pointsman monitor compare --around production#12
  users report bad answers         pointsman traces search 'where is my refund'
  a failure repeats                pointsman dataset add-span --behavior <behavior> --to regression
  an edited prompt is ready        pointsman eval --gate staging, pointsman diff staging
  it costs more                    pointsman traces list --sort -cost
  it takes longer                  pointsman traces list --sort -duration
  a release failed                 pointsman incident open 'what is wrong' --deployment production#12
  somebody asks for proof          pointsman evidence build production")]
pub struct StatusArgs {
    /// Show everything that is to be done, with all commands, however long that is
    #[arg(long)]
    all: bool,
}

/// What is to be done, as it is gathered: what cannot be read hides nothing else.
#[derive(Default)]
struct Gathered {
    to_do: Vec<ToDo>,
}

impl Gathered {
    fn add(&mut self, urgency: Urgency, situation: &'static str, what: String, next: Vec<String>) {
        self.to_do.push(ToDo {
            urgency,
            situation,
            what,
            next,
        });
    }

    /// The value; where it cannot be had, that is to be done.
    fn keep<T>(&mut self, read: Result<T, CommandError>, next: &str) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                let what = error.findings.first();
                let what = what.map_or(error.message, |finding| finding.message.clone());
                self.add(Urgency::Now, "unreadable", what, vec![next.to_owned()]);
                None
            }
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &StatusArgs) -> Result<Exit, CommandError> {
    let report = gather(context)?;
    if ui.wants_json() {
        ui.json(&StatusV1::from(&report));
    } else if args.all {
        ui.text(whole_text(&report, ui.width()));
    } else {
        ui.text(status_text(&report, ui.width()));
    }
    Ok(Exit::Success)
}

/// Looks at every lane, and what waits to come there.
pub(in crate::cli) fn lanes_at_a_glance(
    context: &Context,
) -> Result<Vec<LaneAtAGlance>, CommandError> {
    let tree = context.tree_at_hand()?;
    let lanes = context.lanes()?;
    lanes::look(
        &Workspace::new(tree.as_ref()),
        &lanes,
        &mut Gathered::default(),
    )
}

/// Looks at everything.
pub(in crate::cli) fn gather(context: &Context) -> Result<StatusReport, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let lanes = context.lanes()?;
    let mut gathered = Gathered::default();
    let glance = lanes::look(&workspace, &lanes, &mut gathered);
    let glance = gathered.keep(glance, "pointsman check").unwrap_or_default();
    lanes::releasable(&glance, &mut gathered);
    production::look(context, &workspace, &lanes, &mut gathered);
    let live = lanes::last_release(&glance, &lanes);
    let live = gathered.keep(live, "pointsman lanes verify").flatten();
    operations::look(context, &workspace, live.as_ref(), &mut gathered);
    gathered.to_do.sort();
    gathered.to_do.dedup();
    Ok(StatusReport {
        lanes: glance,
        to_do: gathered.to_do,
    })
}
