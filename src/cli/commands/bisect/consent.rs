//! Searching with what is known, and asking models for the rest only if the user agrees.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::engine::bisect::line::closure;
use crate::engine::bisect::search::{Rules, most_comparisons, search};
use crate::engine::bisect::steps::Outcome;
use crate::engine::diff::compare_versions;
use crate::engine::evaluate::budget::RunLimits;
use crate::report::bisect::{BisectReport, FoundVersion};

use super::BisectArgs;
use super::subject::Subject;
use super::trial::{Consent, VersionTrial};

/// Searches with what is known, and again with what models say where that leaves it open and they may
/// be asked. Adds what comes of it to the report.
pub(super) fn search_with_consent(
    context: &Context,
    ui: &mut Ui,
    args: &BisectArgs,
    subject: Subject<'_>,
    report: &mut BisectReport<'_>,
) -> Result<(), CommandError> {
    let limits = RunLimits::from(&args.limits);
    let asking = Consent {
        ask: true,
        allow_exec: args.allow_exec,
        limits,
    };
    let known_only = Consent {
        ask: false,
        limits: RunLimits {
            deadline: limits.deadline,
            ..RunLimits::default()
        },
        ..asking
    };
    if args.yes {
        search_once(context, ui, args, (subject, asking), report)?;
        return Ok(());
    }
    let lacks_answers = search_once(context, ui, args, (subject, known_only), report)?;
    if !lacks_answers {
        return Ok(());
    }
    let calls = most_calls(subject);
    let question = format!("ask for what is not known? That takes at most {calls} call(s).");
    if ui.is_interactive() && ui.confirm(&question) {
        search_once(context, ui, args, (subject, asking), report)?;
    } else {
        report.calls_to_ask = Some(calls);
    }
    Ok(())
}

/// Searches. True: the answer is open, and somebody could be asked for what is not known.
fn search_once(
    context: &Context,
    ui: &mut Ui,
    args: &BisectArgs,
    (subject, consent): (Subject<'_>, Consent),
    report: &mut BisectReport<'_>,
) -> Result<bool, CommandError> {
    let rules = Rules {
        versions: subject.versions.len(),
        looks: subject.looks.count(),
        alpha: 1.0 - args.confidence,
        margin: args.margin,
    };
    let mut trial = VersionTrial::new(context, ui, subject, consent);
    let bisection = search(&mut trial, rules)?;
    let open = matches!(bisection.outcome, Outcome::Open(_));
    if let Outcome::Found(version) = bisection.outcome {
        report.found = Some(found(subject, &trial, version)?);
    }
    report.bisection = Some(bisection);
    Ok(open && trial.lacks_answers())
}

/// The most calls that a search makes: every version that it comes to on every row, judges included.
fn most_calls(subject: Subject<'_>) -> u64 {
    let versions = 1 + most_comparisons(subject.versions.len());
    let versions = versions.min(subject.versions.len()) as u64;
    let cases = subject.looks.all_rows() as u64 * u64::from(subject.suite.suite.repeats);
    versions * cases * (1 + subject.suite.judge_count() as u64)
}

/// A version beside the one before it.
fn found(
    subject: Subject<'_>,
    trial: &VersionTrial<'_, '_>,
    version: usize,
) -> Result<FoundVersion, CommandError> {
    let now = &subject.versions[version].name;
    let closure = |number: usize| {
        let version = &subject.versions[number];
        let files = subject.files(number)?;
        Ok::<_, CommandError>(closure(files.tree(), &version.name, now)?)
    };
    let pair = [version - 1, version];
    Ok(FoundVersion {
        diff: compare_versions(&closure(pair[0])?, &closure(pair[1])?),
        cases: trial.compared_cases(pair)?,
    })
}
