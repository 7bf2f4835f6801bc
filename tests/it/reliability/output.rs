//! Text that would drive a terminal, hide in it, open an element, be computed or command a runner: whatever
//! says it, through every command and in every format, it stays text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use regex::Regex;
use serde_json::Value;

use super::command_lines::{AS_THEY_STAND, LINES, NOT_RUN};
use super::hostile::{Hostile, MARK, block, command, formula, quoted};
use crate::moves::commands;
use crate::support::Sandbox;
use crate::support::run::RunOutput;
use crate::support::viewing::Viewing;

/// How a result is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Html,
    Xml,
    Markdown,
    Csv,
    Annotations,
}

impl Form {
    /// What a command line asks for on stdout.
    fn of(line: &str) -> Self {
        let asked = line.split(' ').find_map(|word| word.strip_suffix("=-"));
        match asked {
            None => Self::Text,
            Some("html") => Self::Html,
            Some("junit") => Self::Xml,
            Some("md") => Self::Markdown,
            Some("csv") => Self::Csv,
            Some("github") => Self::Annotations,
            Some(_) => Self::Json,
        }
    }

    /// What is wrong with a result, if anything.
    fn complaint(self, text: &str) -> Option<String> {
        // A runner sees the colours, too: they are no part of a command.
        let commands = text
            .lines()
            .enumerate()
            .find(|(_, line)| self.commands_a_runner(line));
        let commands =
            commands.map(|(number, line)| format!("line {}: command {line:.300?}", number + 1));
        let text = without_colours(text);
        let lines = || text.lines().enumerate();
        let hidden = lines().find_map(|(number, line)| {
            let bad = line.chars().find(|it| drives(*it))?;
            Some(format!("line {}: {bad:?} in {line:.300?}", number + 1))
        });
        hidden.or(commands).or_else(|| match self {
            Self::Text | Self::Annotations => None,
            Self::Json => not_json(&text),
            Self::Html => unknown_markup(&text, &HTML),
            Self::Xml => unknown_markup(&text, &XML),
            Self::Markdown => outside_of_code(&text),
            Self::Csv => computed(&text),
        })
    }

    fn commands_a_runner(self, line: &str) -> bool {
        let ours = ["::error file=", "::warning file="];
        let is_ours = self == Self::Annotations && ours.iter().any(|it| line.starts_with(it));
        let starts = line.trim_start().starts_with("::") && !is_ours;
        starts || ["##[", "##vso["].iter().any(|it| line.contains(it))
    }
}

/// The text without our own colours.
fn without_colours(text: &str) -> String {
    let colour = Regex::new("\u{1b}\\[[0-9;]*m").expect("the pattern is right");
    colour.replace_all(text, "").into_owned()
}

/// Whether a character drives a terminal or hides in it.
fn drives(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\t');
    let hides = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
    control || hides
}

/// One value, or one a line.
fn not_json(text: &str) -> Option<String> {
    let whole = serde_json::from_str::<Value>(text).is_ok();
    let mut lines = text.lines();
    let lines = lines.all(|line| serde_json::from_str::<Value>(line).is_ok());
    (!whole && !lines).then(|| format!("it is not JSON: {text:.300}"))
}

/// The elements and attributes that our pages are made of.
const HTML: [&str; 2] = [
    "a|abbr|article|del|ins|aside|b|body|br|button|caption|circle|code|col|colgroup|dd|details|div|dl|dt|em|figcaption|figure|\
     footer|form|g|h1|h2|h3|h4|head|header|hr|html|i|input|label|legend|li|line|link|main|meta|nav|ol|option|p|path|\
     polygon|polyline|pre|rect|section|select|small|span|strong|style|summary|svg|table|tbody|td|text|tfoot|th|thead|\
     time|title|tr|ul",
    "action|aria-[a-z]+|charset|data-title|overflow|spellcheck|vector-effect|class|colspan|content|cx|cy|d|datetime|dy|fill|for|height|href|http-equiv|id|lang|\
     method|name|open|points|r|rel|role|rowspan|scope|selected|stroke|stroke-width|text-anchor|title|transform|type|\
     value|viewBox|width|x|x1|x2|xmlns|y|y1|y2|preserveAspectRatio|style|tabindex|placeholder|size|autocomplete",
];

