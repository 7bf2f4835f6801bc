//! What a workspace has ready for its traces: lanes, tests, and a decision about what may be kept.

use std::collections::BTreeSet;

use crate::domain::dataset::DatasetKind;
use crate::domain::finding::Findings;
use crate::domain::id::LaneName;
use crate::domain::project::PROJECT_FILE;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::document::Value;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::toml::parse_toml;

use super::Example;

/// How many evaluators are a few, and how many rows a small set.
const FEW_EVALUATORS: usize = 2;
const SMALL_SET: usize = 5;

/// What a workspace has ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prepared {
    /// The names of its lanes.
    pub(super) lanes: BTreeSet<String>,
    /// How many prompts it has.
    pub(super) prompts: u64,
    /// The prompts with a small golden dataset and a few evaluators.
    pub(super) tested: BTreeSet<String>,
    /// Prompts without.
    untested: Vec<String>,
    /// Whether the settings say what may be kept.
    pub(super) redaction_is_decided: bool,
}

impl Prepared {
    /// What is ready in a workspace. `released`: the lanes that have records, whether or not the
    /// workspace at hand has files for them.
    pub fn of(
        workspace: &Workspace<'_>,
        released: impl IntoIterator<Item = LaneName>,
    ) -> Result<Self, Findings> {
        let lanes = workspace.lane_names()?.into_iter().chain(released);
        let mut prepared = Self {
            lanes: lanes.map(|lane| lane.as_str().to_owned()).collect(),
            redaction_is_decided: decides_redaction(workspace)?,
            ..Self::default()
        };
        for id in workspace.prompt_ids()? {
            prepared.prompts += 1;
            let name = id.as_str().to_owned();
            let mut tested = false;
            for binding in workspace.prompt(&id)?.evals {
                let dataset = workspace.dataset(&binding.dataset.0)?;
                tested |= dataset.kind == DatasetKind::Golden
                    && binding.evaluators.len() >= FEW_EVALUATORS
                    && workspace.rows(&dataset)?.take(SMALL_SET).count() >= SMALL_SET;
            }
            if tested {
                prepared.tested.insert(name);
            } else {
                prepared.untested.push(name);
            }
        }
        Ok(prepared)
    }

    /// Why no prompt in use has tests.
    pub(super) fn untested(&self) -> Example {
        let said = match (self.tested.first(), self.untested.first()) {
            (Some(tested), _) => format!("`{tested}` has them, and no call says that it used it"),
            (None, Some(prompt)) => format!(
                "`{prompt}` has no golden dataset of {SMALL_SET} rows with {FEW_EVALUATORS} evaluators"
            ),
            (None, None) => "the workspace has no prompts".to_owned(),
        };
        Example {
            trace: None,
            span: None,
            said,
        }
    }
}

/// Whether the settings say what may be kept, though it be what counts without them.
fn decides_redaction(workspace: &Workspace<'_>) -> Result<bool, Findings> {
    let Some(source) = read_text(workspace.tree(), PROJECT_FILE)? else {
        return Ok(false);
    };
    let settings = parse_toml(&source)?.value;
    Ok(match settings {
        Value::Map(entries) => entries.iter().any(|entry| entry.key == "redaction"),
        _ => false,
    })
}
