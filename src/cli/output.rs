//! `-o FORMAT=PATH`: a result in a format, written to a file or to stdout.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::domain::untrusted::UntrustedBlock;

use super::context::Context;
use super::error::CommandError;
use super::ui::Ui;
use crate::adapters::rewrite::write_result;

/// The formats that a command can write.
pub trait Format: Copy + 'static {
    /// Their names; endings of files are among them.
    const NAMES: &'static [(&'static str, Self)];

    /// The endings, for people.
    const ENDINGS: &'static str;
}

/// A format and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<F> {
    /// The format.
    pub format: F,
    /// Absent: to stdout.
    path: Option<PathBuf>,
}

impl<F: Format> FromStr for Output<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let format = |name: &str| {
            let found = F::NAMES.iter().find(|(known, _)| *known == name);
            found.map(|(_, format)| *format)
        };
        let named = text
            .split_once('=')
            .and_then(|(name, path)| Some((format(name)?, path)));
        let by_ending = || {
            let (_, ending) = text.rsplit_once('.')?;
            Some((format(ending)?, text))
        };
        let (format, path) = named.or_else(by_ending).ok_or_else(|| {
            format!(
                "the ending names no format: use {}, or write `<format>=<path>`",
                F::ENDINGS
            )
        })?;
        if path.is_empty() {
            return Err("a path must follow `=`".to_owned());
        }
        Ok(Self {
            format,
            path: (path != "-").then(|| PathBuf::from(path)),
        })
    }
}

impl<F> Output<F> {
    /// Writes a result piece by piece. A file that could not be finished is removed.
    pub fn write(
        &self,
        context: &Context,
        result: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let Some(path) = &self.path else {
            let stdout = std::io::stdout();
            let is_terminal = stdout.is_terminal();
            let mut stdout = BufWriter::new(stdout.lock());
            if is_terminal {
                let mut visible = Visible::new(&mut stdout);
                result(&mut visible)?;
                // A reader that went away is not an error, here and below.
                let _ = visible.flush();
            } else {
                result(&mut stdout)?;
            }
            let _ = stdout.flush();
            return Ok(());
        };
        let path = context.directory().join(path);
        let file = File::create(&path).map_err(|error| unwritable(&path, &error))?;
        let mut file = BufWriter::new(file);
        let written = result(&mut file);
        let written =
            written.and_then(|()| file.flush().map_err(|error| unwritable(&path, &error)));
        if written.is_err() {
            let _ = std::fs::remove_file(&path);
        }
        written
    }
}

/// Refuses two results on one stdout, before anything is paid for.
pub fn check_stdout<F>(outputs: &[Output<F>], ui: &Ui) -> Result<(), CommandError> {
    let to_stdout = outputs.iter().filter(|output| output.path.is_none());
    if to_stdout.count() + usize::from(ui.wants_json()) > 1 {
        return Err(CommandError::usage("stdout can take one result only")
            .with_hint("write the others to files: `-o report.html -o results.xml`"));
    }
    Ok(())
}

/// Writes a result in every format; whether stdout has got one.
pub fn write_all<F: Copy>(
    context: &Context,
    ui: &mut Ui,
    outputs: &[Output<F>],
    render: impl Fn(F) -> String,
) -> Result<bool, CommandError> {
    let mut shown = false;
    for output in outputs {
        let text = render(output.format);
        match &output.path {
            None => {
                ui.text(text);
                shown = true;
            }
            Some(path) => write(&context.directory().join(path), &text)?,
        }
    }
    Ok(shown)
}

/// Data as it may be looked at on a terminal, line by line.
struct Visible<W> {
    terminal: W,
    /// What came of the line that has not ended yet.
    line: Vec<u8>,
}

impl<W: Write> Visible<W> {
    fn new(terminal: W) -> Self {
        let line = Vec::new();
        Self { terminal, line }
    }
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end + 1);
            self.flush()?;
            self.line = rest;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&lines);
        write!(self.terminal, "{}", UntrustedBlock(&text))
    }
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    write_result(path, text).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
        .with_hint("name a file in a folder that exists and can be written to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Page {
        Html,
        Junit,
        Markdown,
    }

    impl Format for Page {
        const NAMES: &'static [(&'static str, Self)] = &[
            ("html", Self::Html),
            ("junit", Self::Junit),
            ("xml", Self::Junit),
            ("md", Self::Markdown),
        ];
        const ENDINGS: &'static str = ".html, .xml or .md";
    }

    fn output(text: &str) -> Result<(Page, Option<&'static str>), String> {
        let output: Output<Page> = text.parse()?;
        let path = output.path.map(|path| path.display().to_string());
        Ok((output.format, path.map(|path| &*path.leak())))
    }

    #[test]
    fn a_terminal_gets_data_that_cannot_drive_it_however_it_comes() {
        let said = "id,é\n\u{1b}[2J\u{9b}é,\u{202e}\n::error::x";
        let mut terminal = Vec::new();
        let mut visible = Visible::new(&mut terminal);
        for byte in said.as_bytes() {
            visible.write_all(&[*byte]).unwrap();
        }
        visible.flush().unwrap();
        assert_eq!(
            String::from_utf8(terminal).unwrap(),
            "id,é\n\\u{1b}[2J\\u{9b}é,\\u{202e}\n\\u{3a}:error::x"
        );
    }

    #[test]
    fn the_format_is_named_or_is_the_ending() {
        assert_eq!(output("a/b.html"), Ok((Page::Html, Some("a/b.html"))));
        assert_eq!(output("junit=a.b"), Ok((Page::Junit, Some("a.b"))));
        assert_eq!(output("md=-"), Ok((Page::Markdown, None)));
        assert_eq!(output("a=b.xml"), Ok((Page::Junit, Some("a=b.xml"))));
        assert!(output("report").is_err());
        assert!(output("html=").is_err());
    }
}
