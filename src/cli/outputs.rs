//! What `eval` and `runs show` write beside, or instead of, the table on a terminal.

use std::path::PathBuf;
use std::str::FromStr;

use crate::domain::run::{CaseResult, Suite};
use crate::engine::evaluate::slices::{NoSuchColumn, SliceBy, SliceRate, slices};
use crate::engine::evaluate::summary::SuiteSummary;
use crate::report::eval::{EvalReport, render_eval};
use crate::report::eval_json::EvalV1;
use crate::report::html::render_html;
use crate::report::jsonl::render_jsonl;
use crate::report::junit::render_junit;
use crate::report::markdown::render_markdown;

use super::context::Context;
use super::error::CommandError;
use super::ui::Ui;

/// Options of every command that shows what came of a run.
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    /// Write the result to a file, too, in the format of its ending: `.json`, `.jsonl` (a case a
    /// line), `.xml` (JUnit), `.md` or `.html`. Say `junit=PATH` for another ending, and `md=-` for
    /// stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output>,
    /// Show the rates of parts of the cases, too: by `tag`, or by `column:<name>`
    #[arg(long = "slice", value_name = "BY")]
    by: Vec<SliceBy>,
}

/// A format and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// Absent: to stdout.
    pub path: Option<PathBuf>,
}

/// A format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// JSON, a case a line.
    Jsonl,
    /// JUnit's XML.
    Junit,
    /// Markdown.
    Markdown,
    /// One page of HTML.
    Html,
}

impl Format {
    /// The names of formats; endings of files are among them.
    const NAMES: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("junit", Self::Junit),
        ("xml", Self::Junit),
        ("markdown", Self::Markdown),
        ("md", Self::Markdown),
        ("html", Self::Html),
    ];

    fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format)
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text
            .split_once('=')
            .and_then(|(name, path)| Some((Format::named(name)?, path)));
        let by_ending = || {
            let (_, ending) = text.rsplit_once('.')?;
            Some((Format::named(ending)?, text))
        };
        let (format, path) = named.or_else(by_ending).ok_or(
            "the ending names no format: use .json, .jsonl, .xml, .md or .html, \
             or write `<format>=<path>`",
        )?;
        if path.is_empty() {
            return Err("a path must follow `=`".to_owned());
        }
        Ok(Self {
            format,
            path: (path != "-").then(|| PathBuf::from(path)),
        })
    }
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
        let to_stdout = self.outputs.iter().filter(|output| output.path.is_none());
        if to_stdout.count() + usize::from(ui.wants_json()) > 1 {
            return Err(CommandError::usage("stdout can take one result only")
                .with_hint("write the others to files: `-o report.html -o results.xml`"));
        }
        Ok(())
    }

    /// Shows a report and writes the files that were asked for.
    pub fn show(
        &self,
        context: &Context,
        ui: &mut Ui,
        report: &EvalReport<'_>,
        cases: &[CaseResult],
    ) -> Result<(), CommandError> {
        let mut shown = false;
        for output in &self.outputs {
            let text = output.format.render(report, cases);
            match &output.path {
                None => {
                    ui.text(text);
                    shown = true;
                }
                Some(path) => write(&context.directory().join(path), &text)?,
            }
        }
        if ui.wants_json() {
            ui.json(&EvalV1::from(report));
        } else if !shown {
            ui.text(render_eval(report));
        }
        Ok(())
    }
}

impl Format {
    fn render(self, report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
        match self {
            Self::Json => {
                let mut text = serde_json::to_string_pretty(&EvalV1::from(report))
                    .expect("our own result types have text keys and no failing serializers");
                text.push('\n');
                text
            }
            Self::Jsonl => render_jsonl(report, cases),
            Self::Junit => render_junit(report, cases),
            Self::Markdown => render_markdown(report),
            Self::Html => render_html(report, cases),
        }
    }
}

/// Writes a result to a file.
pub fn write(path: &std::path::Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(path, text).map_err(|error| {
        CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
            .with_hint("name a file in a folder that exists and can be written to")
    })
}

impl From<NoSuchColumn> for CommandError {
    fn from(error: NoSuchColumn) -> Self {
        Self::usage(error.to_string()).with_hint(error.help())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> Result<(Format, Option<&'static str>), String> {
        let output: Output = text.parse()?;
        let path = output.path.map(|path| path.display().to_string());
        Ok((output.format, path.map(|path| &*path.leak())))
    }

    #[test]
    fn the_format_is_named_or_is_the_ending() {
        assert_eq!(output("a/b.html"), Ok((Format::Html, Some("a/b.html"))));
        assert_eq!(output("junit=a.b"), Ok((Format::Junit, Some("a.b"))));
        assert_eq!(output("md=-"), Ok((Format::Markdown, None)));
        assert_eq!(output("a=b.xml"), Ok((Format::Junit, Some("a=b.xml"))));
        assert!(output("report").is_err());
        assert!(output("html=").is_err());
    }
}
