//! promptfoo configurations: prompts, providers, tests and assertions.
//!
//! What an assertion means is what promptfoo 0.123 does, measured and not taken from its pages. An
//! assertion comes along where a rule of ours gives the same verdict on every answer, and is listed
//! where none does. What a prompt prints is held against what promptfoo prints, row by row.

#[cfg(test)]
mod completeness;
mod csv;
mod drafts;
mod fields;
mod files;
mod groups;
mod javascript;
mod mapping;
mod output;
mod prompts;
mod providers;
mod references;
mod schema;
mod scripts;
mod shapes;
mod template;
mod tests;
mod value;
mod variables;
mod vars;

use serde_json::Value as Json;

use crate::domain::finding::{Finding, Findings, Place};
use crate::engine::ports::FileTree;

use super::Import;
use drafts::Drafter;
use files::{Item, Reader};
use groups::{Group, GroupRow, Groups, TestScope};
use output::{Output, PromptWriter, Suite};
use prompts::RawPrompt;
use providers::Targets;
use tests::TestCase;
use value::stringify;
use variables::Plans;
use vars::Values;

/// How many rows an import may make.
const MAX_ROWS: usize = 50_000;

/// Keys that mean something here.
const READ: [&str; 7] = [
    "prompts",
    "providers",
    "targets",
    "tests",
    "scenarios",
    "defaultTest",
    "description",
];

/// Keys that are for editors, or hold what references name.
const IGNORED: [&str; 4] = ["$schema", "assertionTemplates", "definitions", "$defs"];

/// Reads the configuration `file` of `tree`, the folder that it stands in.
pub fn import(tree: &dyn FileTree, file: &str) -> Result<Import, Findings> {
    let mut reader = Reader::new(tree);
    let configuration = reader.configuration(file)?;
    say_what_is_not_read(&mut reader, &configuration);
    let mut targets = providers::targets(&mut reader, &configuration);
    let prompts = prompts::prompts(&mut reader, &configuration);
    let tests = tests::tests(&mut reader, &configuration);
    let rows = rows(&mut reader, &tests);
    let plans = plans(&prompts, &rows);
    let groups = groups(&mut reader, &mut targets, &plans, &rows);
    let mut output = Output::new(&groups);
    let suites: Vec<Suite> = groups
        .iter()
        .map(|group| output.suite(group, &plans))
        .collect();
    for suite in &suites {
        output.given_answers(suite);
    }
    let mut writer = PromptWriter {
        reader: &mut reader,
        tree,
        output: &mut output,
        targets: &targets,
        plans: &plans,
        suites: &suites,
    };
    for prompt in &prompts {
        writer.write(prompt);
    }
    Ok(Import {
        files: output.files,
        providers: targets.proposals,
        remarks: without_repeats(reader.remarks),
    })
}

fn say_what_is_not_read(reader: &mut Reader<'_>, configuration: &Item) {
    for entry in configuration.entries() {
        let key = entry.key.as_str();
        if READ.contains(&key) || IGNORED.contains(&key) {
            continue;
        }
        let place = Place {
            // Settings may hold secrets.
            excerpt: None,
            ..configuration.spot_of(entry.key_span).place()
        };
        let help = match key {
            "outputPath" | "writeLatestResults" => "`pointsman eval -o report.html` writes reports",
            "evaluateOptions" => {
                "limits of calls stand with the provider in `pointsman.toml`, repeats with a lane's gate"
            }
            "env" => "name variables of the environment with `key_env` of a provider",
            "sharing" => "`pointsman runs push` shares results as git objects",
            _ => "there is no counterpart, or it is set elsewhere: see docs/files.md",
        };
        let message = format!("`{key}` is not imported");
        let finding = Finding::error("unsupported-key", place, message);
        reader.remarks.push(finding.with_help(help));
    }
}

