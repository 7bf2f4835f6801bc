//! `pointsman incident open`.

use jiff::Timestamp;

use crate::cli::commands::traces::explain_nothing;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::{NewFilesError, write_new_files};
use crate::cli::selection::{Around, FilterArgs, read_window, where_option};
use crate::cli::shell::quoted;
use crate::cli::ui::Ui;
use crate::domain::deployment::ReleaseName;
use crate::domain::id::{AlertId, IncidentId, kebab_case};
use crate::domain::incident::Incident;
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::selection::Selection;
use crate::domain::untrusted::Untrusted;
use crate::engine::incidents::capture::{Affected, Capture};
use crate::engine::monitor::alerts::{AlertSeen, look_at_alert};
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::releases::around;
use crate::engine::ports::LaneRecord;
use crate::engine::ports::traces::TraceStore;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::incident::write_incident;
use crate::report::incident::document::{OpenedReport, opened_document};

use super::file::{signed_now, tell};

/// How long the time after a release is where nobody says.
const AFTER: Period = Period {
    seconds: 24 * 3_600,
};

/// How long the name of a file may become from a title, in bytes.
const LONGEST: usize = 50;

/// Write down an incident: the time, what was live, how the numbers moved, and spans that show it
///
/// The time is a window, that of an alert rule up to now, or that since a release. It is held against as
/// much time before it. Of each sort of error the first span, the slowest traces and those with the lowest
/// scores are kept as evidence.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["window", "alert", "deployment"]),
    after_help = "Examples:
  pointsman incident open 'Refunds go to the wrong queue' --deployment production#12
  pointsman incident open 'Answers are slow' --alert slow-answers
  pointsman incident open 'Empty answers' --window 2026-03-02T09:00:00Z..2026-03-02T11:00:00Z --where 'lane = production'"
)]
pub(super) struct OpenArgs {
    /// What is wrong, in a few words
    title: String,
    /// The time that is affected, or a period before now: `2h`
    #[arg(long, value_name = "FROM..TO", conflicts_with = "alert")]
    window: Option<String>,
    /// The alert rule that fired; its window and its spans are meant
    #[arg(long, value_name = "ALERT")]
    alert: Option<AlertId>,
    /// The release that brought it; without a window, the time since it went live is meant, at most 24
    /// hours or the period that is said
    #[arg(long, value_name = "LANE#SEQ[:PERIOD]")]
    deployment: Option<Around>,
    /// The name of the file; absent: the day and the title
    #[arg(long, value_name = "ID")]
    id: Option<IncidentId>,
    #[command(flatten)]
    which: FilterArgs,
}

/// What an incident is opened for.
struct Reason {
    affected: Affected,
    alert: Option<AlertSeen>,
    release: Option<LaneRecord>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &OpenArgs) -> Result<Exit, CommandError> {
    let signed = signed_now(context)?;
    let id = id(args, signed.at)?;
    let store = context.trace_store()?;
    let Reason {
        affected,
        alert,
        release,
    } = reason(context, args, store.as_ref(), signed.at)?;
    let lanes = context.lanes()?;
    let capture = affected
        .clone()
        .capture(store.as_ref(), &lanes, signed.at)?;
    if capture.compared.items[1] == 0 {
        let selection = Selection {
            range: affected.window,
            filter: affected.filter.clone(),
        };
        explain_nothing(ui, store.as_ref(), &selection)?;
    }
    let caused_by = release.as_ref().or(capture.suspect.as_ref());
    let incident = Incident {
        id,
        title: Untrusted(args.title.trim()).to_string(),
        opened: signed,
        window: affected.window,
        filter: affected.filter.to_string(),
        alert: args.alert.clone(),
        deployment: caused_by.map(|record| ReleaseName::of(&record.deployment)),
        live: capture.live_then(),
        evidence: evidence(&capture),
        rows: Vec::new(),
        contained: None,
        layer: None,
        closed: None,
    };
    let report = OpenedReport {
        incident: &incident,
        capture: &capture,
        alert: alert.as_ref(),
        compare: &compare_command(&affected),
    };
    write(context, &incident, &opened_document(&report))?;
    tell(ui, &incident, &incident.id.path());
    say_what_next(ui, &incident);
    Ok(Exit::Success)
}

