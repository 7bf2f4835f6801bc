//! `pointsman dataset import`.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::write_new_files;
use crate::cli::ui::Ui;
use crate::domain::dataset::{Dataset, DatasetKind, Row, RowSource, RowStatus, RowsFormat};
use crate::domain::digest::ShortDigest;
use crate::domain::id::DatasetId;
use crate::engine::datasets::asked::asked;
use crate::engine::datasets::edit::RowsEdit;
use crate::engine::datasets::incoming::Incoming;
use crate::engine::datasets::spelling::row_line;
use crate::engine::ports::LaneStore as _;
use crate::engine::workspace::Workspace;

use super::{change_rows, dataset_id, require_jsonl};

/// Bring rows of a CSV or JSONL file into a dataset, which is new or grows
///
/// Columns are variables, but for `id`, `expected`, `critical`, `priority`, `tags` and `cluster`. A
/// row without an id gets one from what it asks. Rows that ask what the dataset asks already are left
/// out and counted. What comes in counts for gates as soon as it is committed; `--pending` lets it
/// wait for a review.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset import tickets.csv --to support-regression --kind regression
  pointsman dataset import tickets.csv --to support-golden --map text=ticket --map label=expected
  pointsman dataset import answers.jsonl --to support-golden --pending --dry-run")]
pub(super) struct ImportArgs {
    /// The file: `.csv` with a header, or `.jsonl`
    file: PathBuf,
    /// The dataset
    #[arg(long, value_name = "DATASET", value_parser = dataset_id)]
    to: DatasetId,
    /// Why the rows of a new dataset were collected
    #[arg(long, value_enum)]
    kind: Option<KindWord>,
    /// Give a column of the file another name
    #[arg(long = "map", value_name = "COLUMN=NAME", value_parser = renaming)]
    renamed: Vec<(String, String)>,
    /// Let the rows wait for a review
    #[arg(long)]
    pending: bool,
    /// Show what would come in, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// The kinds of datasets, as options spell them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindWord {
    /// Chosen by hand to stand for what matters
    Golden,
    /// Failures that must not come back
    Regression,
    /// A sample of what production saw
    Production,
    /// Attacks and other hostile input
    Adversarial,
    /// Made up, by a person or a model
    Synthetic,
}

impl From<KindWord> for DatasetKind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Golden => Self::Golden,
            KindWord::Regression => Self::Regression,
            KindWord::Production => Self::Production,
            KindWord::Adversarial => Self::Adversarial,
            KindWord::Synthetic => Self::Synthetic,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportOutput<'r> {
    schema: &'static str,
    dataset: &'r DatasetId,
    created: bool,
    dry_run: bool,
    added: Vec<&'r str>,
    known: Vec<&'r str>,
}

fn renaming(text: &str) -> Result<(String, String), String> {
    let (old, new) = text.split_once('=').ok_or("write `column=name`")?;
    if old.is_empty() || new.is_empty() {
        return Err("write `column=name`".to_owned());
    }
    Ok((old.to_owned(), new.to_owned()))
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ImportArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let mut incoming = read(context, args)?;
    let dataset = existing(&workspace, args)?;
    let taken = match &dataset {
        Some(dataset) => Taken::of(&workspace, dataset)?,
        None => Taken::default(),
    };
    let (known, mut added): (Vec<Row>, Vec<Row>) = incoming
        .drain(..)
        .partition(|row| taken.asked.contains(&asked(row).shortened()));
    taken.refuse_same_ids(&added)?;
    let by = context.lanes()?.actor()?;
    for row in &mut added {
        finish_row(context, row, args, &by);
    }
    let nothing_new = added.is_empty() && dataset.is_some();
    if !args.dry_run && !nothing_new {
        write(context, args, dataset.as_ref(), &added)?;
    }
    let ids = |rows: &'_ [Row]| -> Vec<String> { rows.iter().map(|row| row.id.clone()).collect() };
    let (added, known) = (ids(&added), ids(&known));
    if ui.wants_json() {
        ui.json(&ImportOutput {
            schema: "pointsman/dataset-import/v1",
            dataset: &args.to,
            created: dataset.is_none(),
            dry_run: args.dry_run,
            added: added.iter().map(String::as_str).collect(),
            known: known.iter().map(String::as_str).collect(),
        });
        return Ok(Exit::Success);
    }
    let would = if args.dry_run { "would add" } else { "added" };
    ui.line(format_args!(
        "{would} {} row(s) to {}; {} ask what it asks already",
        added.len(),
        args.to,
        known.len()
    ));
    ui.note(format_args!(
        "next:\n  pointsman check\n  pointsman dataset lint {}",
        args.to
    ));
    Ok(Exit::Success)
}