/// Every test with its rows.
fn rows<'c>(reader: &mut Reader<'_>, tests: &'c [TestCase]) -> Vec<(&'c TestCase, Vec<Values>)> {
    let mut rows = Vec::new();
    let mut count = 0;
    for test in tests {
        let values = vars::rows(reader, test).unwrap_or_default();
        count += values.len();
        if count > MAX_ROWS {
            let message = format!(
                "this test and those after it are left out: they make more than {MAX_ROWS} rows"
            );
            reader.left_out(test.spot.place(), "unsupported-test", message);
            break;
        }
        rows.push((test, values));
    }
    rows
}

/// The types of the variables that prompts name.
fn plans(prompts: &[RawPrompt], rows: &[(&TestCase, Vec<Values>)]) -> Plans {
    let mut names: Vec<String> = Vec::new();
    let options = rows
        .iter()
        .flat_map(|(test, _)| [test.options.get("prefix"), test.options.get("suffix")]);
    let around = options
        .flatten()
        .filter_map(|item| item.text().map(str::to_owned));
    let texts = prompts
        .iter()
        .map(|prompt| prompt.text.clone())
        .chain(around);
    for text in texts {
        let Ok(parsed) = prompts::messages(&text) else {
            continue;
        };
        for (_, template) in parsed.templates() {
            names.extend(template.names());
        }
    }
    names.sort();
    names.dedup();
    let scopes = rows
        .iter()
        .flat_map(|(_, values)| values.iter().map(|it| &it.shown));
    Plans::new(&names, &scopes.collect::<Vec<_>>())
}

/// Rows that are graded by the same rules, together.
fn groups(
    reader: &mut Reader<'_>,
    targets: &mut Targets,
    plans: &Plans,
    rows: &[(&TestCase, Vec<Values>)],
) -> Vec<Group> {
    let mut groups = Groups::default();
    for (number, (test, values)) in (1..).zip(rows) {
        let mut drafter = Drafter {
            reader: &mut *reader,
            targets: &mut *targets,
            plans,
        };
        let checks = drafter.checks(test);
        if checks.is_empty() && !values.is_empty() {
            let message = "nothing tests this row: promptfoo lets every answer pass, and here it is not evaluated";
            drafter
                .reader
                .changed(test.spot.place(), "no-assertion", message);
        }
        let answer = given_answer(drafter.reader, test);
        for (index, values) in (1..).zip(values) {
            let drafts = drafter.drafts(test, &checks, values);
            let id = if rows[number - 1].1.len() > 1 {
                format!("test-{number}-{index}")
            } else {
                format!("test-{number}")
            };
            let row = GroupRow {
                id,
                vars: values.shown.clone(),
                slots: drafts.iter().map(|draft| draft.slots.clone()).collect(),
                note: test.description.clone(),
                tags: tags(test),
                answer: answer.clone(),
            };
            let scope = TestScope::of(test, answer.is_some());
            groups.add(&test.file, scope, drafts, row);
        }
    }
    groups.list()
}

/// The answer that a test brings; promptfoo takes an empty one for none.
fn given_answer(reader: &mut Reader<'_>, test: &TestCase) -> Option<String> {
    let item = test.provider_output.as_ref()?;
    match item.json() {
        Json::String(answer) => Some(answer).filter(|answer| !answer.is_empty()),
        Json::Null => None,
        other => {
            let message = "the given answer is no text: scripts see it as JSON text here";
            reader.changed(item.place(), "given-answer", message);
            Some(stringify(&other))
        }
    }
}

/// The metadata of a test as tags.
fn tags(test: &TestCase) -> Vec<String> {
    let tags = test.metadata.iter().flat_map(|(key, item)| {
        item.items().into_iter().map(move |item| match item.json() {
            Json::String(value) => format!("{key}={value}"),
            other => format!("{key}={}", stringify(&other)),
        })
    });
    tags.collect()
}

/// What is said once for many rows.
fn without_repeats(remarks: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for remark in remarks {
        let key = (
            remark.place.clone(),
            remark.ident.clone(),
            remark.message.clone(),
        );
        if seen.insert(key) {
            kept.push(remark);
        }
    }
    kept
}
