//! Where output goes: results to stdout, talk to stderr, colour only where it is wanted.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::untrusted::{Untrusted, UntrustedBlock};
use crate::report::findings::{FindingStyles, render_finding};
use crate::report::json;

use super::GlobalArgs;
use super::env::{COLUMNS, Environment};
use super::error::CommandError;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The user's side of the program.
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent facts about the streams, not a state"
)]
pub struct Ui {
    json: bool,
    quiet: bool,
    color_stdout: bool,
    color_stderr: bool,
    interactive: bool,
    width: Option<usize>,
}

impl Ui {
    /// A user interface on the process's own streams.
    pub fn new(environment: &Environment, global: &GlobalArgs) -> Self {
        let dumb = environment.text("TERM") == Some("dumb");
        let color = |is_terminal: bool| match global.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => is_terminal && !environment.is_set("NO_COLOR") && !dumb,
        };
        let stderr_is_terminal = std::io::stderr().is_terminal();
        Self {
            json: global.json,
            quiet: global.quiet,
            color_stdout: color(std::io::stdout().is_terminal()),
            color_stderr: color(stderr_is_terminal),
            interactive: std::io::stdin().is_terminal() && stderr_is_terminal,
            width: width(environment),
        }
    }

    /// Whether the result is wanted as JSON.
    pub fn wants_json(&self) -> bool {
        self.json
    }

    /// Whether stdout takes colour.
    pub fn color(&self) -> bool {
        self.color_stdout
    }

    /// How many columns a line of the result may take; absent: any number.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether somebody is there to be asked and to watch progress.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether progress should be shown.
    pub fn shows_progress(&self) -> bool {
        std::io::stderr().is_terminal() && !self.quiet
    }

    /// Prints a line of the result. A reader that went away is not an error.
    pub fn line(&mut self, text: impl Display) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Prints a piece of the result as it is.
    pub fn text(&mut self, text: impl Display) {
        let _ = write!(std::io::stdout().lock(), "{text}");
    }

    /// Prints a file of the repository: as it is into a file or a pipe, and so that it is safe to look at
    /// on a terminal.
    pub fn document(&mut self, text: &str) {
        if std::io::stdout().is_terminal() {
            self.text(UntrustedBlock(text));
        } else {
            self.text(text);
        }
    }

    /// Shows findings that are not the result, on stderr.
    pub fn findings(&mut self, findings: &[Finding]) {
        let mut stderr = std::io::stderr().lock();
        let styles = FindingStyles::new(self.color_stderr);
        for finding in findings {
            let _ = writeln!(stderr, "{}", render_finding(finding, &styles));
        }
    }

    /// Prints the result as JSON.
    pub fn json(&mut self, value: &impl Serialize) {
        self.text(json::pretty(value));
    }

    /// Tells what is going on, unless the user wants quiet.
    pub fn note(&mut self, text: impl Display) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Warns, on stderr.
    pub fn warn(&mut self, text: impl Display) {
        let style = self.style_stderr(AnsiColor::Yellow);
        let _ = writeln!(std::io::stderr().lock(), "{style}warning{style:#}: {text}");
    }

    /// Asks a yes-or-no question. Only for interactive use: check [`Ui::is_interactive`] first.
    pub fn confirm(&mut self, question: &str) -> bool {
        let answer = self.ask(&format!("{question} [y/N]")).unwrap_or_default();
        matches!(answer.to_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a line of text, without white space around it; `None` where nobody answers any more.
    /// Only for interactive use: check [`Ui::is_interactive`] first.
    pub fn ask(&mut self, question: &str) -> Option<String> {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{question} ");
        let _ = stderr.flush();
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        let answered = read.is_ok_and(|bytes| bytes > 0);
        answered.then(|| answer.trim().to_owned())
    }

    /// Reports why a command ended: findings first, then the error, then what to do next.
    pub fn report_error(&mut self, error: &CommandError) {
        self.findings(&error.findings);
        let mut stderr = std::io::stderr().lock();
        let style = self.style_stderr(AnsiColor::Red);
        for (index, line) in error.message.lines().enumerate() {
            let _ = match index {
                0 => writeln!(stderr, "{style}error{style:#}: {}", Untrusted(line)),
                _ => writeln!(stderr, "  {}", Untrusted(line)),
            };
        }
        let style = self.style_stderr(AnsiColor::Cyan);
        for hint in &error.hints {
            let _ = writeln!(stderr, "{style}hint{style:#}: {}", Untrusted(hint));
        }
    }

    fn style_stderr(&self, color: AnsiColor) -> Style {
        if self.color_stderr {
            color.on_default().bold()
        } else {
            Style::new()
        }
    }
}

/// The width of the terminal, where stdout is one; the environment may say otherwise.
fn width(environment: &Environment) -> Option<usize> {
    let said = environment.text(COLUMNS).and_then(|text| text.parse().ok());
    said.or_else(|| comfy_table::Table::new().width().map(usize::from))
}

/// Says what is wrong with a command line, or prints the help that it asks for. Help is ours alone; what
/// is wrong is quoted, and may come from a script that was given a name of somebody's choosing.
pub fn print_usage(error: &clap::Error) {
    let plain = error.render().to_string();
    let safe = UntrustedBlock(&plain).to_string();
    // Nothing is left to do where even the message cannot be printed.
    let _ = if safe == plain {
        error.print()
    } else {
        write!(std::io::stderr().lock(), "{safe}")
    };
}

/// Warns from a thread that works beside the one that talks with the user.
pub fn print_warning(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "warning: {}", Untrusted(text));
}

/// Reports an error from beside the command, which goes on no more.
pub fn print_last_error(message: &str, hint: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: {}", Untrusted(message));
    let _ = writeln!(stderr, "hint: {}", Untrusted(hint));
}

/// Reports a bug of ours: the last thing that the program says.
pub fn print_bug(detail: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(
        stderr,
        "error: this is a bug in pointsman, not in your files"
    );
    let _ = writeln!(stderr, "  {}", Untrusted(detail));
    let _ = writeln!(
        stderr,
        "hint: nothing was moved; please report this with the command you ran"
    );
}
