//! Which prompts of the head may have a test that the base has not. Only these are planned, so that a
//! pull request to a large workspace takes as long as what it changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::prompt::{EvalBinding, Prompt};
use crate::engine::diff::{DiffError, changed_paths, prompt_changes};
use crate::engine::workspace::Workspace;

use super::Scope;

/// Finds them: those that are others themselves, and those that are tested by what is another.
pub(super) fn concerned(
    head: &Workspace<'_>,
    base: &Workspace<'_>,
    scope: &Scope,
) -> Result<BTreeSet<PromptId>, DiffError> {
    let paths = changed_paths(base.tree(), head.tree())?;
    let changes = prompt_changes(base.tree(), head.tree(), &paths)?;
    let mut touched: BTreeSet<PromptId> = changes.changed.into_iter().collect();
    touched.extend(changes.added);
    let tests_stay = paths.keys().all(|path| path.starts_with("prompts/"));
    if tests_stay && scope.judges.is_empty() {
        return Ok(touched);
    }
    let mut tests = Tests {
        head,
        paths: paths.into_keys().collect(),
        touched: &touched,
        datasets: BTreeMap::new(),
        evaluators: BTreeMap::new(),
    };
    let mut concerned = touched.clone();
    for id in head.prompt_ids()? {
        if !touched.contains(&id) && tests.differ(&head.prompt(&id)?)? {
            concerned.insert(id);
        }
    }
    Ok(concerned)
}

/// The tests of the head, each looked at once.
struct Tests<'t> {
    head: &'t Workspace<'t>,
    paths: BTreeSet<String>,
    touched: &'t BTreeSet<PromptId>,
    datasets: BTreeMap<DatasetId, bool>,
    evaluators: BTreeMap<EvaluatorId, bool>,
}

impl Tests<'_> {
    fn differ(&mut self, prompt: &Prompt) -> Result<bool, Findings> {
        if self.paths.contains(&prompt.id.recordings_path()) {
            return Ok(true);
        }
        for EvalBinding {
            dataset: (dataset, _),
            evaluators,
        } in &prompt.evals
        {
            if self.dataset_differs(dataset)? {
                return Ok(true);
            }
            for (evaluator, _) in evaluators {
                if self.evaluator_differs(evaluator)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn dataset_differs(&mut self, id: &DatasetId) -> Result<bool, Findings> {
        if let Some(known) = self.datasets.get(id) {
            return Ok(*known);
        }
        let files = self.head.dataset_files(&self.head.dataset(id)?)?;
        let differs = files.iter().any(|path| self.paths.contains(path));
        self.datasets.insert(id.clone(), differs);
        Ok(differs)
    }

    fn evaluator_differs(&mut self, id: &EvaluatorId) -> Result<bool, Findings> {
        if let Some(known) = self.evaluators.get(id) {
            return Ok(*known);
        }
        let evaluator = self.head.evaluator(id)?;
        let judges = evaluator.judges();
        let mut files: Vec<String> = evaluator.files().into_iter().collect();
        files.extend(evaluator.rule.recordings());
        files.extend(judges.iter().map(|judge| judge.recordings_path()));
        let differs = files.iter().any(|path| self.paths.contains(path))
            || judges.iter().any(|judge| self.touched.contains(judge));
        self.evaluators.insert(id.clone(), differs);
        Ok(differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gate::{PullRequest, scope};
    use crate::engine::workspace::memory::MemoryTree;

    fn prompt(tests: &str) -> String {
        format!("model: replay/m\nmessages: [{{ role: user, content: hi }}]\nevals: [{tests}]\n")
    }

    fn base() -> MemoryTree {
        let files = [
            (
                "prompts/a.prompt.yml",
                prompt("{ dataset: d, evaluators: [plain] }"),
            ),
            (
                "prompts/b.prompt.yml",
                prompt("{ dataset: e, evaluators: [both] }"),
            ),
            (
                "prompts/c.prompt.yml",
                prompt("{ dataset: e, evaluators: [judged] }"),
            ),
            ("prompts/judge.prompt.yml", prompt("")),
            ("datasets/d.yml", "kind: golden\nrows: d.jsonl\n".to_owned()),
            (
                "datasets/d.jsonl",
                "{\"id\": \"1\", \"vars\": {}}\n".to_owned(),
            ),
            ("datasets/e.yml", "kind: golden\nrows: e.jsonl\n".to_owned()),
            (
                "datasets/e.jsonl",
                "{\"id\": \"1\", \"vars\": {}}\n".to_owned(),
            ),
            (
                "evaluators/plain.yml",
                "kind: json\ncheck: valid\n".to_owned(),
            ),
            (
                "evaluators/script.yml",
                "kind: javascript\nfile: script.js\n".to_owned(),
            ),
            ("evaluators/script.js", "return true\n".to_owned()),
            (
                "evaluators/both.yml",
                "kind: all\nof: [plain, script]\n".to_owned(),
            ),
            (
                "evaluators/judged.yml",
                "kind: llm-judge\nprompt: judge\nscale: { min: 1, max: 5 }\nthreshold: 4\n"
                    .to_owned(),
            ),
        ];
        MemoryTree::new(files.iter().map(|(path, text)| (*path, text.as_str())))
    }

    /// The prompts that may be tested otherwise where a file says something more.
    fn after(path: &str, more: &str) -> Vec<String> {
        let (base, mut head) = (base(), base());
        head.0.entry(path.to_owned()).or_default().push_str(more);
        let request = PullRequest {
            fork: &base,
            base: &base,
            head: &head,
        };
        let scope = scope(request).unwrap();
        let [head, base] = [request.head, request.base].map(Workspace::new);
        let concerned = concerned(&head, &base, &scope).unwrap();
        concerned.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_prompt_is_concerned_by_itself_and_by_all_that_tests_it() {
        assert_eq!(after("README.md", "x"), [""; 0]);
        assert_eq!(after("prompts/a.prompt.yml", "name: A\n"), ["a"]);
        assert_eq!(
            after("datasets/d.jsonl", "{\"id\": \"2\", \"vars\": {}}\n"),
            ["a"]
        );
        assert_eq!(after("datasets/e.yml", "description: E\n"), ["b", "c"]);
        assert_eq!(
            after("evaluators/plain.yml", "blocking: false\n"),
            ["a", "b"]
        );
        assert_eq!(after("evaluators/script.js", "// x\n"), ["b"]);
        assert_eq!(
            after("prompts/judge.prompt.yml", "modelParameters: { seed: 1 }\n"),
            ["c", "judge"]
        );
        assert_eq!(after("recordings/judge.jsonl", "\n"), ["c", "judge"]);
        assert_eq!(after("recordings/b.jsonl", "\n"), ["b"]);
    }
}
