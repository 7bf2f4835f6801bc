//! Checks prompts: templates and variables, and the providers, datasets and evaluators that they
//! name.

use std::collections::BTreeMap;

use crate::domain::evaluator::Evaluator;
use crate::domain::finding::{Finding, Findings, Span};
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::project::{BUILT_IN_PROVIDERS, Project, ProviderSettings};
use crate::domain::prompt::Prompt;
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::prompt::read_prompt;

use super::Checker;

/// The evaluators that could be read.
pub(super) type Evaluators = BTreeMap<EvaluatorId, Evaluator>;

/// The prompts that could be read.
pub(super) type Prompts = BTreeMap<PromptId, Prompt>;

/// Reads and checks all prompts.
pub(super) fn check_prompts(checker: &mut Checker<'_>, project: &Project) -> Prompts {
    let mut prompts = Prompts::new();
    for id in &checker.inventory.prompts {
        let source = checker.workspace.prompt_source(id);
        let Some(source) = checker.keep(source) else {
            continue;
        };
        let read = read_prompt(id, &source);
        let Some(prompt) = checker.keep(read) else {
            continue;
        };
        check_provider(checker, &source, &prompt, project);
        check_evals(checker, &source, &prompt);
        check_closure(checker, &source, &prompt);
        for judge in &prompt.own.judges {
            check_provider(checker, &source, judge, project);
            check_closure(checker, &source, judge);
        }
        prompts.insert(id.clone(), prompt);
    }
    prompts
}

fn check_closure(checker: &mut Checker<'_>, source: &Source, prompt: &Prompt) {
    match Closure::compile(prompt.clone(), source, checker.workspace.tree()) {
        Ok(closure) => {
            for (name, variable) in closure.unused_variables() {
                let place = source.place(variable.span);
                let message = format!("the variable `{name}` is declared, but no template uses it");
                let help = "use it, or remove it from `variables`";
                let finding = Finding::error("unused-variable", place, message).with_help(help);
                checker.findings.push(finding);
            }
        }
        Err(Findings(findings)) => checker.findings.extend(findings),
    }
}

fn check_provider(checker: &mut Checker<'_>, source: &Source, prompt: &Prompt, project: &Project) {
    let name = prompt.model.provider.as_str();
    let known = || {
        BUILT_IN_PROVIDERS
            .into_iter()
            .chain(project.providers.keys().map(String::as_str))
    };
    if known().all(|known| known != name) {
        let place = source.place(prompt.model_span);
        let message = format!("there is no provider `{name}`");
        let help = format!(
            "declare it in `pointsman.toml`; {}",
            did_you_mean(name, known())
        );
        checker
            .findings
            .push(Finding::error("unknown-provider", place, message).with_help(help));
    } else if project
        .providers
        .get(name)
        .is_some_and(ProviderSettings::grades)
    {
        let place = source.place(prompt.model_span);
        let message = format!("the provider `{name}` grades, and answers no prompts");
        let help = "name a provider of another kind";
        checker
            .findings
            .push(Finding::error("wrong-provider", place, message).with_help(help));
    }
}

fn check_evals(checker: &mut Checker<'_>, source: &Source, prompt: &Prompt) {
    let inventory = checker.inventory;
    for binding in &prompt.evals {
        let (dataset, span) = &binding.dataset;
        let known = inventory.datasets.iter().map(DatasetId::as_str);
        check_name(checker, source, "dataset", dataset.as_str(), *span, known);
        for (evaluator, span) in &binding.evaluators {
            let known = inventory.evaluators.iter().map(EvaluatorId::as_str);
            check_name(
                checker,
                source,
                "evaluator",
                evaluator.as_str(),
                *span,
                known,
            );
        }
    }
}

pub(super) fn check_name<'n>(
    checker: &mut Checker<'_>,
    source: &Source,
    sort: &str,
    name: &str,
    span: Span,
    known: impl Iterator<Item = &'n str> + Clone,
) {
    if known.clone().all(|known| known != name) {
        let message = format!("there is no {sort} `{name}`");
        let finding = Finding::error(&format!("missing-{sort}"), source.place(span), message);
        checker
            .findings
            .push(finding.with_help(did_you_mean(name, known)));
    }
}
