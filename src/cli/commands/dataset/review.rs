//! `pointsman dataset review`.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::{Dataset, Priority, Row, RowStatus};
use crate::domain::id::DatasetId;
use crate::domain::untrusted::Untrusted;
use crate::engine::datasets::edit::RowsEdit;
use crate::engine::datasets::review::Review;
use crate::engine::workspace::Workspace;

use super::show::show_row;
use super::{change_rows, dataset_id, find_row, require_jsonl};

/// Go through the rows that wait for a review, and say what is wanted of each
///
/// On a terminal, shows one row after the other and asks for the expected answer, labels, whether
/// its failure counts, and a remark. With `--row`, says it in options instead. A row that was
/// reviewed counts for gates. Each decision is written at once; commit the file when you are done.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset review support-regression
  pointsman dataset review support-regression --row refund-late --expected delivery --tag refund
  pointsman dataset review support-regression --row noise --drop")]
pub(super) struct ReviewArgs {
    /// The dataset
    #[arg(value_parser = dataset_id)]
    dataset: DatasetId,
    /// Decide about this row without being asked
    #[arg(long)]
    row: Option<String>,
    #[command(flatten)]
    decision: DecisionArgs,
    /// Take the row out
    #[arg(long, requires = "row", conflicts_with_all = ["expected", "tags", "critical", "priority", "note", "status"])]
    drop: bool,
}

