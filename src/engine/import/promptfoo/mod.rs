//! promptfoo configurations: prompts, providers, tests and assertions. What an assertion means is what
//! promptfoo 0.123 does, measured and not taken from its documentation.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::id::{PromptId, kebab_case};
use crate::engine::ports::FileTree;
use crate::engine::workspace::decode::Decoder;
use crate::engine::workspace::document::{Node, Source, Value};
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::json::parse_json;
use crate::engine::workspace::yaml::parse_yaml;
use crate::engine::workspace::yaml_text::yaml_text;

use super::Import;

/// Reads the configuration `file` of `tree`, the folder that it stands in.
pub fn import(tree: &dyn FileTree, file: &str) -> Result<Import, Findings> {
    let source = read_text(tree, file)?.ok_or_else(|| {
        Finding::error("missing-file", Place::file(file), "there is no such file")
            .with_help("name a promptfoo configuration, such as `promptfooconfig.yaml`")
    })?;
    let node = match file.rsplit_once('.') {
        Some((_, "json")) => parse_json(&source)?,
        _ => parse_yaml(&source)?,
    };
    let mut decoder = Decoder::new(&source);
    let Some(entries) = decoder.entries(&node) else {
        return decoder.finish(None);
    };
    let mut import = Import::default();
    for entry in entries {
        match entry.key.as_str() {
            "prompts" => read_prompts(&mut import, &source, &entry.node),
            "description" => {}
            key => {
                let place = source.place(entry.key_span);
                let message = format!("`{key}` is not imported");
                import
                    .remarks
                    .push(Finding::error("unsupported-key", place, message));
            }
        }
    }
    Ok(import)
}

fn read_prompts(import: &mut Import, source: &Source, node: &Node) {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let text = match &item.value {
            Value::Text(text) if !text.starts_with("file://") => text,
            _ => {
                let place = source.place(item.span);
                let message = "this prompt is not imported";
                import
                    .remarks
                    .push(Finding::error("unsupported-prompt", place, message));
                continue;
            }
        };
        let base = kebab_case(text.lines().next().unwrap_or_default());
        let number = numbers.entry(base.clone()).or_insert(0);
        *number += 1;
        let Ok(id) = PromptId::new(format!("{base}-{number}")) else {
            continue;
        };
        let prompt = json!({
            "model": "echo/echo",
            "messages": [{"role": "user", "content": text}],
        });
        import.files.insert(id.path(), yaml_text(&prompt));
    }
}
