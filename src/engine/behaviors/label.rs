//! Labels: a model says in a few words what a behavior is. It decides nothing: not what is a behavior, nor
//! whether it is an issue, nor its state.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::behavior::Behavior;
use crate::domain::run::ModelRequest;
use crate::domain::untrusted::hidden_characters;
use crate::engine::evaluate::helper::{self, Helper, cut, pretty, read_object};
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::{Closure, RenderError};

use super::examples::Example;

/// The prompt that labels.
pub const LABELER: Helper = Helper {
    name: "behaviors/label",
    text: include_str!("label.prompt.yml"),
};

/// The longest label, in characters.
const LONGEST: usize = 80;

/// What is asked about a behavior, with what was said in spans that show it, as redaction let it through.
pub fn request(
    labeler: &Closure,
    (behavior, examples): (&Behavior, &[Example]),
    tree: &dyn FileTree,
) -> Result<ModelRequest, RenderError> {
    let pattern = &behavior.pattern;
    let words: Vec<&str> = pattern.terms.iter().map(|it| it.word.as_str()).collect();
    let pattern = json!({
        "role": pattern.role, "detector": pattern.detector, "signature": pattern.signature,
        "because": pattern.rationale, "about": pattern.subjects, "words": words,
    });
    let shown: Value = examples.iter().map(example).collect();
    let shown = [
        ("pattern", pretty(&cut(&pattern))),
        ("examples", pretty(&cut(&shown))),
    ];
    helper::request(labeler, shown, tree, 0)
}

fn example(example: &Example) -> Value {
    let said = example.said.iter();
    said.map(|passage| json!({ "source": passage.source.name(), "text": passage.text }))
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    label: String,
}

/// Reads a label: a short text in one line, without characters that nobody sees. Else it says what is
/// wrong.
pub fn read_label(answer: &str) -> Result<String, String> {
    let Labelled { label } = read_object(answer)?;
    let label = label.trim();
    let length = label.chars().count();
    if length == 0 {
        return Err("it is empty".to_owned());
    }
    if length > LONGEST {
        return Err(format!(
            "it has {length} characters, and {LONGEST} are the most"
        ));
    }
    if label.contains(['\n', '\t']) || !hidden_characters(label).is_empty() {
        return Err("it has line breaks, or characters that nobody sees".to_owned());
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::prompt::ModelRef;
    use crate::engine::workspace::memory::MemoryTree;

    #[test]
    fn the_built_in_prompt_is_one_and_uses_all_that_it_declares() {
        let tree = MemoryTree::default();
        let model: ModelRef = "openai/big".to_owned().try_into().unwrap();
        let closure = LABELER.built_in(&tree, model).unwrap();
        assert_eq!(closure.unused_variables().count(), 0);
    }

    #[test]
    fn a_label_is_a_short_text_in_one_line() {
        let read = |label: &str| read_label(&json!({ "label": label }).to_string());
        assert_eq!(read(" refunds are late ").unwrap(), "refunds are late");
        assert_eq!(read(&"é".repeat(80)).unwrap().chars().count(), 80);
        for label in [
            "",
            "  ",
            "two\nlines",
            "a\u{1b}[31m",
            "a\u{202e}b",
            &"é".repeat(81),
        ] {
            assert!(read(label).is_err(), "{label:?}");
        }
        assert!(read_label("refunds are late").is_err());
        assert!(read_label(r#"{"label": "a", "kind": "healthy"}"#).is_err());
    }
}
