//! Nothing is left out in silence: tried with assertions and tests that nobody thought of.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::fields::TYPES;
use super::import;
use crate::engine::import::fit;
use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

/// Files in memory.
struct Files(BTreeMap<&'static str, String>);

impl FileTree for Files {
    fn label(&self) -> String {
        "test".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let paths = self.0.keys().filter(|path| path.starts_with(folder));
        let entry = |path: &&str| TreeEntry {
            path: (*path).to_owned(),
            kind: EntryKind::File,
            id: None,
        };
        Ok(paths.map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let bytes = self.read(path, u64::MAX)?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead + Send>))
    }
}

fn any_value() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a{}%(\"', ]{0,6}".prop_map(Into::into),
        Just(json!("{{x}}")),
        prop::collection::vec("[a{ ]{0,3}", 0..3).prop_map(|list| json!(list)),
        Just(json!({"type": "object", "required": ["a"]})),
        Just(json!({"min": 1})),
    ]
}

fn any_assertion() -> impl Strategy<Value = Json> {
    let kind = prop_oneof![
        prop::sample::select(TYPES.to_vec()).prop_map(str::to_owned),
        prop::sample::select(TYPES.to_vec()).prop_map(|kind| format!("not-{kind}")),
        "[a-z-]{1,8}",
    ];
    let number = prop_oneof![
        Just(json!(null)),
        Just(json!(0)),
        Just(json!(0.5)),
        Just(json!(-1))
    ];
    (kind, any_value(), number.clone(), number).prop_map(|(kind, value, threshold, weight)| {
        let mut assertion = json!({"type": kind});
        for (key, given) in [
            ("value", value),
            ("threshold", threshold),
            ("weight", weight),
        ] {
            if !given.is_null() {
                assertion[key] = given;
            }
        }
        assertion
    })
}

fn any_check() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => any_assertion(),
        1 => prop::collection::vec(any_assertion(), 0..3)
            .prop_map(|list| json!({"type": "assert-set", "assert": list})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// One assertion a test: either an evaluator stands for it, or the list names it.
    #[test]
    fn an_assertion_is_an_evaluator_or_is_listed(check in any_check(), threshold in any::<bool>()) {
        let mut test = json!({"vars": {"x": "a"}, "assert": [check]});
        if threshold {
            test["threshold"] = json!(0.5);
        }
        let config = json!({"prompts": ["{{x}}"], "providers": ["echo"], "tests": [test]});
        let files = Files(BTreeMap::from([("c.yaml", config.to_string())]));
        let imported = import(&files, "c.yaml").map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let evaluators = imported.files.keys().filter(|path| path.starts_with("evaluators/"));
        prop_assert!(evaluators.count() > 0 || imported.left_something_out(), "{config}");
        // What came along passes its check.
        let empty = Files(BTreeMap::new());
        let fitted = fit(imported, &empty);
        prop_assert!(fitted.is_ok(), "{config}: {fitted:?}");
    }

    #[test]
    fn no_text_makes_the_importer_panic(text in "[a-z:{}%\\[\\]'\"#\\-\n ]{0,80}") {
        let files = Files(BTreeMap::from([("c.yaml", format!("prompts: {text}"))]));
        let _ = import(&files, "c.yaml");
        let prompt = json!({"prompts": [text], "providers": ["echo"], "tests": [{"vars": {"a": text}}]});
        let files = Files(BTreeMap::from([("c.yaml", prompt.to_string())]));
        let imported = import(&files, "c.yaml").map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let fitted = fit(imported, &Files(BTreeMap::new()));
        prop_assert!(fitted.is_ok(), "{prompt}: {fitted:?}");
    }
}
