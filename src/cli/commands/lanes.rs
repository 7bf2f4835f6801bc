//! `pointsman lanes`: what is live where, since when, and how it came there.

use std::collections::BTreeSet;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::domain::lane::Lane;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::history::History;
use crate::engine::release::standing::Standing;
use crate::engine::release::unhold;
use crate::engine::workspace::Workspace;
use crate::report::lanes::{LaneLine, table};
use crate::report::release::{live, record, record_line, unhold_plan};
use crate::report::release_json::{LaneLogV1, LaneShowV1, LaneV1, LanesV1, MoveV1};

use super::moves::{MoveArgs, announce, confirm, require_consent};

const UNHOLD_SCHEMA: &str = "pointsman/unhold/v1";

/// Show the lanes, their history, and release holds
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes list
  pointsman lanes show production
  pointsman lanes log production -n 5 --json
  pointsman lanes unhold production --reason 'fixed upstream'")]
pub struct LanesArgs {
    #[command(subcommand)]
    command: LanesCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LanesCommand {
    /// Show every lane with what is live there
    List,
    /// Show what is live in a lane
    Show {
        /// The lane
        lane: LaneName,
    },
    /// Show the records of a lane, newest first
    Log {
        /// The lane
        lane: LaneName,
        /// Show this many records
        #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
        count: usize,
    },
    /// Let snapshots in again that a rollback has barred
    Unhold(UnholdArgs),
}

#[derive(Debug, clap::Args)]
struct UnholdArgs {
    /// The lane
    lane: LaneName,
    /// Only the snapshot whose digest starts like this
    #[arg(long, value_name = "DIGEST")]
    snapshot: Option<String>,
    /// Why; kept in the record
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &LanesArgs) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    match &args.command {
        LanesCommand::List => list(context, ui, &lanes),
        LanesCommand::Show { lane } => show(ui, &lanes, lane),
        LanesCommand::Log { lane, count } => log(ui, &lanes, lane, *count),
        LanesCommand::Unhold(args) => release_holds(context, ui, args),
    }
}

fn list(context: &Context, ui: &mut Ui, lanes: &dyn LaneStore) -> Result<Exit, CommandError> {
    let declared = declared_lanes(context)?;
    let tips = lanes.tips()?;
    let mut names: BTreeSet<(i64, &LaneName)> = BTreeSet::new();
    names.extend(declared.iter().map(|lane| (lane.order, &lane.name)));
    let known: BTreeSet<&LaneName> = declared.iter().map(|lane| &lane.name).collect();
    let only_existing = tips.keys().filter(|name| !known.contains(name));
    names.extend(only_existing.map(|name| (i64::MAX, name)));
    let mut rows: Vec<(LaneLine<'_>, Option<LaneRecord>)> = Vec::new();
    for (_, name) in names {
        let policy = declared.iter().find(|lane| lane.name == *name);
        let record = tips
            .get(name)
            .map(|id| lanes.record(name, id))
            .transpose()?;
        let line = LaneLine {
            name,
            declared: policy.is_some(),
            from: policy.and_then(|lane| lane.from.as_ref().map(|(from, _)| from)),
        };
        rows.push((line, record));
    }
    if ui.wants_json() {
        let found = rows.iter().map(|(line, record)| LaneV1 {
            name: line.name,
            declared: line.declared,
            from: line.from,
            current: record.as_ref().map(Into::into),
        });
        ui.json(&LanesV1::new(found.collect()));
    } else if rows.is_empty() {
        ui.note("there are no lanes; declare one in `environments/<lane>.toml`");
    } else {
        ui.text(table(&rows));
    }
    Ok(Exit::Success)
}

/// The lanes that the workspace at hand declares.
fn declared_lanes(context: &Context) -> Result<Vec<Lane>, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let names = workspace.lane_names()?;
    let lanes: Result<Vec<Lane>, _> = names.iter().map(|name| workspace.lane(name)).collect();
    Ok(lanes?)
}

fn show(ui: &mut Ui, lanes: &dyn LaneStore, lane: &LaneName) -> Result<Exit, CommandError> {
    let current = current(lanes, lane)?;
    let tree = lanes.tree(&current)?;
    let prompts = Workspace::new(tree.as_ref()).prompt_ids()?;
    if ui.wants_json() {
        ui.json(&LaneShowV1::new(&current, &prompts));
        return Ok(Exit::Success);
    }
    ui.text(record(&current));
    ui.text(live(&prompts));
    Ok(Exit::Success)
}

fn log(
    ui: &mut Ui,
    lanes: &dyn LaneStore,
    lane: &LaneName,
    count: usize,
) -> Result<Exit, CommandError> {
    let current = current(lanes, lane)?;
    let records: Result<Vec<LaneRecord>, _> = History::from(lanes, &current).take(count).collect();
    let records = records?;
    if ui.wants_json() {
        ui.json(&LaneLogV1::new(lane, &records));
        return Ok(Exit::Success);
    }
    for record in &records {
        ui.line(record_line(record));
    }
    Ok(Exit::Success)
}

fn release_holds(context: &Context, ui: &mut Ui, args: &UnholdArgs) -> Result<Exit, CommandError> {
    let signer = args.moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    lanes.refresh(&args.lane)?;
    let standing = Standing::of(&lanes, &args.lane)?;
    if let Some(expected) = &args.moves.expect {
        standing.expect(expected)?;
    }
    let plan = unhold::plan(standing, args.snapshot.as_deref(), args.reason.clone())?;
    let Some(plan) = plan else {
        return Err(
            CommandError::usage(format!("lane `{}` holds no such snapshot", args.lane)).with_hint(
                format!("`pointsman lanes show {}` shows the holds", args.lane),
            ),
        );
    };
    ui.note(unhold_plan(&plan).trim_end());
    let now = context.clock().now();
    let permission = plan.authorize(signer, now)?;
    if args.moves.dry_run {
        if ui.wants_json() {
            ui.json(&MoveV1::planned_only(UNHOLD_SCHEMA, &args.lane));
        }
        ui.note("this was a dry run: nothing was moved");
        return Ok(Exit::Success);
    }
    require_consent(ui, &args.moves)?;
    confirm(ui, &args.moves, "release these snapshots?")?;
    let record = plan.execute(&lanes, &permission, signer, now)?;
    announce(context, ui, UNHOLD_SCHEMA, &record);
    Ok(Exit::Success)
}

fn current(lanes: &dyn LaneStore, lane: &LaneName) -> Result<LaneRecord, CommandError> {
    if let Some(record) = lanes.tip(lane)? {
        return Ok(record);
    }
    let tips = lanes.tips()?;
    let known = did_you_mean(lane.as_str(), tips.keys().map(LaneName::as_str));
    Err(
        CommandError::usage(format!("lane `{lane}` has no records yet")).with_hint(format!(
            "{known}; the first record comes with `pointsman promote {lane}`"
        )),
    )
}
