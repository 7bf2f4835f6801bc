//! `pointsman approve`: sign that a release may come into a lane.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::promotion::{Asker, Effort, PromotionArgs, evaluation};
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::gate::Evaluation;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::{AttestationStore as _, Signer};
use crate::engine::release::approval::Approval;
use crate::engine::release::attest::attest;
use crate::engine::release::authorize::{Condition, Refusal};
use crate::engine::release::promote::PromotePlan;
use crate::report::approvals::{ApprovalsV1, ApproveOutcome, ApproveV1, approvals_heard};
use crate::report::release::{gate_result, promote_plan};

use super::moves::{MoveArgs, confirm, require_consent};

/// Approve of a release, with a signature
///
/// Plans the promotion that `pointsman promote` with the same arguments would carry out, shows it
/// with what the gate says of it as far as that is known, and signs that it may come in: exactly
/// this snapshot, on top of exactly the record that is live now. Nothing is moved, and no provider
/// is asked. Where lanes live on a remote, the approval is pushed there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman approve production --sign-with ~/.ssh/id_ed25519 --reason 'read the diff'
  pointsman approve production support/triage --sign-with agent --yes
  pointsman approve production --dry-run")]
pub struct ApproveArgs {
    #[command(flatten)]
    promotion: PromotionArgs,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ApproveArgs) -> Result<Exit, CommandError> {
    let ApproveArgs { promotion, moves } = args;
    let signer = moves.signing.signer(context, ui)?;
    let lanes = context.lanes()?;
    let plan = promotion.plan(context, &lanes, Asker::Onlooker, moves.expect.as_deref())?;
    let Some(mut plan) = plan else {
        if ui.wants_json() {
            ui.json(&ApproveV1::new(
                ApproveOutcome::AlreadyLive,
                &promotion.lane,
            ));
        } else {
            ui.line(format!("lane {} has all of this already", promotion.lane));
        }
        return Ok(Exit::Success);
    };
    if plan.policy.approval.is_none() {
        return Err(CommandError::usage(format!(
            "the policy of lane `{}` asks for no approvals",
            promotion.lane
        ))
        .with_hint("add an `[approval]` table to it first"));
    }
    let effort = Effort::KnownOnly;
    let evaluation = evaluation(context, ui, &plan, promotion.allow_exec, effort)?;
    show(context, ui, &plan, evaluation.as_ref());
    if moves.dry_run {
        tell(
            context,
            ui,
            ApproveOutcome::Planned,
            &plan,
            evaluation.as_ref(),
        );
        ui.note("this was a dry run: nothing was signed");
        return Ok(Exit::Success);
    }
    let Some(signer) = signer else {
        return Err(CommandError::usage(
            "an approval is a signature, and there is no key to sign with",
        )
        .with_hint("name one with `--sign-with <file>` or `--sign-with agent`"));
    };
    require_consent(ui, moves)?;
    let question = format!("approve of this for lane {}?", promotion.lane);
    confirm(ui, moves, &question)?;
    give(
        context,
        &mut plan,
        args,
        evaluation.as_ref(),
        signer.as_ref(),
    )?;
    tell(
        context,
        ui,
        ApproveOutcome::Approved,
        &plan,
        evaluation.as_ref(),
    );
    Ok(Exit::Success)
}

/// Shows what would move, what the gate says, and what else is missing.
fn show(context: &Context, ui: &mut Ui, plan: &PromotePlan, evaluation: Option<&Evaluation>) {
    let now = context.clock().now();
    ui.note(promote_plan(plan).trim_end());
    match evaluation {
        Some(evaluation) => ui.note(gate_result(&evaluation.decision).trim_end()),
        None if plan.prompts_to_test().is_empty() => {}
        None => ui.note("  gate      not known yet: not all of this was evaluated"),
    }
    if let Some(heard) = approvals_heard(&plan.policy, &plan.approvals(now)) {
        ui.note(heard.trim_end());
    }
    let asked = match evaluation {
        Some(evaluation) => plan.authorize(Some(evaluation), None, now).map(|_| ()),
        None => plan.check(None, now),
    };
    // Approvals are what is being given, and who signs the record is somebody else's matter.
    let elsewhere = |refusal: &Refusal| {
        !matches!(
            refusal.condition,
            Condition::Approval | Condition::Signature
        )
    };
    for refusal in asked
        .err()
        .unwrap_or_default()
        .iter()
        .filter(|it| elsewhere(it))
    {
        ui.note(format!("  unmet     {}", Untrusted(&refusal.message)));
    }
}

/// Signs, makes sure that it counts, and keeps it.
fn give(
    context: &Context,
    plan: &mut PromotePlan,
    args: &ApproveArgs,
    evaluation: Option<&Evaluation>,
    signer: &dyn Signer,
) -> Result<(), CommandError> {
    let now = context.clock().now();
    let approval = Approval {
        lane: plan.standing().lane.clone(),
        base: plan.standing().current.as_ref().map(|it| it.id.clone()),
        source: plan.source.clone(),
        verdict: evaluation.map(|it| it.decision.verdict),
        results: evaluation.map(Evaluation::results_digest),
        reason: args.promotion.reason.clone(),
        approved_at: now,
    };
    let bytes = attest(&approval.statement(&plan.snapshot), signer)?;
    if let Some(why) = plan.hear_another(&bytes, now) {
        return Err(CommandError::refused(format!(
            "your approval would not count, and was not kept: {why}"
        ))
        .with_hint(format!(
            "`{}` of the policy in force says whose approval counts",
            plan.policy.name.path()
        )));
    }
    let snapshot: Digest = plan.snapshot.sha256;
    Ok(context.attestations()?.add(snapshot, &bytes)?)
}

/// Tells what became of it.
fn tell(
    context: &Context,
    ui: &mut Ui,
    outcome: ApproveOutcome,
    plan: &PromotePlan,
    evaluation: Option<&Evaluation>,
) {
    let lane = &plan.standing().lane;
    let approvals = plan.approvals(context.clock().now());
    if ui.wants_json() {
        let base = plan.standing().current.as_ref().map(|it| &it.id);
        let verdict = evaluation.map(|it| it.decision.verdict);
        let told = ApproveV1::new(outcome, lane)
            .of(base, &plan.snapshot, verdict)
            .with_approvals(ApprovalsV1::new(&plan.policy, &approvals));
        ui.json(&told);
    } else if outcome == ApproveOutcome::Approved {
        let people: Vec<&str> = approvals.counted.iter().map(|it| it.by.as_str()).collect();
        let needed = plan.policy.approval.as_ref().map_or(0, |it| it.required);
        ui.line(format!(
            "snapshot {} for lane {lane} is approved of by {}; {needed} needed",
            plan.snapshot.sha256.short(),
            Untrusted(&people.join(", ")),
        ));
    }
}
