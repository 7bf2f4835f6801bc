//! Moves of lanes for people: what would happen, and what a record says.

use std::fmt::{Display, Write as _};

use jiff::Timestamp;

use crate::domain::deployment::{Changes, DeployKind, Source};
use crate::domain::gate::Decision;
use crate::domain::hold::{Held, Hold};
use crate::domain::id::PromptId;
use crate::domain::untrusted::Untrusted;
use crate::domain::watch::WatchPlan;
use crate::engine::ports::LaneRecord;
use crate::engine::release::holds::HoldsPlan;
use crate::engine::release::promote::PromotePlan;
use crate::engine::release::rollback::RollbackPlan;

use super::gate_changes::section;

/// How many names of a sort are shown.
const SHOWN: usize = 6;

/// What a promotion would do.
pub fn promote_plan(plan: &PromotePlan) -> String {
    let standing = plan.standing();
    let current = standing.current.as_ref();
    let next = current.map_or(1, |record| record.deployment.sequence + 1);
    let mut text = format!("promote to lane {}, as #{next}\n", standing.lane);
    field(&mut text, "from", source(&plan.source));
    let policy = if plan.policy_is_new {
        "of the source, because the lane has none yet"
    } else {
        "of the lane's current record"
    };
    field(&mut text, "policy", policy);
    field(&mut text, "snapshot", plan.snapshot.sha256.short());
    changes(&mut text, &plan.changes);
    let to_test = plan.prompts_to_test();
    if plan.policy.gate.is_none() {
        field(&mut text, "gate", "none: no evaluation is needed");
    } else if to_test.is_empty() {
        field(&mut text, "gate", "nothing that it tests would change");
    } else {
        list(&mut text, "evaluate", to_test.iter());
    }
    match &plan.rollback_target {
        Some(target) => field(
            &mut text,
            "rollback",
            format!("to #{} ({})", target.sequence, target.record.short()),
        ),
        None => field(&mut text, "rollback", "nothing to go back to"),
    }
    watch(&mut text, plan.policy.watch.as_ref());
    if let Some(problem) = &plan.rollback_problem {
        field(&mut text, "note", Untrusted(problem));
    }
    text.push_str(&section(&plan.gate_changes));
    text
}

/// What a gate has seen of everything that it has a floor for.
pub fn gate_result(decision: &Decision) -> String {
    let mut text = String::new();
    let lines = decision.checks.iter().filter_map(|check| {
        let floor = check.floor?;
        Some(format!(
            "{} on {}: {} passed {} of {}, floor {floor}{}",
            check.prompt,
            check.dataset,
            check.evaluator,
            check.passed,
            check.total,
            if check.met { "" } else { ": not met" }
        ))
    });
    let beside_live = decision.beside_live().into_iter();
    for (index, line) in lines.chain(beside_live).enumerate() {
        let line = Untrusted(&line).to_string();
        field(&mut text, if index == 0 { "gate" } else { "" }, line);
    }
    text
}

/// What a rollback would do.
pub fn rollback_plan(plan: &RollbackPlan) -> String {
    let current = &plan.current.deployment;
    let next = current.sequence + 1;
    let mut text = match &plan.prompt {
        None => format!("roll back lane {}, as #{next}\n", current.lane),
        Some(prompt) => format!("roll back {prompt} in lane {}, as #{next}\n", current.lane),
    };
    let target = &plan.target;
    field(
        &mut text,
        "to",
        format!(
            "#{} ({}), snapshot {}",
            target.deployment.sequence,
            target.id.short(),
            plan.snapshot.sha256.short()
        ),
    );
    changes(&mut text, &plan.changes);
    list(&mut text, "holds", plan.holds.iter().map(hold));
    match &plan.rollback_target {
        Some(next) => field(&mut text, "rollback", format!("to #{}", next.sequence)),
        None => field(&mut text, "rollback", "nothing to go back to"),
    }
    text
}

/// What a hold or an unhold would do.
pub fn holds_plan(plan: &HoldsPlan) -> String {
    let (verb, noun) = match plan.kind() {
        DeployKind::Hold => ("hold", "set a hold"),
        _ => ("release", "release holds"),
    };
    let mut text = format!("{noun}; what is live stays as it is\n");
    list(&mut text, verb, plan.affected.iter().map(hold));
    let rest = plan
        .holds
        .iter()
        .filter(|hold| !plan.affected.contains(hold));
    list(&mut text, "keep", rest.map(hold));
    text
}

