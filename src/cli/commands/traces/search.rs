//! `pointsman traces search`.

use std::collections::BTreeSet;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::wait_for;
use crate::cli::exit::Exit;
use crate::cli::meaning::{MeaningArgs, say_what_was_sent, with_placing};
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::cli::watching::WatchedStore;
use crate::domain::prompt::ModelRef;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::untrusted::Untrusted;
use crate::engine::traces::search::meaning::{MeaningError, Texts, nearest};
use crate::engine::traces::search::passages::Source;
use crate::engine::traces::search::query::{Query, QueryError};
use crate::engine::traces::search::{Placed, SearchRequest, SearchResult, Unit, gather, search};
use crate::report::traces::search::{hit_line, hits};

use super::{Grain, explain_nothing};

/// Search what was said in traces, the best first
///
/// Looks for words in the texts of spans: what was asked and answered, thought, called and given back,
/// names, variables and errors. Spans that have any of the words are ranked by BM25: rare words count
/// more, and short texts. `"words in double quotes"` must follow each other, and what has `-` before
/// it must not be there. Case and accents do not matter.
///
/// With `--semantic`, texts that mean the same in other words are found, too. For that, texts are sent to
/// the provider that you name, as redaction has left them; each once, because its place is kept.
/// Every result says how it was found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces search 'refund \"charged twice\" -test' --since 7d
  pointsman traces search timeout --in error,tool-result --where 'lane = production'
  pointsman traces search 'the customer is angry' --in user --semantic openai/text-embedding-3-small")]
pub(super) struct SearchArgs {
    /// What to look for
    #[arg(value_name = "WORDS")]
    words: String,
    /// Only in texts from there: `user`, `assistant`, `system`, `reasoning`, `tool-call`, `tool-result`,
    /// `retrieval`, `guardrail`, `variable`, `error` or `name`
    #[arg(long = "in", value_name = "SOURCE,…", value_delimiter = ',')]
    sources: Vec<Source>,
    /// Only spans of a model with this in its name
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// What a result is: a trace, by its best span, or a span
    #[arg(long, value_name = "WHAT", default_value = "trace")]
    by: Grain,
    /// Show this many results
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    count: usize,
    #[command(flatten)]
    meaning: MeaningArgs,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &SearchArgs) -> Result<Exit, CommandError> {
    let request = request(context, args)?;
    let store = context.trace_store()?;
    let mut texts = args.meaning.semantic.as_ref().map(|_| Texts::default());
    let watched = WatchedStore::new(store.as_ref(), ui);
    let gathered = gather(&watched, &request, |span, passages| {
        if let Some(texts) = &mut texts {
            texts.add(span, passages);
        }
    })?;
    drop(watched);
    let meaning = match (&args.meaning.semantic, texts) {
        (Some(model), Some(texts)) => Some(near(context, ui, args, model, texts)?),
        _ => None,
    };
    let result = search(store.as_ref(), &request, &gathered, meaning)?;
    if result.searched == 0 {
        explain_nothing(ui, store.as_ref(), &request.selection)?;
    }
    show(ui, &result);
    Ok(Exit::Success)
}

fn request(context: &Context, args: &SearchArgs) -> Result<SearchRequest, CommandError> {
    let mut selection = args.selection.selection(context)?;
    if let Some(model) = &args.model {
        let model = Filter::Text(Column::Model, TextTest::Contains(model.clone()));
        selection.filter = selection.filter.and(model);
    }
    Ok(SearchRequest {
        selection,
        query: Query::parse(&args.words)?,
        sources: args.sources.iter().copied().collect::<BTreeSet<_>>(),
        unit: match args.by {
            Grain::Trace => Unit::Trace,
            Grain::Span => Unit::Span,
        },
        limit: args.count,
    })
}

/// The spans by how near they are in meaning.
fn near(
    context: &Context,
    ui: &mut Ui,
    args: &SearchArgs,
    model: &ModelRef,
    texts: Texts,
) -> Result<Vec<Placed>, CommandError> {
    let (placed, sent) = with_placing(context, model, args.meaning.most_texts, |placing| {
        Ok(wait_for(nearest(placing, &args.words, texts))??)
    })?;
    say_what_was_sent(ui, model, sent);
    Ok(placed)
}

fn show(ui: &mut Ui, result: &SearchResult) {
    if ui.wants_json() {
        for (hit, rank) in result.hits.iter().zip(1..) {
            ui.text(hit_line(hit, rank));
        }
    } else {
        ui.text(hits(&result.hits, ui.color()));
    }
    if result.searched > 0 {
        ui.note(format_args!(
            "{} of {} spans with text have what was looked for",
            result.matched, result.searched
        ));
    }
    if let Some(best) = result.hits.first().filter(|_| !ui.wants_json()) {
        let id = format!("{}/{}", best.span.trace_id, best.span.span_id);
        ui.note(format_args!(
            "look into one: pointsman traces show {}",
            Untrusted(&id)
        ));
    }
}

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        let help = error.help.clone();
        Self::usage(error.to_string()).with_hint(help)
    }
}

impl From<MeaningError> for CommandError {
    fn from(error: MeaningError) -> Self {
        let message = error.to_string();
        let (exit, hint) = match error {
            MeaningError::TooManyTexts => (
                Exit::Usage,
                "look at less: by `--since`, `--where` or `--in`",
            ),
            MeaningError::WouldSend { .. } => (
                Exit::Usage,
                "look at less, by `--since`, `--where` or `--in`, or allow more with `--most-texts`",
            ),
            MeaningError::NotAsked { .. } => (
                Exit::Usage,
                "name a provider of the wire format `openai`, as in `--semantic \
                 openai/text-embedding-3-small`",
            ),
            MeaningError::Provider { .. } => (
                Exit::Provider,
                "try again: what was placed is kept, and is not sent again",
            ),
            MeaningError::Unusable { .. } => (
                Exit::Provider,
                "see to it that the model is one that gives embeddings",
            ),
            MeaningError::Store(error) => return error.into(),
        };
        Self::new(exit, message).with_hint(hint)
    }
}
