//! A run as JUnit XML, which every CI server shows: a test suite for each prompt on a dataset, a
//! test case for each case and evaluator.
//!
//! What cannot turn a gate red is no failure here either: where an advisory evaluator, or a row
//! that does not gate, does not pass, the test case is skipped, and says why.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{CaseResult, Graded};
use crate::domain::untrusted::UntrustedBlock;
use crate::engine::evaluate::summary::SuiteSummary;

use super::eval::EvalReport;

/// Renders a run.
pub fn render_junit(report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
    let suites: Vec<TestSuite<'_>> = report
        .suites
        .iter()
        .map(|suite| TestSuite::new(suite, cases))
        .collect();
    let mut counts = Counts::default();
    for suite in &suites {
        counts.add(&suite.counts);
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"pointsman {}\"{}>",
        Xml(report.run.as_str()),
        counts.of_all_suites()
    );
    for suite in &suites {
        suite.write(&mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

/// What came of test cases.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    time_ms: f64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.time_ms += other.time_ms;
    }
}

impl Counts {
    /// The attributes of the root, which, by the schema of Jenkins (`junit-10.xsd`), says nothing of
    /// what was skipped.
    fn of_all_suites(&self) -> String {
        format!(
            " tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\"",
            self.tests,
            self.failures,
            self.errors,
            self.time_ms / 1000.0
        )
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} skipped=\"{}\"",
            self.of_all_suites(),
            self.skipped
        )
    }
}

struct TestSuite<'r> {
    summary: &'r SuiteSummary,
    tests: Vec<TestCase<'r>>,
    counts: Counts,
}

struct TestCase<'r> {
    case: &'r CaseResult,
    evaluator: &'r EvaluatorId,
    time_ms: f64,
    outcome: Outcome<'r>,
}

/// How JUnit sees a grade.
enum Outcome<'r> {
    Passed,
    Failed(&'r str),
    Error(&'static str, &'r str),
    Skipped(String),
}

impl<'r> TestSuite<'r> {
    fn new(summary: &'r SuiteSummary, cases: &'r [CaseResult]) -> Self {
        let digest: Digest = summary.suite.digest();
        let mut suite = Self {
            summary,
            tests: Vec::new(),
            counts: Counts::default(),
        };
        for case in cases.iter().filter(|case| case.key.suite == digest) {
            for (index, evaluator) in summary.suite.evaluators.keys().enumerate() {
                suite.add(case, evaluator, index == 0);
            }
        }
        suite
    }

    /// Adds a test case. Only the first of a case carries the time of the call.
    fn add(&mut self, case: &'r CaseResult, evaluator: &'r EvaluatorId, first: bool) {
        let latency = case.answer.as_ref().ok();
        let latency = latency.and_then(|answer| answer.latency_ms);
        let time_ms = latency.filter(|_| first).unwrap_or(0.0);
        let blocking = self.summary.blocking.contains(evaluator);
        let outcome = outcome(case, case.grades.get(evaluator), blocking);
        self.counts.tests += 1;
        self.counts.time_ms += time_ms;
        match &outcome {
            Outcome::Passed => {}
            Outcome::Failed(_) => self.counts.failures += 1,
            Outcome::Error(..) => self.counts.errors += 1,
            Outcome::Skipped(_) => self.counts.skipped += 1,
        }
        self.tests.push(TestCase {
            case,
            evaluator,
            time_ms,
            outcome,
        });
    }

    fn write(&self, text: &mut String) {
        let suite = &self.summary.suite;
        let name = format!("{} on {}", suite.prompt, suite.dataset);
        let _ = writeln!(text, "  <testsuite name=\"{}\"{}>", Xml(&name), self.counts);
        let _ = writeln!(
            text,
            "    <properties>\n      <property name=\"model\" value=\"{}\"/>\n      \
             <property name=\"suite\" value=\"{}\"/>\n    </properties>",
            Xml(&suite.model.to_string()),
            suite.digest()
        );
        for test in &self.tests {
            test.write(&name, suite.repeats, text);
        }
        text.push_str("  </testsuite>\n");
    }
}

fn outcome<'r>(case: &'r CaseResult, graded: Option<&'r Graded>, blocking: bool) -> Outcome<'r> {
    let (grade, reason) = match (&case.answer, graded) {
        (Err(error), _) => (Grade::Error, error.message.as_str()),
        (Ok(_), Some(graded)) => (graded.grade, graded.reason.as_str()),
        (Ok(_), None) => (Grade::Error, "was not graded"),
    };
    let answered = case.answer.is_ok();
    if grade == Grade::Pass {
        Outcome::Passed
    } else if answered && !(blocking && case.gates) {
        let why = if blocking {
            "the row does not gate"
        } else {
            "the evaluator is advisory"
        };
        Outcome::Skipped(format!("{}, but {why}: {reason}", grade.name()))
    } else if grade == Grade::Fail {
        Outcome::Failed(reason)
    } else if answered {
        Outcome::Error(grade.name(), reason)
    } else {
        Outcome::Error("no-answer", reason)
    }
}

impl TestCase<'_> {
    fn write(&self, class: &str, repeats: u32, text: &mut String) {
        let mut name = self.case.key.row.clone();
        if repeats > 1 {
            let _ = write!(name, " #{}", self.case.key.repeat + 1);
        }
        let _ = write!(
            text,
            "    <testcase name=\"{}: {}\" classname=\"{}\" time=\"{:.3}\"",
            Xml(&name),
            self.evaluator,
            Xml(class),
            self.time_ms / 1000.0
        );
        let element = match &self.outcome {
            Outcome::Passed => {
                text.push_str("/>\n");
                return;
            }
            Outcome::Skipped(reason) => {
                format!("<skipped message=\"{}\"/>", Xml(reason))
            }
            Outcome::Failed(reason) => self.element("failure", "fail", reason),
            Outcome::Error(kind, reason) => self.element("error", kind, reason),
        };
        let _ = writeln!(text, ">\n      {element}\n    </testcase>");
    }

    fn element(&self, name: &str, kind: &str, reason: &str) -> String {
        let mut detail = reason.to_owned();
        if let Some(expected) = &self.case.expected {
            let expected = match expected {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let _ = write!(detail, "\nexpected: {expected}");
        }
        if let Ok(answer) = &self.case.answer {
            let _ = write!(detail, "\nactual: {}", answer.output);
        }
        // Only attributes lose their line breaks when they are read.
        let detail = Xml(&detail).to_string().replace("&#10;", "\n");
        format!(
            "<{name} message=\"{}\" type=\"{kind}\">{detail}</{name}>",
            Xml(reason)
        )
    }
}

/// A text as XML 1.0, good for elements and attributes. Characters that XML cannot hold, and those
/// that hide, become visible escapes.
pub(super) struct Xml<'a>(pub(super) &'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in UntrustedBlock(self.0).to_string().chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\n' => formatter.write_str("&#10;")?,
                '\t' => formatter.write_str("&#9;")?,
                '\u{fffe}' | '\u{ffff}' => write!(formatter, "\\u{{{:x}}}", u32::from(character))?,
                plain => formatter.write_char(plain)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_becomes_visible_and_markup_stays_text() {
        let hostile = "</failure>\u{0}\u{1b}[2J]]>&\"\n\u{ffff}\u{202e}";
        assert_eq!(
            Xml(hostile).to_string(),
            "&lt;/failure&gt;\\u{0}\\u{1b}[2J]]&gt;&amp;&quot;&#10;\\u{ffff}\\u{202e}"
        );
    }
}
