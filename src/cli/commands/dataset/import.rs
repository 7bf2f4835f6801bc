//! `pointsman dataset import`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::{DatasetKind, Row, RowSource, RowStatus, RowsFormat};
use crate::domain::digest::ShortDigest;
use crate::domain::id::DatasetId;
use crate::engine::datasets::asked::asked;
use crate::engine::datasets::incoming::Incoming;
use crate::engine::datasets::taken::Taken;
use crate::engine::workspace::Workspace;

use super::dataset_id;
use super::grow::{Growing, KindWord, existing, who, write_rows};

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
    let incoming = read(context, args)?;
    let dataset = existing(&workspace, &args.to, args.kind)?;
    let taken = match &dataset {
        Some(dataset) => Taken::of(&workspace, dataset)?,
        None => Taken::default(),
    };
    let (known, mut added) = sort_out(&taken, incoming)?;
    let by = who(context)?;
    for row in &mut added {
        finish_row(context, row, args, &by);
    }
    let nothing_new = added.is_empty() && dataset.is_some();
    if !args.dry_run && !nothing_new {
        let kind = DatasetKind::from(args.kind.unwrap_or(KindWord::Golden));
        let growing = match &dataset {
            Some(dataset) => Growing::Old(dataset),
            None => Growing::New(&args.to, kind),
        };
        write_rows(context, &growing, &added)?;
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

/// Parts what comes in from what is asked already: by the dataset, or by an earlier row of the file that
/// wants the same. Two rows of one name that are not the same cannot be told apart.
fn sort_out(taken: &Taken, incoming: Vec<Row>) -> Result<(Vec<Row>, Vec<Row>), CommandError> {
    let (mut added, mut known): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    let mut by_question: HashMap<ShortDigest, usize> = HashMap::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for row in incoming {
        if taken.asks_the_same(&row).is_some() {
            known.push(row);
            continue;
        }
        let question = asked(&row).shortened();
        let earlier = by_question.get(&question).map(|index| &added[*index]);
        if earlier.is_some_and(|earlier| earlier.expected == row.expected) {
            known.push(row);
            continue;
        }
        let same_id = by_id.get(&row.id).map(|index| &added[*index]);
        if taken.has_id(&row.id) || same_id.is_some() {
            return Err(same_id_twice(&row, same_id));
        }
        by_question.entry(question).or_insert(added.len());
        by_id.insert(row.id.clone(), added.len());
        added.push(row);
    }
    Ok((known, added))
}

fn same_id_twice(row: &Row, earlier: Option<&Row>) -> CommandError {
    let asks_the_same = earlier.filter(|earlier| asked(earlier) == asked(row));
    let (message, hint) = match asks_the_same {
        Some(earlier) => (
            format!(
                "line {}: this row asks what line {} asks, and wants another answer",
                row.line, earlier.line
            ),
            "make the two agree, or give each an `id` of its own; nothing was written",
        ),
        None => (
            format!(
                "line {}: another row is called `{}` and asks something else",
                row.line, row.id
            ),
            "give the row another id; nothing was written",
        ),
    };
    CommandError::usage(message).with_hint(hint)
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
