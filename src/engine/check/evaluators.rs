//! Checks whom evaluators ask: judges, the rows that these are held against, and providers that grade
//! or place texts by their meaning.

use crate::domain::evaluator::{JudgeRule, JudgeVerdict, Rule, VerdictFrom};
use crate::domain::finding::{Finding, Place, Span};
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::project::{ProgramSettings, Project, ProviderSettings, REPLAY};
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::files::read_text;

use super::Checker;
use super::prompts::{Evaluators, Prompts, check_name};

/// Checks every evaluator that could be read.
pub(super) fn check_evaluators(
    checker: &mut Checker<'_>,
    project: &Project,
    prompts: &Prompts,
    evaluators: &Evaluators,
) {
    for evaluator in evaluators.values() {
        let rules = evaluator.rule.written_here();
        let Ok(Some(source)) = read_text(checker.workspace.tree(), &evaluator.id.path()) else {
            continue;
        };
        for rule in rules {
            match rule {
                Rule::LlmJudge(rule) => check_judge(checker, prompts, &source, rule),
                Rule::Verdict(rule) => match &rule.from {
                    VerdictFrom::Server(name, span) => {
                        let wanted = (ProviderSettings::grades as Fits, "grader");
                        check_provider(checker, project, &source, (name, *span), wanted);
                    }
                    VerdictFrom::Program(program) => check_program(checker, &source, program),
                },
                Rule::Embedding(rule) if rule.model.0.provider != REPLAY => {
                    let (model, span) = &rule.model;
                    let wanted = (ProviderSettings::embeds as Fits, "openai");
                    check_provider(checker, project, &source, (&model.provider, *span), wanted);
                }
                _ => {}
            }
        }
    }
}

/// Whether a provider can be asked for something.
type Fits = fn(&ProviderSettings) -> bool;

fn check_provider(
    checker: &mut Checker<'_>,
    project: &Project,
    source: &Source,
    (name, span): (&str, Span),
    (fits, kind): (Fits, &str),
) {
    let finding = match project.providers.get(name) {
        Some(settings) if fits(settings) => return,
        Some(_) => {
            let message = format!("the provider `{name}` cannot be asked for this");
            let help = format!("name a provider of the kind `{kind}`");
            Finding::error("wrong-provider", source.place(span), message).with_help(help)
        }
        None => {
            let fitting = project.providers.iter();
            let fitting = fitting.filter(|(_, settings)| fits(settings));
            let help = format!(
                "declare it in `pointsman.toml`, of the kind `{kind}`; {}",
                did_you_mean(name, fitting.map(|(name, _)| name.as_str()))
            );
            let message = format!("there is no provider `{name}`");
            Finding::error("unknown-provider", source.place(span), message).with_help(help)
        }
    };
    checker.findings.push(finding);
}

/// A program that is not where its evaluator says would be missed only when the model has answered.
fn check_program(checker: &mut Checker<'_>, source: &Source, program: &ProgramSettings) {
    for path in program.files_below("evaluators") {
        let listed = checker.workspace.tree().list(&path);
        if listed.is_ok_and(|entries| entries.is_empty()) {
            let message = format!("the program `{path}` is not there");
            let finding = Finding::error("missing-program", Place::file(&source.path), message);
            let finding = finding.with_help("write the file, or correct `command`");
            checker.findings.push(finding);
        }
    }
}

fn check_judge(checker: &mut Checker<'_>, prompts: &Prompts, source: &Source, rule: &JudgeRule) {
    let inventory = checker.inventory;
    if let Some((dataset, span)) = &rule.calibration {
        let known = inventory.datasets.iter().map(DatasetId::as_str);
        check_name(checker, source, "dataset", dataset.as_str(), *span, known);
    }
    let (id, span) = &rule.prompt;
    if id.owner().is_some() {
        // It stands in the same file, and was read and checked with it.
        return;
    }
    let wanted: &[&str] = match rule.verdict {
        JudgeVerdict::Better { .. } => &["first", "second"],
        _ => &["output"],
    };
    match prompts.get(id) {
        None if inventory.prompts.contains(id) => {}
        None => {
            let known = inventory.prompts.iter().map(PromptId::as_str);
            check_name(checker, source, "prompt", id.as_str(), *span, known);
        }
        Some(judge) => {
            let unseen = wanted
                .iter()
                .find(|name| !judge.variables.contains_key(**name));
            if let Some(name) = unseen {
                let message = format!("the judge `{id}` does not look at the {name}");
                let help = format!("declare the variable `{name}` in {} and use it", id.path());
                let place = source.place(*span);
                checker
                    .findings
                    .push(Finding::error("blind-judge", place, message).with_help(help));
            }
        }
    }
}
