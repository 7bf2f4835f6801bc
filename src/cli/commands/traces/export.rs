//! `pointsman traces export`.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;

use crate::adapters::traces::SpanParquet;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output};
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::field::Field;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore, TraceStoreError};
use crate::report::traces::export::{SpanCsv, span_line};
use crate::report::traces::otlp::{otlp_scores, otlp_spans};

use super::explain_nothing;

/// How many spans are looked up at once.
const BATCH: usize = 2_000;

/// How many bytes of content are held at once.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// How many spans are in one request at most, and after how many bytes of content the next one begins.
const REQUEST_SPANS: usize = 256;
const REQUEST_BYTES: usize = 1024 * 1024;

/// How many traces are remembered whose scores are written.
const MOST_TOLD: usize = 1_000_000;

/// Write the spans that are meant to a file, for other programs
///
/// `.jsonl` has everything: a span a line with its content and its scores. `.csv` is for tables: a
/// column for each name in `--columns`, and cells that a program would take for a formula get a `'`
/// before them. `.parquet` has the columns of the store, for other engines, and no scores. `otlp=` has
/// requests of OpenTelemetry's protocol, one a line, with the scores of the traces as log records;
/// costs that were computed here are not in it. Spans come in the order in which they are kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces export --where 'trace ^= 4bf92f3577b3' -o trace.jsonl
  pointsman traces export --view bad-answers --columns time,input,output,score -o bad.csv
  pointsman traces export --since 24h -o jsonl=- | jq .span.content.input
  pointsman traces export --since 7d -o spans.parquet
  pointsman traces export -o otlp=backup.jsonl && pointsman traces import backup.jsonl")]
pub(super) struct ExportArgs {
    /// The file, in the format of its ending, or `otlp=<file>`; `jsonl=-` and the like write to stdout
    #[arg(short, long, value_name = "[FORMAT=]PATH")]
    output: Output<SpanFormat>,
    /// The columns of a CSV file: those of filters, and `input`, `output`
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    columns: Vec<Field>,
    #[command(flatten)]
    selection: SelectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SpanFormat {
    Jsonl,
    Csv,
    Parquet,
    Otlp,
}

impl Format for SpanFormat {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("jsonl", Self::Jsonl),
        ("csv", Self::Csv),
        ("parquet", Self::Parquet),
        ("otlp", Self::Otlp),
    ];
    const ENDINGS: &'static str = ".jsonl, .csv or .parquet";
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ExportArgs) -> Result<Exit, CommandError> {
    let format = args.output.format;
    if format != SpanFormat::Csv && !args.columns.is_empty() {
        let message = match format {
            SpanFormat::Parquet => "a Parquet file has all columns of the store",
            _ => "JSON lines have everything, and no columns",
        };
        return Err(
            CommandError::usage(message).with_hint("leave out `--columns`, or write a `.csv`")
        );
    }
    let store = context.trace_store()?;
    let selection = args.selection.selection(context)?;
    let request = SpanRequest {
        range: selection.range,
        filter: selection.filter.clone(),
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    let mut count = 0;
    args.output.write(context, |to| {
        count = write(store.as_ref(), &request, args, to)?;
        Ok(())
    })?;
    if count == 0 {
        explain_nothing(ui, store.as_ref(), &selection)?;
    }
    ui.note(format_args!("exported {count} spans"));
    Ok(Exit::Success)
}

/// Writes the spans, and says how many there are. A reader that went away is not an error.
fn write<'w>(
    store: &'w dyn TraceStore,
    request: &SpanRequest,
    args: &ExportArgs,
    to: &'w mut dyn Write,
) -> Result<u64, CommandError> {
    let mut writer = Writer {
        store,
        spelling: match args.output.format {
            SpanFormat::Jsonl => Spelling::Jsonl,
            SpanFormat::Csv => Spelling::Csv(SpanCsv::new(&args.columns)),
            SpanFormat::Parquet => Spelling::Parquet(Some(Box::new(SpanParquet::new()?))),
            SpanFormat::Otlp => Spelling::Otlp(HashSet::new()),
        },
        to,
        waiting: Vec::new(),
        bytes: 0,
        count: 0,
    };
    let mut failure = None;
    let titles = match &writer.spelling {
        Spelling::Csv(csv) => csv.titles(),
        _ => String::new(),
    };
    writer
        .to
        .write_all(titles.as_bytes())
        .map_err(|error| broken(&error))?;
    store.spans(request, &mut |span| match writer.add(span) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    let written = match failure {
        Some(error) => Err(error),
        None => writer.flush(),
    };
    match written {
        Err(Failure::Gone) | Ok(()) => Ok(writer.count),
        Err(Failure::Other(error)) => Err(*error),
    }
}

fn broken(error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write the export: {error}"))
        .with_hint("see to it that there is room, and run the command again")
}

impl From<TraceStoreError> for Failure {
    fn from(error: TraceStoreError) -> Self {
        Self::Other(Box::new(error.into()))
    }
}

/// Why writing ended.
enum Failure {
    /// Whoever reads it went away.
    Gone,
    /// Anything else.
    Other(Box<CommandError>),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Gone,
            _ => Self::Other(Box::new(broken(&error))),
        }
    }
}

