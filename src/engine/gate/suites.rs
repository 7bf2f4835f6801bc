//! What is run for a pull request: the same test of both versions, and the head's own beside it.

use std::collections::BTreeSet;

use crate::domain::evaluator::Rule;
use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::project::BUILT_IN_PROVIDERS;
use crate::engine::diff::DiffError;
use crate::engine::evaluate::plan::{Plan, PlannedSuite, Selection, plan, plan_guests};
use crate::engine::workspace::Workspace;

use super::Scope;
use super::concerned::concerned;

/// The tests that decide.
pub struct Tests {
    /// The head's prompts, on the base's rows, by the base's evaluators.
    pub head: Plan,
    /// The base's versions, each with the head's.
    pub pairs: Vec<(PlannedSuite, PlannedSuite)>,
    /// Prompts that nothing in the base tests.
    pub untested: BTreeSet<PromptId>,
}

/// Plans the tests of the prompts in `wanted`. The base, with the answers that it accepts, is
/// `judged`.
pub fn tests(
    judged: &Workspace<'_>,
    head: &Workspace<'_>,
    scope: &Scope,
    repeats: u32,
) -> Result<Tests, Findings> {
    let known = judged.prompt_ids()?;
    let project = judged.project()?;
    let mut can_be_asked = BTreeSet::new();
    for id in scope
        .under_test()
        .filter(|id| !scope.diverged.contains(*id))
    {
        // What asks anybody else speaks against the pull request, and is not asked.
        if project.knows(&head.prompt(id)?.model.provider) {
            can_be_asked.insert(id);
        }
    }
    let under_test = || can_be_asked.iter().copied();
    let (older, newer): (Vec<&PromptId>, Vec<&PromptId>) =
        under_test().partition(|id| known.contains(id));
    let older = older.into_iter().cloned().collect();
    let baseline = plan(judged, &Selection::Prompts(older), repeats)?;
    let mut pairs = Vec::new();
    for before in baseline.suites {
        let after = before.of_version(head.closure(&before.suite.prompt)?, judged)?;
        pairs.push((before, after));
    }
    let guests = newer.into_iter().map(|id| head.closure(id));
    let guests = plan_guests(judged, guests.collect::<Result<_, _>>()?, repeats)?;
    let mut suites: Vec<PlannedSuite> = pairs.iter().map(|(_, after)| after.clone()).collect();
    suites.extend(guests.suites);
    let tested = |id: &PromptId| suites.iter().any(|planned| planned.suite.prompt == *id);
    let untested = under_test().filter(|id| !scope.judges.contains(*id) && !tested(id));
    Ok(Tests {
        untested: untested.cloned().collect(),
        head: Plan { suites },
        pairs,
    })
}

/// The tests as the head would have them that are not among those of the base, as far as they can
/// be run without asking anybody but models that were asked anyway: no script, program, server or
/// judge of the head is run. Names what is left out.
pub fn proposed(
    workspace: &Workspace<'_>,
    base: &Workspace<'_>,
    (scope, decided): (&Scope, &Plan),
    repeats: u32,
) -> Result<(Plan, BTreeSet<PromptId>), DiffError> {
    let concerned = concerned(workspace, base, scope)?;
    let in_base = base.prompt_ids()?;
    let older = in_base.into_iter().filter(|id| concerned.contains(id));
    let older = plan(base, &Selection::Prompts(older.collect()), repeats)?;
    let known = older.suites.iter().chain(&decided.suites);
    let known: BTreeSet<_> = known.map(|planned| planned.digest).collect();
    let mut left_out = BTreeSet::new();
    let mut wanted = Vec::new();
    for id in concerned {
        let prompt = workspace.prompt(&id)?;
        let provider = &prompt.model.provider;
        let asked = |planned: &PlannedSuite| planned.suite.model.provider == *provider;
        let mut quiet =
            BUILT_IN_PROVIDERS.contains(&provider.as_str()) || decided.suites.iter().any(asked);
        for (name, _) in prompt.evals.iter().flat_map(|binding| &binding.evaluators) {
            workspace.evaluator(name)?.rule.visit(&mut |rule| {
                quiet &= !matches!(
                    rule,
                    Rule::Script(_) | Rule::LlmJudge(_) | Rule::Verdict(_) | Rule::Embedding(_)
                );
            });
        }
        if quiet {
            wanted.push(id);
        } else {
            left_out.insert(id);
        }
    }
    let plan = plan(workspace, &Selection::Prompts(wanted), repeats)?;
    Ok((
        plan.only(|planned| !known.contains(&planned.digest)),
        left_out,
    ))
}
