//! Checks lanes: that what they name exists, that they do not form a circle, and that their gates
//! ask for something that can be shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::{Finding, Span};
use crate::domain::id::{EvaluatorId, LaneName};
use crate::domain::lane::Lane;
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::lane::read_lane;

use super::Checker;
use super::prompts::Prompts;
use super::signers::check_signers;

/// Checks all lanes. Returns the files of keys that they name.
pub(super) fn check_lanes(checker: &mut Checker<'_>, prompts: &Prompts) -> BTreeSet<String> {
    let mut lanes = BTreeMap::new();
    for name in &checker.inventory.lanes {
        let source = read_text(checker.workspace.tree(), &name.path());
        let Some(source) = checker.keep(source).flatten() else {
            continue;
        };
        let read = read_lane(name, &source);
        if let Some(lane) = checker.keep(read) {
            lanes.insert(name.clone(), (lane, source));
        }
    }
    let mut keys = BTreeSet::new();
    for (lane, source) in lanes.values() {
        check_floors(checker, lane, source, prompts);
        check_from(checker, lane, source, &lanes);
        check_signers(checker, lane, source, &mut keys);
    }
    keys
}

fn check_floors(checker: &mut Checker<'_>, lane: &Lane, source: &Source, prompts: &Prompts) {
    let floors = lane.gate.iter().flat_map(|gate| &gate.floors);
    for (evaluator, floor) in floors {
        let place = source.place(floor.span);
        if !checker.inventory.evaluators.contains(evaluator) {
            let known = checker.inventory.evaluators.iter().map(EvaluatorId::as_str);
            let help = did_you_mean(evaluator.as_str(), known);
            let message = format!("there is no evaluator `{evaluator}`");
            checker
                .findings
                .push(Finding::error("missing-evaluator", place, message).with_help(help));
            continue;
        }
        let used = prompts
            .values()
            .flat_map(|prompt| &prompt.evals)
            .flat_map(|binding| &binding.evaluators)
            .any(|(id, _)| id == evaluator);
        // A prompt that could not be read may name it: no second finding for the same mistake.
        let all_read = prompts.len() == checker.inventory.prompts.len();
        if !used && all_read {
            let message =
                format!("no prompt is tested by `{evaluator}`, so this floor guards nothing");
            let help = "name the evaluator under `evals` of a prompt, or remove the floor";
            checker
                .findings
                .push(Finding::error("idle-floor", place, message).with_help(help));
        }
    }
}

fn check_from(
    checker: &mut Checker<'_>,
    lane: &Lane,
    source: &Source,
    lanes: &BTreeMap<LaneName, (Lane, Source)>,
) {
    let Some((from, span)) = &lane.from else {
        return;
    };
    if !checker.inventory.lanes.contains(from) {
        let known = checker.inventory.lanes.iter().map(LaneName::as_str);
        let help = did_you_mean(from.as_str(), known);
        let message = format!("there is no lane `{from}`");
        checker
            .findings
            .push(Finding::error("missing-lane", source.place(*span), message).with_help(help));
    } else if let Some(circle) = circle_from(&lane.name, lanes) {
        let finding = circle_finding(source, *span, &circle);
        checker.findings.push(finding);
    }
}

/// The lanes on the way from a lane back to itself, if there is such a way.
fn circle_from(
    start: &LaneName,
    lanes: &BTreeMap<LaneName, (Lane, Source)>,
) -> Option<Vec<LaneName>> {
    let mut circle = vec![start.clone()];
    loop {
        let (lane, _) = lanes.get(circle.last()?)?;
        let (from, _) = lane.from.as_ref()?;
        if from == start {
            circle.push(from.clone());
            return Some(circle);
        }
        if circle.contains(from) {
            return None;
        }
        circle.push(from.clone());
    }
}

fn circle_finding(source: &Source, span: Span, circle: &[LaneName]) -> Finding {
    let names: Vec<&str> = circle.iter().map(LaneName::as_str).collect();
    let message = format!("the lanes form a circle: {}", names.join(" from "));
    Finding::error("lane-cycle", source.place(span), message)
        .with_help("remove `from` from the lane where releases start")
}
