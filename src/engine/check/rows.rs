//! Checks the rows of datasets, each file once: that there are any, that they can be read, and that
//! each holds what the prompts and evaluators of its dataset need.

use crate::domain::dataset::{Dataset, Row, RowStatus};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Prompt, Variable};
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::closure::coerce;
use crate::engine::workspace::document;
use crate::engine::workspace::media::expect_kind;

use super::Checker;
use super::prompts::{Evaluators, Prompts};

/// How many findings one dataset may add: a wrong column is wrong in every row.
const SHOWN: usize = 20;

/// The column that a row need not have before somebody has reviewed it: the review says what it is.
const EXPECTED: &str = "expected";

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
        let mut findings = undeclared_columns(dataset, &needs);
        let (mut count, mut more) = (0, 0);
        while let Some(row) = rows.next() {
            count += 1;
            match row {
                Ok(row) => {
                    let place = || place(dataset, &row, rows.excerpt());
                    check_row(&row, &needs, &place, &mut findings);
                }
                Err(Findings(found)) => findings.extend(found),
            }
            // What is not shown is counted and not kept: all rows of a large file may be wrong.
            more += findings.len().saturating_sub(SHOWN);
            findings.truncate(SHOWN);
        }
        if count == 0 {
            let place = Place::file(&dataset.rows_path);
            let help = "add a row: an empty dataset would test nothing and look like a pass";
            findings
                .push(Finding::error("empty-dataset", place, "there are no rows").with_help(help));
        }
        checker.rows += count;
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

/// The variables that show a file, and whose column the dataset does not declare as naming files.
fn undeclared_columns(dataset: &Dataset, needs: &[Need<'_>]) -> Vec<Finding> {
    let media = dataset.media.as_ref();
    let declared = media
        .map(|media| media.columns.as_slice())
        .unwrap_or_default();
    let mut findings = Vec::new();
    for need in needs {
        if let Need::Variable(prompt, name, variable) = need
            && variable.kind.media().is_some()
            && declared.iter().all(|column| column != name)
        {
            let message = format!(
                "the prompt `{}` shows the file in `{name}`, which is no column of files here",
                prompt.id
            );
            let help = format!(
                "write `media: {{ folder: <name>, columns: [{name}] }}` in the manifest, and put \
                 the files in that folder"
            );
            let place = Place::file(dataset.id.path());
            findings.push(Finding::error("no-media-column", place, message).with_help(help));
        }
    }
    findings
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
            Need::Column(_, EXPECTED) if row.status == RowStatus::Pending => {}
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
    if let Some(kind) = variable.kind.media() {
        return file_problem(prompt, name, kind, row);
    }
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

fn file_problem(
    prompt: &Prompt,
    name: &str,
    kind: MediaKind,
    row: &Row,
) -> Option<(&'static str, String)> {
    if let Some(media) = row.files.get(name) {
        let error = expect_kind(media, kind).err()?;
        return Some(("wrong-media", error.to_string()));
    }
    // A path in a column of another sort was told already, for all rows at once.
    let names_none = row.vars.get(name).is_none_or(|value| value == "");
    names_none.then(|| {
        let message = format!(
            "row `{}` names no file in `{name}`, which the prompt `{}` shows",
            row.id, prompt.id
        );
        ("missing-column", message)
    })
}

fn place(dataset: &Dataset, row: &Row, excerpt: &str) -> Place {
    Place {
        path: dataset.rows_path.clone(),
        span: Some(Span {
            line: row.line,
            column: 1,
            length: 1,
        }),
        excerpt: document::excerpt(excerpt),
    }
}