/// How spans are written.
enum Spelling {
    Jsonl,
    Csv(SpanCsv),
    /// Until the file is finished.
    Parquet(Option<Box<SpanParquet>>),
    /// With the traces whose scores are written, as far as there is room to remember them: who reads
    /// scores counts each once.
    Otlp(HashSet<ShortDigest>),
}

/// Spans on their way out, some at a time, because their scores are looked up together.
struct Writer<'s> {
    store: &'s dyn TraceStore,
    spelling: Spelling,
    to: &'s mut dyn Write,
    waiting: Vec<Span>,
    bytes: usize,
    count: u64,
}

impl Writer<'_> {
    fn add(&mut self, span: Span) -> Result<(), Failure> {
        self.bytes += content_bytes(&span);
        self.waiting.push(span);
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let spans = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        self.count += spans.len() as u64;
        let bytes = match &mut self.spelling {
            Spelling::Parquet(Some(parquet)) => parquet.add(&spans)?,
            Spelling::Parquet(None) => Vec::new(),
            Spelling::Otlp(told) => otlp(self.store, told, &spans)?.into_bytes(),
            Spelling::Jsonl => lines(self.store, &spans, span_line)?.into_bytes(),
            Spelling::Csv(csv) => {
                lines(self.store, &spans, |span, scores| csv.line(span, scores))?.into_bytes()
            }
        };
        Ok(self.to.write_all(&bytes)?)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.settle()?;
        if let Spelling::Parquet(parquet) = &mut self.spelling
            && let Some(parquet) = parquet.take()
        {
            self.to.write_all(&parquet.finish()?)?;
        }
        Ok(self.to.flush()?)
    }
}

fn content_bytes(span: &Span) -> usize {
    let content = &span.content;
    let texts = [&content.input, &content.output, &content.events];
    texts.into_iter().flatten().map(String::len).sum()
}

/// A line for each span, with its own scores.
fn lines(
    store: &dyn TraceStore,
    spans: &[Span],
    line: impl Fn(&Span, &[&Score]) -> String,
) -> Result<String, TraceStoreError> {
    let traces: BTreeSet<String> = spans.iter().map(|span| span.trace_id.clone()).collect();
    let traces: Vec<String> = traces.into_iter().collect();
    let scores = store.scores_of(&traces)?;
    let lines = spans.iter().map(|span| {
        let own: Vec<&Score> = scores.iter().filter(|score| score.is_of(span)).collect();
        line(span, &own)
    });
    Ok(lines.collect())
}

/// Requests with the spans, and with the scores of the traces that begin to be told with them.
fn otlp(
    store: &dyn TraceStore,
    told: &mut HashSet<ShortDigest>,
    spans: &[Span],
) -> Result<String, TraceStoreError> {
    let mut text = String::new();
    let (mut request, mut bytes): (Vec<&Span>, usize) = (Vec::new(), 0);
    for span in spans {
        request.push(span);
        bytes += content_bytes(span);
        if request.len() >= REQUEST_SPANS || bytes >= REQUEST_BYTES {
            text.push_str(&otlp_spans(&request));
            (request, bytes) = (Vec::new(), 0);
        }
    }
    text.push_str(&otlp_spans(&request));
    if told.len() > MOST_TOLD {
        told.clear();
    }
    let traces: BTreeSet<&str> = spans.iter().map(|span| span.trace_id.as_str()).collect();
    let fresh = traces.into_iter().filter(|trace| {
        let digest = Digest::of(trace.as_bytes()).shortened();
        told.insert(digest)
    });
    let fresh: Vec<String> = fresh.map(str::to_owned).collect();
    if !fresh.is_empty() {
        text.push_str(&otlp_scores(&store.scores_of(&fresh)?));
    }
    Ok(text)
}