fn read(context: &Context, args: &ImportArgs) -> Result<Vec<Row>, CommandError> {
    let ending = args.file.extension().and_then(|ending| ending.to_str());
    let format = match ending {
        Some("csv") => RowsFormat::Csv,
        Some("jsonl") => RowsFormat::Jsonl,
        _ => {
            let message = format!("`{}` is neither `.csv` nor `.jsonl`", args.file.display());
            return Err(CommandError::usage(message).with_hint("name the file by what it holds"));
        }
    };
    let path = context.directory().join(&args.file);
    let file = File::open(&path).map_err(|error| {
        CommandError::usage(format!("cannot read `{}`: {error}", args.file.display()))
            .with_hint("name a file that is there and can be read")
    })?;
    let incoming = Incoming {
        path: args.file.display().to_string(),
        format,
        renamed: args.renamed.iter().cloned().collect::<BTreeMap<_, _>>(),
    };
    let tree = context.tree(None)?;
    let file: Box<dyn BufRead + Send> = Box::new(BufReader::new(file));
    let rows = incoming.read(file, tree.as_ref())?;
    if rows.is_empty() {
        let message = format!("there are no rows in `{}`", args.file.display());
        return Err(CommandError::usage(message).with_hint("nothing was written"));
    }
    Ok(rows)
}

/// The dataset that the rows come to, where it is there already.
fn existing(workspace: &Workspace<'_>, args: &ImportArgs) -> Result<Option<Dataset>, CommandError> {
    if !workspace.dataset_ids()?.contains(&args.to) {
        return Ok(None);
    }
    if args.kind.is_some() {
        let message = format!(
            "the dataset `{}` is there already, with a kind of its own",
            args.to
        );
        return Err(CommandError::usage(message).with_hint("leave out `--kind`"));
    }
    let dataset = workspace.dataset(&args.to)?;
    require_jsonl(&dataset)?;
    Ok(Some(dataset))
}

/// What a dataset has already: a few bytes a row.
#[derive(Default)]
struct Taken {
    ids: HashSet<String>,
    asked: HashSet<ShortDigest>,
}

impl Taken {
    fn of(workspace: &Workspace<'_>, dataset: &Dataset) -> Result<Self, CommandError> {
        let mut taken = Self::default();
        for row in workspace.rows(dataset)? {
            let row = row?;
            taken.asked.insert(asked(&row).shortened());
            taken.ids.insert(row.id);
        }
        Ok(taken)
    }

    /// Two rows of one name cannot be told apart.
    fn refuse_same_ids(&self, added: &[Row]) -> Result<(), CommandError> {
        let mut seen: HashSet<&str> = self.ids.iter().map(String::as_str).collect();
        let twice = added.iter().find(|row| !seen.insert(&row.id));
        match twice {
            None => Ok(()),
            Some(row) => {
                let message = format!(
                    "line {}: another row is called `{}` and asks something else",
                    row.line, row.id
                );
                Err(CommandError::usage(message)
                    .with_hint("give the row another id; nothing was written"))
            }
        }
    }
}

/// Where the row is from, and whether it waits.
fn finish_row(context: &Context, row: &mut Row, args: &ImportArgs, by: &str) {
    if args.pending {
        row.status = RowStatus::Pending;
    }
    if row.source.is_none() {
        row.source = Some(RowSource {
            kind: "file".to_owned(),
            by: Some(by.to_owned()),
            at: Some(context.clock().now().to_string()),
            ..RowSource::default()
        });
    }
}

fn write(
    context: &Context,
    args: &ImportArgs,
    dataset: Option<&Dataset>,
    added: &[Row],
) -> Result<(), CommandError> {
    let appended: String = added.iter().map(row_line).collect();
    if let Some(dataset) = dataset {
        let edit = RowsEdit {
            appended,
            ..RowsEdit::default()
        };
        return change_rows(context, dataset, &edit);
    }
    let kind = DatasetKind::from(args.kind.unwrap_or(KindWord::Golden));
    let manifest_path = args.to.path();
    let rows_path = format!("datasets/{}.jsonl", args.to);
    let rows_name = rows_path.rsplit('/').next().unwrap_or_default();
    let manifest = format!("kind: {}\nrows: {rows_name}\n", kind.name());
    let files = [
        (manifest_path.as_str(), manifest.as_str()),
        (rows_path.as_str(), appended.as_str()),
    ];
    Ok(write_new_files(
        &context.workspace_root()?,
        files.into_iter(),
    )?)
}