/// What is decided about a row.
#[derive(Debug, clap::Args)]
struct DecisionArgs {
    /// The answer that is wanted
    #[arg(long, requires = "row", value_name = "TEXT")]
    expected: Option<String>,
    /// Add a label
    #[arg(long = "tag", requires = "row", value_name = "LABEL")]
    tags: Vec<String>,
    /// Whether the row must pass, whatever the averages say
    #[arg(long, requires = "row", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    critical: Option<bool>,
    /// Whether its failure counts for a gate
    #[arg(long, requires = "row", value_enum)]
    priority: Option<PriorityWord>,
    /// A remark
    #[arg(long, requires = "row", value_name = "TEXT")]
    note: Option<String>,
    /// How far the review has come; absent: reviewed
    #[arg(long, requires = "row", value_enum)]
    status: Option<StatusWord>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PriorityWord {
    /// It counts
    Blocking,
    /// It is reported only
    Advisory,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatusWord {
    /// It still waits
    Pending,
    /// It counts
    Reviewed,
    /// Its failure is accepted, and it counts no more
    AcceptedRisk,
}

impl DecisionArgs {
    fn review(&self) -> Review {
        Review {
            expected: self.expected.as_ref().map(|text| json!(text)),
            tags: self.tags.clone(),
            critical: self.critical,
            priority: self.priority.map(|word| match word {
                PriorityWord::Blocking => Priority::Blocking,
                PriorityWord::Advisory => Priority::Advisory,
            }),
            note: self.note.clone(),
            status: Some(match self.status {
                Some(StatusWord::Pending) => RowStatus::Pending,
                None | Some(StatusWord::Reviewed) => RowStatus::Reviewed,
                Some(StatusWord::AcceptedRisk) => RowStatus::AcceptedRisk,
            }),
        }
    }
}

/// A row that was decided about: `pointsman/dataset-review/v1`.
#[derive(Serialize)]
struct ReviewedV1<'r> {
    schema: &'static str,
    dataset: &'r str,
    row: &'r str,
    /// `reviewed` or `dropped`.
    decided: &'static str,
}

impl<'r> ReviewedV1<'r> {
    fn new(dataset: &'r Dataset, row: &'r str, decided: &'static str) -> Self {
        Self {
            schema: "pointsman/dataset-review/v1",
            dataset: dataset.id.as_str(),
            row,
            decided,
        }
    }
}

/// What came of a question.
enum Decision {
    Reviewed(Review),
    Dropped,
    Skipped,
    Ended,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ReviewArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let dataset = workspace.dataset(&args.dataset)?;
    require_jsonl(&dataset)?;
    if let Some(id) = &args.row {
        let found = find_row(&workspace, &dataset, id)?;
        let review = (!args.drop).then(|| args.decision.review());
        write(context, &dataset, &found.row, &found.text, review.as_ref())?;
        let decided = if args.drop { "dropped" } else { "reviewed" };
        if ui.wants_json() {
            ui.json(&ReviewedV1::new(&dataset, id, decided));
        } else {
            ui.line(format_args!("{decided} {}", Untrusted(id)));
        }
        return Ok(Exit::Success);
    }
    let waiting = pending(&workspace, &dataset)?;
    if waiting.is_empty() {
        ui.note(format_args!(
            "no row of `{}` waits for a review",
            dataset.id
        ));
        return Ok(Exit::Success);
    }
    if !ui.is_interactive() {
        let message = format!(
            "{} row(s) wait, and nobody is there to be asked",
            waiting.len()
        );
        return Err(CommandError::usage(message)
            .with_hint("decide with `--row <id>` and options, or run this on a terminal"));
    }
    queue(context, ui, &workspace, &dataset, &waiting)
}

fn pending(workspace: &Workspace<'_>, dataset: &Dataset) -> Result<Vec<String>, CommandError> {
    let mut waiting = Vec::new();
    for row in workspace.rows(dataset)? {
        let row = row?;
        if row.status == RowStatus::Pending {
            waiting.push(row.id);
        }
    }
    Ok(waiting)
}

/// Asks about one row after the other. Each is read anew, because lines move when one is dropped.
fn queue(
    context: &Context,
    ui: &mut Ui,
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    waiting: &[String],
) -> Result<Exit, CommandError> {
    let mut decided = 0;
    for (number, id) in (1..).zip(waiting) {
        let found = find_row(workspace, dataset, id)?;
        ui.line(format_args!("row {number} of {}", waiting.len()));
        show_row(ui, &found.row);
        let review = match ask(ui, &found.row) {
            Decision::Ended => break,
            Decision::Skipped => continue,
            Decision::Dropped => None,
            Decision::Reviewed(review) => Some(review),
        };
        write(context, dataset, &found.row, &found.text, review.as_ref())?;
        decided += 1;
    }
    ui.line(format_args!(
        "decided about {decided} of {} row(s)",
        waiting.len()
    ));
    Ok(Exit::Success)
}

fn ask(ui: &mut Ui, row: &Row) -> Decision {
    let Some(word) = ui.ask("[r]eview, [s]kip, [d]rop or [q]uit?") else {
        return Decision::Ended;
    };
    match word.as_str() {
        "r" | "review" => {}
        "d" | "drop" => return Decision::Dropped,
        "q" | "quit" => return Decision::Ended,
        _ => return Decision::Skipped,
    }
    let known = row.expected.as_ref().map_or("none", |_| "as it is");
    let mut answer = |question: &str| ui.ask(question).filter(|text| !text.is_empty());
    let expected = answer(&format!("expected answer (empty: {known}):"));
    let tags = answer("labels, separated by commas (empty: none more):");
    let priority = answer("[b]locking or [a]dvisory (empty: as it is):");
    let critical = answer("must it pass, whatever the averages say? [y/N]");
    let note = answer("remark (empty: none):");
    Decision::Reviewed(Review {
        expected: expected.map(Value::String),
        tags: labels(&tags.unwrap_or_default()),
        critical: critical.map(|text| text.eq_ignore_ascii_case("y")),
        priority: match priority.as_deref() {
            Some("a" | "advisory") => Some(Priority::Advisory),
            Some("b" | "blocking") => Some(Priority::Blocking),
            _ => None,
        },
        note,
        status: Some(RowStatus::Reviewed),
    })
}

fn labels(text: &str) -> Vec<String> {
    let labels = text
        .split(',')
        .map(str::trim)
        .filter(|label| !label.is_empty());
    labels.map(str::to_owned).collect()
}

fn write(
    context: &Context,
    dataset: &Dataset,
    row: &Row,
    text: &str,
    review: Option<&Review>,
) -> Result<(), CommandError> {
    let line = match review {
        None => None,
        Some(review) => Some(review.apply(text).map_err(|error| {
            CommandError::usage(format!(
                "the line of row `{}` is no object: {error}",
                row.id
            ))
        })?),
    };
    let edit = RowsEdit {
        lines: BTreeMap::from([(row.line, line)]),
        ..RowsEdit::default()
    };
    change_rows(context, dataset, &edit)
}
