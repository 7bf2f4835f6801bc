//! `pointsman redact test`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::project::PROJECT_FILE;
use crate::domain::redaction::Redaction;
use crate::engine::traces::map::cost::TracePrices;
use crate::engine::traces::preview::{Left, preview};
use crate::engine::traces::redact::find::{Finder, MOST_BYTES, Notation};
use crate::engine::traces::redact::text::{Replaced, TextRedactor};
use crate::engine::workspace::Workspace;
use crate::report::redact_test::{Place, Tested, TestedExample, TestedInput, render};
use crate::report::redact_test_json::RedactTestV1;
use crate::report::traces::export::{score_line, span_line};

/// The path that stands for what is piped in.
const STDIN: &str = "-";

/// Show what redaction takes out, by which rule and where, and store nothing
///
/// Of traces (OTLP as JSON or protobuf, compressed or not), names the fields of each span that are replaced
/// or dropped; of any other text, the places. What is found is not shown. Without a path, tries the
/// `examples` of `[redaction]` in `pointsman.toml`.
///
/// Exits with 1 where an example leaves something else than it should, or with --expect-clean where
/// something is taken out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman redact test
  pointsman redact test traces.jsonl notes.txt
  pointsman redact test --print notes.txt
  git diff | pointsman redact test - --expect-clean")]
pub(super) struct TestArgs {
    /// Files, and `-` for what is piped in
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Fail where something is taken out
    #[arg(long)]
    expect_clean: bool,
    /// Print what is left instead: the text, or each span and score as a line of JSON
    #[arg(long, requires = "paths")]
    print: bool,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &TestArgs) -> Result<Exit, CommandError> {
    if args.print && ui.wants_json() {
        return Err(CommandError::usage(
            "`--print` prints what is left, and `--json` what is taken out",
        )
        .with_hint("say one of them"));
    }
    let tree = context.tree_at_hand()?;
    let project = Workspace::new(tree.as_ref()).project()?;
    let rules = project.redaction;
    let mut tested = Tested::default();
    if args.paths.is_empty() {
        if rules.examples.is_empty() {
            return Err(CommandError::usage("there is nothing to test")
                .with_hint("name a file, or `-` for what is piped in")
                .with_hint(format!(
                    "or write `[[redaction.examples]]` with `text` and `expect` in `{PROJECT_FILE}`"
                )));
        }
        tested.examples = examples(&rules);
    }
    let prices = TracePrices::new(project.prices);
    for path in &args.paths {
        let (name, bytes) = read(context, path)?;
        let (input, left) = test_input(name, bytes, &prices, &rules, args.print)?;
        ui.text(left);
        tested.inputs.push(input);
    }
    if ui.wants_json() {
        ui.json(&RedactTestV1::new(&tested));
    } else if !args.print {
        ui.text(render(&tested));
    }
    let wrong = tested.examples.iter().any(|example| !example.is_right());
    let found = args.expect_clean && tested.inputs.iter().any(|input| !input.is_clean());
    if found {
        ui.note("something is taken out, and nothing was expected to be");
    }
    Ok(if wrong || found {
        Exit::Failed
    } else {
        Exit::Success
    })
}

fn examples(rules: &Redaction) -> Vec<TestedExample<'_>> {
    let redactor = TextRedactor::new(rules, None);
    let examples = rules.examples.iter().map(|example| {
        let mut left = example.text.clone();
        redactor.redact(&mut left, &mut Replaced::new());
        TestedExample { example, left }
    });
    examples.collect()
}

/// The name of an input, and its bytes.
fn read(context: &Context, path: &Path) -> Result<(String, Vec<u8>), CommandError> {
    let name = path.display().to_string();
    let (name, opened) = if path == Path::new(STDIN) {
        let input: Box<dyn Read> = Box::new(std::io::stdin());
        ("stdin".to_owned(), Ok(input))
    } else {
        let file = File::open(context.directory().join(path));
        (name, file.map(|file| Box::new(file) as Box<dyn Read>))
    };
    let mut bytes = Vec::new();
    let read = opened.and_then(|input| input.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        CommandError::usage(format!("cannot read `{name}`: {error}"))
            .with_hint("name a file, or `-` for what is piped in")
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(
            CommandError::usage(format!("`{name}` has more than {MOST_BYTES} bytes"))
                .with_hint("test a part of it: `head -c 60M … | pointsman redact test -`"),
        );
    }
    Ok((name, bytes))
}

/// What is taken out of an input; with `print`, what is left of it.
fn test_input(
    name: String,
    bytes: Vec<u8>,
    prices: &TracePrices,
    rules: &Redaction,
    print: bool,
) -> Result<(TestedInput, String), CommandError> {
    let mut input = TestedInput::new(name);
    let mut printed = String::new();
    preview(&bytes, prices.clone(), rules, &mut |previewed| {
        input.items += 1;
        input.untouched += previewed.untouched;
        let (trace, span) = match &previewed.left {
            Left::Span(span) => (&span.trace_id, Some(&span.span_id)),
            Left::Score(score) => (&score.trace_id, score.span_id.as_ref()),
        };
        if print {
            printed.push_str(&match &previewed.left {
                Left::Span(span) => span_line(span, &[]),
                Left::Score(score) => score_line(score),
            });
        }
        input
            .places
            .extend(previewed.changes.into_iter().map(|change| Place::Field {
                trace: trace.clone(),
                span: span.cloned(),
                change,
            }));
    })?;
    if input.items > 0 {
        return Ok((input, printed));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{}` is neither text in UTF-8 nor traces", input.name);
        CommandError::usage(message).with_hint("name a text, or a file that `traces import` reads")
    })?;
    let found = Finder::new(rules).find(text.as_bytes(), notation(&input.name, &text));
    let found = found.map_err(|error| {
        CommandError::usage(format!("cannot look through `{}`: {error}", input.name))
    })?;
    input.places = found.into_iter().map(Place::Text).collect();
    if print {
        printed = text;
        TextRedactor::new(rules, None).redact(&mut printed, &mut Replaced::new());
    }
    Ok((input, printed))
}

/// What the name of a file says; where that says nothing, what it begins with.
fn notation(name: &str, text: &str) -> Notation {
    match Notation::of_name(name) {
        Notation::Text if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Notation::Json
        }
        Notation::Text if text.trim_start().starts_with('{') => Notation::JsonLines,
        named => named,
    }
}