fn evidence(capture: &Capture) -> Vec<crate::domain::incident::Evidence> {
    let all = capture.representatives.iter();
    all.map(|it| it.evidence.clone()).collect()
}

/// The name of the file: the day, and the words of the title.
fn id(args: &OpenArgs, now: Timestamp) -> Result<IncidentId, CommandError> {
    if let Some(id) = &args.id {
        return Ok(id.clone());
    }
    let mut words = kebab_case(&args.title);
    words.truncate(LONGEST);
    let words = words.trim_end_matches('-');
    let day = now.strftime("%Y-%m-%d");
    let id = IncidentId::new(format!("{day}-{words}"));
    id.map_err(|_| {
        CommandError::usage("the title has no words that a file could be named by")
            .with_hint("say in a few words what is wrong, or name the file with `--id`")
    })
}

/// What the options say the incident is about.
fn reason(
    context: &Context,
    args: &OpenArgs,
    store: &dyn TraceStore,
    now: Timestamp,
) -> Result<Reason, CommandError> {
    let lanes = context.lanes()?;
    let mut filter = args.which.filter(context)?;
    let alert = alert(context, args, store, now)?;
    if let Some(seen) = &alert {
        filter = seen.selection.filter.clone().and(filter);
    }
    let mut affected = None;
    let release = match &args.deployment {
        None => None,
        Some(named) => {
            filter = of_lane(filter, &named.lane);
            let record = named.record(&lanes)?;
            let windows = around(&lanes, &record, named.period.unwrap_or(AFTER), now)?;
            affected = Some((windows.after, windows.before));
            Some(record)
        }
    };
    let window = match (&args.window, &alert) {
        (Some(window), _) => Some(read_window(window, now)?),
        (None, Some(seen)) => Some(seen.selection.range),
        (None, None) => None,
    };
    let affected = match (window, affected) {
        (Some(window), _) => Affected::window(filter, window),
        (None, Some((window, before))) => Affected {
            filter,
            window,
            before,
        },
        (None, None) => return Err(CommandError::usage("name a window, an alert or a release")),
    };
    if affected.window.is_empty() {
        return Err(CommandError::usage("no time has passed since this release")
            .with_hint("say with `--window` which time is affected"));
    }
    Ok(Reason {
        affected,
        alert,
        release,
    })
}

/// The alert rule that is named, looked at now.
fn alert(
    context: &Context,
    args: &OpenArgs,
    store: &dyn TraceStore,
    now: Timestamp,
) -> Result<Option<AlertSeen>, CommandError> {
    let Some(id) = &args.alert else {
        return Ok(None);
    };
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let rule = workspace.alert(id)?;
    Ok(Some(look_at_alert(store, &workspace, rule, now)?))
}

/// The command that shows the numbers again.
fn compare_command(affected: &Affected) -> String {
    let window = |range: TimeRange| format!("{}..{}", range.from, range.until);
    format!(
        "pointsman monitor compare --before {} --after {}{}",
        window(affected.before),
        window(affected.window),
        where_option(&affected.filter)
    )
}

fn write(context: &Context, incident: &Incident, body: &str) -> Result<(), CommandError> {
    let root = context.workspace_root()?;
    let (path, text) = (incident.id.path(), write_incident(incident, body));
    let written = write_new_files(&root, std::iter::once((path.as_str(), text.as_str())));
    match written {
        Ok(()) => Ok(()),
        Err(NewFilesError::Exists(_)) => Err(CommandError::usage(format!(
            "there is an incident `{}` already",
            incident.id
        ))
        .with_hint("go on with that one, or name another file with `--id`")),
        Err(error) => Err(error.into()),
    }
}

fn say_what_next(ui: &mut Ui, incident: &Incident) {
    let id = &incident.id;
    if let Some(release) = &incident.deployment {
        ui.note(format_args!(
            "{release} may have brought it; go back first: pointsman incident contain {id}"
        ));
    }
    for evidence in incident.evidence.iter().take(1) {
        ui.note(format_args!(
            "look at it: pointsman traces show {}",
            quoted(&evidence.trace_id)
        ));
    }
}