/// Everything that a record says.
pub fn record(record: &LaneRecord) -> String {
    let deployment = &record.deployment;
    let mut text = format!(
        "{} {} #{}\n",
        deployment.kind.name(),
        deployment.lane,
        deployment.sequence
    );
    field(&mut text, "record", &record.id);
    field(&mut text, "when", seconds(deployment.recorded_at));
    field(&mut text, "who", Untrusted(&deployment.actor));
    if let Some(reason) = &deployment.reason {
        field(&mut text, "why", Untrusted(reason));
    }
    field(&mut text, "from", source(&deployment.source));
    field(&mut text, "snapshot", deployment.snapshot.sha256);
    field(&mut text, "tree", &deployment.snapshot.git_tree);
    changes(&mut text, &deployment.changes);
    if let Some(target) = &deployment.rollback_target {
        let target = format!("to #{} ({})", target.sequence, target.record.short());
        field(&mut text, "rollback", target);
    }
    if !deployment.holds.is_empty() {
        list(&mut text, "holds", deployment.holds.iter().map(hold));
    }
    if !deployment.evidence.is_empty() {
        let paths = deployment.evidence.iter();
        list(
            &mut text,
            "evidence",
            paths.map(|link| Untrusted(&link.path)),
        );
    }
    watch(&mut text, deployment.watch.as_ref());
    text
}

/// The prompts that are live.
pub fn live(prompts: &[PromptId]) -> String {
    let mut text = String::new();
    list(&mut text, "live", prompts.iter());
    text
}

/// One line about a record.
pub fn record_line(record: &LaneRecord) -> String {
    let deployment = &record.deployment;
    let reason = deployment.reason.as_deref().unwrap_or_default();
    let line = format!(
        "#{:<4} {} {:<8} {} from {}  {}",
        deployment.sequence,
        record.id.short(),
        deployment.kind.name(),
        seconds(deployment.recorded_at),
        deployment.source.commit.short(),
        Untrusted(reason)
    );
    line.trim_end().to_owned()
}

/// A time as people read it: to the second, in UTC.
pub fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Where content comes from.
pub(super) fn source(source: &Source) -> String {
    let commit = format!("commit {}", source.commit.short());
    match (&source.lane, &source.record) {
        (Some(lane), Some(record)) => format!("lane {lane} ({}), {commit}", record.short()),
        _ => commit,
    }
}

pub(super) fn hold(hold: &Hold) -> String {
    let subject = match &hold.held {
        Held::Snapshot(digest) => digest.short(),
        Held::Prompt { id, fingerprint } => format!("{id} at {}", fingerprint.short()),
    };
    format!(
        "{subject} since #{}: {}",
        hold.set_by_sequence,
        Untrusted(&hold.reason)
    )
}

fn changes(text: &mut String, changes: &Changes) {
    let added = changes.added.iter().map(|id| format!("+ {id}"));
    let edited = changes.changed.iter().map(|id| format!("~ {id}"));
    let removed = changes.removed.iter().map(|id| format!("- {id}"));
    list(text, "prompts", added.chain(edited).chain(removed));
    let (policies, files): (Vec<&String>, Vec<&String>) = changes
        .files
        .iter()
        .partition(|path| path.starts_with("environments/"));
    list(
        text,
        "policies",
        policies.into_iter().map(|path| Untrusted(path)),
    );
    list(text, "files", files.into_iter().map(|path| Untrusted(path)));
}

/// When a release will be looked at, and what it may cost.
fn watch(text: &mut String, plan: Option<&WatchPlan>) {
    let Some(plan) = plan else {
        return;
    };
    let times: Vec<String> = plan.checkpoints.iter().map(ToString::to_string).collect();
    let mut parts = vec![format!("after {}", times.join(", "))];
    let limits = [
        ("error rate at most +", plan.max_error_rate_increase),
        ("p95 latency at most ×", plan.max_latency_p95_ratio),
        ("cost per call at most ×", plan.max_cost_per_call_ratio),
        ("score change at least ", plan.min_score_delta),
    ];
    let limits = limits
        .iter()
        .filter_map(|(name, limit)| Some(format!("{name}{}", (*limit)?)));
    parts.extend(limits);
    list(text, "watch", parts.iter());
}

/// One named value of a move or a record.
pub(super) fn field(text: &mut String, name: &str, value: impl Display) {
    let _ = writeln!(text, "  {name:<10}{value}");
}

/// The values under one name, one a line; nothing where there is none.
pub(super) fn list(text: &mut String, name: &str, values: impl Iterator<Item = impl Display>) {
    let mut count = 0;
    for value in values {
        if count < SHOWN {
            field(text, if count == 0 { name } else { "" }, value);
        }
        count += 1;
    }
    if count > SHOWN {
        field(text, "", format!("and {} more", count - SHOWN));
    }
}
