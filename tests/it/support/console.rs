//! Plays the console blocks of a Markdown file and compares what is said there with what happens.
//!
//! The notation is that of trycmd: `$ ` starts a command, `> ` goes on with it, `? 1` names the
//! exit code (0 where nothing is said), everything else is output; `[..]` stands for any text in a
//! line, a line `...` for any lines. All blocks of a file run in one sandbox, one after the other.
//! trycmd itself is not used: it passes the machine's environment on, and its clock stands still.

use snapbox::report::Palette;
use snapbox::{Assert, IntoData as _};

use super::Sandbox;

/// A comment that makes a file's blocks start in the small workspace, not in an empty repository.
pub(crate) const STARTS_IN_WORKSPACE: &str = "<!-- console: starts in a small workspace -->";

/// What came of a file.
pub(crate) struct Played {
    /// How many commands ran.
    pub(crate) commands: usize,
    /// Where the file is wrong: line number and difference.
    pub(crate) differences: Vec<(usize, String)>,
    /// The file as it should be.
    pub(crate) corrected: String,
}

/// One command of a block.
struct Step<'t> {
    line_number: usize,
    /// The lines that make the command, as they stand in the file.
    source: Vec<&'t str>,
    command: String,
    code: i32,
    output: Vec<&'t str>,
}

/// A piece of a file.
enum Piece<'t> {
    Text(&'t str),
    Step(Step<'t>),
}

/// Plays the console blocks of a file's text.
pub(crate) fn play(text: &str) -> Played {
    let sandbox = if text.contains(STARTS_IN_WORKSPACE) {
        Sandbox::with_workspace()
    } else {
        Sandbox::new()
    };
    let mut played = Played {
        commands: 0,
        differences: Vec::new(),
        corrected: String::new(),
    };
    for piece in pieces(text) {
        match piece {
            Piece::Text(line) => played.push(line),
            Piece::Step(step) => played.play_step(&sandbox, &step),
        }
    }
    played
}

impl Played {
    fn push(&mut self, line: &str) {
        self.corrected.push_str(line);
        self.corrected.push('\n');
    }

    fn play_step(&mut self, sandbox: &Sandbox, step: &Step) {
        self.commands += 1;
        let run = sandbox.shell(&step.command).run();
        let actual = run.stdout.trim_end_matches('\n');
        let expected = step.output.join("\n");
        let same_output = compare(actual, expected.trim_end_matches('\n'));
        for line in step.source.iter().filter(|line| !line.starts_with("? ")) {
            self.push(line);
        }
        let code = run.code.unwrap_or(-1);
        if code != 0 {
            self.push(&format!("? {code}"));
        }
        if same_output.is_ok() {
            step.output.iter().for_each(|line| self.push(line));
        } else {
            actual.lines().for_each(|line| self.push(line));
            let blank = step.output.iter().rev().take_while(|line| line.is_empty());
            blank.for_each(|line| self.push(line));
        }
        let mut difference = String::new();
        if code != step.code {
            difference = format!("exit code {code} instead of {}\n{}", step.code, run.stdout);
        }
        if let Err(text) = same_output {
            difference.push_str(&text);
        }
        if !difference.is_empty() {
            let report = format!("$ {}\n{difference}", step.command);
            self.differences.push((step.line_number, report));
        }
    }
}

fn compare(actual: &str, expected: &str) -> Result<(), String> {
    Assert::new()
        .normalize_paths(false)
        .palette(Palette::plain())
        .try_eq(None, actual.into_data(), expected.into_data())
        .map_err(|error| error.to_string())
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            in_block = !in_block && line == "```console";
            pieces.push(Piece::Text(line));
        } else if in_block && let Some(command) = line.strip_prefix("$ ") {
            pieces.push(Piece::Step(Step {
                line_number: index + 1,
                source: vec![line],
                command: command.to_owned(),
                code: 0,
                output: Vec::new(),
            }));
        } else if in_block && let Some(Piece::Step(step)) = pieces.last_mut() {
            step.take(line);
        } else {
            pieces.push(Piece::Text(line));
        }
    }
    pieces
}

impl<'t> Step<'t> {
    /// Takes a line that follows the command in its block.
    fn take(&mut self, line: &'t str) {
        let before_output = self.output.is_empty();
        if before_output && let Some(more) = line.strip_prefix("> ") {
            self.source.push(line);
            self.command.push('\n');
            self.command.push_str(more);
        } else if before_output && let Some(code) = line.strip_prefix("? ") {
            self.source.push(line);
            self.code = code.parse().unwrap_or(-1);
        } else {
            self.output.push(line);
        }
    }
}
