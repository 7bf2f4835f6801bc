//! A dataset that is made or grows: what every way in for rows shares.

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::new_files::write_new_files;
use crate::domain::dataset::{Dataset, DatasetKind, Row};
use crate::domain::id::DatasetId;
use crate::engine::datasets::edit::RowsEdit;
use crate::engine::datasets::spelling::row_line;
use crate::engine::ports::LaneStore as _;
use crate::engine::workspace::Workspace;

use super::{change_rows, require_jsonl};

/// The kinds of datasets, as options spell them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KindWord {
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

/// The dataset that rows come to, where it is there already. Then its kind is its own.
pub(super) fn existing(
    workspace: &Workspace<'_>,
    id: &DatasetId,
    kind: Option<KindWord>,
) -> Result<Option<Dataset>, CommandError> {
    if !workspace.dataset_ids()?.contains(id) {
        return Ok(None);
    }
    if kind.is_some() {
        let message = format!("the dataset `{id}` is there already, with a kind of its own");
        return Err(CommandError::usage(message).with_hint("leave out `--kind`"));
    }
    let dataset = workspace.dataset(id)?;
    require_jsonl(&dataset)?;
    Ok(Some(dataset))
}

/// Who brings rows in, by name alone: the address stands in the commit, and `check --secrets` wants none
/// in a file.
pub(in crate::cli) fn who(context: &Context) -> Result<String, CommandError> {
    let actor = context.lanes()?.actor()?;
    let name = actor.split(" <").next().unwrap_or_default().trim();
    Ok(if name.is_empty() { &actor } else { name }.to_owned())
}

/// Where rows come to.
pub(super) enum Growing<'d> {
    /// The end of a dataset that is there.
    Old(&'d Dataset),
    /// A dataset that is made for them.
    New(&'d DatasetId, DatasetKind),
}

/// Writes rows at the end of a dataset, or as a new one.
pub(super) fn write_rows(
    context: &Context,
    growing: &Growing<'_>,
    added: &[Row],
) -> Result<(), CommandError> {
    let appended: String = added.iter().map(row_line).collect();
    let (id, kind) = match growing {
        Growing::New(id, kind) => (id, kind),
        Growing::Old(dataset) => {
            let edit = RowsEdit {
                appended,
                ..RowsEdit::default()
            };
            return change_rows(context, dataset, &edit);
        }
    };
    let manifest_path = id.path();
    let rows_path = format!("datasets/{id}.jsonl");
    let rows_name = rows_path.rsplit('/').next().unwrap_or_default();
    let manifest = format!("kind: {}\nrows: {rows_name}\n", kind.name());
    // A manifest without rows is broken; rows without a manifest are nothing yet.
    let files = [
        (rows_path.as_str(), appended.as_str()),
        (manifest_path.as_str(), manifest.as_str()),
    ];
    Ok(write_new_files(
        &context.workspace_root()?,
        files.into_iter(),
    )?)
}
