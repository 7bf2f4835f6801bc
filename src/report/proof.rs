//! What two versions of a prompt show of a row: for people, and as JSON
//! (`pointsman/dataset-prove/v1`, whose shape is frozen but for fields that are added).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::run::RunId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::datasets::prove::{Said, Shown, Trials};

use super::table::TextTable;

/// How much of a reason is shown, in characters.
const SHOWN: usize = 200;

/// A version of the prompt, and what it made of the row.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofVersion {
    /// Where it was read.
    pub label: String,
    /// The commit that it was read from; absent: the files on disk.
    pub commit: Option<ObjectId>,
    /// The fingerprint of the prompt.
    pub fingerprint: Digest,
    /// What was tested.
    pub suite: Digest,
    /// The run that tested it.
    pub run: RunId,
    /// What came of it.
    pub trials: Trials,
}

/// What is reported.
pub struct ProofReport<'r> {
    /// The dataset.
    pub dataset: &'r DatasetId,
    /// The row.
    pub row: &'r str,
    /// The prompt.
    pub prompt: &'r PromptId,
    /// How often the row was tested with each version.
    pub times: u32,
    /// What is shown.
    pub shown: Shown,
    /// The version before.
    pub before: &'r ProofVersion,
    /// The version after.
    pub after: &'r ProofVersion,
}

impl ProofReport<'_> {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "row `{}` of {}, {} time(s) with each version of {}\n  before  {}, run {}\n  after   {}, run {}\n\n",
            Untrusted(self.row),
            self.dataset,
            self.times,
            self.prompt,
            Untrusted(&self.before.label),
            self.before.run,
            Untrusted(&self.after.label),
            self.after.run,
        );
        text.push_str(&self.table());
        for (when, version) in [("before", self.before), ("after", self.after)] {
            for (id, said) in &version.trials.evaluators {
                if let Some(reason) = &said.reason {
                    let reason = shorten(reason, SHOWN);
                    let _ = writeln!(text, "{when}, {id}: {}", Untrusted(&reason));
                }
            }
        }
        let _ = writeln!(text, "\n{}", self.verdict());
        text
    }

    fn table(&self) -> String {
        let mut table = TextTable::new(&["EVALUATOR", "BEFORE", "AFTER"]);
        for id in self.before.trials.evaluators.keys() {
            let cell = |version: &ProofVersion| {
                let said = version.trials.evaluators.get(id);
                said.map_or_else(String::new, in_words)
            };
            table.row([id.to_string(), cell(self.before), cell(self.after)]);
        }
        table.render()
    }

    fn verdict(&self) -> &'static str {
        match self.shown {
            Shown::Proved => {
                "proved: the row failed before and passes after; the proof stands in the row"
            }
            Shown::PassesBefore => {
                "not proved: the row passes before, too, so that it does not show what was mended; \
                 say what is wanted more sharply, or name the version that failed"
            }
            Shown::FailsAfter => "not proved: the row still fails after; mend the prompt further",
            Shown::Flaky => {
                "not proved: the row is flaky, it passes at one time and fails at another; `--repeat` \
                 shows how often"
            }
            Shown::Undecided => "not proved: an evaluator could not say; the reasons stand above",
        }
    }
}

fn in_words(said: &Said) -> String {
    let counts = [
        (said.passed, "pass"),
        (said.failed, "fail"),
        (said.undecided, "unknown"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    told.join(", ")
}

/// The same as JSON.
#[derive(Debug, Serialize)]
pub struct ProofV1<'r> {
    schema: &'static str,
    dataset: &'r DatasetId,
    row: &'r str,
    prompt: &'r PromptId,
    times: u32,
    shown: &'static str,
    before: VersionV1<'r>,
    after: VersionV1<'r>,
}

#[derive(Debug, Serialize)]
struct VersionV1<'r> {
    label: &'r str,
    commit: Option<&'r ObjectId>,
    fingerprint: Digest,
    suite: Digest,
    run: &'r RunId,
    passed: u64,
    failed: u64,
    evaluators: BTreeMap<&'r str, SaidV1<'r>>,
}

#[derive(Debug, Serialize)]
struct SaidV1<'r> {
    passed: u64,
    failed: u64,
    undecided: u64,
    reason: Option<&'r str>,
}

impl<'r> From<&ProofReport<'r>> for ProofV1<'r> {
    fn from(report: &ProofReport<'r>) -> Self {
        Self {
            schema: "pointsman/dataset-prove/v1",
            dataset: report.dataset,
            row: report.row,
            prompt: report.prompt,
            times: report.times,
            shown: report.shown.name(),
            before: report.before.into(),
            after: report.after.into(),
        }
    }
}

impl<'r> From<&'r ProofVersion> for VersionV1<'r> {
    fn from(version: &'r ProofVersion) -> Self {
        let evaluators = version.trials.evaluators.iter();
        let said = |said: &'r Said| SaidV1 {
            passed: said.passed,
            failed: said.failed,
            undecided: said.undecided,
            reason: said.reason.as_deref(),
        };
        Self {
            label: &version.label,
            commit: version.commit.as_ref(),
            fingerprint: version.fingerprint,
            suite: version.suite,
            run: &version.run,
            passed: version.trials.passed,
            failed: version.trials.failed,
            evaluators: evaluators.map(|(id, it)| (id.as_str(), said(it))).collect(),
        }
    }
}
