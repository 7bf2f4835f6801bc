//! Checks the rows of datasets, each file once: that there are any, that they can be read, and that
//! each holds what the prompts and evaluators of its dataset need.

use crate::domain::dataset::{Dataset, Row};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::prompt::{Prompt, Variable};
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::closure::coerce;

use super::Checker;
use super::prompts::{Evaluators, Prompts};

/// How many findings one dataset may add: a wrong column is wrong in every row.
const SHOWN: usize = 20;

/// Checks the rows of all datasets.
pub(super) fn check_rows(
    checker: &mut Checker<'_>,
    datasets: &[Dataset],
    prompts: &Prompts,
    evaluators: &Evaluators,
) {
    for dataset in datasets {
        let rows = checker.workspace.rows(dataset);
        let Some(mut rows) = checker.keep(rows) else {
            continue;
        };
        let needs = needs_of(dataset, prompts, evaluators);
        let mut findings = Vec::new();
        let mut count = 0;
        while let Some(row) = rows.next() {
            count += 1;
            match row {
                Ok(row) => {
                    let place = || place(dataset, &row, rows.excerpt());
                    check_row(&row, &needs, &place, &mut findings);
                }
                Err(Findings(found)) => findings.extend(found),
            }
        }
        if count == 0 {
            let place = Place::file(&dataset.rows_path);
            let help = "add a row: an empty dataset would test nothing and look like a pass";
            findings
                .push(Finding::error("empty-dataset", place, "there are no rows").with_help(help));
        }
        checker.rows += count;
        let more = findings.len().saturating_sub(SHOWN);
        findings.truncate(SHOWN);
        checker.findings.extend(findings);
        if more > 0 {
            let message = format!("{more} more findings in this file are not shown");
            let place = Place::file(&dataset.rows_path);
            checker
                .findings
                .push(Finding::error("more-findings", place, message));
        }
    }
}

/// What each row of a dataset must hold.
enum Need<'n> {
    /// A value for a prompt's variable.
    Variable(&'n Prompt, &'n str, &'n Variable),
    /// A value in a column that an evaluator compares with.
    Column(&'n str, &'n str),
}

fn needs_of<'n>(
    dataset: &Dataset,
    prompts: &'n Prompts,
    evaluators: &'n Evaluators,
) -> Vec<Need<'n>> {
    let mut needs = Vec::new();
    for prompt in prompts.values() {
        let bindings = prompt
            .evals
            .iter()
            .filter(|binding| binding.dataset.0 == dataset.id);
        for binding in bindings {
            for (name, variable) in &prompt.variables {
                needs.push(Need::Variable(prompt, name, variable));
            }
            for (id, _) in &binding.evaluators {
                let columns = evaluators.get(id).map(|it| it.rule.columns());
                let columns = columns.into_iter().flatten();
                needs.extend(columns.map(|column| Need::Column(id.as_str(), column)));
            }
        }
    }
    needs
}

fn check_row(
    row: &Row,
    needs: &[Need<'_>],
    place: &dyn Fn() -> Place,
    findings: &mut Vec<Finding>,
) {
    for need in needs {
        match need {
            Need::Variable(prompt, name, variable) => {
                if let Some((ident, message)) = variable_problem(prompt, name, variable, row) {
                    let known = row.vars.keys().map(String::as_str);
                    let help = format!(
                        "add the value to row `{}`; {}",
                        row.id,
                        did_you_mean(name, known)
                    );
                    findings.push(Finding::error(ident, place(), message).with_help(help));
                }
            }
            Need::Column(evaluator, column) if row.column(column).is_none() => {
                let message = format!(
                    "row `{}` has no `{column}`, which `{evaluator}` compares with",
                    row.id
                );
                let help = format!("add `{column}` to the row");
                findings.push(Finding::error("missing-column", place(), message).with_help(help));
            }
            Need::Column(..) => {}
        }
    }
}

fn variable_problem(
    prompt: &Prompt,
    name: &str,
    variable: &Variable,
    row: &Row,
) -> Option<(&'static str, String)> {
    match row.vars.get(name) {
        None if variable.default.is_some() => None,
        None => {
            let message = format!(
                "row `{}` has no `{name}`, which the prompt `{}` needs",
                row.id, prompt.id
            );
            Some(("missing-column", message))
        }
        Some(value) if coerce(variable, value).is_none() => {
            let kind = variable.kind.name();
            let message = format!(
                "`{name}` of row `{}` is not of type {kind}, which the prompt `{}` needs",
                row.id, prompt.id
            );
            Some(("wrong-type", message))
        }
        Some(_) => None,
    }
}

fn place(dataset: &Dataset, row: &Row, excerpt: &str) -> Place {
    Place {
        path: dataset.rows_path.clone(),
        span: Some(Span {
            line: row.line,
            column: 1,
            length: 1,
        }),
        excerpt: Some(excerpt.to_owned()),
    }
}
