//! `pointsman runs compare`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::evaluate::compare::{NotComparable, compare};
use crate::engine::evaluate::slices::{SliceBy, check_columns};
use crate::engine::evaluate::stored::LATEST;
use crate::report::runs::render_comparison;
use crate::report::runs_json::ComparisonV1;

/// Compare two runs: which cases changed their grade, first those that do not pass any more
///
/// Both runs must have graded the same rows by the same evaluators as often. Where they have not,
/// this exits with 4 and says what differs. A prompt that only one of them has tested is named and
/// left out. Differences alone do not make it fail.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs compare 20260301T0900
  pointsman runs compare 20260301T0900 latest --slice tag --json")]
pub(super) struct CompareArgs {
    /// The run to compare with: its name, a start of it that no other run has, or `latest`
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The other run
    #[arg(value_name = "AFTER", default_value = LATEST)]
    after: String,
    /// Show the rates of parts of the cases, too: by `tag`, or by `column:<name>`
    #[arg(long = "slice", value_name = "BY")]
    slices: Vec<SliceBy>,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &CompareArgs,
) -> Result<Exit, CommandError> {
    let store = super::store(context)?;
    let before = super::kept(&store, &args.before)?;
    let after = super::kept(&store, &args.after)?;
    check_columns(&args.slices, &after.cases)?;
    let comparison = compare(&before, &after, &args.slices)?;
    if ui.wants_json() {
        ui.json(&ComparisonV1::from(&comparison));
    } else {
        ui.text(render_comparison(&comparison));
    }
    Ok(Exit::Success)
}

impl From<NotComparable> for CommandError {
    fn from(error: NotComparable) -> Self {
        Self::new(Exit::NotComparable, error.to_string()).with_hint(
            "evaluate both with the same rows and evaluators; answers that were paid for are not \
             asked for again",
        )
    }
}
