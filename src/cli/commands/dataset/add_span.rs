//! `pointsman dataset add-span`.

use std::ops::ControlFlow;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::intake::pseudonym_key;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::behavior::Behavior;
use crate::domain::dataset::{Dataset, DatasetKind};
use crate::domain::id::{BehaviorId, DatasetId, IncidentId, PromptId};
use crate::domain::incident::Incident;
use crate::domain::trace::column::Column;
use crate::domain::trace::span::Span;
use crate::engine::datasets::from_spans::{Brought, Contract, Remarks, SpanRows};
use crate::engine::datasets::taken::Taken;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore};
use crate::engine::traces::explore::find::find;
use crate::engine::traces::explore::lineage::Lineages;
use crate::engine::traces::redact::Redactor;
use crate::engine::workspace::Workspace;
use crate::report::added_spans::{AddedSpans, AddedSpansV1};

use super::dataset_id;
use super::grow::{Growing, KindWord, existing, who, write_rows};

/// Make rows of what production was asked, which wait until a person says what is wanted
///
/// Spans are named by their ids, or chosen as by `traces list`; of a trace, and of what is chosen, the
/// calls of the prompts become rows that are tested on the dataset. Every row says which span and which
/// deployment it is from. Texts are redacted once more, by the rules as they are now. What the dataset
/// asks already is left out and told. A span whose variables are not those that the prompt declares
/// becomes no row: the exit code is 1 then, and what does fit comes in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset add-span 4bf92f3577b3/00f0 --to support-regression
  pointsman dataset add-span --behavior assistant-timeout-5a1be0 --to support-regression
  pointsman dataset add-span --incident 2026-03-02-slow-refunds --to support-regression
  pointsman dataset add-span --view unhappy --to support-regression --tag unhappy
  pointsman dataset add-span --since 24h --where 'score < 0.5' --to seen --kind production
  pointsman dataset add-span --around production#12 --where 'status = error' --to seen --dry-run")]
pub(super) struct AddSpanArgs {
    /// Spans, or traces for the calls in them, by their ids or the start of them
    #[arg(
        value_name = "TRACE[/SPAN]",
        required_unless_present_any = [
            "behavior", "incident", "view", "filter", "since", "until", "window", "around",
        ],
        conflicts_with_all = [
            "behavior", "incident", "view", "filter", "since", "until", "window", "around",
        ]
    )]
    what: Vec<String>,
    /// The calls in the traces that show a behavior
    #[arg(
        long,
        value_name = "BEHAVIOR",
        conflicts_with_all = ["incident", "view", "filter", "since", "until", "window", "around"]
    )]
    behavior: Option<BehaviorId>,
    /// The calls in the traces that are evidence of an incident; `incident preserve` takes those that
    /// failed and names the rows in the incident's file too
    #[arg(
        long,
        value_name = "INCIDENT",
        conflicts_with_all = ["view", "filter", "since", "until", "window", "around"]
    )]
    incident: Option<IncidentId>,
    /// The dataset
    #[arg(long, value_name = "DATASET", value_parser = dataset_id)]
    to: DatasetId,
    /// The prompt that was called; where nobody says, one that is tested on the dataset, or for a new
    /// dataset the one that the span names
    #[arg(long)]
    prompt: Option<PromptId>,
    /// Why the rows of a new dataset were collected; where nobody says: `regression`
    #[arg(long, value_enum)]
    kind: Option<KindWord>,
    /// Give every row a label
    #[arg(long = "tag", value_name = "LABEL")]
    tags: Vec<String>,
    /// Give every row a remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Of what is chosen, look at this many spans, the newest first
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
    /// Show what would come in, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Where rows from production come to, and what is said of them.
pub struct Destination<'d> {
    /// The dataset.
    pub id: &'d DatasetId,
    /// The same, where it is there already.
    pub dataset: Option<&'d Dataset>,
    /// Why the rows were collected, where it is made for them.
    pub kind: DatasetKind,
    /// Labels for every row.
    pub tags: Vec<String>,
    /// A remark for every row.
    pub note: Option<String>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &AddSpanArgs,
) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let dataset = existing(&workspace, &args.to, args.kind)?;
    let contract = Contract::of(&workspace, &args.to, args.prompt.as_ref())?;
    let (spans, more) = meant(context, &workspace, args, &contract)?;
    if spans.is_empty() {
        ui.note(format_args!(
            "no span that is meant is a call of {}",
            contract.names()
        ));
    }
    let destination = Destination {
        id: &args.to,
        dataset: dataset.as_ref(),
        kind: DatasetKind::from(args.kind.unwrap_or(KindWord::Regression)),
        tags: args.tags.clone(),
        note: args.note.clone(),
        dry_run: args.dry_run,
    };
    let brought = bring_spans(context, &workspace, &destination, contract, spans)?;
    let report = AddedSpans {
        dataset: &args.to,
        created: dataset.is_none() && !brought.added.is_empty(),
        dry_run: args.dry_run,
        brought: &brought,
    };
    if ui.wants_json() {
        ui.json(&AddedSpansV1::from(&report));
    } else {
        ui.text(report.text());
    }
    if more {
        ui.warn(format_args!(
            "more spans are meant than the {} newest: say `-n` to look at more",
            args.count
        ));
    }
    if !brought.added.is_empty() && !args.dry_run {
        ui.note(format_args!("next: pointsman dataset review {}", args.to));
    }
    Ok(match (brought.unfit.is_empty(), report.is_empty()) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::NothingEvaluated,
        (true, false) => Exit::Success,
    })
}