/// Those of JUnit.
const XML: [&str; 2] = [
    "testsuites|testsuite|testcase|properties|property|failure|error|skipped|system-out|system-err",
    "name|classname|tests|failures|errors|skipped|time|timestamp|message|type|value|id|file|hostname|version|encoding",
];

/// What stands between angles and is no tag of ours, or an address that leads out.
fn unknown_markup(text: &str, [elements, attributes]: &[&str; 2]) -> Option<String> {
    let (elements, attributes) = (
        elements.replace(char::is_whitespace, ""),
        attributes.replace(char::is_whitespace, ""),
    );
    let tag = format!("^</?({elements})( ({attributes})(=\"[^\"<>]*\")?)*\\s*/?>");
    let tag = Regex::new(&tag).expect("the pattern is right");
    let known = [
        "<!DOCTYPE html>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    ];
    let unknown = text.match_indices('<').find(|(at, _)| {
        let rest = &text[*at..];
        !tag.is_match(rest) && !known.iter().any(|it| rest.starts_with(it))
    });
    let outside = Regex::new("(href|src|action)=\"(&#x2f;&#x2f;|//|[a-z]+:|\\\\)")
        .expect("the pattern is right");
    let outside = outside.find(text).map(|found| found.start());
    let at = unknown.map(|(at, _)| at).or(outside)?;
    let shown: String = text[at..].chars().take(200).collect();
    Some(format!("markup {shown:?}"))
}

/// What people said that stands outside of blocks and pieces of code.
fn outside_of_code(text: &str) -> Option<String> {
    let mut fence: Option<usize> = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(length) if ticks >= length && line.trim_matches('`').is_empty() => fence = None,
            None if ticks >= 3 && !line[ticks..].contains('`') => fence = Some(ticks),
            None if without_code(line).contains(MARK) => {
                return Some(format!("outside of code: {line:.400?}"));
            }
            Some(_) | None => {}
        }
    }
    fence.map(|_| "a block of code does not end".to_owned())
}

/// A line without what stands between runs of as many backticks; a bar ends the cell of a table.
fn without_code(line: &str) -> String {
    let is_table = line.starts_with('|');
    let cells: Vec<&str> = if is_table {
        line.split('|').collect()
    } else {
        vec![line]
    };
    let mut plain = String::new();
    for cell in cells {
        let mut rest = cell;
        while let Some(at) = rest.find('`') {
            let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            let after = &rest[at + ticks..];
            plain.push_str(&rest[..at]);
            let end = ends_of_runs(after)
                .into_iter()
                .find(|(_, length)| *length == ticks);
            rest = match end {
                Some((start, length)) => &after[start + length..],
                None => after,
            };
        }
        plain.push_str(rest);
    }
    plain
}

/// Where runs of backticks begin, and how long they are.
fn ends_of_runs(text: &str) -> Vec<(usize, usize)> {
    let runs = Regex::new("`+").expect("the pattern is right");
    runs.find_iter(text)
        .map(|run| (run.start(), run.len()))
        .collect()
}

/// A cell that a program for tables would compute.
fn computed(text: &str) -> Option<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Some(format!("it is not CSV: {error}")),
        };
        for cell in &record {
            let plain = cell.trim_start_matches(|it: char| it.is_whitespace() || drives(it));
            let starts = plain.starts_with([
                '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
            ]);
            if starts && plain.parse::<f64>().is_err() {
                return Some(format!("a formula: {cell:.100?}"));
            }
        }
    }
    None
}

/// Everything that is wrong, and how much was looked at.
#[derive(Default)]
struct Found {
    complaints: String,
    runs: usize,
    bytes: usize,
    /// The commands of which at least one line showed what somebody said.
    showing: BTreeSet<String>,
}

