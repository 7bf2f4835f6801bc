//! The digests of those who answer, each computed once for a plan.

use std::collections::BTreeMap;

use crate::domain::digest::Digest;
use crate::domain::evaluator::{Rule, VerdictFrom};
use crate::domain::finding::Findings;
use crate::domain::project::{Project, ProviderSettings};
use crate::domain::prompt::Prompt;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::answerer::{program_digest, provider_digest};

/// The providers and programs of a workspace, named by digest.
pub(super) struct Answerers<'w> {
    workspace: Workspace<'w>,
    project: Option<Project>,
    known: BTreeMap<String, Digest>,
}

impl<'w> Answerers<'w> {
    pub(super) fn new(workspace: &Workspace<'w>) -> Self {
        Self {
            workspace: *workspace,
            project: None,
            known: BTreeMap::new(),
        }
    }

    /// The digest of the program behind a provider; `None` where no program answers.
    pub(super) fn program(&mut self, provider: &str) -> Result<Option<Digest>, Findings> {
        match self.settings(provider)? {
            Some(ProviderSettings::Program(_)) => self.provider(provider),
            _ => Ok(None),
        }
    }

    /// Everybody whom a rule asks, by the names under which they are asked; `judges` are the prompts
    /// among them. Those that are built in have no digest.
    pub(super) fn of_rule<'p>(
        &mut self,
        rule: &Rule,
        judges: impl Iterator<Item = &'p Prompt>,
    ) -> Result<BTreeMap<String, Digest>, Findings> {
        let mut answerers = BTreeMap::new();
        for judge in judges {
            let name = &judge.model.provider;
            answerers.extend(self.provider(name)?.map(|digest| (name.clone(), digest)));
        }
        for rule in rule.outside() {
            let (name, digest) = match rule {
                Rule::Verdict(rule) => match &rule.from {
                    VerdictFrom::Program(program) => {
                        let digest = program_digest(program, &self.workspace)?;
                        (rule.asked(), Some(digest))
                    }
                    VerdictFrom::Server(name, _) => (name.clone(), self.provider(name)?),
                },
                Rule::Embedding(rule) => {
                    let name = &rule.model.0.provider;
                    (name.clone(), self.provider(name)?)
                }
                _ => continue,
            };
            answerers.extend(digest.map(|digest| (name, digest)));
        }
        Ok(answerers)
    }

    fn provider(&mut self, name: &str) -> Result<Option<Digest>, Findings> {
        if let Some(known) = self.known.get(name) {
            return Ok(Some(*known));
        }
        let workspace = self.workspace;
        let Some(settings) = self.settings(name)? else {
            return Ok(None);
        };
        let digest = provider_digest(settings, &workspace)?;
        self.known.insert(name.to_owned(), digest);
        Ok(Some(digest))
    }

    fn settings(&mut self, name: &str) -> Result<Option<&ProviderSettings>, Findings> {
        let project = match self.project.take() {
            Some(project) => project,
            None => self.workspace.project()?,
        };
        Ok(self.project.insert(project).providers.get(name))
    }
}