/// The spans that are named or chosen, and whether more are chosen than are looked at.
fn meant(
    context: &Context,
    workspace: &Workspace<'_>,
    args: &AddSpanArgs,
    contract: &Contract<'_>,
) -> Result<(Vec<Span>, bool), CommandError> {
    let store = context.trace_store()?;
    let store = store.as_ref();
    if let Some(id) = &args.behavior {
        let behavior = workspace.behavior(id)?;
        return Ok((
            calls_in(store, &traces_of_behavior(&behavior)?, contract)?,
            false,
        ));
    }
    if let Some(id) = &args.incident {
        let incident = workspace.incident(id)?;
        return Ok((
            calls_in(store, &traces_of_incident(&incident)?, contract)?,
            false,
        ));
    }
    if args.what.is_empty() {
        return chosen(context, store, args, contract);
    }
    Ok((named(store, &args.what, contract)?, false))
}

/// Makes rows of spans and writes them into the dataset, all of them or none.
pub fn bring_spans(
    context: &Context,
    workspace: &Workspace<'_>,
    destination: &Destination<'_>,
    contract: Contract<'_>,
    spans: Vec<Span>,
) -> Result<Brought, CommandError> {
    let rules = workspace.project()?.redaction;
    let key = pseudonym_key(context, &rules)?;
    let lanes = context.lanes()?;
    let mut rows = SpanRows {
        contract,
        redactor: Redactor::new(&rules, key),
        lineages: Lineages::new(&lanes),
        taken: match destination.dataset {
            Some(dataset) => Taken::of(workspace, dataset)?,
            None => Taken::default(),
        },
        remarks: Remarks {
            by: who(context)?,
            at: context.clock().now(),
            tags: destination.tags.clone(),
            note: destination.note.clone(),
        },
    };
    let brought = rows.bring(spans)?;
    if !destination.dry_run && !brought.added.is_empty() {
        let growing = match destination.dataset {
            Some(dataset) => Growing::Old(dataset),
            None => Growing::New(destination.id, destination.kind),
        };
        write_rows(context, &growing, &brought.added)?;
    }
    Ok(brought)
}

/// The traces that show a behavior.
fn traces_of_behavior(behavior: &Behavior) -> Result<Vec<&str>, CommandError> {
    if behavior.evidence.is_empty() {
        let message = format!(
            "the behavior `{}` names no trace that shows it",
            behavior.id
        );
        return Err(CommandError::usage(message)
            .with_hint("`pointsman behaviors scan` finds some, where there are any"));
    }
    let evidence = behavior.evidence.iter();
    Ok(evidence.map(|it| it.trace_id.as_str()).collect())
}

/// The traces that show an incident.
fn traces_of_incident(incident: &Incident) -> Result<Vec<&str>, CommandError> {
    let traces = incident.traces(|_| true);
    if traces.is_empty() {
        let message = format!(
            "the incident `{}` names no trace that shows it",
            incident.id
        );
        return Err(CommandError::usage(message)
            .with_hint("add the spans that show it to `evidence` in the incident's file"));
    }
    Ok(traces)
}

/// The calls of the prompts in traces, of those that are still kept.
pub fn calls_in(
    store: &dyn TraceStore,
    traces: &[&str],
    contract: &Contract<'_>,
) -> Result<Vec<Span>, CommandError> {
    let mut calls = Vec::new();
    for trace in traces {
        let spans = store.trace(trace)?.into_iter();
        calls.extend(spans.filter(|span| contract.is_call(span)));
    }
    Ok(calls)
}

/// The spans that are named: of a trace, the calls of the prompts.
fn named(
    store: &dyn TraceStore,
    what: &[String],
    contract: &Contract<'_>,
) -> Result<Vec<Span>, CommandError> {
    let mut spans = Vec::new();
    for typed in what {
        let mut found = find(store, typed)?;
        if let Some(index) = found.span {
            spans.push(found.spans.swap_remove(index));
            continue;
        }
        let calls = found
            .spans
            .into_iter()
            .filter(|span| contract.is_call(span));
        let before = spans.len();
        spans.extend(calls);
        if spans.len() == before {
            let message = format!(
                "no span of the trace `{typed}` is a call of {}",
                contract.names()
            );
            return Err(CommandError::usage(message).with_hint(format!(
                "`pointsman traces show {typed}` shows its spans; name one of them, or another \
                 prompt with `--prompt`"
            )));
        }
    }
    Ok(spans)
}

/// The newest of the spans that are chosen, and whether there are more.
fn chosen(
    context: &Context,
    store: &dyn TraceStore,
    args: &AddSpanArgs,
    contract: &Contract<'_>,
) -> Result<(Vec<Span>, bool), CommandError> {
    let selection = args.selection.selection(context)?;
    let request = SpanRequest {
        range: selection.range,
        filter: selection.filter.and(contract.filter()),
        content: true,
        order: SpanOrder::Descending(Column::Time),
        limit: Some(args.count.saturating_add(1)),
    };
    let mut spans = Vec::new();
    store.spans(&request, &mut |span| {
        spans.push(span);
        ControlFlow::Continue(())
    })?;
    let more = spans.len() > args.count;
    spans.truncate(args.count);
    Ok((spans, more))
}
