//! Who will be asked in an evaluation, known before anybody is: so that nobody is paid before all
//! of them are there, and allowed.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::project::{ProgramSettings, REPLAY};
use crate::domain::prompt::Prompt;

use super::grade::Grader;

/// Who will be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Providers by name, each with one who asks it, for people.
    pub providers: BTreeMap<String, String>,
    /// Programs that evaluators bring, by the names under which they are asked, each with one who
    /// asks it.
    pub programs: BTreeMap<String, (ProgramSettings, String)>,
    /// Where recorded answers may stand, of those who ask `replay`.
    pub recordings: BTreeSet<String>,
}

impl Asked {
    /// Adds a prompt's provider.
    pub fn add_prompt(&mut self, prompt: &Prompt) {
        let provider = &prompt.model.provider;
        if provider == REPLAY {
            self.recordings.insert(prompt.id.recordings_path());
        }
        let asker = format!("prompt `{}`", prompt.id);
        self.providers.entry(provider.clone()).or_insert(asker);
    }

    /// Adds whoever an evaluator asks beside judges.
    pub fn add_grader(&mut self, grader: &Grader) {
        for outside in grader.outside() {
            let name = outside.asked();
            let asker = format!("evaluator `{}`", outside.owner());
            if let Some(program) = outside.program() {
                self.programs.insert(name, (program.clone(), asker));
                continue;
            }
            if name == REPLAY {
                self.recordings.insert(outside.owner().recordings_path());
            }
            self.providers.entry(name).or_insert(asker);
        }
    }

    /// Whether anybody asks for recorded answers.
    pub fn replays(&self) -> bool {
        self.providers.contains_key(REPLAY)
    }
}
