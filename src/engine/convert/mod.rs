//! The door out: a prompt of the workspace as a file of another tool. What the other tool has no word for
//! is named with its place; where a text would say something else there, the prompt is refused.
//!
//! It is the way back of the importers: what is converted, and read again, renders the same messages.

mod dotprompt;
mod github;
mod jinja;
mod subject;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::id::PromptId;
use crate::domain::prompt::ModelRef;
use crate::engine::workspace::Workspace;

use subject::{Included, Subject};

/// The tools whose files can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// GitHub's `.prompt.yml`, without what is our own.
    Github,
    /// Google's dotprompt.
    Dotprompt,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Asked {
    /// For which tool.
    pub target: Target,
    /// The model to name in place of the prompt's own.
    pub model: Option<ModelRef>,
    /// Whether what the prompt includes can stand in files of its own.
    pub with_partials: bool,
}

/// What a prompt became.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Converted {
    /// The file; absent where the prompt is refused.
    pub text: Option<String>,
    /// The files of what it includes, by their paths from the folder of the prompt's file.
    pub partials: BTreeMap<String, String>,
    /// What did not come along, as errors, and what is a little different there, as warnings.
    pub remarks: Vec<Finding>,
}

/// The file, and those of what it includes, as if nothing stood in the way.
struct Written {
    text: String,
    partials: BTreeMap<String, String>,
}

impl Converted {
    /// Whether something did not come along.
    pub fn left_something_out(&self) -> bool {
        self.remarks.iter().any(Finding::is_error)
    }
}

/// Converts a prompt of the workspace. A prompt that does not pass its own check is an error.
pub fn convert(
    workspace: &Workspace<'_>,
    id: &PromptId,
    asked: &Asked,
) -> Result<Converted, Findings> {
    if let Some(owner) = id.owner() {
        let message = format!("`{id}` is a judge in the file of the prompt `{owner}`");
        let finding = Finding::error("own-judge", Place::file(owner.path()), message);
        let help = format!("convert `{owner}`: `--to github` takes its judges along");
        return Err(finding.with_help(help).into());
    }
    let source = workspace.prompt_source(id)?;
    let closure = workspace.closure(id)?;
    let includes = Included::all(&closure);
    let mut subject = Subject::new(&source, &closure, &includes, asked)?;
    let written = match asked.target {
        Target::Github => github::write(&mut subject),
        Target::Dotprompt => dotprompt::write(&mut subject),
    };
    let is_refused = subject.remarks.is_refused();
    Ok(Converted {
        text: (!is_refused).then_some(written.text),
        partials: if is_refused {
            BTreeMap::new()
        } else {
            written.partials
        },
        remarks: subject.remarks.finish(&source.path, "converted"),
    })
}
