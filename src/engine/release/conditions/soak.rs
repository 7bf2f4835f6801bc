//! What comes in has been live in the lane before for as long as the policy asks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::period::Period;
use crate::engine::release::authorize::{Condition, Move, Refusal};
use crate::engine::release::soaked::Since;

/// How many files that came with one record are named.
const NAMED: usize = 3;

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let soak = wanted.policy.and_then(|policy| policy.freeze.soak);
    let (Some(soak), Some(soaked)) = (soak, &wanted.obstacles.soaked) else {
        return;
    };
    // By the record that brought them, the newest first; before all others what is not there.
    let mut not_ready: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for part in &soaked.parts {
        let ready = part.since.as_ref().and_then(|since| ready_at(since, soak));
        if ready.is_none_or(|ready| wanted.now < ready) {
            let key = (part.since.is_some(), Reverse(&part.since));
            not_ready.entry(key).or_default().push(&part.path);
        }
    }
    let Some(((_, Reverse(newest)), _)) = not_ready.first_key_value() else {
        return;
    };
    let (from, lane) = (&soaked.lane, wanted.lane);
    let next = match newest.as_ref().and_then(|since| ready_at(since, soak)) {
        Some(ready) => format!(
            "run `pointsman promote {lane}` again at {}, or name the prompts that are ready",
            seconds(ready)
        ),
        None => format!("promote to `{from}` first, and let it be live there for {soak}"),
    };
    let groups = not_ready.iter().map(|((_, Reverse(since)), paths)| {
        let names = names(paths);
        match since {
            None => format!("{names} not there"),
            Some(Since { at, sequence }) => {
                format!("{names} only since #{sequence} ({})", seconds(*at))
            }
        }
    });
    refusals.push(Refusal {
        condition: Condition::Soak,
        message: format!(
            "what comes in must have been live in lane `{from}` for {soak}, unchanged: {}",
            groups.collect::<Vec<_>>().join("; ")
        ),
        next,
    });
}

fn ready_at(since: &Since, soak: Period) -> Option<Timestamp> {
    let soak = SignedDuration::from_secs(soak.seconds);
    since.at.checked_add(soak).ok()
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Prompts by their names, before other files by their paths.
fn names(paths: &[&str]) -> String {
    let prompt = |path: &str| {
        let path = path.strip_prefix("prompts/")?;
        path.strip_suffix(".prompt.yml").map(str::to_owned)
    };
    let mut paths = paths.to_vec();
    paths.sort_by_key(|path| prompt(path).is_none());
    let named = paths.iter().take(NAMED);
    let named = named.map(|path| format!("`{}`", prompt(path).unwrap_or((*path).to_owned())));
    let named = named.collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
