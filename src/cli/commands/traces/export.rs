//! `pointsman traces export`.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output};
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::trace::field::Field;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore};
use crate::report::traces::export::{SpanCsv, span_line};

use super::explain_nothing;

/// How many spans are looked up at once.
const BATCH: usize = 2_000;

/// How many bytes of content are held at once.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Write the spans that are meant to a file, for other programs
///
/// `.jsonl` has everything: a span a line with its content and its scores. `.csv` is for tables: a
/// column for each name in `--columns`, and cells that a program would take for a formula get a `'`
/// before them. Spans come in the order in which they are kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces export --where 'trace ^= 4bf92f3577b3' -o trace.jsonl
  pointsman traces export --view bad-answers --columns time,input,output,score -o bad.csv
  pointsman traces export --since 24h -o jsonl=- | jq .span.content.input")]
pub(super) struct ExportArgs {
    /// The file, in the format of its ending; `jsonl=-` and `csv=-` write to stdout
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
}

impl Format for SpanFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("jsonl", Self::Jsonl), ("csv", Self::Csv)];
    const ENDINGS: &'static str = ".jsonl or .csv";
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ExportArgs) -> Result<Exit, CommandError> {
    if args.output.format == SpanFormat::Jsonl && !args.columns.is_empty() {
        return Err(
            CommandError::usage("JSON lines have everything, and no columns")
                .with_hint("leave out `--columns`, or write a `.csv`"),
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
        csv: (args.output.format == SpanFormat::Csv).then(|| SpanCsv::new(&args.columns)),
        to,
        waiting: Vec::new(),
        bytes: 0,
        count: 0,
    };
    let mut failure = None;
    let titles = writer.csv.as_ref().map(SpanCsv::titles).unwrap_or_default();
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

/// Spans on their way out, some at a time, because their scores are looked up together.
struct Writer<'s> {
    store: &'s dyn TraceStore,
    csv: Option<SpanCsv>,
    to: &'s mut dyn Write,
    waiting: Vec<Span>,
    bytes: usize,
    count: u64,
}

impl Writer<'_> {
    fn add(&mut self, span: Span) -> Result<(), Failure> {
        let content = &span.content;
        let texts = [&content.input, &content.output, &content.events];
        self.bytes += texts.into_iter().flatten().map(String::len).sum::<usize>();
        self.waiting.push(span);
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let spans = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let traces: BTreeSet<String> = spans.iter().map(|span| span.trace_id.clone()).collect();
        let traces: Vec<String> = traces.into_iter().collect();
        let scores = self.store.scores_of(&traces);
        let scores = scores.map_err(|error| Failure::Other(Box::new(error.into())))?;
        for span in &spans {
            let own: Vec<_> = scores.iter().filter(|score| score.is_of(span)).collect();
            let line = match &self.csv {
                Some(csv) => csv.line(span, &own),
                None => span_line(span, &own),
            };
            self.to.write_all(line.as_bytes())?;
            self.count += 1;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.settle()?;
        Ok(self.to.flush()?)
    }
}
