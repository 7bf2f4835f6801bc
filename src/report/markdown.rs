//! A run as Markdown, for a step summary or a comment on a pull request. Text from outside stands
//! in code only, behind more backticks than it holds, so that it can neither mention anybody nor
//! load an image, close a block or forge a verdict.

use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::evaluate::slices::SliceRate;
use crate::engine::evaluate::summary::{SuiteSummary, first_failures};

use super::bounded::{Bounded, LONGEST};
use super::eval::{EvalReport, percent, render_alike, render_check, share};

/// How many failures are shown: a host cuts off what is too long.
const SHOWN_FAILURES: usize = 20;

/// How much of a text is shown on one line, in characters.
const SHOWN_TEXT: usize = 200;

/// Renders a run.
pub fn render_markdown(report: &EvalReport<'_>) -> String {
    let mut text = Bounded::new(LONGEST);
    text.add(&format!(
        "## pointsman: {}\n\nRun {} of {}.\n\n",
        verdict(report),
        code(report.run.as_str()),
        code(report.source)
    ));
    text.add(
        "| prompt | dataset | evaluator | passed | rate | score |\n|---|---|---|---:|---:|---:|\n",
    );
    for suite in report.suites {
        add_rates(suite, &mut text);
    }
    for told in report.suites.iter().filter_map(render_alike) {
        text.add(&format!("\nWarning: {told}.\n"));
    }
    add_checks(report, &mut text);
    if !report.slices.is_empty() {
        add_slices(report.slices, &mut text);
    }
    add_failures(report.suites, &mut text);
    text.finish()
}

fn verdict(report: &EvalReport<'_>) -> String {
    let who = match report.gate {
        Some(lane) => format!("gate of lane `{lane}`"),
        None => "evaluation".to_owned(),
    };
    let what = match report.decision.verdict {
        _ if !report.complete => "no verdict, because cases have no answer",
        verdict => verdict.in_words(),
    };
    format!("{who} {what}")
}

fn add_rates(suite: &SuiteSummary, text: &mut Bounded) {
    for (name, summary) in &suite.evaluators {
        let advisory = if suite.blocking.contains(name) {
            ""
        } else {
            " (advisory)"
        };
        text.add(&format!(
            "| {} | {} | {name}{advisory} | {}/{} | {} | {} |\n",
            suite.suite.prompt,
            suite.suite.dataset,
            summary.passed,
            summary.total(),
            summary.pass_rate().map_or("-".to_owned(), percent),
            summary
                .mean_score()
                .map_or("-".to_owned(), |score| format!("{score:.3}")),
        ));
    }
}

fn add_checks(report: &EvalReport<'_>, text: &mut Bounded) {
    let checks = report.decision.checks.iter().filter(|check| !check.met);
    let mut lines: Vec<String> = checks.map(render_check).collect();
    for failure in &report.decision.critical_failures {
        lines.push(format!(
            "{} on {}: critical row {} must pass {}",
            failure.prompt,
            failure.dataset,
            code(&failure.row),
            failure.evaluator
        ));
    }
    if report.complete && !lines.is_empty() {
        text.add("\n### What is missing\n\n");
        for line in lines {
            text.add(&format!("- {line}\n"));
        }
    }
}

fn add_slices(slices: &[SliceRate], text: &mut Bounded) {
    text.add(
        "\n### Slices\n\n| slice | value | prompt | dataset | evaluator | passed | rate |\n\
         |---|---|---|---|---|---:|---:|\n",
    );
    for slice in slices {
        text.add(&format!(
            "| {} | {} | {} | {} | {} | {}/{} | {} |\n",
            code(&slice.by.to_string()),
            slice.value.as_deref().map_or("-".to_owned(), code),
            slice.prompt,
            slice.dataset,
            slice.evaluator,
            slice.passed,
            slice.total,
            percent(share(slice.passed, slice.total)),
        ));
    }
}

fn add_failures(suites: &[SuiteSummary], text: &mut Bounded) {
    let (failures, total) = first_failures(suites, SHOWN_FAILURES);
    if total == 0 {
        return;
    }
    text.add(&format!(
        "\n### Not passed ({} of {total} shown)\n",
        failures.len()
    ));
    for (suite, failure) in failures {
        let what = match &failure.evaluator {
            Some(evaluator) => format!("{evaluator}: {}", failure.grade.name()),
            None => "no answer".to_owned(),
        };
        let critical = if failure.critical { ", critical" } else { "" };
        text.add(&format!(
            "\n**{} on {}**, row {}{critical}: {what}. {}\n",
            suite.suite.prompt,
            suite.suite.dataset,
            code(&failure.row),
            code(&shorten(&failure.reason, SHOWN_TEXT)),
        ));
        if let Some(output) = &failure.output {
            text.add(&format!("\n{}\n", block(output)));
        }
    }
}

/// A text as inline code. A vertical bar would end the cell of a table, escaped or not.
pub(super) fn code(text: &str) -> String {
    let text = Untrusted(text).to_string().replace('|', "\\u{7c}");
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.trim().is_empty() {
        "(empty)".to_owned()
    } else if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// A text as a block of code.
pub(super) fn block(text: &str) -> String {
    let text = UntrustedBlock(text).to_string();
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_behind_more_backticks_than_it_holds_and_ends_no_cell() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`` @all"), "```a`` @all```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\\|b\n"), "`a\\\\u{7c}b\\n`");
        assert_eq!(code(" "), "(empty)");
        assert_eq!(
            block("x\n````\n![](https://example.com)"),
            "`````text\nx\n````\n![](https://example.com)\n`````"
        );
    }
}
