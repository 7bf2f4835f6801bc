//! Compiles the patterns and schemas of evaluators, with limits: whoever checks them and whoever
//! grades by them must agree on what is accepted.

use jsonschema::{PatternOptions, Validator};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// The most memory that a compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 1024 * 1024;

/// Compiles a regular expression. It matches in time linear in the text, whatever the pattern.
pub fn compile_pattern(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim().to_owned()
        })
}

/// Compiles a JSON Schema. References are followed within the schema only, and its patterns match in
/// linear time.
pub fn compile_schema(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(SIZE_LIMIT))
        .build(schema)
        .map_err(|error| error.to_string())
}
