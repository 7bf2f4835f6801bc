//! What another layout keeps, and what it changes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::engine::workspace::yaml_text::yaml_text;

fn formatted(text: &str, order: KeyOrder) -> Formatted {
    format_yaml(&Source::new("a.yml", text), order).expect("it is YAML")
}

fn changed(text: &str) -> String {
    match formatted(text, PROMPT_KEYS) {
        Formatted::Changed(text) => text,
        Formatted::Same => text.to_owned(),
        Formatted::Kept => panic!("left alone:\n{text}"),
    }
}

#[test]
fn indentation_order_blanks_and_texts_are_as_documented_and_comments_stay() {
    let text = "# About the file.\n\n\nmessages:\n- role:   system\n  content: \"one\\n\\n  two\\n\"   \n\
                # on the second\n-   role: user # said\n    content: >-\n            folded\n            text\n\n\n\n\
                # which one\nmodel: echo/echo\nvariables: { a: { type: string },\n    b: {} } # both\n\
                name: \"N\"\n# the end";
    assert_eq!(
        changed(text),
        "# About the file.\n\nname: \"N\"\n\n# which one\nmodel: echo/echo\n\
         variables: { a: { type: string },\n    b: {} } # both\n\nmessages:\n  - role:   system\n    \
         content: |\n      one\n\n        two\n  # on the second\n  - role: user # said\n    \
         content: >-\n      folded\n      text\n# the end\n"
    );
}

#[test]
fn the_keys_of_an_evaluator_stand_between_its_kind_and_its_examples() {
    let text = "examples:\n- {output: a, grade: pass}\nvalue: a\noperator: equals\nkind: text\n\
                blocking: false\ndescription: D\n";
    let Formatted::Changed(text) = formatted(text, EVALUATOR_KEYS) else {
        panic!("it has another order");
    };
    assert_eq!(
        text,
        "description: D\nkind: text\nvalue: a\noperator: equals\nblocking: false\nexamples:\n  \
         - {output: a, grade: pass}\n"
    );
}

#[test]
fn what_cannot_be_shown_to_say_the_same_is_left_alone() {
    for text in [
        // The block says how far it is indented, which is another number in another place.
        "messages:\n    - content: |2\n           two\n      role: user\n",
        "---\nname: N\n",
        "a:b: c\nname: N\n",
        "name: N\nmessages: |+\n  a\n\n\nmodel: m\n",
    ] {
        assert_eq!(formatted(text, PROMPT_KEYS), Formatted::Kept, "{text}");
    }
}

#[test]
fn what_is_no_yaml_is_reported() {
    let source = Source::new("a.yml", "name: [\n");
    assert!(format_yaml(&source, PROMPT_KEYS).is_err());
}

/// Words, and texts that YAML could take for something else.
fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|it| json!(it)),
        Just(Value::Null),
        "[a-z#:|>\"'\\-{}\\[\\] \n]{0,24}".prop_map(|text| json!(text)),
        "( {0,3}[a-z#: ]{1,8}\n{1,2}){1,4}".prop_map(|text| json!(text)),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    scalars().prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// YAML with comments, another indentation and blank lines, as people write it.
fn untidy(value: &Value, wide: bool) -> String {
    let mut text = String::from("# top\n");
    for (number, line) in yaml_text(value).lines().enumerate() {
        let body = line.trim_start();
        let indent = (line.len() - body.len()) * if wide { 2 } else { 1 };
        text.push_str(&" ".repeat(indent));
        text.push_str(body);
        text.push('\n');
        if number % 5 == 3 {
            text.push_str("\n\n");
        }
    }
    text
}

proptest! {
    #[test]
    fn the_meaning_stays_and_a_second_time_changes_nothing(value in values(), wide: bool) {
        for text in [yaml_text(&value), untidy(&value, wide)] {
            let source = Source::new("a.yml", text.as_str());
            let Ok(meaning) = parse_yaml(&source) else { continue };
            if let Formatted::Changed(new) = format_yaml(&source, PROMPT_KEYS).expect("it is YAML") {
                let again = Source::new("a.yml", new.as_str());
                prop_assert_eq!(parse_yaml(&again).expect("it is YAML").to_json(), meaning.to_json());
                prop_assert_eq!(format_yaml(&again, PROMPT_KEYS).expect("it is YAML"), Formatted::Same);
                prop_assert_eq!(text.contains("# top"), new.contains("# top"));
            }
        }
    }

    #[test]
    fn what_we_write_ourselves_has_our_layout(entries in prop::collection::vec(("[a-z]{1,6}", scalars()), 1..4)) {
        let value = Value::Object(entries.into_iter().collect());
        let text = yaml_text(&value);
        let found = formatted(&text, KeyOrder { first: &[], last: &[] });
        let ends_blank = text.ends_with("\n\n");
        prop_assert!(found == Formatted::Same || ends_blank || text.contains("|+"), "{found:?}\n{text}");
    }
}
