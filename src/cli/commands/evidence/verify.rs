//! `pointsman evidence verify` and `pointsman lanes verify`: one and the same.

use crate::adapters::git::GitHistory;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::record::RecordName;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneStore as _;
use crate::engine::release::audit::{Archive, Range, audit};
use crate::report::audit::{AuditV1, Audited, audited};

use super::bundle::{self, BundleArgs};

/// Verify lanes, from the objects of this clone alone
///
/// Walks each lane from its first record to its newest, and names the first link that does not hold:
/// a record, its place, its files, its commit, its signature, its evidence, or a condition of the
/// policy that was in force. Nothing is fetched, and nothing is asked of a provider.
///
/// With `--bundle` and `--signers`, a file that `export` wrote is verified instead, without any
/// repository.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence verify production
  pointsman evidence verify production --since 41
  pointsman evidence verify production --bundle production.json --signers allowed_signers")]
pub struct VerifyArgs {
    /// A lane (`production`), or a lane up to one of its records (`production#41`); none: all lanes
    #[arg(value_name = "LANE[#RECORD]")]
    lane: Option<RecordName>,
    /// Trust this record and everything before it: its number, or digits of its id
    #[arg(long, value_name = "RECORD", requires = "lane")]
    since: Option<String>,
    #[command(flatten)]
    bundle: BundleArgs,
}

/// Runs the command.
pub fn verify(context: &Context, ui: &mut Ui, args: &VerifyArgs) -> Result<Exit, CommandError> {
    if let (Some(file), Some(lane)) = (&args.bundle.bundle, &args.lane) {
        return bundle::verify(context, ui, &args.bundle, file, lane);
    }
    let lanes = context.lanes()?;
    let mut wanted: Vec<(LaneName, Range)> = Vec::new();
    if let Some(name) = &args.lane {
        let record = |record: &str| name.id_of(lanes.lanes(), record);
        let range = Range {
            tip: name.tip(lanes.lanes())?,
            since: args.since.as_deref().map(record).transpose()?,
            seen: match &name.record {
                Some(_) => None,
                None => lanes.lanes().seen_before(&name.lane)?,
            },
        };
        wanted.push((name.lane.clone(), range));
    } else {
        for (lane, tip) in lanes.tips()? {
            let seen = lanes.lanes().seen_before(&lane)?;
            let since = None;
            wanted.push((lane, Range { tip, since, seen }));
        }
    }
    if wanted.is_empty() {
        return Err(CommandError::new(
            Exit::NothingEvaluated,
            "there are no lanes here, so nothing was verified",
        )
        .with_hint("fetch them: `git fetch origin 'refs/heads/lanes/*:refs/heads/lanes/*'`"));
    }
    let history = GitHistory::new(context.repository()?, context.workspace_prefix()?);
    let archive = Archive {
        lanes: &lanes,
        commits: lanes.lanes(),
        history: &history,
    };
    let verify = |(lane, range): (LaneName, Range)| Audited {
        outcome: audit(&archive, &lane, &range),
        lane,
    };
    let audits: Vec<Audited> = wanted.into_iter().map(verify).collect();
    if ui.wants_json() {
        ui.json(&AuditV1::from(audits.as_slice()));
    } else {
        for it in &audits {
            ui.text(audited(it));
        }
    }
    Ok(if audits.iter().all(|it| it.outcome.is_ok()) {
        Exit::Success
    } else {
        Exit::Failed
    })
}
