//! The result of a search for machines: `pointsman/bisect/v1`, frozen. Fields may be added.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::engine::bisect::Verdict;
use crate::engine::bisect::line::{Origin, Version};
use crate::engine::bisect::steps::Step;
use crate::report::diff_json::{PromptV1, prompt};
use crate::report::runs_json::ComparedSuiteV1;

use super::{BisectReport, FoundVersion};

/// What a search found.
#[derive(Debug, Serialize)]
pub struct BisectV1<'r> {
    schema: &'static str,
    prompt: &'r PromptId,
    dataset: &'r DatasetId,
    evaluator: &'r EvaluatorId,
    outcome: &'static str,
    good: EndV1<'r>,
    bad: EndV1<'r>,
    tests: &'r str,
    commits: usize,
    rows: usize,
    repeats: u32,
    confidence: f64,
    margin: Option<f64>,
    versions: Vec<VersionV1<'r>>,
    steps: Vec<StepV1<'r>>,
    found: Option<FoundV1<'r>>,
    /// The versions of which any may have made it worse, from the first to the last.
    open: Option<[usize; 2]>,
    recoveries: Vec<StepV1<'r>>,
    calls_to_ask: Option<u64>,
}

#[derive(Debug, Serialize)]
struct EndV1<'r> {
    files: &'r str,
    commit: &'r ObjectId,
}

#[derive(Debug, Serialize)]
struct VersionV1<'r> {
    version: usize,
    origin: &'static str,
    commit: &'r ObjectId,
    parents: &'r [ObjectId],
    author: Option<&'r str>,
    written_at: Option<Timestamp>,
    subject: Option<&'r str>,
    prompt: &'r PromptId,
    fingerprint: Option<Digest>,
    problem: Option<&'r str>,
}

#[derive(Debug, Serialize)]
struct StepV1<'r> {
    before: usize,
    version: usize,
    rows: u64,
    clusters: Option<u64>,
    missing_before: u64,
    missing_version: u64,
    rate_before: Option<f64>,
    rate_version: Option<f64>,
    difference: Option<f64>,
    difference_lower: Option<f64>,
    difference_upper: Option<f64>,
    level: f64,
    call: &'static str,
    problem: Option<ProblemV1<'r>>,
    needs: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ProblemV1<'r> {
    version: usize,
    message: &'r str,
}

#[derive(Debug, Serialize)]
struct FoundV1<'r> {
    version: usize,
    diff: PromptV1<'r>,
    cases: ComparedSuiteV1<'r>,
}

impl<'r> From<&'r BisectReport<'_>> for BisectV1<'r> {
    fn from(report: &'r BisectReport<'_>) -> Self {
        let suite = report.suite;
        let verdict = report.verdict();
        let bisection = report.bisection.as_ref();
        let steps = |steps: &'r [Step]| steps.iter().map(step).collect();
        let versions = report.versions.iter().enumerate();
        Self {
            schema: "pointsman/bisect/v1",
            prompt: &suite.prompt,
            dataset: &suite.dataset,
            evaluator: report.evaluator,
            outcome: verdict.name(),
            good: end(&report.ends[0]),
            bad: end(&report.ends[1]),
            tests: &report.tests,
            commits: report.commits,
            rows: report.rows,
            repeats: suite.repeats,
            confidence: report.confidence,
            margin: bisection.and_then(|bisection| bisection.margin),
            versions: versions
                .map(|(number, it)| version(report, number, it))
                .collect(),
            steps: bisection.map_or_else(Vec::new, |it| steps(&it.steps)),
            found: match (verdict, &report.found) {
                (Verdict::Found(version), Some(found)) => Some(found_of(version, found)),
                _ => None,
            },
            open: match verdict {
                Verdict::Open(range) => Some(range),
                _ => None,
            },
            recoveries: bisection.map_or_else(Vec::new, |it| steps(&it.recoveries)),
            calls_to_ask: report.calls_to_ask,
        }
    }
}

fn end((files, commit): &(String, ObjectId)) -> EndV1<'_> {
    EndV1 { files, commit }
}

fn version<'r>(report: &'r BisectReport<'_>, number: usize, version: &'r Version) -> VersionV1<'r> {
    let commit = match &version.origin {
        Origin::Commit(commit) => Some(commit),
        _ => None,
    };
    VersionV1 {
        version: number,
        origin: match &version.origin {
            Origin::Good => "good",
            Origin::Fork(_) => "fork",
            Origin::Commit(_) => "commit",
            Origin::Bad => "bad",
        },
        commit: report.commit(number),
        parents: commit.map_or(&[], |commit| &commit.parents),
        author: commit.map(|commit| commit.author.as_str()),
        written_at: commit.map(|commit| commit.written_at),
        subject: commit.map(|commit| commit.subject.as_str()),
        prompt: &version.name,
        fingerprint: version.fingerprint.as_ref().ok().copied(),
        problem: version.fingerprint.as_ref().err().map(String::as_str),
    }
}

fn step(step: &Step) -> StepV1<'_> {
    let compared = step.compared.as_ref();
    let problem = step.problem.as_ref();
    StepV1 {
        before: step.before,
        version: step.version,
        rows: compared.map_or(0, |it| it.rows),
        clusters: compared.and_then(|it| it.clusters),
        missing_before: step.looked_at[0].missing,
        missing_version: step.looked_at[1].missing,
        rate_before: compared.map(|it| it.rates[0]),
        rate_version: compared.map(|it| it.rates[1]),
        difference: compared.map(|it| it.shown.mean),
        difference_lower: compared.map(|it| it.shown.interval.lower),
        difference_upper: compared.map(|it| it.shown.interval.upper),
        level: step.level,
        call: step.call.name(),
        problem: problem.map(|(version, message)| ProblemV1 {
            version: *version,
            message,
        }),
        needs: step.needs,
    }
}

fn found_of(version: usize, found: &FoundVersion) -> FoundV1<'_> {
    FoundV1 {
        version,
        diff: prompt(&found.diff),
        cases: (&found.cases).into(),
    }
}
