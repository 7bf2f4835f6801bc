//! The digests of those who answer, each computed once for a plan. Recorded answers are one of them:
//! what was recorded anew is tested anew.

use std::collections::BTreeMap;

use crate::domain::digest::Digest;
use crate::domain::evaluator::{Rule, VerdictFrom};
use crate::domain::finding::Findings;
use crate::domain::project::{Project, ProviderSettings, REPLAY};
use crate::domain::prompt::Prompt;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::answerer::{file_digest, program_digest, provider_digest};

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

    /// The digest of what answers a prompt from here: of a program, or of recorded answers. `None`
    /// where somebody elsewhere answers, or nothing was recorded.
    pub(super) fn of_prompt(&mut self, prompt: &Prompt) -> Result<Option<Digest>, Findings> {
        let provider = &prompt.model.provider;
        if provider == REPLAY {
            return self.recordings(prompt.id.recordings_path());
        }
        match self.settings(provider)? {
            Some(ProviderSettings::Program(_)) => self.provider(provider),
            _ => Ok(None),
        }
    }

    /// Everybody whom a rule asks, by the names under which they are asked; `judges` are the prompts
    /// among them. Recorded answers have the name of their file, `echo` has none.
    pub(super) fn of_rule<'p>(
        &mut self,
        rule: &Rule,
        judges: impl Iterator<Item = &'p Prompt>,
    ) -> Result<BTreeMap<String, Digest>, Findings> {
        let mut answerers = BTreeMap::new();
        for judge in judges {
            let provider = &judge.model.provider;
            let (name, digest) = self.asked(provider, judge.id.recordings_path())?;
            answerers.extend(digest.map(|digest| (name, digest)));
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
                    self.asked(&rule.model.0.provider, rule.owner.recordings_path())?
                }
                _ => continue,
            };
            answerers.extend(digest.map(|digest| (name, digest)));
        }
        Ok(answerers)
    }

    /// A provider by its name, or the recordings that answer in its place by theirs.
    fn asked(
        &mut self,
        provider: &str,
        recordings: String,
    ) -> Result<(String, Option<Digest>), Findings> {
        if provider == REPLAY {
            let digest = self.recordings(recordings.clone())?;
            Ok((recordings, digest))
        } else {
            Ok((provider.to_owned(), self.provider(provider)?))
        }
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

    fn recordings(&mut self, path: String) -> Result<Option<Digest>, Findings> {
        if let Some(known) = self.known.get(&path) {
            return Ok(Some(*known));
        }
        let digest = file_digest(self.workspace.tree(), &path)?;
        self.known.extend(digest.map(|digest| (path, digest)));
        Ok(digest)
    }

    fn settings(&mut self, name: &str) -> Result<Option<&ProviderSettings>, Findings> {
        let project = match self.project.take() {
            Some(project) => project,
            None => self.workspace.project()?,
        };
        Ok(self.project.insert(project).providers.get(name))
    }
}
