//! What is written renders in the original what the prompt renders here.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

/// A prompt's file, what becomes of it, and what the original renders from that.
#[derive(Deserialize)]
struct Case {
    prompt: String,
    text: String,
    partials: BTreeMap<String, String>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    input: Value,
    messages: Vec<Spoken>,
}

#[derive(Deserialize)]
struct Spoken {
    role: String,
    content: String,
}

/// The messages are those in `reference.json`, which names its source.
#[test]
fn the_original_renders_the_same_bytes_from_what_is_written() {
    let reference: Reference =
        serde_json::from_str(include_str!("../reference.json")).expect("the reference is JSON");
    assert!(reference.cases.len() > 20);
    for case in reference.cases {
        let tree = with_partials(&case.prompt);
        let converted = convert_in(&tree, &asked(Target::Dotprompt));
        assert_eq!(converted.text.as_deref(), Some(case.text.as_str()));
        assert_eq!(converted.partials, case.partials);
        for run in case.runs {
            let messages = run.messages.into_iter();
            let messages = messages.map(|it| (it.role, it.content)).collect();
            assert_eq!(rendered(&tree, &run.input), Ok(messages), "{}", case.text);
        }
    }
}
