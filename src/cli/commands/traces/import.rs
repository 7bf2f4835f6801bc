//! `pointsman traces import`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::adapters::files::WorktreeTree;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::intake::intake;
use crate::cli::ui::Ui;
use crate::domain::trace::mapping::Mapping;
use crate::engine::ports::{EntryKind, FileTree as _};
use crate::engine::traces::import::{ImportError, ImportFile, ImportReport, import};
use crate::engine::traces::intake::Reading;
use crate::engine::traces::tools::Format;
use crate::engine::workspace::document::{MAX_FILE_BYTES, Source};
use crate::engine::workspace::mapping::read_mapping;
use crate::report::counter::Counter;
use crate::report::traces_import::render_import;
use crate::report::traces_import_json::ImportV1;

/// The path that stands for what is piped in.
const STDIN: &str = "-";

/// Import traces and scores from files
///
/// Reads what OpenTelemetry's collector and SDKs write (OTLP as JSON, JSON lines or protobuf), what
/// Langfuse, LangSmith and Phoenix export as JSON, and any log of JSON lines by a mapping file,
/// compressed or not. Tells what a file is by its content, takes out what redaction says, and stores the
/// rest below the git directory. What is stored already is left as it is. A record that cannot be read
/// is counted and costs no other.
///
/// Exits with 1 where nothing could be kept, or with --strict where something could not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces import traces.jsonl
  pointsman traces import exports/ more.pb.zst
  pointsman traces import --format langfuse observations.jsonl scores.jsonl
  pointsman traces import --mapping our-log.toml app.log.gz
  kubectl logs collector | pointsman traces import -")]
pub(super) struct ImportArgs {
    /// Files, folders of files, and `-` for what is piped in. Links in folders are not followed
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What the files are; absent: as the first record of each tells
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<ImportFormat>,
    /// What the fields of JSON lines mean, as a TOML file
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Stop at the first record that cannot be kept
    #[arg(long)]
    strict: bool,
}

/// What files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ImportFormat {
    /// OpenTelemetry's protocol, as JSON or protobuf
    Otlp,
    /// Observations, traces and scores of Langfuse
    Langfuse,
    /// Runs of LangSmith
    Langsmith,
    /// Spans of Phoenix
    Phoenix,
    /// Any JSON, by a mapping
    Jsonl,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ImportArgs) -> Result<Exit, CommandError> {
    let intake = intake(context)?.reading(reading(context, args)?);
    let mut files = Vec::new();
    for path in &args.paths {
        files.extend(files_at(context, path)?);
    }
    let mut sink = context.trace_sink()?;
    let counter = ui.shows_progress().then(Counter::new);
    let mut progress = |bytes, spans| {
        if let Some(counter) = &counter {
            counter.show_stored(bytes, spans);
        }
    };
    let report = import(
        files.into_iter(),
        intake,
        args.strict,
        &mut sink,
        &mut progress,
    )?;
    sink.roll()?;
    drop(counter);
    tell(ui, &report);
    Ok(if kept_nothing(&report) {
        Exit::Failed
    } else {
        Exit::Success
    })
}

/// How the files are read.
fn reading(context: &Context, args: &ImportArgs) -> Result<Reading, CommandError> {
    let format = match args.format {
        None => None,
        Some(ImportFormat::Otlp) => Some(Format::Otlp),
        Some(ImportFormat::Langfuse) => Some(Format::Langfuse),
        Some(ImportFormat::Langsmith) => Some(Format::Langsmith),
        Some(ImportFormat::Phoenix) => Some(Format::Phoenix),
        Some(ImportFormat::Jsonl) => Some(Format::Jsonl),
    };
    match (&args.mapping, format) {
        (Some(file), None | Some(Format::Jsonl)) => Ok(Reading::Mapped(mapping(context, file)?)),
        (Some(_), Some(format)) => Err(CommandError::usage(format!(
            "a mapping says what JSON lines mean, and these files are to be read as {format}"
        ))
        .with_hint("leave out `--mapping`, or `--format`")),
        (None, Some(Format::Jsonl)) => Err(CommandError::usage(
            "what the fields of JSON lines mean must be said",
        )
        .with_hint(
            "name a file that says it: `--mapping FILE.toml`; docs/traces-import.md has one",
        )),
        (None, Some(format)) => Ok(Reading::As(format)),
        (None, None) => Ok(Reading::Detected),
    }
}

fn mapping(context: &Context, file: &Path) -> Result<Mapping, CommandError> {
    let name = file.display().to_string();
    let unreadable = |reason: String| {
        CommandError::usage(format!("the mapping `{name}` cannot be read: {reason}"))
            .with_hint("name a TOML file; docs/traces-import.md has one")
    };
    let place = context.directory().join(file);
    let opened = File::open(place).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    let most = MAX_FILE_BYTES + 1;
    let read = opened.take(most).read_to_string(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(unreadable(format!(
            "it has more than {MAX_FILE_BYTES} bytes"
        )));
    }
    Ok(read_mapping(&Source::new(name, text))?)
}

fn tell(ui: &mut Ui, report: &ImportReport) {
    if ui.wants_json() {
        ui.json(&ImportV1::new(report));
    } else {
        ui.text(render_import(report));
    }
    if report.read.unpriced > 0 {
        ui.note("price models under `[prices.\"<provider>/<model>\"]` in `pointsman.toml`");
    }
}

/// Whether there was something and none of it could be kept.
fn kept_nothing(report: &ImportReport) -> bool {
    let written = &report.written;
    let kept = written.spans + written.duplicates + written.scores + report.duplicate_scores;
    kept == 0 && report.read.refused_count() > 0
}

/// The file at a path, or the files below it in the order of their names.
fn files_at<'a>(context: &Context, path: &Path) -> Result<Vec<ImportFile<'a>>, CommandError> {
    let name = path.display().to_string();
    if path == Path::new(STDIN) {
        return Ok(vec![ImportFile {
            name: "stdin".to_owned(),
            open: Box::new(|| Ok(Box::new(std::io::stdin()))),
        }]);
    }
    let place = context.directory().join(path);
    if !place.is_dir() {
        if !place.exists() {
            return Err(CommandError::usage(format!("there is no `{name}`"))
                .with_hint("name a file, a folder, or `-` for what is piped in"));
        }
        return Ok(vec![ImportFile {
            name,
            open: Box::new(move || Ok(Box::new(File::open(place)?))),
        }]);
    }
    let tree = WorktreeTree::new(&place);
    let entries = tree.list("")?.into_iter();
    let plain = entries.filter(|entry| entry.kind == EntryKind::File);
    let files = plain.map(|entry| {
        let tree = tree.clone();
        ImportFile {
            name: format!("{}/{}", name.trim_end_matches('/'), entry.path),
            open: Box::new(move || {
                let opened = tree.open(&entry.path).map_err(std::io::Error::other)?;
                let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
                Ok(Box::new(opened.ok_or_else(gone)?) as Box<dyn Read + Send>)
            }),
        }
    });
    Ok(files.collect())
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            refused @ ImportError::Refused { .. } => Self::new(Exit::Failed, refused.to_string())
                .with_hint("leave `--strict` out to go on without what cannot be kept"),
        }
    }
}
