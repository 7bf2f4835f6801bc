//! Arguments that several commands take, read in one way.

use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::prompt::ModelRef;

/// The name of a prompt, however a user may have come by it: the path to its file will do.
pub fn prompt_id(text: &str) -> Result<PromptId, String> {
    let name = text.strip_prefix("prompts/").unwrap_or(text);
    let name = name.strip_suffix(".prompt.yml").unwrap_or(name);
    PromptId::new(name).map_err(|error| error.to_string())
}

/// The name of a dataset, however a user may have come by it: the path to its manifest will do.
pub fn dataset_id(text: &str) -> Result<DatasetId, String> {
    let name = text.strip_prefix("datasets/").unwrap_or(text);
    let name = name.strip_suffix(".yml").unwrap_or(name);
    DatasetId::new(name).map_err(|error| error.to_string())
}

/// The name of an evaluator; the path to its file will do.
pub fn evaluator_id(text: &str) -> Result<EvaluatorId, String> {
    let name = text.strip_prefix("evaluators/").unwrap_or(text);
    let name = name.strip_suffix(".yml").unwrap_or(name);
    EvaluatorId::new(name).map_err(|error| error.to_string())
}

/// A model, as `<provider>/<model>`.
pub fn model_ref(text: &str) -> Result<ModelRef, String> {
    ModelRef::try_from(text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_named_by_its_id_or_by_its_file() {
        let id = PromptId::new("support/triage").unwrap();
        assert_eq!(prompt_id("support/triage"), Ok(id.clone()));
        assert_eq!(prompt_id("prompts/support/triage.prompt.yml"), Ok(id));
        assert!(prompt_id("../triage").is_err());
    }
}