impl Found {
    fn look(&mut self, command: &str, line: &str, form: Form, run: &RunOutput) {
        let said = [
            (form, "stdout", &run.stdout),
            (Form::Text, "stderr", &run.stderr),
        ];
        for (form, stream, text) in said {
            if let Some(complaint) = form.complaint(text) {
                let _ = writeln!(
                    self.complaints,
                    "{command} {line} ({form:?}): {stream}: {complaint}"
                );
            }
            if text.contains(MARK) {
                self.showing.insert(command.to_owned());
            }
            self.bytes += text.len();
        }
        if !matches!(run.code, Some(0..=9)) || run.stderr.contains("bug in pointsman") {
            let said: String = run.stderr.chars().take(300).collect();
            let _ = writeln!(
                self.complaints,
                "{command} {line}: exit {:?}: {said:?}",
                run.code
            );
        }
        self.runs += 1;
    }

    #[track_caller]
    fn is_nothing(&self) {
        assert!(self.complaints.is_empty(), "\n{}", self.complaints);
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_command_and_no_page_shows_what_a_stranger_says_as_more_than_text() {
    let hostile = Hostile::new();
    let mut found = Found::default();
    let [pages, page_showing] = pages_that_show_it(&hostile, &mut found.complaints);
    assert!(
        page_showing >= 40,
        "{page_showing} of {pages} pages show it"
    );
    for (command, lines) in LINES {
        for (number, line) in lines.iter().enumerate() {
            let words = format!("{command} {line}");
            let words = words.trim_end();
            let form = Form::of(line);
            if AS_THEY_STAND.contains(&words) {
                let run = hostile.runs(words, &[]);
                let is_table = form == Form::Csv;
                let computed = if is_table {
                    computed(&run.stdout)
                } else {
                    None
                };
                assert_eq!(computed, None, "{words}");
                continue;
            }
            let run = hostile.runs(words, &["--color=always"]);
            found.look(command, line, form, &run);
            if form == Form::Text && number == 0 {
                let run = hostile.runs(words, &["--json"]);
                let form = if run.stdout.is_empty() {
                    Form::Text
                } else {
                    Form::Json
                };
                found.look(command, line, form, &run);
            }
        }
    }
    found.is_nothing();
    let (runs, bytes, showing) = (found.runs, found.bytes, found.showing.len());
    assert!(
        showing >= 60,
        "only {showing} commands show it: {:?}",
        found.showing
    );
    println!(
        "{runs} runs of {} commands printed {bytes} bytes, {showing} of them what strangers said, as did \
         {page_showing} of {pages} pages: nothing drives a terminal, opens an element, is computed or commands \
         a runner",
        LINES.len()
    );
}

#[test]
fn every_command_is_run_there_or_it_is_said_why_not() {
    let run = LINES.iter().map(|(command, _)| *command);
    let known: Vec<&str> = run
        .chain(NOT_RUN.iter().map(|(command, _)| *command))
        .collect();
    let listed: BTreeSet<String> = known.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(known.len(), listed.len(), "a command is listed twice");
    let there = commands();
    let missing: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "add to LINES or, with the reason, to NOT_RUN: {missing:?}; remove: {gone:?}"
    );
}

/// The pages of a scene, walked through: how many there are, and how many show what somebody said.
fn pages_that_show_it(hostile: &Hostile, complaints: &mut String) -> [usize; 2] {
    let viewing = Viewing::start(&hostile.sandbox);
    let pages = viewing.walk();
    for (path, page) in &pages {
        if let Some(complaint) = Form::Html.complaint(page) {
            let _ = writeln!(complaints, "{path}: {complaint}");
        }
    }
    viewing.stop("-TERM").succeeds();
    let showing = pages.values().filter(|page| page.contains(MARK)).count();
    [pages.len(), showing]
}

/// A workspace of which no file can be read, for a reason that quotes it.
fn broken() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let [command, block, key] = [&command(), &block(), &formula()].map(|it| quoted(it));
    for (path, text) in [
        (
            "prompts/a.prompt.yml",
            format!("{command}: 1\nmodel: echo/{command}\n"),
        ),
        (
            "prompts/b\u{1b}[2J\u{202e}zqx.prompt.yml",
            format!("model: {block}\nmessages: {command}\n"),
        ),
        ("prompts/_partials/::error::zqx\u{9b}.md", block.clone()),
        (
            "datasets/a.yml",
            format!("kind: {command}\nrows: {block}\n"),
        ),
        (
            "datasets/\u{200b}=zqx##[error].yml",
            "kind: golden\nrows: b.jsonl\n".to_owned(),
        ),
        ("datasets/c.yml", "kind: golden\nrows: c.jsonl\n".to_owned()),
        (
            "datasets/c.jsonl",
            format!("{{\"id\": {command}, {command}: 1}}\n{command}\n"),
        ),
        ("evaluators/a.yml", format!("kind: {command}\n")),
        (
            "evaluators/b.yml",
            format!("kind: text\noperator: {block}\nvalue: 1\n{command}: 2\n"),
        ),
        ("environments/a.toml", format!("order = 1\n{key} = 1\n")),
        (
            "environments/::error::zqx\u{202e}.toml",
            "order = 3\n".to_owned(),
        ),
        (
            "operations/views/a.toml",
            format!("where = {command}\n{key} = 1\n"),
        ),
        (
            "operations/alerts/a.toml",
            format!("owner = 1\nmetric = {command}\n"),
        ),
        (
            "operations/behaviors/a.toml",
            format!("{key} = {command}\n"),
        ),
        (
            "operations/incidents/a.md",
            format!("---\ntitle: {command}\n{command}: 1\n---\n{command}\n"),
        ),
        (
            "operations/reviews/a.md",
            format!("---\n{command}: {command}\n---\n"),
        ),
    ] {
        sandbox.write(path, text);
    }
    sandbox.commit("zqx");
    sandbox
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_complaint_about_a_file_and_no_name_that_is_typed_is_more_than_text() {
    let sandbox = broken();
    let mut found = Found::default();
    for line in [
        "check",
        "check -o sarif=-",
        "check -o github=-",
        "check --secrets",
        "status --all",
        "prompt list",
        "dataset list",
        "dataset lint",
        "evaluator list",
        "eval",
        "plan",
        "fmt --check",
        "lanes list",
        "incident list",
        "behaviors list",
        "review weekly",
        "traces views",
        "monitor check",
        "diff staging",
        "gate --base HEAD~1 -o github=-",
        "gate --base HEAD~1 -o md=-",
        "gate --base HEAD~1 -o sarif=-",
        "gate --base HEAD~1 -o gitlab=-",
        "promote staging --dry-run",
        "improve list",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let run = sandbox.pointsman(&[&args[..], &["--color=always"]].concat());
        found.look(line, "", Form::of(line), &run);
        if Form::of(line) == Form::Text {
            let run = sandbox.pointsman(&[&args[..], &["--json"]].concat());
            let form = if run.stdout.is_empty() {
                Form::Text
            } else {
                Form::Json
            };
            found.look(line, "", form, &run);
        }
    }
    let shown = found.showing.len();
    assert!(shown >= 15, "{:?}", found.showing);
    // Scripts hand over names of branches and files as they are.
    let typed = command().replace(['\u{2028}', '\n'], "");
    let flag = format!("--{typed}");
    for name in commands() {
        let words: Vec<&str> = name.split_whitespace().collect();
        if matches!(words.first(), Some(&("demo" | "man" | "serve" | "view"))) {
            continue;
        }
        for odd in [typed.as_str(), flag.as_str()] {
            let run = sandbox.pointsman(&[&words[..], &[odd]].concat());
            found.look(&name, "<name>", Form::Text, &run);
        }
    }
    found.is_nothing();
    println!(
        "{} runs on broken files and with odd names: every complaint is text",
        found.runs
    );
}
