//! Recorded answers in the place of a model: a recording is found by what was asked, whoever answered.

use crate::domain::evaluator::{Evaluator, Rule, VerdictFrom};
use crate::domain::project::{BUILT_IN_PROVIDERS, REPLAY};
use crate::domain::prompt::Prompt;

/// Whose answers are recorded ones, whatever the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recorded<'n> {
    /// Nobody's: files mean what they say.
    #[default]
    Nobody,
    /// Those of one provider.
    Provider(&'n str),
    /// Everybody's: nobody is asked.
    Everybody,
}

impl Recorded<'_> {
    /// Everybody's, where nobody is to be asked.
    pub fn everybody_if(asks_nobody: bool) -> Self {
        if asks_nobody {
            Self::Everybody
        } else {
            Self::Nobody
        }
    }

    fn covers(self, provider: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Provider(name) => provider == name,
            Self::Everybody => !BUILT_IN_PROVIDERS.contains(&provider),
        }
    }

    fn stand_in(self, provider: &mut String) {
        if self.covers(provider) {
            REPLAY.clone_into(provider);
        }
    }

    /// A prompt that asks `replay` for the model that it names.
    pub(super) fn prompt(self, mut prompt: Prompt) -> Prompt {
        self.stand_in(&mut prompt.model.provider);
        prompt
    }

    /// An evaluator that asks `replay`, where it asks a model or a server by itself.
    pub(super) fn evaluator(self, mut evaluator: Evaluator) -> Evaluator {
        self.rule(&mut evaluator.rule);
        evaluator
    }

    fn rule(self, rule: &mut Rule) {
        match rule {
            Rule::Embedding(rule) => self.stand_in(&mut rule.model.0.provider),
            Rule::Verdict(rule) => {
                if let VerdictFrom::Server(name, _) = &mut rule.from {
                    self.stand_in(name);
                }
            }
            Rule::Combine(rule) => {
                for part in &mut rule.parts {
                    self.rule(&mut part.rule);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EvaluatorId, PromptId};
    use crate::engine::workspace::Workspace;
    use crate::engine::workspace::memory::MemoryTree;

    fn models(recorded: Recorded<'_>) -> [String; 2] {
        let tree = MemoryTree::new([
            (
                "prompts/a.prompt.yml",
                "model: openai/small\nmessages: [{ role: user, content: hi }]\n",
            ),
            (
                "evaluators/near.yml",
                "kind: all\nof:\n  - { kind: similarity, metric: embedding, model: other/e, value: x, threshold: 0.5 }\n",
            ),
        ]);
        let workspace = Workspace::new(&tree).with_recorded(recorded);
        let prompt = workspace.closure(&PromptId::new("a").unwrap()).unwrap();
        let evaluator = workspace.evaluator(&EvaluatorId::new("near").unwrap());
        let rule = evaluator.unwrap().rule;
        let Rule::Embedding(near) = rule.outside()[0] else {
            panic!("the part compares meanings");
        };
        [prompt.prompt().model.to_string(), near.model.0.to_string()]
    }

    #[test]
    fn recordings_stand_in_for_whom_they_are_to_and_for_nobody_else() {
        assert_eq!(models(Recorded::Nobody), ["openai/small", "other/e"]);
        assert_eq!(
            models(Recorded::Provider("openai")),
            ["replay/small", "other/e"]
        );
        assert_eq!(models(Recorded::Everybody), ["replay/small", "replay/e"]);
    }
}
