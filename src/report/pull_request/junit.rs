//! The report about a pull request as JUnit XML: a test case for everything that decides.

use std::fmt::Write as _;

use crate::domain::gate::Verdict;
use crate::report::eval::render_check;
use crate::report::junit::Xml;

use super::PullRequestReport;

/// Renders the report. What did not keep the gate from passing is no failure: it is skipped, and says
/// why.
pub fn render_junit(report: &PullRequestReport<'_>) -> String {
    let passed = report.verdict == Verdict::Pass;
    let cases = cases(report);
    let missed = cases.iter().filter(|(_, why)| why.is_some()).count();
    let (failures, skipped) = if passed { (0, missed) } else { (missed, 0) };
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\"",
        cases.len()
    );
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(text, "<testsuites name=\"pointsman gate\" {counts}>");
    let lane = Xml(report.lane.as_str()).to_string();
    let _ = writeln!(
        text,
        "  <testsuite name=\"gate of lane {lane}\" {counts} skipped=\"{skipped}\">"
    );
    let element = if passed { "skipped" } else { "failure" };
    for (name, why) in &cases {
        let name = Xml(name).to_string();
        let _ = match why {
            None => writeln!(text, "    <testcase name=\"{name}\" classname=\"gate\"/>"),
            Some(why) => writeln!(
                text,
                "    <testcase name=\"{name}\" classname=\"gate\"><{element} message=\"{}\"/></testcase>",
                Xml(why)
            ),
        };
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// What decides, and why it does not hold; the verdict comes first.
fn cases(report: &PullRequestReport<'_>) -> Vec<(String, Option<String>)> {
    let passed = report.verdict == Verdict::Pass;
    let mut cases = vec![("verdict".to_owned(), (!passed).then(|| report.headline()))];
    for finding in &report.against {
        let name = format!("{} {}", finding.ident, finding.place.path);
        cases.push((name, Some(finding.message.clone())));
    }
    let Some(decision) = report.decision else {
        return cases;
    };
    for check in &decision.checks {
        let name = format!("{} on {}: {}", check.prompt, check.dataset, check.evaluator);
        cases.push((name, (!check.met).then(|| render_check(check))));
    }
    for it in &decision.comparisons {
        let name = format!(
            "{} on {}: {} beside the base",
            it.prompt, it.dataset, it.evaluator
        );
        let holds = !it.blocking || it.outcome.lets_in();
        cases.push((name, (!holds).then(|| it.to_string())));
    }
    for it in &decision.ratios {
        let name = format!("{} on {}: {}", it.prompt, it.dataset, it.measure.name());
        cases.push((name, (!it.outcome.lets_in()).then(|| it.to_string())));
    }
    for it in &decision.critical_failures {
        let name = format!(
            "{} on {}: critical row {}, {}",
            it.prompt, it.dataset, it.row, it.evaluator
        );
        cases.push((name, Some(it.reason.clone())));
    }
    cases
}
