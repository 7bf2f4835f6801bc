//! Which versions of prompts the traces show, for people and for machines.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::untrusted::Untrusted;
use crate::engine::ports::LaneRecord;
use crate::engine::traces::versions::{Caller, Shown, Standing, Versions};

use super::release::seconds;

/// How many callers of one prompt are listed.
const MOST_LINES: usize = 20;

/// What the calls of one prompt show: how many used what was live, and who did not.
pub fn render_shown(shown: &[Shown]) -> String {
    let count = |standing: Standing| -> u64 {
        let such = shown.iter().filter(|one| one.standing == standing);
        such.map(|one| one.calls).sum()
    };
    let calls: u64 = shown.iter().map(|one| one.calls).sum();
    let live = count(Standing::Live) + count(Standing::Newer);
    let mut text = format!("  {live} of {calls} calls used what was live\n");
    let other: Vec<&Shown> = shown
        .iter()
        .filter(|one| one.standing != Standing::Live)
        .collect();
    for one in other.iter().take(MOST_LINES) {
        let _ = writeln!(
            text,
            "  {}: {} of {}, from {} to {}{}",
            said(one),
            plural(one.calls),
            Untrusted(&called(&one.caller)),
            seconds(one.first),
            seconds(one.last),
            if one.recovered {
                ", and what is live since then"
            } else {
                ""
            },
        );
    }
    if other.len() > MOST_LINES {
        let more = other.len() - MOST_LINES;
        let _ = writeln!(text, "  and {more} more; `--json` has them all");
    }
    text
}

/// Which version it is, and what it is to the lane.
fn said(one: &Shown) -> String {
    let version = one.version.as_deref().map(short).unwrap_or_default();
    match one.standing {
        Standing::Live => format!("live {}", Untrusted(&version)),
        Standing::Older => {
            let until = one.replaced_by.as_ref();
            let until = until.map_or_else(String::new, |it| {
                format!(", replaced {}", seconds(it.deployment.recorded_at))
            });
            let from = sequence(one.record.as_ref());
            let by = sequence(one.replaced_by.as_ref());
            format!("older {} ({from}{until} by {by})", Untrusted(&version))
        }
        Standing::Newer => format!(
            "newer {} ({}, before it was live: clocks differ)",
            Untrusted(&version),
            sequence(one.record.as_ref())
        ),
        Standing::Unknown => format!("never live here {}", Untrusted(&version)),
        Standing::Unsaid => "no version said".to_owned(),
    }
}

fn sequence(record: Option<&LaneRecord>) -> String {
    record.map_or_else(String::new, |it| format!("#{}", it.deployment.sequence))
}

/// Digits of a digest as people tell them apart; any other word as it is.
fn short(version: &str) -> String {
    let is_digest = version.len() > 12 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest {
        version[..12].to_owned()
    } else {
        version.to_owned()
    }
}

/// The service and its process.
pub fn called(caller: &Caller) -> String {
    let service = caller.service.as_deref().unwrap_or("an unnamed service");
    match &caller.instance {
        Some(instance) => format!("{service} ({instance})"),
        None => service.to_owned(),
    }
}

fn plural(calls: u64) -> String {
    let ending = if calls == 1 { "" } else { "s" };
    format!("{calls} call{ending}")
}

/// What the calls of one prompt show, as JSON.
#[derive(Debug, Serialize)]
pub struct PromptVersionsV1<'v> {
    prompt: &'v str,
    versions: Vec<ShownV1<'v>>,
}

/// Calls of one caller with one version.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownV1<'v> {
    standing: &'static str,
    version: Option<&'v str>,
    sequence: Option<u64>,
    replaced_by: Option<u64>,
    replaced_at: Option<Timestamp>,
    service: Option<&'v str>,
    instance: Option<&'v str>,
    calls: u64,
    first: Timestamp,
    last: Timestamp,
    recovered: bool,
}

/// All of a lane.
pub fn versions_v1(versions: &Versions) -> Vec<PromptVersionsV1<'_>> {
    let prompts = versions.iter().map(|(prompt, shown)| PromptVersionsV1 {
        prompt,
        versions: shown.iter().map(ShownV1::from).collect(),
    });
    prompts.collect()
}

impl<'v> From<&'v Shown> for ShownV1<'v> {
    fn from(one: &'v Shown) -> Self {
        let replaced = one.replaced_by.as_ref().map(|it| &it.deployment);
        Self {
            standing: match one.standing {
                Standing::Live => "live",
                Standing::Older => "older",
                Standing::Newer => "newer",
                Standing::Unknown => "unknown",
                Standing::Unsaid => "unsaid",
            },
            version: one.version.as_deref(),
            sequence: one.record.as_ref().map(|it| it.deployment.sequence),
            replaced_by: replaced.map(|it| it.sequence),
            replaced_at: replaced.map(|it| it.recorded_at),
            service: one.caller.service.as_deref(),
            instance: one.caller.instance.as_deref(),
            calls: one.calls,
            first: one.first,
            last: one.last,
            recovered: one.recovered,
        }
    }
}
