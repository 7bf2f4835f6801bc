//! What `eval` and `runs show` write beside, or instead of, the table on a terminal.

use crate::domain::run::{CaseResult, Suite};
use crate::engine::evaluate::slices::{NoSuchColumn, SliceBy, SliceRate, slices};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::report::eval::{EvalReport, render_eval};
use crate::report::eval_json::EvalV1;
use crate::report::html::run::render_html;
use crate::report::json;
use crate::report::jsonl::render_jsonl;
use crate::report::junit::render_junit;
use crate::report::markdown::render_markdown;

use super::context::Context;
use super::error::CommandError;
use super::output::{Format, Output, check_stdout, write_all};
use super::ui::Ui;

/// Options of every command that shows what came of a run.
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    /// Write the result to a file, too, in the format of its ending: `.json`, `.jsonl` (a case a
    /// line), `.xml` (JUnit), `.md` or `.html`. Say `junit=PATH` for another ending, and `md=-` for
    /// stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<ResultFormat>>,
    /// Show the rates of parts of the cases, too: by `tag`, or by `column:<name>`
    #[arg(long = "slice", value_name = "BY")]
    by: Vec<SliceBy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResultFormat {
    Json,
    Jsonl,
    Junit,
    Markdown,
    Html,
}

impl Format for ResultFormat {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("junit", Self::Junit),
        ("xml", Self::Junit),
        ("markdown", Self::Markdown),
        ("md", Self::Markdown),
        ("html", Self::Html),
    ];
    const ENDINGS: &'static str = ".json, .jsonl, .xml, .md or .html";
}

impl OutputArgs {
    /// Whether what came of each case is needed.
    pub fn need_cases(&self) -> bool {
        !self.outputs.is_empty() || !self.by.is_empty()
    }

    /// The rates of the slices that were asked for.
    pub fn slices(
        &self,
        suites: &[SuiteSummary],
        cases: &[CaseResult],
    ) -> Result<Vec<SliceRate>, CommandError> {
        let suites: Vec<Suite> = suites.iter().map(|summary| summary.suite.clone()).collect();
        Ok(slices(&self.by, &suites, cases)?)
    }

    /// Refuses two results on one stdout, before anything is paid for.
    pub fn check(&self, ui: &Ui) -> Result<(), CommandError> {
        check_stdout(&self.outputs, ui)
    }

    /// Shows a report and writes the files that were asked for.
    pub fn show(
        &self,
        context: &Context,
        ui: &mut Ui,
        report: &EvalReport<'_>,
        cases: &[CaseResult],
    ) -> Result<(), CommandError> {
        let render = |format: ResultFormat| format.render(report, cases);
        let shown = write_all(context, ui, &self.outputs, render)?;
        if ui.wants_json() {
            ui.json(&EvalV1::from(report));
        } else if !shown {
            ui.text(render_eval(report));
        }
        Ok(())
    }
}

impl ResultFormat {
    fn render(self, report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
        match self {
            Self::Json => json::pretty(&EvalV1::from(report)),
            Self::Jsonl => render_jsonl(report, cases),
            Self::Junit => render_junit(report, cases),
            Self::Markdown => render_markdown(report),
            Self::Html => render_html(report, cases),
        }
    }
}

impl From<NoSuchColumn> for CommandError {
    fn from(error: NoSuchColumn) -> Self {
        Self::usage(error.to_string()).with_hint(error.help())
    }
}
