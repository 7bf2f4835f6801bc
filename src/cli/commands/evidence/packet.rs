//! `pointsman evidence build`, `show` and `sign`: the packet of a planned or a past move.

use crate::cli::commands::moves::{MoveArgs, confirm, require_consent};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output, write_all};
use crate::cli::promotion::{Asker, Effort, PromotionArgs, evaluation};
use crate::cli::record::RecordName;
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::untrusted::Untrusted;
use crate::engine::monitor::releases::live_release;
use crate::engine::ports::{AttestationStore as _, LaneStore as _};
use crate::engine::release::attest::attest;
use crate::engine::release::packet::Packet;
use crate::report::json;
use crate::report::packet::{SignedPacketV1, packet_html, packet_markdown, packet_text};

use super::observed::observe;

/// Build the evidence packet of a planned promotion, or of a record
///
/// Takes the arguments of `pointsman promote` and moves nothing: what would change, what the
/// evaluators said as far as that is known, who approved, where a rollback would go. Production is
/// shown for the day before and the day after the release: of a planned one, the release that is live
/// now. What is not known is said to be absent, and is named on stderr.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence build production -o packet.html
  pointsman evidence build production --record 41 --json")]
pub(super) struct BuildArgs {
    #[command(flatten)]
    move_args: PacketArgs,
    #[command(flatten)]
    outputs: PacketOutputArgs,
}

/// Show the evidence packet of a record
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence show production
  pointsman evidence show 'production#41' -o packet.md")]
pub(super) struct ShowArgs {
    /// A lane (`production`: its newest record), or one of its records (`production#41`)
    #[arg(value_name = "LANE[#RECORD]")]
    record: RecordName,
    #[command(flatten)]
    outputs: PacketOutputArgs,
}

/// Sign the evidence packet of a planned promotion, or of a record
///
/// Keeps the signed packet beside the lane, where approvals are; no record is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence sign production --record 41 --sign-with ~/.ssh/id_ed25519 --yes")]
pub(super) struct SignPacketArgs {
    #[command(flatten)]
    move_args: PacketArgs,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Which move.
#[derive(Debug, clap::Args)]
struct PacketArgs {
    #[command(flatten)]
    promotion: PromotionArgs,
    /// Of this record of the lane, by its number or digits of its id, instead of a planned promotion
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["from", "prompts", "reason"])]
    record: Option<String>,
}

/// Where the packet goes.
#[derive(Debug, clap::Args)]
struct PacketOutputArgs {
    /// Write the packet to a file, too, in the format of its ending: `.json`, `.md` or `.html`. Say
    /// `md=PATH` for another ending, and `md=-` for stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<PacketFormat>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PacketFormat {
    Json,
    Markdown,
    Html,
}

impl Format for PacketFormat {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("md", Self::Markdown),
        ("html", Self::Html),
    ];
    const ENDINGS: &'static str = ".json, .md or .html";
}

pub(super) fn build(
    context: &Context,
    ui: &mut Ui,
    args: &BuildArgs,
) -> Result<Exit, CommandError> {
    if let Some(packet) = packet(context, ui, &args.move_args, None)? {
        put_out(context, ui, &packet, &args.outputs)?;
        for (part, why) in packet.missing() {
            ui.warn(format_args!("the packet has no {part}: {}", Untrusted(why)));
        }
    }
    Ok(Exit::Success)
}

pub(super) fn show(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let packet = packet_of_record(context, &args.record)?;
    put_out(context, ui, &packet, &args.outputs)?;
    Ok(Exit::Success)
}

pub(super) fn sign(
    context: &Context,
    ui: &mut Ui,
    args: &SignPacketArgs,
) -> Result<Exit, CommandError> {
    let moves = &args.moves;
    let signer = moves.signing.signer(context, ui)?.ok_or_else(|| {
        CommandError::usage("there is no key to sign with")
            .with_hint("name one with `--sign-with <file>` or `--sign-with agent`")
    })?;
    let expect = moves.expect.as_deref();
    let Some(packet) = packet(context, ui, &args.move_args, expect)? else {
        return Ok(Exit::Success);
    };
    ui.note(packet_text(&packet).trim_end());
    if moves.dry_run {
        ui.note("this was a dry run: nothing was signed");
        return Ok(Exit::Success);
    }
    require_consent(ui, moves)?;
    confirm(ui, moves, "sign this packet?")?;
    let bytes = attest(&packet.statement(), signer.as_ref())?;
    context
        .attestations()?
        .add(packet.snapshot.sha256, &bytes)?;
    let name = Digest::of(&bytes);
    if ui.wants_json() {
        ui.json(&SignedPacketV1::new(&packet, name, signer.key().id()));
    } else {
        ui.line(format!(
            "signed by {}: refs/pointsman/attestations/{}/{name}",
            signer.key().id(),
            packet.snapshot.sha256
        ));
    }
    Ok(Exit::Success)
}

/// The packet that is meant; absent where there is nothing to move.
fn packet(
    context: &Context,
    ui: &mut Ui,
    args: &PacketArgs,
    expect: Option<&str>,
) -> Result<Option<Packet>, CommandError> {
    let promotion = &args.promotion;
    if let Some(record) = &args.record {
        let name = RecordName {
            lane: promotion.lane.clone(),
            record: Some(record.clone()),
        };
        return packet_of_record(context, &name).map(Some);
    }
    let lanes = context.lanes()?;
    let plan = promotion.plan(context, &lanes, Asker::Onlooker, expect)?;
    let Some(plan) = plan else {
        ui.note(format!("lane {} has all of this already", promotion.lane));
        return Ok(None);
    };
    let effort = Effort::KnownOnly;
    let evaluation = evaluation(context, ui, &plan, promotion.allow_exec, effort)?;
    let approvals = plan.approvals(context.clock().now());
    let reason = promotion.reason.as_deref();
    let live = live_release(&lanes, &promotion.lane)?;
    let observed = observe(context, &lanes, live.as_ref())?;
    Ok(Some(Packet::of_plan(
        &plan,
        evaluation.as_ref(),
        &approvals,
        reason,
        observed,
    )?))
}

/// The packet of a record.
pub(in crate::cli) fn packet_of_record(
    context: &Context,
    name: &RecordName,
) -> Result<Packet, CommandError> {
    let lanes = context.lanes()?;
    let id = name.tip(lanes.lanes())?;
    let record = lanes.record(&name.lane, &id)?;
    let observed = observe(context, &lanes, Some(&record))?;
    Ok(Packet::of_record(&lanes, &record, observed)?)
}

fn put_out(
    context: &Context,
    ui: &mut Ui,
    packet: &Packet,
    args: &PacketOutputArgs,
) -> Result<(), CommandError> {
    let shown = write_all(context, ui, &args.outputs, |format| match format {
        PacketFormat::Json => json::pretty(packet),
        PacketFormat::Markdown => packet_markdown(packet),
        PacketFormat::Html => packet_html(packet),
    })?;
    if ui.wants_json() {
        ui.json(packet);
    } else if !shown {
        ui.text(packet_text(packet));
    }
    Ok(())
}
