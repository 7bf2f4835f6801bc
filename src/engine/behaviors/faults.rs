//! The first two detectors' view of single steps: errors by their signatures, and answers by what is
//! wrong with them.

use std::collections::BTreeSet;

use crate::domain::trace::span::Operation;

use super::answer::Fault;
use super::note::SpanNote;
use super::reading::TraceNotes;
use super::sightings::{Sighting, Sightings, Sort};

/// Adds what is wrong with the steps of a trace.
pub(super) fn add_faults(sightings: &mut Sightings, place: usize, trace: &TraceNotes) {
    let above: BTreeSet<&str> = trace
        .spans
        .iter()
        .filter(|span| span.failed)
        .filter_map(|span| span.parent.as_deref())
        .collect();
    for span in &trace.spans {
        // An error goes up to whoever called: it is counted where it began.
        if let Some(error) = &span.error
            && !above.contains(span.id.as_str())
        {
            let (sort, subject) = of_step(span);
            let signature = match (sort, &subject) {
                (Sort::ToolError, Some(tool)) => format!("{tool}: {error}"),
                _ => error.clone(),
            };
            let sighting = || Sighting {
                span: span.id.clone(),
                subject,
            };
            sightings.add(sort, signature, place, sighting);
        }
        for fault in &span.faults {
            add_fault(sightings, place, span, fault);
        }
    }
    add_failed_calls(sightings, place, trace);
}

/// Whose error it is, and what of.
fn of_step(span: &SpanNote) -> (Sort, Option<String>) {
    match span.operation {
        Operation::ExecuteTool => {
            let tool = span.calls.first().map(|call| call.tool.clone());
            (Sort::ToolError, tool)
        }
        Operation::Retrieval => (Sort::ToolError, Some(span.name.clone())),
        _ => (Sort::Error, span.prompt.clone()),
    }
}

fn add_fault(sightings: &mut Sightings, place: usize, span: &SpanNote, fault: &Fault) {
    let (sort, what) = match fault {
        Fault::CutOff => (Sort::CutOff, "the answer is cut off"),
        Fault::Filtered => (Sort::Filtered, "a filter stops the answer"),
        Fault::Refused => (Sort::Refused, "the answer refuses"),
        Fault::Empty => (Sort::Empty, "the answer is empty"),
        Fault::Format(how) => (Sort::Format, how.as_str()),
        Fault::NotOffered(tool) => {
            let signature = format!("{tool}: called, but not offered");
            let sighting = || Sighting {
                span: span.id.clone(),
                subject: Some(tool.clone()),
            };
            sightings.add(Sort::NotOffered, signature, place, sighting);
            return;
        }
    };
    let signature = match &span.prompt {
        Some(prompt) => format!("{prompt}: {what}"),
        None => what.to_owned(),
    };
    let sighting = || Sighting {
        span: span.id.clone(),
        subject: span.prompt.clone(),
    };
    sightings.add(sort, signature, place, sighting);
}

/// Tools that give back an error as if all were well.
fn add_failed_calls(sightings: &mut Sightings, place: usize, trace: &TraceNotes) {
    for (span, call) in trace.calls() {
        if let Some(failure) = &call.failure {
            let signature = format!("{}: {failure}", call.tool);
            let sighting = || Sighting {
                span: span.id.clone(),
                subject: Some(call.tool.clone()),
            };
            sightings.add(Sort::ToolError, signature, place, sighting);
        }
    }
    let ran = |span: &&SpanNote| span.operation == Operation::ExecuteTool;
    if trace.spans.iter().any(|span| ran(&span)) {
        return;
    }
    for span in &trace.spans {
        for failure in &span.told_failures {
            let sighting = || Sighting {
                span: span.id.clone(),
                subject: None,
            };
            sightings.add(Sort::ToolError, failure.clone(), place, sighting);
        }
    }
}
